"""Connected components, against networkx where it is there and a plain union-find everywhere."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.components import component_labels

EDGES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60)


def union_find(edges: list[tuple[int, int]]) -> dict[int, int]:
    parent = {node: node for edge in edges for node in edge}

    def root(node: int) -> int:
        while parent[node] != node:
            node = parent[node]
        return node

    for a, b in edges:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return {node: root(node) for node in sorted(parent)}


def labels_of(edges: list[tuple[int, int]], dtype=np.uint64) -> dict[int, int]:
    array = np.array(edges, dtype).reshape(-1, 2)
    nodes, labels = component_labels(array[:, 0], array[:, 1])
    assert nodes.dtype == labels.dtype == dtype
    return dict(zip(nodes.tolist(), labels.tolist(), strict=True))


@given(EDGES)
def test_labels_are_those_of_union_find(edges):
    assert labels_of(edges) == union_find(edges)


@given(EDGES, st.randoms())
def test_the_order_and_direction_of_edges_do_not_matter(edges, random):
    turned = [edge[::-1] if random.random() < 0.5 else edge for edge in edges]
    random.shuffle(turned)
    assert labels_of(turned) == labels_of(edges)


def test_a_long_path_against_the_grain_is_one_component():
    path = [(i, i + 1) for i in range(5000)]
    assert set(labels_of(path[::-1]).values()) == {0}
    zigzag = np.random.default_rng(1).permutation(3000).astype(np.uint64)
    nodes, labels = component_labels(zigzag[:-1], zigzag[1:])
    assert len(nodes) == 3000
    assert set(labels.tolist()) == {0}


def test_numbers_beyond_the_signed_range_and_no_edges():
    big = (1 << 63) + 5
    assert labels_of([(big, big + 1), (7, big)]) == {7: 7, big: 7, big + 1: 7}
    assert labels_of([]) == {}
    assert labels_of([(4, 4)]) == {4: 4}
