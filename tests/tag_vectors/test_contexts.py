import doctest

import numpy as np
import pytest

from kerasmm.tag_vectors import contexts
from kerasmm.tag_vectors.contexts import Contexts
from tests.tag_vectors.test_cooccurrence import by_loop, some_posts


@pytest.mark.parametrize("most", [1, 9, 1 << 18])
def test_each_occurrence_has_the_other_tags_of_its_post(rng, most, monkeypatch):
    monkeypatch.setattr(contexts.chunks, "__defaults__", (most,))
    posts = some_posts(rng)
    made = Contexts.of(iter(posts), 12)
    wanted = [(tag, sorted(set(post) - {tag})) for post in map(set, posts) if len(post) > 1 for tag in sorted(post)]
    assert made.tag.tolist() == [tag for tag, _ in wanted]
    assert made.sizes().tolist() == [len(others) for _, others in wanted]
    for place, (tag, others) in enumerate(wanted):
        pairs = made.pairs[made.starts[place] : made.starts[place + 1]]
        assert set(made.first[pairs]) == {tag}
        assert made.second[pairs].tolist() == others
    counts = np.zeros((12, 12), int)
    counts[made.first, made.second] = made.seen
    np.testing.assert_array_equal(counts, by_loop(posts, 12))
    np.testing.assert_array_equal(made.occurrences(), np.bincount([tag for tag, _ in wanted], minlength=12))


@pytest.mark.parametrize("posts", [[], [[]], [[0], [1, 1]]])
def test_posts_without_company_have_none(posts):
    made = Contexts.of(posts, 3)
    assert not made.tag.size
    assert made.starts.tolist() == [0]
    assert not made.pairs.size
    assert made.occurrences().tolist() == [0, 0, 0]


def test_examples():
    assert doctest.testmod(contexts).failed == 0
