"""Extraction: which encoding, which text, and a reason for every page that gives none."""

import contextlib
import json
import signal
import time

import pyarrow as pa
import pytest
import toy

from corpus_kit.schema import READ_SCHEMA
from corpus_kit.stages import extract as module
from corpus_kit.stages.extract import Extract, decode, depth, time_limit, title_of

SENTENCES = [
    "Den gamle mand gik ned til havnen for at se på skibene, som kom hjem fra det store hav.",
    "Det blæste op ud på aftenen, og bølgerne slog mod molen, så skummet stod højt i vejret.",
    "Næste morgen var alt stille igen, og børnene løb ned for at finde rav i tangen.",
]
PAGE = (
    "<html><head><title>Havnen &amp;\n  havet</title></head><body><nav><a href='/'>Forside</a></nav>"
    f"<main><article>{''.join(f'<p>{one}</p>' for one in SENTENCES)}</article></main>"
    "<footer>Ophavsret og cookies</footer></body></html>"
)
ENGINES = pytest.mark.parametrize("engine", ["trafilatura", "resiliparse"])


def pages(*raws: bytes | None, **columns: list) -> pa.RecordBatch:
    given = {
        "id": [f"s-{i}" for i in range(len(raws))],
        "raw": list(raws),
        "media_type": ["text/html"] * len(raws),
        **columns,
    }
    arrays = [pa.array(given.get(field.name, [None] * len(raws)), field.type) for field in READ_SCHEMA]
    return pa.RecordBatch.from_arrays(arrays, schema=READ_SCHEMA)


def html(charset: str) -> str:
    return json.dumps({"content-type": f"text/html; charset={charset}"})


def outcome(batch: pa.RecordBatch, **settings) -> list[str | None]:
    """The text of each row, or its reason code."""
    result = Extract.model_validate(settings).apply(batch)
    assert result["id"].equals(batch["id"])
    return [
        found[0] if found else text for text, found in zip(result["text"].to_pylist(), toy.codes(result), strict=True)
    ]


@ENGINES
def test_the_main_text_is_taken_and_the_rest_left(engine):
    result = Extract(engine=engine).apply(pages(PAGE.encode()))
    text = result["text"][0].as_py()
    assert [one for one in SENTENCES if one in text] == SENTENCES
    assert "Forside" not in text
    assert "Ophavsret" not in text
    assert result["title"].to_pylist() == ["Havnen & havet"]
    assert result.schema.names == [name for name in READ_SCHEMA.names if name not in ("raw", "media_type", "headers")]


def test_rows_that_have_text_pass_and_a_title_of_the_source_stays():
    batch = pages(PAGE.encode(), None, PAGE.encode(), text=["given", None, None], title=["a", None, "Own title"])
    result = Extract(engine="resiliparse").apply(batch)
    assert result["text"].to_pylist()[:2] == ["given", None]
    assert result["title"].to_pylist() == ["a", None, "Own title"]
    assert toy.codes(result) == [[], [], []]


@ENGINES
def test_a_page_without_text_has_a_reason(engine):
    empty = [b"", b"   \n", b"<html><body></body></html>", b"<!-- " + PAGE.encode(), b"\x00\x00\x00"]
    assert outcome(pages(*empty), engine=engine) == ["extract.empty"] * 5


def test_what_is_no_page_has_a_reason():
    kinds = ["application/pdf", None, "text/plain", "application/xhtml+xml", "text/plain"]
    batch = pages(b"%PDF", b"x", "rødgrød".encode(), PAGE.encode(), b" \n", media_type=kinds)
    found = outcome(batch, engine="resiliparse")
    assert found[:3] == ["extract.media_type", "extract.media_type", "rødgrød"]
    assert SENTENCES[0] in (found[3] or "")
    assert found[4] == "extract.empty"


def test_a_page_that_is_too_large_is_not_parsed(monkeypatch):
    monkeypatch.setattr(module, "_engine", lambda stage: pytest.fail)
    result = Extract(max_bytes=100).apply(pages(PAGE.encode()))
    assert result["reasons"].to_pylist() == [
        [{"code": "extract.too_large", "value": float(len(PAGE.encode())), "low": None, "high": 100.0}]
    ]


