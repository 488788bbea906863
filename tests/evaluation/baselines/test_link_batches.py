from __future__ import annotations

import numpy as np
import pytest

from kerasmm.evaluation.baselines import link_batches
from kerasmm.evaluation.baselines.link_batches import LinkBatches, link_weights, pair_targets
from kerasmm.evaluation.baselines.link_graph import LinkGraph

POSTS = 30


@pytest.fixture(autouse=True)
def short_epochs(monkeypatch):
    monkeypatch.setattr(link_batches, "STEPS", 1)


@pytest.fixture
def network(rng):
    """A ring: each post is linked to the next. Its features and its tags name it."""
    graph = LinkGraph(POSTS, np.arange(POSTS), (np.arange(POSTS) + 1) % POSTS)
    return np.arange(POSTS, dtype="float32")[:, None], np.eye(POSTS, dtype="uint8"), graph


def new(network, rows=None, **options):
    features, tags, graph = network
    rows = np.arange(POSTS) if rows is None else rows
    return LinkBatches(features, tags, graph.among(rows), rows, **{"seed": 3, "anchors": 8, **options})


def posts_of(batch):
    return batch[0]["image"][:, 0].astype(int)


def test_an_epoch_has_every_post_once_as_anchor_beside_a_linked_one(network):
    anchors = []
    for batch in new(network, anchors=10).epoch(0):
        posts = posts_of(batch)
        anchors += posts[:10].tolist()
        np.testing.assert_array_equal(batch[0]["text"].argmax(axis=1), posts)
        assert np.isin((posts[10:] - posts[:10]) % POSTS, [1, POSTS - 1]).all()
    assert sorted(anchors) == list(range(POSTS))


def test_few_posts_come_several_times_an_epoch(network, monkeypatch):
    monkeypatch.setattr(link_batches, "STEPS", 9)
    batches = list(new(network, anchors=10).epoch(0))
    assert len(batches) == 9
    anchors = np.concatenate([posts_of(batch)[:10] for batch in batches])
    np.testing.assert_array_equal(np.bincount(anchors), np.full(POSTS, 3))
    assert len(list(new(network, anchors=10, partners=False).epoch(0))) == 3


def test_targets_are_the_links_pair_by_pair(network):
    batch = next(new(network).epoch(1))
    posts, targets = posts_of(batch), batch[1]
    for i, one in enumerate(posts.tolist()):
        for j, other in enumerate(posts.tolist()):
            linked = (one - other) % POSTS in (1, POSTS - 1)
            assert targets["image_image"][i, j] == targets["text_text"][i, j] == (-1 if one == other else linked)
            assert targets["image_text"][i, j] == (one == other or linked)


def test_a_text_without_words_takes_no_part(network):
    targets = pair_targets(network[2], np.array([0, 1, 2]), np.array([True, False, True]))
    np.testing.assert_array_equal(targets["image_image"], [[-1, 1, 0], [1, -1, 1], [0, 1, -1]])
    np.testing.assert_array_equal(targets["text_text"], [[-1, -1, 0], [-1, -1, -1], [0, -1, -1]])
    np.testing.assert_array_equal(targets["image_text"], [[1, -1, 0], [1, -1, 1], [0, -1, 1]])


def test_a_picture_may_be_linked_with_its_own_text_alone(network):
    targets = pair_targets(network[2], np.array([0, 1, 5]), np.array([True, True, True]), linked_texts=False)
    np.testing.assert_array_equal(targets["image_text"], [[1, -1, 0], [-1, 1, 0], [0, 0, 1]])
    np.testing.assert_array_equal(targets["image_image"], [[-1, 1, 0], [1, -1, 0], [0, 0, -1]])
    batch = next(new(network, linked_texts=False).epoch(0))
    posts = posts_of(batch)
    np.testing.assert_array_equal(batch[1]["image_text"] == 1, posts[:, None] == posts)


def test_weights_divide_by_the_number_of_linked_pairs(network, rng):
    _, targets, weights = next(new(network).epoch(0))
    values = rng.normal(size=16)
    for kind, linked in targets.items():
        assert (values * weights[kind]).mean() == pytest.approx(values.sum() / (linked == 1).sum(), rel=1e-5)
    np.testing.assert_array_equal(link_weights(np.array([[0, -1], [-1, 0]])), [0, 0])


def test_only_the_posts_asked_for_come(network):
    rows = np.array([4, 5, 6, 11, 20])
    (batch,) = new(network, rows).epoch(0)
    posts = posts_of(batch)
    assert set(posts.tolist()) == set(rows.tolist())
    # 11 and 20 have no links here and stand for themselves.
    partners = dict(zip(posts[:5].tolist(), posts[5:].tolist(), strict=True))
    assert (partners[4], partners[6], partners[11], partners[20]) == (5, 5, 11, 20)


def test_epochs_differ_and_seeds_repeat(network):
    first = posts_of(next(new(network).epoch(0)))
    np.testing.assert_array_equal(posts_of(next(new(network).epoch(0))), first)
    assert (posts_of(next(new(network, seed=4).epoch(0))) != first).any()
    assert (posts_of(next(new(network).epoch(1))) != first).any()


def test_without_partners_the_epochs_are_the_same(network):
    batches = new(network, partners=False)
    one, other = (np.stack([posts_of(batch) for batch in batches.epoch(number)]) for number in (0, 1))
    np.testing.assert_array_equal(one, other)
    assert one.shape == (3, 8)
    assert len(set(one.ravel().tolist())) == 24
