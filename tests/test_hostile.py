"""Bad input: a clear message or a counted reason, never a trace, and nothing lost. Through the command line."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from pathlib import Path

import laws
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import corpus_kit

RECIPE = "recipe: 1\nname: hostile\nstages:\n  - extract: {engine: resiliparse}\n  - normalize\n"
GOOD = [json.dumps({"text": laws.text(i)}) for i in range(50)]


@pytest.fixture
def source(tmp_path) -> Path:
    laws._write(tmp_path / "in", "hostile", "web", {})
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    return tmp_path / "in"


def run(source: Path, *more: object):
    output = source.parent / "run"
    done = laws.command(
        "run", source.parent / "recipe.yaml", "--input", source, "--output", output, "--workers", 1, *more
    )
    assert "Traceback" not in done.stderr
    return done, output


def outcome(source: Path) -> tuple[int, Counter[str]]:
    """Kept documents, and rejected ones by reason, of a run that must finish."""
    done, output = run(source)
    assert done.returncode == 0, done.stderr
    opened = corpus_kit.Run(output)
    reasons = Counter(row["reasons"][0]["code"] for row in opened.rejects(["reasons"]).to_pylist())
    return opened.kept(["id"]).num_rows, reasons


def refused(source: Path) -> str:
    done, _ = run(source)
    assert done.returncode == 2
    assert done.stdout == ""
    return done.stderr


def test_empty_input_folder(source):
    assert "holds no files" in refused(source)


def test_missing_input(source):
    done = laws.command("run", source.parent / "recipe.yaml", "--input", source / "gone", "--output", source / "run")
    assert done.returncode == 2
    assert "does not exist" in done.stderr


def test_a_folder_of_pictures(source):
    for i in range(3):
        (source / f"{i}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert "holds no file that can be read (3 .png)" in refused(source)


def test_pictures_beside_texts_are_counted(source):
    (source / "a.png").write_bytes(b"\x89PNG")
    (source / "a.jsonl").write_text("\n".join(GOOD))
    done, output = run(source)
    assert done.returncode == 0
    assert "1 file  no reader for .png" in done.stdout
    assert corpus_kit.Run(output).kept(["id"]).num_rows == 50


def test_truncated_gzip_keeps_what_comes_before(source):
    random.seed(1)
    lines = [json.dumps({"text": laws.text(i) + str(random.random())}) for i in range(2000)]
    whole = gzip.compress("\n".join(lines).encode())
    (source / "a.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    kept, reasons = outcome(source)
    assert 500 < kept < 2000
    assert sum(reasons.values()) == reasons["read.damaged"] + reasons["read.bad_record"]
    assert reasons["read.damaged"] == 1


def test_truncated_zstd_keeps_what_comes_before(source):
    random.seed(2)
    lines = [json.dumps({"text": laws.text(i) + str(random.random())}) for i in range(20_000)]
    whole = pa.compress("\n".join(lines).encode(), codec="zstd", asbytes=True)
    (source / "a.jsonl.zst").write_bytes(whole[: len(whole) // 2])
    kept, reasons = outcome(source)
    assert 0 < kept < 20_000
    assert reasons["read.damaged"] == 1


def test_truncated_warc_keeps_what_comes_before(source):
    sample = laws.ROOT / "examples" / "data" / "libreoffice-help" / "pages.warc.gz"
    whole = sample.read_bytes()
    (source / "a.warc.gz").write_bytes(whole[: len(whole) // 20])
    kept, reasons = outcome(source)
    assert kept > 5
    assert reasons["read.damaged"] == 1


def test_truncated_parquet_is_one_counted_record(source):
    pq.write_table(pa.table({"text": [laws.text(i) for i in range(50)]}), source / "good.parquet")
    whole = (source / "good.parquet").read_bytes()
    (source / "bad.parquet").write_bytes(whole[: len(whole) // 2])
    kept, reasons = outcome(source)
    assert (kept, reasons) == (50, Counter({"read.damaged": 1}))


def test_invalid_utf8_is_repaired(source):
    (source / "a.jsonl").write_bytes(b'{"text": "sm\xf8rrebr\xf8d er godt"}\n' + GOOD[0].encode())
    kept, _ = outcome(source)
    assert kept == 2
    texts = corpus_kit.Run(source.parent / "run").kept(["text"])["text"].to_pylist()
    assert "sm�rrebr�d er godt" in texts


def test_a_200_mb_line_is_one_counted_record(source):
    with (source / "a.jsonl").open("w") as file:
        file.write(GOOD[0] + '\n{"text": "')
        for _ in range(200):
            file.write("x" * 1_000_000)
        file.write('"}\n' + GOOD[1])
    kept, reasons = outcome(source)
    assert (kept, reasons) == (2, Counter({"read.too_large": 1}))


def test_lines_that_are_no_documents(source):
    lines = [GOOD[0], '{"title": "x"}', '{"text": null}', '{"text": 7}', "[1, 2]", "{oops", "", "   ", GOOD[1]]
    lines.append("[" * 200_000)
    lines.append('{"text": "' + "\\ud800" + ' alone"}')
    (source / "a.jsonl").write_text("\n".join(lines))
    kept, reasons = outcome(source)
    assert kept == 3
    assert reasons == Counter({"read.no_text": 3, "read.bad_record": 3})
    skipped = corpus_kit.Run(source.parent / "run").tally.skipped
    assert skipped["hostile", "read.not_a_document"] == 2


def test_hostile_html_finishes(source):
    (source / "deep.html").write_text("<html><body>" + "<div>" * 200_000 + "tekst")
    (source / "noise.html").write_bytes(random.Random(0).randbytes(200_000))
    (source / "empty.html").write_bytes(b"")
    kept, reasons = outcome(source)
    assert kept + sum(reasons.values()) == 3
    assert reasons["extract.too_deep"] == 1


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("recipe: 1\nstages:\n\t- normalize\n", "recipe.yaml:3: indented with a tab; YAML wants spaces"),
        ("recipe: 1\nstages: &a [normalize]\nx: *a\n", "recipe.yaml:2: anchors and aliases"),
        ("recipe: 1\nstages: [normalize]\nstages: [extract]\n", "recipe.yaml:3: key 'stages' is given twice"),
        ("recipe: 1\nstages:\n  - normalise\n", "recipe.yaml:3: unknown stage 'normalise'; did you mean 'normalize'?"),
        ("recipe: 1\nstages:\n  - identify: {keep: [no]}\n", "the model has no language 'no'"),
        ("recipe: 1\nstages:\n  - identify: {kep: [dan_Latn]}\n", "unknown key 'kep'; did you mean 'keep'?"),
        ("recipe: 1\nstages: [normalize, {filter: {rulesets: [gopher]}}]\n", "needs column 'lang'"),
        ("", "this is no recipe"),
    ],
)
def test_recipes_that_are_wrong(source, recipe, message):
    (source / "a.jsonl").write_text(GOOD[0])
    (source.parent / "recipe.yaml").write_text(recipe)
    assert message in refused(source)


def test_no_space_left_is_one_clear_message(source, tmp_path):
    import os
    import subprocess

    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], check=False).returncode:
        pytest.skip("cannot mount a small file system here")
    try:
        lines = [json.dumps({"text": " ".join(str(random.random()) for _ in range(500))}) for _ in range(500)]
        (source / "a.jsonl").write_text("\n".join(lines))
        line = ["run", source.parent / "recipe.yaml", "--input", source, "--output", small / "run", "--workers", 1]
        done = laws.command(*line)
        assert done.returncode == 1
        assert "the disk is full" in done.stderr
        assert "Traceback" not in done.stderr
    finally:
        subprocess.run(["umount", small], check=True)
