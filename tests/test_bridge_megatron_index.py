import struct

import numpy as np
import pytest

from corpus_kit.bridge.megatron_index import dtype_for, largest, read_index, read_tokens, write_index
from corpus_kit.errors import LedgerError


def chunks(*numbers):
    return lambda: iter([np.array(one, np.int32) for one in numbers])


def test_the_bytes_are_those_of_the_format(tmp_path):
    path = tmp_path / "x.idx"
    write_index(
        path, "uint16", sequences=3, documents=2, lengths=chunks([3, 1], [], [5]), per_document=chunks([2], [1])
    )
    wanted = b"MMIDIDX\0\0" + struct.pack("<QBQQ", 1, 8, 3, 3)
    wanted += struct.pack("<3i", 3, 1, 5) + struct.pack("<3q", 0, 6, 8) + struct.pack("<3q", 0, 2, 3)
    assert path.read_bytes() == wanted


def test_documents_of_one_sequence_need_no_list(tmp_path):
    path = tmp_path / "x.idx"
    write_index(path, "int32", sequences=3, documents=3, lengths=chunks([3], [1, 5]))
    index = read_index(path)
    assert index.dtype == np.dtype("<i4")
    assert index.lengths.tolist() == [3, 1, 5]
    assert index.pointers.tolist() == [0, 12, 16]
    assert index.documents.tolist() == [0, 1, 2, 3]


def test_lengths_that_are_not_as_many_as_said_are_a_bug(tmp_path):
    with pytest.raises(AssertionError, match="not those of the lengths"):
        write_index(tmp_path / "x.idx", "int32", sequences=2, documents=2, lengths=chunks([3, 1, 5]))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda data: data[:-1], "which is not what its header says"),
        (lambda data: data + b"\0", "which is not what its header says"),
        (lambda data: data[:20], "missing or cut short"),
        (lambda data: b"X" + data[1:], "no Megatron index"),
        (lambda data: data[:9] + b"\2" + data[10:], "no Megatron index of version 1"),
        (lambda data: data[:17] + b"\7" + data[18:], "not of tokens"),
    ],
)
def test_a_damaged_index_is_refused(tmp_path, change, says):
    path = tmp_path / "x.idx"
    write_index(path, "int32", sequences=3, documents=3, lengths=chunks([3, 1, 5]))
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(LedgerError, match=says):
        read_index(path)


def test_tokens_must_be_as_many_as_the_lengths_say(tmp_path):
    write_index(tmp_path / "x.idx", "uint16", sequences=2, documents=2, lengths=chunks([2, 1]))
    index = read_index(tmp_path / "x.idx")
    with pytest.raises(LedgerError, match="missing"):
        read_tokens(tmp_path / "x.bin", index)
    (tmp_path / "x.bin").write_bytes(b"\1\0\2\0\3\1")
    assert read_tokens(tmp_path / "x.bin", index).tolist() == [1, 2, 259]
    (tmp_path / "x.bin").write_bytes(b"\1\0\2\0\3")
    with pytest.raises(LedgerError, match="has 5 bytes, not 6"):
        read_tokens(tmp_path / "x.bin", index)


def test_the_kind_of_number_is_megatrons_choice():
    assert [dtype_for(one) for one in (100, 65_499, 65_500, 250_000)] == ["uint16", "uint16", "int32", "int32"]
    assert largest("uint16") == 65_535
    assert largest("int32") == 2**31 - 1