@ENGINES
def test_200_000_nested_elements_are_refused_at_once(engine):
    raw = b"<div>" * 200_000 + PAGE.encode()
    before = time.monotonic()
    result = Extract(engine=engine).apply(pages(raw))
    assert time.monotonic() - before < 5
    assert result["reasons"].to_pylist() == [[{"code": "extract.too_deep", "value": None, "low": None, "high": 2000.0}]]


def test_depth_counts_what_nests():
    assert depth("", 10) == 0
    assert depth("<div><DIV><em>x</em></DIV></div><div>", 10) == 3
    assert depth("</div></div><b>", 10) == 1
    assert depth("<div>" * 100, 10) == 11


def test_end_tags_that_may_be_left_out_do_not_count():
    assert depth("<ul>" + "<li>punkt" * 3000 + "</ul>" + "<p>afsnit<br>" * 3000, 2000) == 1
    assert depth("<table>" + "<tr><td>a<td>b" * 3000, 2000) == 1


@pytest.mark.parametrize(
    "filling",
    [
        "<svg>" + "<path d='M0 0'/>" * 3000 + "</svg>",
        "<script>" + "for(i=0;i<n;i++){}" * 3000 + "</script>",
        "<!-- " + "<div>" * 3000 + " -->",
        "<style>" + "a<b{}" * 3000 + "</style>",
    ],
    ids=["svg", "script", "comment", "style"],
)
def test_what_does_not_nest_does_not_count(filling):
    assert depth(f"<body><div>{filling}</div></body>", 2000) <= 2


@pytest.mark.parametrize("hidden", ["<script></SCRIPT>", "<!-->", "<!--->", "<!-- a --!>"])
def test_depth_cannot_be_hidden(hidden):
    assert depth(f"<body>{hidden}" + "<div>" * 3000, 2000) > 2000


def test_a_page_that_takes_too_long_has_a_reason_and_the_next_one_is_read(monkeypatch):
    def engine(page: str) -> str:
        while "slow" in page:  # the limit is one of processor time
            pass
        return page

    monkeypatch.setattr(module, "_engine", lambda stage: engine)
    before = time.monotonic()
    assert outcome(pages(b"slow", b"quick", b"slow"), max_seconds=0.05) == [
        "extract.timeout",
        "quick",
        "extract.timeout",
    ]
    assert time.monotonic() - before < 5


def test_an_engine_that_catches_everything_cannot_catch_the_time_limit(monkeypatch):
    def engine(page: str) -> str:
        for _ in range(3):
            until = time.process_time() + 0.3
            with contextlib.suppress(Exception):  # as trafilatura does around lxml
                while time.process_time() < until:
                    pass
        return page

    monkeypatch.setattr(module, "_engine", lambda stage: engine)
    assert outcome(pages(b"slow"), max_seconds=0.05) == ["extract.timeout"]


def test_a_time_limit_leaves_no_timer_and_no_handler_behind():
    before = signal.getsignal(signal.SIGPROF)
    timer = signal.setitimer(signal.ITIMER_PROF, 0)
    with time_limit(20):
        assert 0 < signal.getitimer(signal.ITIMER_PROF)[0] < 20.1
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGPROF) is before
    with time_limit(None):
        assert signal.getitimer(signal.ITIMER_PROF)[0] == 0
    signal.setitimer(signal.ITIMER_PROF, *timer)  # the test runner's own


WORD = "smørrebrød på Ærø"

