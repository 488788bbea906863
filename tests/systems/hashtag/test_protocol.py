from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from kerasmm.console import UserError
from kerasmm.data import open_dataset
from kerasmm.models import begin_second_stage
from kerasmm.runs.evaluation import Evaluation
from tests.systems.hashtag.world import WORDS, made, posts, write_world
from tests.tiny import write_dataset


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("protocol") / "world", second=True)


def evaluation(folder, *changes, second=False):
    hashtag, dataset = made(folder, *changes)
    model = hashtag.build()
    if second:
        begin_second_stage(model)
    return hashtag, Evaluation(hashtag, model, dataset, "test")


def test_frequencies_are_counted_by_hand(world):
    """Every user shows each kind as often, so a user's two tags of a picture are among the user's first ten of twelve or not."""
    hashtag, asked = evaluation(world)
    figures = hashtag.protocol.evaluate(asked)
    data = open_dataset(world)
    train, test = (list(data.posts(split)) for split in ("train", "test"))
    order = {word: place for place, word in enumerate(hashtag.vocabularies["tags"])}
    overall = Counter(tag for post in train for tag in post.tags)
    for name, personal in (("frequency", False), ("user_frequency", True)):
        first, tenth = [], []
        for post in test:
            own = Counter(tag for other in train if personal and other.user == post.user for tag in other.tags)
            ranked = sorted(order, key=lambda tag: (-own[tag], -overall[tag], order[tag]))
            first.append(ranked[0] in post.tags)
            tenth.append(bool(set(ranked[:10]) & set(post.tags)))
        assert figures[f"{name}/A@1"] == pytest.approx(np.mean(first))
        assert figures[f"{name}/A@10"] == pytest.approx(np.mean(tenth))
    per_user = len(train) / len({post.user for post in train})
    assert figures["posts/user_posts/10-27"] == len(test) and 10 <= per_user <= 27


def test_tags_find_pictures_only_where_no_user_decides(world):
    hashtag, first = evaluation(world)
    assert hashtag.protocol.evaluate(first)["queries"] == len(WORDS)
    hashtag, second = evaluation(world, second=True)
    assert not [name for name in hashtag.protocol.evaluate(second) if name.startswith("P@")]


def test_tables_and_plots_have_a_row_each(world, tmp_path):
    hashtag, asked = evaluation(world, "network.user_model=none")
    figures = hashtag.protocol.evaluate(asked)
    (_, columns, lines), (title, _, found) = hashtag.protocol.table(figures)
    assert columns == ["", "A@1", "A@10"]
    assert [line[0] for line in lines] == ["NCSL-PPMI", "Global frequency", "User-specific frequency", "chance"]
    assert "figure 9" in title and [line[0] for line in found] == ["NCSL-PPMI", "chance"]
    hashtag.protocol.plots(figures, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["by_place.png", "by_posts.png"]


def test_posts_of_nobody_have_no_figures_of_users(tmp_path):
    import dataclasses

    own = {
        split: [dataclasses.replace(post, user=None) for post in posts(36, number, split)]
        for number, split in enumerate(("train", "test"))
    }
    hashtag, asked = evaluation(write_dataset(tmp_path / "data", own), "network.user_model=none")
    figures = hashtag.protocol.evaluate(asked)
    assert "frequency/A@1" in figures and not [name for name in figures if "user" in name]
    with pytest.raises(UserError, match="name no users"):
        hashtag.protocol.evaluate_baseline(asked, "user_frequency")
