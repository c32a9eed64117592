"""Sets of rows as bits, and components of graphs over their members, against plain Python and the numpy definition."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.components import component_labels
from corpus_kit.kernels import _graph
from corpus_kit.kernels.graph import Graph, RowSet

SIZES = (5, 0, 700, 3, 0, 64)
BASES = np.concatenate([[0], np.cumsum(SIZES)]).astype(np.uint64)
ROWS = [load << 32 | number for load, size in enumerate(SIZES) for number in range(size)]
EDGES = st.lists(st.tuples(st.sampled_from(ROWS), st.sampled_from(ROWS)), max_size=120)


def array(numbers) -> np.ndarray:
    return np.array(numbers, np.uint64)


def rows_of(members) -> RowSet:
    rows = RowSet(BASES)
    rows.add(array(members))
    return rows


def graph_of(edges, folder: Path, memory: int) -> Graph:
    graph = Graph(rows_of([end for edge in edges for end in edge]), folder=folder, memory=memory)
    for left, right in edges:
        graph.join(array([left]), array([right]))
    return graph


@given(st.lists(st.sampled_from(ROWS)))
def test_a_set_has_what_was_added_and_nothing_else(members):
    found = rows_of(members).has(array(ROWS))
    assert [row for row, is_in in zip(ROWS, found, strict=True) if is_in] == sorted(set(members))


def test_rows_outside_of_their_load_are_in_no_set_and_cannot_be_added():
    strange = array([5, 1 << 32, 6 << 32, (1 << 64) - 1])
    assert not rows_of(ROWS).has(strange).any()
    for row in strange:
        with pytest.raises(IndexError):
            rows_of([row])


def test_a_set_comes_back_from_its_file(tmp_path):
    rows_of(ROWS[3:90]).save(tmp_path / "rows")
    found = RowSet.open(tmp_path / "rows").has(array(ROWS))
    assert found.tolist() == [3 <= i < 90 for i in range(len(ROWS))]


@given(EDGES)
def test_labels_are_those_of_the_definition(edges):
    graph = graph_of(edges, Path(), 1 << 20)
    nodes, labels = component_labels(*array(edges or np.zeros((0, 2))).reshape(-1, 2).T)
    assert graph.count == len(nodes)
    found = graph.labels(0, graph.count)
    assert [part.tolist() for part in found] == [nodes.tolist(), labels.tolist()]


def test_parents_on_disk_give_the_same_labels_in_any_pieces(tmp_path):
    random = np.random.default_rng(7)
    edges = random.choice(ROWS, (400, 2)).tolist()
    one, other = graph_of(edges, tmp_path, 1 << 20), graph_of(edges, tmp_path, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["parents"]
    rows, labels = one.labels(0, one.count)
    for begin in range(0, one.count, 7):
        end = min(begin + 7, one.count)
        piece = other.labels(begin, end)
        assert [part.tolist() for part in piece] == [rows[begin:end].tolist(), labels[begin:end].tolist()]


def test_eight_bytes_a_node_join_like_four():
    random = np.random.default_rng(3)
    nodes = rows_of(ROWS)
    ranks = np.concatenate([[0], np.cumsum([np.bitwise_count(nodes.words[:8]).sum()])]).astype(np.uint64)
    left, right = random.choice(array(ROWS), (2, 500))
    narrow, wide = np.arange(len(ROWS), dtype=np.uint32), np.arange(len(ROWS), dtype=np.uint64)
    for parents, is_wide in ((narrow, False), (wide, True)):
        _graph.join(left, right, nodes.bases, nodes.words, ranks, parents, is_wide)
        _graph.flatten(parents, is_wide)
    assert narrow.tolist() == wide.tolist()
    assert len(set(narrow.tolist())) < len(ROWS)


def test_an_edge_to_a_row_that_is_no_node_is_an_error(tmp_path):
    graph = Graph(rows_of([0, 1]), folder=tmp_path, memory=1 << 20)
    with pytest.raises(IndexError):
        graph.join(array([0]), array([2]))
    with pytest.raises(IndexError):
        graph.join(array([7 << 32]), array([0]))
    with pytest.raises(IndexError):
        graph._rows(array([2]))


def test_a_long_path_against_the_grain_is_one_component(tmp_path):
    bases = array([0, 100_000])
    rows = RowSet(bases)
    numbers = np.arange(100_000, dtype=np.uint64)
    rows.add(numbers)
    graph = Graph(rows, folder=tmp_path, memory=1 << 20)
    graph.join(numbers[:0:-1].copy(), numbers[-2::-1].copy())
    assert set(graph.labels(0, 100_000)[1].tolist()) == {0}


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (_graph.mark, (array([0]), array([]), array([0]))),
        (_graph.mark, (array([0]), array([1, 2]), array([0]))),
        (_graph.mark, (array([0]), array([0, 2, 1]), array([0]))),
        (_graph.mark, (array([0]), array([0, 65]), array([0]))),
        (_graph.mark, (bytes(7), array([0, 1]), array([0]))),
        (_graph.contains, (array([0]), array([0, 1]), array([0]), bytearray(2))),
        (_graph.rows_of, (array([0]), array([0, 1]), array([1]), array([]), array([0]))),
        (_graph.join, (array([0]), array([]), array([0, 1]), array([1]), array([0]), array([0]), True)),
    ],
)
def test_buffers_that_do_not_fit_are_refused(function, arguments):
    with pytest.raises(ValueError, match=r"must|two ends"):
        function(*arguments)
