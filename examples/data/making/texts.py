"""Texts out of packaged documentation: DocBook pages, Mallard pages, message catalogues, the Declaration.

Nothing is cleaned here beyond what turning markup into text needs: white space inside a block is folded, blocks are
set apart by an empty line, list items get a dash. What a text is made of is said in examples/data/README.md.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree, html

Node = Any
"""An lxml element: its classes have no public type."""

BLOCKS = (
    frozenset(("address", "article", "blockquote", "body", "div", "header", "p", "pre"))
    | frozenset(("dd", "dl", "dt", "li", "ol", "ul", "table", "td", "th", "tr"))
    | frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
)
DROPPED = frozenset(("script", "style", "head", "img"))

ENGLISH = frozenset(
    ("the", "of", "and", "this", "that", "with", "you", "are", "be", "which", "from", "your", "it", "can")
)
"""Function words of English that no other language of the sample spells the same way (save rare coincidences)."""


@dataclass(frozen=True)
class Item:
    """One document to be: `text` for formats that hold text, `body` for those that hold pages."""

    source: str
    key: str
    """Unique in its source; becomes the record's own identifier."""
    language: str
    """Of the text, ISO 639-3; `und` for junk in no language."""
    title: str = ""
    text: str = ""
    url: str = ""
    license: str = ""
    body: bytes = b""
    charset: str = "utf-8"
    media_type: str = "text/html"


def by_hash(items: Iterable[Item]) -> list[Item]:
    """The items in an order that looks random and never changes.

    >>> [item.key for item in by_hash([Item("s", key, "dan") for key in "abcdef"])]
    ['d', 'a', 'b', 'e', 'c', 'f']
    """
    return sorted(items, key=lambda item: hashlib.sha256(f"{item.source}\0{item.key}".encode()).digest())


def is_english(text: str) -> bool:
    """Whether a text that should be a translation is English in good part.

    Running English has a fifth to a quarter of these words; the bound lies far from both sides.

    >>> is_english("Dette er en prøve på dansk"), is_english("This is the text of a page you can read")
    (False, True)
    """
    words = text.lower().split()
    return sum(word in ENGLISH for word in words) > 0.03 * len(words)


def fold(text: str) -> str:
    """White space runs as one space, none at the ends."""
    return " ".join(text.split())


def parse(page: bytes, charset: str = "utf-8") -> Node:
    """The tree of an HTML page. Decoded first: without a meta tag the parser would guess."""
    return html.fromstring(re.sub(r"^<\?xml[^>]*\?>", "", page.decode(charset)))


def page_blocks(root: Node, *, nested: bool = True) -> list[str]:
    """The text blocks of an HTML element, in order; without nested sections unless `nested`.

    >>> page_blocks(html.fromstring("<div>a <b>b</b><ul><li>c</li><li><p>d</p></li></ul>e</div>"))
    ['a b', '- c', '- d', 'e']
    """
    found: list[str] = []
    parts: list[str] = []
    prefix = ""  # the dash of a list item, until its first text

    def flush() -> None:
        nonlocal prefix
        if text := fold("".join(parts)):
            found.append(prefix + text)
            prefix = ""
        parts.clear()

    def walk(node: Node) -> None:
        nonlocal prefix
        if not isinstance(node.tag, str) or node.tag in DROPPED:
            return
        if node.tag == "pre":
            flush()
            if text := node.text_content().strip("\n"):
                found.append(text.rstrip())
            return
        block = node.tag in BLOCKS
        if block or node.tag == "br":
            flush()
        if node.tag == "li":
            prefix = "- "
        parts.append(node.text or "")
        for child in node:
            if nested or child.get("class") != "section":
                walk(child)
            else:
                flush()
            parts.append(child.tail or "")
        if block:
            flush()

    walk(root)
    flush()
    return found


def book_sections(page: bytes) -> Iterator[tuple[str, str, str]]:
    """(anchor, title, text) of every section of a DocBook page, each without the sections inside it."""
    tree = parse(page)
    for number, section in enumerate(tree.xpath("//div[@class='section' or @class='chapter' or @class='preface']")):
        for toc in section.xpath("./div[@class='toc']"):
            section.remove(toc)
        blocks = page_blocks(section, nested=False)
        anchors = section.xpath(".//a/@id") or section.xpath("./@id")
        if len(blocks) > 1:
            yield (anchors[0] if anchors else f"part-{number}", blocks[0], "\n\n".join(blocks))


MALLARD = "{http://projectmallard.org/1.0/}"
MALLARD_BLOCKS = frozenset(MALLARD + name for name in ("title", "p", "code", "screen"))


def mallard_title(page: bytes) -> tuple[str, str]:
    """(identifier, title) of a Mallard page, by which other pages link to it."""
    root: Node = etree.fromstring(page)
    return root.get("id", ""), fold("".join(root.find(MALLARD + "title").itertext()))


def mallard_text(page: bytes, titles: dict[str, str]) -> str:
    """The text of a Mallard page; a link without text gets the title of its target, as in the rendered page."""
    root: Node = etree.fromstring(page)
    for info in list(root.iter(MALLARD + "info")):
        info.getparent().remove(info)
    for link in root.iter(MALLARD + "link"):
        if link.get("xref") and not len(link) and not (link.text or "").strip():
            link.text = titles.get(link.get("xref"), "")
    blocks: list[str] = []
    for node in root.iter():
        inside_block = any(parent.tag in MALLARD_BLOCKS for parent in node.iterancestors())
        if node.tag not in MALLARD_BLOCKS or inside_block:
            continue
        first_of_item = node.getparent().tag == MALLARD + "item" and node.getprevious() is None
        if text := fold("".join(node.itertext())):
            blocks.append(f"- {text}" if first_of_item else text)
    return "\n\n".join(blocks)


def grouped(lines: Iterable[str], words: int, glue: str) -> Iterator[str]:
    """Consecutive lines joined into texts of at least so many words; what is left at the end is one more text.

    >>> list(grouped(["a b", "c d", "e f", "g"], words=3, glue=" / "))
    ['a b / c d', 'e f / g']
    """
    held: list[str] = []
    count = 0
    for line in lines:
        held.append(line)
        count += len(line.split())
        if count >= words:
            yield glue.join(held)
            held, count = [], 0
    if held:
        yield glue.join(held)


def message_texts(catalogue: bytes, words: int) -> Iterator[str]:
    """The sentences of a MediaWiki message catalogue, one a line, in texts of about so many words.

    Messages under six words are labels rather than sentences and are left out; the rest stands as it is, with its
    placeholders and markup.
    """
    messages = json.loads(catalogue)
    sentences = (fold(value) for name, value in messages.items() if not name.startswith("@") and isinstance(value, str))
    return grouped((line for line in dict.fromkeys(sentences) if len(line.split()) >= 6), words, "\n")


def declaration_texts(page: bytes, words: int) -> Iterator[str]:
    """The Declaration cut between articles, in texts of at least so many words."""
    body = parse(page).find("body")
    articles = ["\n".join(page_blocks(part)) for part in body.iter("header", "article")]
    return grouped(articles, words, "\n")


def visible_text(page: bytes, charset: str) -> str:
    """All text of a page, navigation and all: to judge its language and length, not to extract it."""
    return " ".join(page_blocks(parse(page, charset)))
