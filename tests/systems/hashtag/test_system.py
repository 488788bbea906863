"""What hashtag takes of a data set, and how its rows are called."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter

import numpy as np
import pytest

from kerasmm.console import UserError
from kerasmm.data import open_dataset
from kerasmm.systems.hashtag import users
from tests.systems.hashtag.world import made, posts, stages_of
from tests.tiny import write_dataset


def test_knows_the_users_of_the_training_split_most_posts_first(tmp_path):
    """And those that the data set names, where it does."""
    train = [dataclasses.replace(post, user=f"u{min(n % 5, 3)}") for n, post in enumerate(posts(24, 1))]
    train[3] = dataclasses.replace(train[3], user=None)
    other = [dataclasses.replace(post, user="stranger") for post in posts(4, 2, "other")]
    hashtag, dataset = made(write_dataset(tmp_path / "data", {"train": train, "validation": other}))
    counts = Counter(post.user for post in train if post.user)
    assert hashtag.users == sorted(counts, key=lambda user: (-counts[user], user)) == ["u3", "u0", "u1", "u2"]
    rows = np.concatenate([batch["user"] for batch in hashtag.outputs(hashtag.build(), dataset, "train")])
    assert rows.tolist() == [hashtag.users.index(post.user) if post.user else -1 for post in train]
    (strangers,) = (batch["user"] for batch in hashtag.outputs(hashtag.build(), dataset, "validation"))
    assert strangers.tolist() == [-1] * 4


def test_too_many_users_for_one_memory_are_refused(world, monkeypatch):
    monkeypatch.setattr(users, "MOST_USERS", 5)
    with pytest.raises(UserError, match="no vocabulary of users and more than 5 of them"):
        users.known_users(open_dataset(world))


@pytest.mark.parametrize(("field", "changes"), [("user", ()), ("tags", ("network.user_model=none",))])
def test_a_data_set_without_a_needed_field_is_refused(tmp_path, field, changes):
    empty = None if field == "user" else ()
    train = [dataclasses.replace(post, **{field: empty}) for post in posts(12, 1)]
    with pytest.raises(UserError, match=f"no post of split 'train' has the field '{field}'"):
        made(write_dataset(tmp_path / "data", {"train": train}), *changes)


def test_without_a_user_model_nobody_is_needed(tmp_path):
    train = [dataclasses.replace(post, user=None) for post in posts(24, 1)]
    folder = write_dataset(tmp_path / "data", {"train": train})
    hashtag, model, _, (stage,) = stages_of(folder, "network.user_model=none")
    assert (hashtag.users, stage.weights, hashtag.other_weights) == ([], "best", ())
    assert "user" not in model.input


@pytest.mark.parametrize(
    ("row", "title"), [(row, row) for row in ("Tensor (NCSL-MS)", "MLP (MCLL)", "NCSL-PPMI", "ImageNet")]
)
def test_a_variant_is_called_by_its_row(world, row, title):
    kind = made(world)[0]
    changes = [f"{key}={json.dumps(value)}" for key, value in kind.variants[row].items()]
    assert made(world, *changes)[0].protocol.title == title
