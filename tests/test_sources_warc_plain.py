from hypothesis import given, settings
from hypothesis import strategies as st
from warcs import every, page, record

from corpus_kit.sources.warc_plain import plain_records
from corpus_kit.sources.window import Window


class File:
    def __init__(self, data: bytes):
        self.data = data

    def size(self):
        return len(self.data)

    def read_at(self, size, at):
        return self.data[at : at + size]


def read(data: bytes, ranges=((0, None),), cap=1_000_000, block=1000):
    return [one for start, end in ranges for one in plain_records(Window(File(data), block), start, end, cap)]


def urls(records):
    return [
        int(one.header["warc-target-uri"].rpartition("/")[2]) if one.reason is None else one.reason for one in records
    ]


def test_records_and_their_places():
    parts = [page(i) for i in range(5)]
    found = read(b"".join(parts))
    assert urls(found) == [0, 1, 2, 3, 4]
    assert [one.locator for one in found] == [str(sum(map(len, parts[:i]))) for i in range(5)]
    assert found[3].content == parts[3].partition(b"\r\n\r\n")[2][:-4]


def test_bare_line_feeds_and_missing_blank_lines():
    data = b"\n\n" + page(0).replace(b"\r\n", b"\n", 8).rstrip(b"\r\n") + page(1)
    assert urls(read(data)) == [0, 1]


def test_a_page_about_warc_is_content():
    text = b"<pre>\n" + page(7) + b"\n</pre>"
    data = page(0) + record(text, "resource", "text/html", n=1) + page(2)
    found = read(data)
    assert urls(found) == [0, 1, 2]
    assert found[1].content == text
    assert read(data, every(len(data), 10)) == found


def test_damage_costs_one_record():
    bad = page(1).replace(b"WARC/1.0", b"WERC/1.0")
    data = page(0) + bad + page(2) + b"garbage\r\n" + page(3)
    found = read(data)
    assert urls(found) == [0, "read.damaged", 2, "read.damaged", 3]
    assert found[1].locator == str(len(page(0)))
    assert read(data, every(len(data), 100)) == found


def test_wrong_lengths():
    assert urls(read(page(0) + record(b"x", n=1, length=10**9) + page(2))) == [0, "read.damaged", 2]
    assert urls(read(page(0) + record(b"x", n=1, Content_Length="many") + page(2))) == [0, "read.bad_record", 2]
    assert urls(read(page(0) + record(b"x" * 9, n=1, length=3) + page(2))) == [0, 1, "read.damaged", 2]


def test_a_truncated_end_is_damage():
    data = page(0) + page(1)
    assert urls(read(data[:-4])) == [0, 1]  # only the blank lines behind the content are gone
    for cut in (5, 100, len(page(1)) - 1):
        assert urls(read(data[:-cut])) == [0, "read.damaged"]
    assert urls(read(b"")) == ["read.damaged"]


def test_a_header_without_end_is_damage():
    assert urls(read(b"WARC/1.0\r\n" + b"a: b\r\n" * 300_000 + page(1))) == ["read.damaged", 1]
    assert urls(read(b"WARC/1.0\r\n" + b"a: b\r\n" * 10_000 + page(1)[10:])) == [1]


def test_records_above_the_cap_are_passed_over():
    found = read(page(0) + page(1, size=5000) + page(2), cap=1000)
    assert urls(found) == [0, "read.too_large", 2]
    assert found[1].content == b""
    assert found[1].size > 5000


@settings(max_examples=150, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 900), min_size=1, max_size=12),
    flips=st.lists(st.integers(0, 10**6), max_size=4),
    cuts=st.lists(st.integers(0, 9000), max_size=4),
    block=st.integers(64, 5000),
)
def test_records_do_not_depend_on_splits_even_of_damaged_files(sizes, flips, cuts, block):
    data = bytearray(b"".join(page(i, size) for i, size in enumerate(sizes)))
    for flip in flips:
        data[flip % len(data)] ^= 1 << flip % 8
    borders = sorted({0, *cuts})
    ranges = list(zip(borders, [*borders[1:], None], strict=True))
    assert read(bytes(data), ranges, block=block) == read(bytes(data))