CHARSETS = {
    "latin-1, as the header says": (WORD.encode("latin-1"), html("ISO-8859-1"), WORD),
    "windows-1252 called latin-1, as browsers read it": (
        "på ”dansk” – €".encode("cp1252"),
        html("latin1"),
        "på ”dansk” – €",
    ),
    "a charset in quotes": (WORD.encode("latin-1"), html("'iso-8859-15'"), WORD),
    "utf-8 without a header": (WORD.encode(), None, WORD),
    "a header without a content type": (WORD.encode(), '{"server": "x"}', WORD),
    "a content type without a charset": (WORD.encode(), '{"content-type": "text/html"}', WORD),
    "a content type of null": (WORD.encode(), '{"content-type": null}', WORD),
    "utf-8 that is latin-1": (WORD.encode("latin-1"), html("utf-8"), WORD),
    "an unknown charset": (WORD.encode(), html("x-klingon"), WORD),
    "a charset that is no charset": (WORD.encode(), html("hex"), WORD),
    "utf-8 with a byte-order mark": (WORD.encode("utf-8-sig"), None, WORD),
    "a byte-order mark against the header": (WORD.encode("utf-8-sig"), html("iso-8859-1"), WORD),
    "utf-16 with a byte-order mark": (WORD.encode("utf-16"), None, WORD),
    "utf-16 against the header": (WORD.encode("utf-16"), html("utf-8"), WORD),
    "iso-8859-10, rare but real": ("čáŋáđŧŋ".encode("iso-8859-10"), html("iso-8859-10"), "čáŋáđŧŋ"),
}


@pytest.mark.parametrize("case", CHARSETS)
def test_encodings(case):
    raw, headers, text = CHARSETS[case]
    assert decode(raw, headers) == text


@pytest.mark.parametrize("raw", [b"abc \xff", b"xn--\xff", b"\x00"])
@pytest.mark.parametrize("charset", ["idna", "unicode_escape", "utf-7", "utf-16", "rot13", "mbcs", "ø", "a" * 5000])
def test_no_charset_breaks_decoding(charset, raw):
    text = decode(raw, html(charset))
    assert pa.array([text]).to_pylist() == [text]


@pytest.mark.parametrize(
    ("charset", "raw"),
    [
        ("undefined", b"abc"),
        ("punycode", b"\\N{nothing"),
        ("unicode_escape", b"\\ud800"),
        ("raw_unicode_escape", b"\\ud800"),
        ("utf-7", b"+2AA-"),
    ],
)
def test_no_strange_codec_of_python_breaks_decoding(charset, raw):
    text = decode(raw, html(charset))
    assert pa.array([text]).to_pylist() == [text]


def test_a_charset_named_in_the_page_is_used_where_the_header_names_none():
    page = "<html><head><meta charset='iso-8859-4'></head><body>ĸŗēĩļģŧŊūų ķēģļ</body></html>"
    assert decode(page.encode("iso-8859-4"), None) == page


def test_titles():
    assert title_of("<html><TITLE lang='da'> Et\n og &oslash; </TITLE>") == "Et og ø"
    assert title_of("<title></title>") is None
    assert title_of("<title>never closed") is None
    assert title_of("no title") is None
    assert title_of(f"<title>{'x' * 1000}</title>") == "x" * 500
    assert title_of("<body>" + " " * (1 << 16) + "<title>too late</title>") is None
    assert title_of("<title") is None


def test_titles_of_hostile_pages_are_quick():
    before = time.monotonic()
    assert title_of("<title>" * 20_000) is None
    assert title_of("<title " * 20_000) is None
    assert time.monotonic() - before < 1


def test_libraries_and_extras_follow_the_engine():
    assert Extract().modules() == {"resiliparse": "web", "trafilatura": "web"}
    assert Extract(engine="resiliparse").modules() == {"resiliparse": "web"}
    assert Extract().libraries_used() == ("trafilatura", "lxml", "resiliparse")
    assert Extract(engine="resiliparse").libraries_used() == ("resiliparse",)


def test_a_parser_that_fails_is_the_trouble_of_the_page(monkeypatch):
    def engine(page: str) -> str:
        if "bad" in page:
            raise ValueError(page)
        return page

    monkeypatch.setattr(module, "_engine", lambda stage: engine)
    assert outcome(pages(b"bad", b"good")) == ["extract.unparsable", "good"]
