import pytest

from corpus_kit.sources.warc_record import content_length, damaged, decode, parse_header


def test_header_fields():
    block = b"WARC/1.0\r\nWARC-Type: response\r\nX: a\r\n\tb\r\n  c\r\nx: second\r\nno field\r\nURI: http://a.dk:80/\r\n\r\n"
    assert parse_header(block) == {"warc-type": "response", "x": "a b c", "uri": "http://a.dk:80/"}
    assert parse_header(block.replace(b"\r\n", b"\n")) == parse_header(block)


@pytest.mark.parametrize(
    ("value", "length"),
    [("0", 0), ("123", 123), ("", None), ("-1", None), ("1.5", None), ("1_0", None), ("٣", None), ("9" * 19, None)],
)
def test_content_length(value, length):
    assert content_length({"content-length": value}) == length


def test_bytes_that_are_no_utf8_are_latin_1():
    assert decode("é".encode()) == decode("é".encode("latin-1")) == "é"


def test_damage_has_a_place():
    assert damaged("17+2")[:1] == ("17+2",)
    assert damaged("17+2").reason == "read.damaged"
