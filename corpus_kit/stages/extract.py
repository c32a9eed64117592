"""The `extract` stage: raw pages -> main text and title. Rows that have text already pass unchanged."""

from __future__ import annotations

import contextlib
import html
import json
import re
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Literal

import pyarrow as pa
from pydantic import Field

from corpus_kit.schema import Reason, set_columns, set_reasons
from corpus_kit.stage import BatchStage, register

_CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)", re.IGNORECASE)
_TAG = re.compile(r"<!--|<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
_CLOSERS = {
    name: re.compile(f"</{name}", re.IGNORECASE)
    for name in ("script", "style", "textarea", "title", "noscript", "iframe", "xmp")
} | {"<!--": re.compile("--!?>")}
"""What holds no elements, and how it ends (a comment as early as `<!-->`)."""

# Elements that do not nest however many there are: void ones, those whose end tag may be left out (HTML standard,
# 13.1.2), and the leaves of SVG.
_FLAT_NAMES = """
area base br col embed hr img input link meta source track wbr html head body p li dt dd td th tr thead tbody tfoot
option optgroup colgroup rp rt caption path rect circle line polyline polygon use stop ellipse image
"""
_FLAT = frozenset(_FLAT_NAMES.split())

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
TEXT_TYPES = frozenset({"text/plain"})


class _Overdue(BaseException):
    """A page took longer than it may. No Exception, because engines catch those."""


@register("extract")
class Extract(BatchStage):
    """Takes the main text out of HTML pages, leaving navigation, headers and footers behind.

    The encoding is that of the byte-order mark, the HTTP header, UTF-8 if the bytes are valid, or else detected.
    """

    needs: ClassVar[tuple[str, ...]] = ("raw", "media_type", "headers", "text", "title")
    gives: ClassVar[Mapping[str, pa.DataType]] = {"text": pa.large_string(), "title": pa.string()}
    removes: ClassVar[tuple[str, ...]] = ("raw", "media_type", "headers")
    codes: ClassVar[Mapping[str, str]] = {
        "extract.media_type": "the payload is no HTML page and no plain text",
        "extract.too_large": "the page has more bytes than `max_bytes`",
        "extract.too_deep": "elements are nested deeper than `max_depth`",
        "extract.empty": "no main text was found",
        "extract.unparsable": "the parser failed on the page",
        "extract.timeout": "extraction took longer than `max_seconds`",
    }

    engine: Literal["trafilatura", "resiliparse"] = "trafilatura"
    """trafilatura is better (F1 .92 against .86 on 990 pages), resiliparse over ten times faster."""
    fast: bool = True
    """trafilatura without its fallbacks: 1.4 to 1.6 times faster at nearly equal F1."""
    tables: bool = True
    """Keep the text of tables."""
    comments: bool = False
    """Keep readers' comments (trafilatura only)."""
    max_bytes: int = Field(default=20 << 20, ge=1)
    max_depth: int = Field(default=2000, ge=1)
    """Parsers cut or hang on deeper ones: lexbor took over 25 s on 200,000 nested elements."""
    max_seconds: float | None = Field(default=60.0, gt=0)
    """Processor time of one page; null for none. The one number here that depends on the machine."""

    def modules(self) -> dict[str, str]:
        """The engine's library; resiliparse also detects encodings."""
        return {"resiliparse": "web"} | ({"trafilatura": "web"} if self.engine == "trafilatura" else {})

    def libraries_used(self) -> tuple[str, ...]:
        """The engine and its parser."""
        return ("trafilatura", "lxml", "resiliparse") if self.engine == "trafilatura" else ("resiliparse",)

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with text and title in place of raw, media_type and headers."""
        texts, titles = batch["text"].to_pylist(), batch["title"].to_pylist()
        reasons: list[Reason] = []
        engine = _engine(self)
        types, headers = batch["media_type"].to_pylist(), batch["headers"].to_pylist()
        for row, raw in enumerate(batch["raw"]):
            if not raw.is_valid or texts[row] is not None:
                continue
            outcome = self._page(raw.as_buffer(), types[row], headers[row], engine)
            if isinstance(outcome, str):
                reasons.append(Reason(row, outcome, **self._bound(outcome, raw)))
            else:
                texts[row], titles[row] = outcome[0], titles[row] or outcome[1]
        result = set_columns(
            batch, {"text": pa.array(texts, pa.large_string()), "title": pa.array(titles, pa.string())}
        )
        return set_reasons(result, reasons).drop_columns(list(self.removes))

    def _bound(self, code: str, raw: pa.Scalar) -> dict[str, float]:
        if code == "extract.too_large":
            return {"value": float(raw.as_buffer().size), "high": float(self.max_bytes)}
        return {"high": float(self.max_depth)} if code == "extract.too_deep" else {}

    def _page(
        self, raw: pa.Buffer, kind: str | None, headers: str | None, engine: Engine
    ) -> tuple[str, str | None] | str:
        """Text and title of one page, or a reason code."""
        if raw.size > self.max_bytes:
            return "extract.too_large"
        if kind not in HTML_TYPES | TEXT_TYPES:
            return "extract.media_type"
        page = decode(raw.to_pybytes(), headers)
        if kind in TEXT_TYPES:
            return (page, None) if page.strip() else "extract.empty"
        if depth(page, self.max_depth) > self.max_depth:
            return "extract.too_deep"
        try:
            with time_limit(self.max_seconds):
                text = engine(page)
        except _Overdue:
            return "extract.timeout"
        except Exception:  # whatever a parser raises, the page is at fault: data trouble is a reason
            return "extract.unparsable"
        if text is None or not text.strip():
            return "extract.empty"
        return text, title_of(page)


Engine = Callable[[str], str | None]


def _engine(stage: Extract) -> Engine:
    if stage.engine == "resiliparse":
        from resiliparse.extract.html2text import extract_plain_text

        return lambda page: extract_plain_text(page, main_content=True, alt_texts=False, comments=stage.comments)
    import trafilatura

    def extract(page: str) -> str | None:
        return trafilatura.extract(
            page,
            fast=stage.fast,
            include_comments=stage.comments,
            include_tables=stage.tables,
            deduplicate=False,
            with_metadata=False,
        )

    return extract


def decode(raw: bytes, headers: str | None) -> str:
    """The page as text: byte-order mark, HTTP header, valid UTF-8, then detection. Never raises.

    >>> decode("smørrebrød".encode("latin-1"), '{"content-type": "text/html; charset=ISO-8859-1"}')
    'smørrebrød'
    """
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding, map_encoding_to_html5

    declared = _CHARSET.search(json.loads(headers).get("content-type") or "") if headers else None
    # Names are read as browsers read them (WHATWG): latin-1 is Windows-1252, and Python's oddities are no charsets.
    name = map_encoding_to_html5(declared[1], False) if declared else None
    if raw.startswith(b"\xef\xbb\xbf") or name in (None, "utf-8"):
        with contextlib.suppress(UnicodeDecodeError):
            return raw.decode("utf-8-sig")
    if name is None or raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        name = detect_encoding(raw, from_html_meta=True)
    return bytes_to_str(raw, name or "utf-8", errors="replace")


def title_of(page: str) -> str | None:
    """The page's title in one line, or None.

    >>> title_of("<TITLE lang=da>Et &amp;\\n to</title>")
    'Et & to'
    """
    head = page[: 1 << 16]
    lower = head.lower()
    opened = lower.find("<title")
    start = lower.find(">", opened) + 1 if opened >= 0 else 0
    end = lower.find("</title", start) if start else -1
    title = " ".join(html.unescape(head[start:end]).split()) if end >= 0 else ""
    return title[:500] or None


def depth(page: str, limit: int) -> int:
    """How deep elements nest, by their tags alone; stops counting past the limit.

    >>> depth("<div><p>a<p>b<em>c</em></div>", 10)
    2
    """
    level = deepest = at = 0
    unclosed: set[str] = set()
    while deepest <= limit and (match := _TAG.search(page, at)) is not None:
        at, name = match.end(), "<!--" if match[2] is None else match[2].lower()
        if name in _CLOSERS and not match[1]:
            # What has no end further on hides nothing; looking for it once is enough.
            end = None if name in unclosed else _CLOSERS[name].search(page, match.start() + 2)
            if end is None:
                unclosed.add(name)
            else:
                at = end.end()
        elif name not in _FLAT and name not in _CLOSERS:
            level = max(0, level - 1) if match[1] else level + 1
            deepest = max(deepest, level)
    return deepest


@contextlib.contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raises _Overdue in the block after some seconds of processor time, which a busy machine does not use up.

    No limit outside a main thread, where signals cannot be set.
    """
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def overdue(*_: object) -> None:
        raise _Overdue

    before = signal.signal(signal.SIGPROF, overdue)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
