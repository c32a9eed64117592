from collections import Counter

from corpus_kit.sources import Binding, Unit, document_id
from corpus_kit.sources import html as module
from corpus_kit.sources.html import Html


def read(path):
    unit = Unit(ordinal=0, source="nb", format="html", path=str(path), relative=path.name, size=1)
    found = Html().read(unit, Binding(source="nb", category="web"), Counter(), batch_rows=10, batch_bytes=10)
    (row,) = (row for batch in found for row in batch.to_pylist())
    return {name: value for name, value in row.items() if value is not None}


def test_a_page_keeps_its_bytes(tmp_path):
    path = tmp_path / "a.HTM"
    path.write_bytes(b"<p>bl\xe5b\xe6r")
    assert read(path) == {
        "id": document_id("nb", "a.HTM", 0),
        "origin": "a.HTM#0",
        "source": "nb",
        "category": "web",
        "raw": b"<p>bl\xe5b\xe6r",
        "media_type": "text/html",
    }
    assert Html().split(str(path), 10**12, 1) == [(0, None)]


def test_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_RECORD_BYTES", 10)
    path = tmp_path / "a.html"
    path.write_bytes(b"x" * 11)
    assert read(path)["reasons"][0]["code"] == "read.too_large"
    assert "raw" not in read(path)
