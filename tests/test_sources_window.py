from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.sources.window import Window
from corpus_kit.storage import open_random

DATA = bytes(range(256)) * 4


class File:
    def size(self):
        return len(DATA)

    def read_at(self, size, at):
        return DATA[at : at + size]


@given(st.lists(st.tuples(st.integers(0, 1100), st.integers(0, 300)), max_size=9), st.integers(1, 400))
def test_reads_are_those_of_the_file(reads, block):
    window = Window(File(), block)
    for at, size in reads:
        assert window.read(at, size) == DATA[at : at + size]


@given(st.binary(min_size=1, max_size=3), st.integers(0, 1100), st.integers(4, 100))
def test_find_is_that_of_bytes(needle, at, block):
    assert Window(File(), block).find(needle, at) == DATA.find(needle, at)


def test_of_an_opened_file(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(DATA)
    with open_random(str(path)) as file:
        window = Window.of(file, str(path))
        assert (window.size, window.read(1020, 9), window.read(0, 2)) == (1024, DATA[1020:], DATA[:2])
