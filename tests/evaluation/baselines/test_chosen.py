"""Which setting of a baseline is chosen, and what it learns from."""

from __future__ import annotations

import numpy as np
import pytest

from kerasmm.console import UserError
from kerasmm.data.dataset import open_dataset
from kerasmm.evaluation.baselines import Features, Ridge
from kerasmm.evaluation.baselines.chosen import chosen_baseline, stored_features, training_views
from tests.evaluation.baselines.planted import planted, unlinked
from tests.tiny import tiny_posts, write_dataset


def refused():
    raise AssertionError("nothing is to choose")


@pytest.fixture
def views(rng):
    features, tags, _ = planted(rng, posts=40)
    return unlinked(features, tags)


def test_the_first_of_the_best_settings_is_taken_and_kept(views):
    settings, posts = {}, {"some": np.zeros(1)}
    strengths = [setting["strength"] for setting in Ridge.grid]
    seen = []

    def score(baseline, validation):
        assert validation is posts
        seen.append(baseline.strength)
        return float(baseline.strength in strengths[1:3])

    chosen = chosen_baseline("ridge", views, lambda: posts, score, settings)
    assert chosen.strength == strengths[1] and settings == {"ridge": {"strength": strengths[1]}}
    assert seen == strengths
    again = chosen_baseline("ridge", views, refused, score, settings)
    assert again.strength == strengths[1] and seen == strengths


def test_where_nothing_is_to_choose_validation_is_not_looked_at(views):
    settings = {}
    assert isinstance(chosen_baseline("features", views, refused, lambda *_: 0.0, settings), Features)
    assert settings == {"features": {}}


def test_an_unknown_name_is_the_users_error(views):
    with pytest.raises(UserError, match="no baseline 'kca'"):
        chosen_baseline("kca", views, refused, lambda *_: 0.0, {})


def test_links_are_those_among_the_training_posts(tmp_path):
    posts = tiny_posts(9, 3)
    dataset = open_dataset(write_dataset(tmp_path / "data", {"train": posts[:6], "test": posts[6:]}))
    train = {"features": np.zeros((6, 2), "float32"), "tags": np.ones((6, 3), "uint8")}
    views = training_views(dataset, train)
    assert views.features is train["features"] and views.tags is train["tags"]
    indptr, columns = views.links
    rows = {post.id: row for row, post in enumerate(posts[:6])}
    for row, post in enumerate(posts[:6]):
        assert columns[indptr[row] : indptr[row + 1]].tolist() == [rows[link] for link in post.links if link in rows]


def test_a_data_set_without_features_is_named(tmp_path):
    dataset = open_dataset(write_dataset(tmp_path / "data", {"train": tiny_posts(3, 3, features=False)}))
    with pytest.raises(UserError, match="data: holds no image features, which baselines learn from; build it with"):
        stored_features(dataset, {"tags": np.zeros((3, 2))})
