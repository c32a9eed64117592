"""Planted junk: pages and texts of the kinds that filters are for, made from real ones wherever that can be."""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from lxml import html

from .texts import Item, parse

KINDS = {
    "menu_only": "a page with its navigation and no content",
    "empty_page": "a page with an empty body, or no bytes at all",
    "english_in_translation": "an English page where a translation should be",
    "mojibake": "UTF-8 read as Windows-1252; can be repaired, and the text is not elsewhere in the sample",
    "foreign_language": "a text in a language the source does not declare",
    "repeated_lines": "one sentence over and over",
    "boilerplate": "license notices, file by file; lines with addresses are left out",
    "bullet_list": "titles only, each after a bullet",
    "ellipsis_lines": "teasers, each cut off with an ellipsis",
    "number_table": "a table of numbers",
    "base64": "a text encoded in base64",
    "one_word": "one word, many times",
    "hash_tags": "words made into tags",
    "keyword_list": "long words in alphabetical order, none of them a function word",
    "lost_spaces": "a text whose spaces are gone, but for the ends of sentences",
    "spaced_letters": "a text with a space after every letter",
    "short_stub": "a title and a single sentence",
}


def menu_only(page: Item) -> Item:
    """A LibreOffice help page without its content: header, menus and index stay."""
    tree = parse(page.body)
    for content in tree.xpath("//div[@id='DisplayArea']"):
        content.drop_tree()
    text = html.tostring(tree, encoding="unicode", doctype="<!DOCTYPE html>")
    return replace(page, body=str(text).encode(), language="und")


def empty_page(page: Item) -> Item:
    """The head of a page and nothing in its body."""
    body = re.sub(rb"<body.*</body>", b"<body></body>", page.body, flags=re.DOTALL)
    return replace(page, body=body, language="und")


def mojibake(item: Item) -> Item:
    """UTF-8 taken for Windows-1252, in the text and in the page."""

    def broken(data: bytes) -> str:
        # the five bytes that Windows-1252 leaves undefined become control characters, as browsers have it
        return "".join(bytes([b]).decode("cp1252", "replace").replace("\ufffd", chr(b)) for b in data)

    return replace(item, text=broken(item.text.encode()), body=broken(item.body).encode())


def repeated_lines(item: Item, rng: random.Random) -> str:
    """One sentence of the text, 40 to 60 times."""
    lines = [line for line in item.text.splitlines() if len(line.split()) >= 8]
    return "\n".join([rng.choice(lines)] * rng.randrange(40, 60))


def bullet_list(item: Item, rng: random.Random) -> str:
    """Every line cut to its first words, after a bullet."""
    bullet = rng.choice("•-")
    return "\n".join(f"{bullet} {' '.join(line.split()[:6])}" for line in item.text.splitlines() if line.strip())


def ellipsis_lines(item: Item, rng: random.Random) -> str:
    """Every line cut to its first words, with an ellipsis."""
    dots = rng.choice(["…", "..."])
    return "\n".join(" ".join(line.split()[:8]) + dots for line in item.text.splitlines() if line.strip())


def number_table(item: Item, rng: random.Random) -> str:
    """A title and 40 rows of numbers."""
    rows = ["\t".join(f"{rng.uniform(0, 9999):.2f}" for _ in range(6)) for _ in range(40)]
    return "\n".join([item.title, *rows])


def encoded(item: Item, rng: random.Random) -> str:
    """The text in base64, in lines of 76 characters."""
    del rng
    return base64.encodebytes(item.text.encode()).decode().strip()


def one_word(item: Item, rng: random.Random) -> str:
    """One word of the text, 150 to 300 times."""
    word = rng.choice([word for word in item.text.split() if word.isalpha() and 3 <= len(word) <= 9])
    return " ".join([word] * rng.randrange(150, 300))


def hash_tags(item: Item, rng: random.Random) -> str:
    """Words of the text as tags."""
    words = [word for word in item.text.split() if word.isalpha()]
    return " ".join(f"#{word}" for word in rng.sample(words, min(90, len(words))))


def keyword_list(item: Item, rng: random.Random) -> str:
    """The long words of the text, each once, in alphabetical order."""
    del rng
    return "\n".join(sorted({word for word in re.findall(r"\w+", item.text) if len(word) >= 7 and word.isalpha()}))


def lost_spaces(item: Item, rng: random.Random) -> str:
    """The text with all spaces gone but those after a full stop or a line."""
    del rng
    return re.sub(r"(?<![.:])[ ]", "", item.text)


def spaced_letters(item: Item, rng: random.Random) -> str:
    """The first 600 characters, letter by letter."""
    del rng
    return " ".join(item.text[:600].replace("\n", " "))


def short_stub(item: Item, rng: random.Random) -> str:
    """The title and the beginning of the text."""
    del rng
    return f"{item.title}\n\n{' '.join(item.text.split()[:25])}"


TEXT_KINDS: dict[str, tuple[int, Callable[[Item, random.Random], str]]] = {
    "repeated_lines": (4, repeated_lines),
    "bullet_list": (4, bullet_list),
    "ellipsis_lines": (4, ellipsis_lines),
    "number_table": (4, number_table),
    "base64": (3, encoded),
    "one_word": (3, one_word),
    "hash_tags": (3, hash_tags),
    "keyword_list": (3, keyword_list),
    "lost_spaces": (3, lost_spaces),
    "spaced_letters": (2, spaced_letters),
    "short_stub": (4, short_stub),
}
"""Kind -> how many, and what makes it from a real document."""


def junk_texts(items: Sequence[Item], seed: int) -> list[tuple[str, Item]]:
    """(kind, junk) made from the items in turn; each stays in the source of the document it was made from."""
    rng = random.Random(seed)
    kinds = [kind for kind, (count, _) in TEXT_KINDS.items() for _ in range(count)]
    made: list[tuple[str, Item]] = []
    for number, (kind, item) in enumerate(zip(kinds, items, strict=False)):
        text = TEXT_KINDS[kind][1](item, rng)
        language = item.language if kind in ("lost_spaces", "short_stub", "bullet_list", "ellipsis_lines") else "und"
        made.append((kind, replace(item, key=f"{item.key}-junk{number}", text=text, language=language)))
    return made
