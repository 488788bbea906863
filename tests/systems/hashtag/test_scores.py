from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kerasmm.data import open_dataset
from kerasmm.draw import TrainedRun
from kerasmm.runs.run import open_run
from kerasmm.systems.hashtag.scores import first_pictures, first_tags, picture_scores, tag_scores
from kerasmm.systems.sheets import Photos, read_post
from tests.systems.hashtag.untrained import image_of, score_by_hand, untrained_run, write_photos
from tests.systems.hashtag.world import USERS, WORDS

KINDS = {
    "tensor": ["network.agnostic=mcll"],
    "tensor of a cosine": ["network.agnostic=ncsl"],
    "mlp": ["network.user_model=mlp"],
    "none": ["network.user_model=none", "network.agnostic=mcll"],
    "cosine": ["network.user_model=none", "network.agnostic=ncsl"],
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_photos(tmp_path_factory.mktemp("scores") / "data")


@pytest.fixture(scope="module", params=KINDS)
def run(request, data, tmp_path_factory):
    return untrained_run(tmp_path_factory.mktemp("scores") / "run", data, *KINDS[request.param])


def weights_of(run):
    """Each of a run's weights, and whether they know users."""
    return [*((name, False) for name in run.system.other_weights), ("best", run.system.specific)]


def by_hand(run, name, dataset, questions):
    """Scores of all test posts `(n, questions)`, and how far float32 may be from each.

    D F E = 256 products and their sum, or an MLP's layers of at most 20 terms: fewer than 300 roundings each.
    """
    model = open_run(run.folder, name).model
    cosine = run.system.config.network.agnostic == "ncsl"
    specific = dict(weights_of(run))[name]
    images = [image_of(model, post.features) for post in dataset.posts("test")]
    asked = [(tag, user if specific else None) for tag, user in questions]
    scores, sizes = (
        np.array([[score_by_hand(model, image, *one, cosine, sizes) for one in asked] for image in images])
        for sizes in (False, True)
    )
    return scores, 300 * np.finfo("float32").eps * sizes


def test_tags_and_pictures_have_the_scores_of_the_printed_equations(run, data, rng):
    dataset = open_dataset(data)
    questions = [(int(rng.integers(len(WORDS))), int(user)) for user in rng.integers(-1, len(USERS), 5)]
    for name, _ in weights_of(run):
        opened = open_run(run.folder, name)
        wanted, bound = by_hand(run, name, dataset, questions)
        found = np.concatenate(list(picture_scores(opened.system, opened.model, dataset, "test", questions)))
        assert found.shape == wanted.shape and (np.abs(found - wanted) <= bound).all()
        post = next(iter(dataset.posts("test")))
        parsed = opened.system.posts.parsed(tf.constant([post.to_bytes()] * len(questions)))["picture"]
        tags = tag_scores(opened.system, opened.model, parsed, [user for _, user in questions])
        assert tags.shape == (len(questions), len(WORDS))
        own = [tags[place, tag] for place, (tag, _) in enumerate(questions)]
        assert (np.abs(own - wanted[0]) <= bound[0]).all()


def test_the_first_are_those_with_the_best_scores(run, data, rng):
    dataset = open_dataset(data)
    rows = rng.choice(36, 3, replace=False).tolist()
    photos = Photos(dataset, "test", {row: read_post(dataset, "test", row) for row in rows})
    trained = TrainedRun(run.folder, run.system, data)
    users = [-1, *(int(user) for user in rng.integers(0, len(USERS), 2))]
    for name, _ in weights_of(run):
        questions = [(tag, user) for user in users for tag in range(len(WORDS))]
        scores, bound = (one.reshape(36, 3, len(WORDS)) for one in by_hand(run, name, dataset, questions))
        found = first_tags(trained, name, photos, list(enumerate(users)), 4)
        for place, tags in enumerate(found):
            assert_best([WORDS.index(tag) for tag in tags], scores[rows[place], place], bound[rows[place], place])
        tag = int(rng.integers(len(WORDS)))
        pictures = first_pictures(trained, name, photos, [(tag, user) for user in users], 5)
        for place, of_question in enumerate(pictures):
            assert_best(of_question, scores[:, place, tag], bound[:, place, tag])


def assert_best(places, scores, bound):
    """They are the best ones, best first; those whose scores float32 can't tell apart may change places."""
    assert len(set(places)) == len(places)
    np.testing.assert_allclose(scores[places], np.sort(scores)[::-1][: len(places)], atol=2 * bound.max())
