import gzip
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warcs import every, info, members, page, record

from corpus_kit.sources.warc_gzip import gzip_records, holds_several, sure_border
from corpus_kit.sources.window import Window

CAP = 1_000_000


class File:
    """Bytes with the two methods a window needs."""

    def __init__(self, data: bytes):
        self.data = data

    def size(self):
        return len(self.data)

    def read_at(self, size, at):
        return self.data[at : at + size]


def window(data: bytes) -> Window:
    return Window(File(data), 1 << 16)


def read(data: bytes, ranges=((0, None),), cap=CAP):
    return [one for start, end in ranges for one in gzip_records(window(data), start, end, cap)]


def urls(records):
    return [
        int(one.header["warc-target-uri"].rpartition("/")[2]) if one.reason is None else one.reason for one in records
    ]


def test_one_record_a_member():
    parts = [members(page(i)) for i in range(5)]
    found = read(b"".join(parts))
    assert urls(found) == [0, 1, 2, 3, 4]
    assert [one.locator for one in found] == [str(sum(map(len, parts[:i]))) for i in range(5)]
    assert found[2].content == page(2).partition(b"\r\n\r\n")[2][:-4]


def test_all_records_in_one_member():
    data = members(b"".join(page(i, size=5000) for i in range(300)))
    found = read(data)
    assert urls(found) == list(range(300))
    assert [one.locator for one in found[:3]] == ["0", "0+1", "0+2"]
    assert holds_several(window(data), CAP)
    assert not holds_several(window(members(page(0), page(1))), CAP)
    assert read(data, every(len(data), len(data) // 7)) == found


@pytest.mark.parametrize("size", [7, 100, 5000])
def test_members_cut_anywhere(size):
    whole = b"".join(map(page, range(30)))
    data = members(*(whole[i : i + size] for i in range(0, len(whole), size)))
    found = read(data)
    assert urls(found) == list(range(30))
    assert len({one.locator for one in found}) == 30
    assert read(data, every(len(data), 1000)) == found


def test_damage_costs_one_record():
    parts = [members(page(i)) for i in range(9)]
    parts[3] = parts[3][:100] + bytes([parts[3][100] ^ 255]) + parts[3][101:]
    parts[6] = parts[6][:-6] + b"\0\0" + parts[6][-4:]  # the checksum
    data = b"".join(parts)
    found = read(data)
    assert urls(found) == [0, 1, 2, "read.damaged", 4, 5, "read.damaged", 7, 8]
    assert found[3].locator == str(len(b"".join(parts[:3])))


def test_junk_between_members():
    data = members(page(0)) + b"junk" * 30 + members(page(1)) + bytes(500) + members(page(2))
    found = read(data)
    assert urls(found) == [0, "read.damaged", 1, "read.damaged", 2]
    assert read(data, every(len(data), 50)) == found


@pytest.mark.parametrize("cut", [1, 8, 9, 200])
def test_a_truncated_end_is_damage(cut):
    data = members(*map(page, range(4)))[:-cut]
    assert urls(read(data)) == [0, 1, 2, "read.damaged"]


def test_truncation_of_one_big_member_gives_the_records_before_it():
    data = members(b"".join(page(i, size=2000) for i in range(50)))
    found = read(data[: len(data) // 2])
    assert urls(found)[-1] == "read.damaged"
    assert urls(found)[:-1] == list(range(len(found) - 1))
    assert len(found) in (25, 26)


def test_the_end_may_be_padded_but_not_missing():
    data = members(page(0))
    assert urls(read(data + bytes(10_000))) == [0]
    assert urls(read(data + bytes(100_000))) == [0, "read.damaged"]
    assert urls(read(data + members(b"") + members(b"\r\n"))) == [0]
    assert urls(read(b"")) == ["read.damaged"]


def test_wrong_lengths():
    short = record(b"x" * 100, n=1, length=50)
    long = record(b"x" * 100, n=1, length=500)
    none = record(b"x" * 100, n=1, Content_Length=None)
    assert urls(read(members(page(0), short, page(2)))) == [0, 1, "read.damaged", 2]
    assert urls(read(members(page(0), long, page(2)))) == [0, "read.damaged", 2]
    assert urls(read(members(page(0), none, page(2)))) == [0, "read.bad_record", 2]
    assert urls(read(members(page(0) + none + page(2)))) == [0, "read.bad_record", 2]
    assert urls(read(members(page(0), b"garbage", page(2)))) == [0, "read.damaged", 2]
    assert urls(read(members(page(0) + b"garbage\r\n" + page(2)))) == [0, "read.damaged", 2]


def test_records_above_the_cap_are_not_kept():
    (first, second) = read(members(page(0, size=5000), page(1)), cap=1000)
    assert (first.reason, first.content, first.size) == ("read.too_large", b"", 5000 + len(second.content) - 300)
    assert second.reason is None


def test_a_warc_inside_a_warc_is_content():
    inner = members(*(page(i, size=8000) for i in range(100, 140)))
    assert members(inner).count(b"\x1f\x8b\x08") > 20  # stored by gzip as it is, so its members are there to be seen
    data = members(info(), page(1), record(inner, "resource", "application/gzip", n=2), page(3))
    found = read(data)
    assert urls(found) == [0, 1, 2, 3]
    assert found[2].content == inner
    assert read(data, every(len(data), 3001)) == found


def test_sure_borders_need_what_follows_to_be_sound():
    parts = [members(page(i, size=9000)) for i in range(20)]
    data = b"".join(parts)
    starts = [sum(map(len, parts[:i])) for i in range(20)]
    assert sure_border(window(data), starts[4] - 1) == starts[4]
    assert sure_border(window(data), starts[4] + 1) == starts[5]
    assert sure_border(window(data), starts[19] + 1) == len(data)
    flipped = bytearray(data)
    flipped[starts[6] + 50] ^= 255
    assert sure_border(window(bytes(flipped)), starts[4]) == starts[7]


@settings(max_examples=150, deadline=None)
@given(
    shape=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 900)), min_size=1, max_size=12),
    flips=st.lists(st.integers(0, 10**6), max_size=3),
    cut=st.integers(0, 300),
    cuts=st.lists(st.integers(0, 12_000), max_size=4),
)
def test_records_do_not_depend_on_splits_even_of_damaged_files(shape, flips, cut, cuts):
    data = bytearray(
        members(*(b"".join(page(i * 10 + j, size) for j in range(n)) for i, (n, size) in enumerate(shape)))
    )
    for flip in flips:
        data[flip % len(data)] ^= 1 << flip % 8
    damaged = bytes(data[: len(data) - cut] if cut > 200 else data)
    borders = sorted({0, *cuts})
    ranges = list(zip(borders, [*borders[1:], None], strict=True))
    assert read(damaged, ranges) == read(damaged)


def test_random_bytes_never_raise():
    rng = random.Random(1)
    for _ in range(100):
        data = b"\x1f\x8b\x08" + rng.randbytes(rng.randrange(300))
        assert urls(read(data)) == ["read.damaged"]
        assert len(urls(read(data + members(page(1))))) in (1, 2)
    assert urls(read(gzip.compress(rng.randbytes(5000)))) == ["read.damaged"]
