from __future__ import annotations

import numpy as np
import pytest

from kerasmm.evaluation.baselines.link_graph import LinkGraph


def random_links(rng, posts, links):
    """Links with doubles, both directions and links of a post with itself; and the set of what they join."""
    rows, columns = rng.integers(posts, size=(2, links))
    return (
        rows,
        columns,
        {frozenset(pair) for pair in zip(rows.tolist(), columns.tolist(), strict=True) if len(set(pair)) == 2},
    )


def test_finds_what_a_set_of_pairs_holds(rng):
    rows, columns, pairs = random_links(rng, 12, 40)
    graph = LinkGraph(12, rows, columns)
    assert len(graph) == len(pairs)
    some, others = rng.integers(12, size=7), rng.integers(12, size=5)
    wanted = [[frozenset((i, j)) in pairs for j in others.tolist()] for i in some.tolist()]
    np.testing.assert_array_equal(graph.linked(some, others), wanted)


def test_a_part_of_the_posts_keeps_its_links(rng):
    rows, columns, pairs = random_links(rng, 12, 40)
    part = rng.permutation(12)[:7]
    graph = LinkGraph(12, rows, columns).among(part)
    wanted = [[frozenset((i, j)) in pairs for j in part.tolist()] for i in part.tolist()]
    np.testing.assert_array_equal(graph.linked(np.arange(7), np.arange(7)), wanted)


def test_reads_compressed_rows():
    graph = LinkGraph.from_rows(np.array([0, 2, 2, 3]), np.array([1, 2, 0]))
    np.testing.assert_array_equal(graph.linked(np.arange(3), np.arange(3)), [[0, 1, 1], [1, 0, 0], [1, 0, 0]])


def test_draws_every_linked_post_equally_often(rng):
    """Post 0 is linked to 1, 2 and 4; post 3 to nothing."""
    graph = LinkGraph(5, np.array([0, 2, 4]), np.array([1, 0, 0]))
    drawn = graph.draw(np.zeros(9000, int), rng)
    counts = np.bincount(drawn, minlength=5)
    assert counts[[0, 3]].sum() == 0
    assert (abs(counts[[1, 2, 4]] - 3000) < 7 * np.sqrt(9000 * 1 / 3 * 2 / 3)).all()
    np.testing.assert_array_equal(graph.draw(np.array([3, 1, 4]), rng), [3, 0, 0])


def test_no_links(rng):
    graph = LinkGraph(3, np.zeros(0, int), np.zeros(0, int))
    assert len(graph) == 0
    assert not graph.linked(np.arange(3), np.arange(3)).any()
    np.testing.assert_array_equal(graph.draw(np.array([2, 0]), rng), [2, 0])
    assert len(graph.among(np.array([1]))) == 0


def test_many_posts_cost_what_their_links_cost():
    """A square of these posts would take 10¹⁴ entries."""
    posts = 10_000_000
    graph = LinkGraph(posts, np.array([0, posts - 1]), np.array([posts - 1, 7]))
    np.testing.assert_array_equal(graph.linked(np.array([posts - 1]), np.array([0, 7, 8])), [[True, True, False]])


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        ([0], [1, 2], r"A link has two ends. Received: 1 and 2 ends"),
        ([0], [3], r"Links join rows 0 … 2. Received: row 3 to 3"),
        ([-1], [0], r"Links join rows 0 … 2. Received: row -1 to -1"),
    ],
)
def test_says_what_was_wrong(rows, columns, message):
    with pytest.raises(ValueError, match=message):
        LinkGraph(3, np.array(rows), np.array(columns))
