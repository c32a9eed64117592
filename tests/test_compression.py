import bz2
import functools
import gzip
import io
import lzma
import random

import pyarrow as pa
import pytest

from corpus_kit.compression import OUTPUT, DamagedInput, Decompressed, compression_of, pieces


def zstd(data: bytes) -> bytes:
    return pa.Codec("zstd").compress(data, asbytes=True)


COMPRESS = {
    "gzip": functools.cache(functools.partial(gzip.compress, compresslevel=1)),
    "zstd": functools.cache(zstd),
    "bz2": functools.cache(bz2.compress),
    "xz": functools.cache(functools.partial(lzma.compress, preset=0)),
}
TEXT = b"".join(b"%d saa at sige, og nogle ord til\n" % random.Random(i).getrandbits(60) for i in range(60_000))


def read(data: bytes, compression: str | None) -> tuple[bytes, bool]:
    """What comes out, and whether damage was met."""
    out = []
    try:
        out.extend(pieces(lambda: io.BytesIO(data), compression))
    except DamagedInput:
        return b"".join(out), True
    return b"".join(out), False


@pytest.mark.parametrize("kind", COMPRESS)
def test_whole_file(kind):
    assert read(COMPRESS[kind](TEXT), kind) == (TEXT, False)


@pytest.mark.parametrize("kind", COMPRESS)
def test_several_members_are_read_completely(kind):
    parts = [TEXT[:1000], b"", TEXT[1000:500_000], TEXT[500_000:]]
    assert read(b"".join(COMPRESS[kind](part) for part in parts), kind) == (TEXT, False)


@pytest.mark.parametrize("kind", COMPRESS)
def test_truncation_gives_the_bytes_before_it_then_damage(kind):
    whole = COMPRESS[kind](TEXT)
    out, damaged = read(whole[: len(whole) * 2 // 3], kind)
    assert damaged
    assert TEXT.startswith(out)
    # a decoder can keep back one block: 900 kB for bz2, 128 kB for zstd, little for the others
    assert len(out) > len(TEXT) * 2 // 3 - 1_000_000


@pytest.mark.parametrize("kind", COMPRESS)
@pytest.mark.parametrize("cut", [1, 3, 10])
def test_a_cut_trailer_is_damage(kind, cut):
    out, damaged = read(COMPRESS[kind](TEXT[:5000])[:-cut], kind)
    assert damaged
    assert TEXT[:5000].startswith(out)


def test_gzip_gives_every_byte_when_only_the_trailer_is_cut():
    assert read(gzip.compress(TEXT)[:-8], "gzip") == (TEXT, True)


@pytest.mark.parametrize("kind", COMPRESS)
def test_bit_flip_in_the_second_member_loses_nothing_of_the_first(kind):
    first, second = COMPRESS[kind](TEXT[:700_000]), bytearray(COMPRESS[kind](TEXT[700_000:]))
    second[len(second) // 2 : len(second) // 2 + 64] = bytes(64)
    out, damaged = read(first + bytes(second), kind)
    assert damaged
    assert out.startswith(TEXT[:700_000])


@pytest.mark.parametrize("kind", COMPRESS)
def test_trailing_garbage_is_damage(kind):
    for garbage in (b"x", b"garbage behind the end"):
        assert read(COMPRESS[kind](TEXT) + garbage, kind) == (TEXT, True)


@pytest.mark.parametrize("kind", ["gzip", "xz"])
def test_padding_with_zeros_is_allowed(kind):
    assert read(COMPRESS[kind](TEXT) + bytes(200_000), kind) == (TEXT, False)


@pytest.mark.parametrize("kind", COMPRESS)
def test_an_empty_file_is_damage(kind):
    assert read(b"", kind) == (b"", True)


def test_an_empty_plain_file_is_fine():
    assert read(b"", None) == (b"", False)


def test_zstd_skippable_frames_are_skipped():
    skippable = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"abcd"
    assert read(skippable + zstd(TEXT) + skippable + zstd(TEXT), "zstd") == (TEXT * 2, False)


@pytest.mark.parametrize(("window_log", "damaged"), [(27, False), (28, True), (31, True)])
def test_zstd_with_a_huge_window_is_refused(window_log, damaged):
    header = b"\x28\xb5\x2f\xfd" + bytes([0, (window_log - 10) << 3])
    block = (1 | 5 << 3).to_bytes(3, "little") + b"hello"  # last block, stored, 5 bytes
    assert read(header + block, "zstd") == (b"" if damaged else b"hello", damaged)


def test_a_bomb_comes_in_bounded_pieces():
    for kind in COMPRESS:
        bomb = COMPRESS[kind](bytes(20 << 20))
        sizes = [len(piece) for piece in pieces(lambda b=bomb: io.BytesIO(b), kind)]
        assert sum(sizes) == 20 << 20
        assert max(sizes) <= OUTPUT


class Failing(io.BytesIO):
    """A medium that breaks after some bytes."""

    def read(self, size: int | None = -1):
        if self.tell() > 100_000:
            raise OSError(5, "Input/output error")
        return super().read(size)


@pytest.mark.parametrize("kind", COMPRESS)
def test_a_failing_medium_is_not_damage(kind):
    with pytest.raises(OSError) as caught:
        list(pieces(lambda: Failing(COMPRESS[kind](TEXT)), kind))
    assert not isinstance(caught.value, DamagedInput)
    assert caught.value.errno == 5


def test_stream_reads_short_but_never_silently():
    whole = gzip.compress(TEXT)
    stream = Decompressed(lambda: io.BytesIO(whole[:-4]), "gzip")
    out = bytearray()
    while len(out) < len(TEXT):
        out += stream.read(12_345)
    assert bytes(out) == TEXT
    with pytest.raises(DamagedInput):
        stream.read(12_345)
    stream.close()
    assert Decompressed(lambda: io.BytesIO(whole), "gzip").readall() == TEXT


def test_compression_is_told_by_the_ending():
    assert compression_of("a.warc.gz") == "gzip"
    assert compression_of("a.gz.txt") is None
