"""Users none of whose posts are trained on, and what is measured of them."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from kerasmm.console import UserError
from kerasmm.data import open_dataset
from kerasmm.models import begin_second_stage, hashtag_part, tag_table
from kerasmm.runs.evaluation import Evaluation
from kerasmm.systems.hashtag.batches import AgnosticBatches, TripletBatches
from kerasmm.systems.hashtag.fitted_users import UserFit, UserFitter
from kerasmm.systems.hashtag.left_out import left_out, trained_rows
from tests.systems.hashtag.world import USERS, made, write_world

SHARE = 0.5


def by_hand(user, share):
    return int(hashlib.sha256(user.encode()).hexdigest()[:16], 16) / 2**64 < share


OUT = [user for user in USERS if by_hand(user, SHARE)]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("left_out") / "world", train=144, other=72)


def test_are_chosen_by_their_names(rng):
    assert 0 < len(OUT) < len(USERS)
    names = [*USERS, "", "Ann", "ann", "安", "\udcff"]
    shares = rng.random(20)
    for share in shares:
        for name, out in zip(names[:-1], left_out(names, share), strict=False):
            assert out == by_hand(name, share)
    assert not left_out(names, 0).any()


def test_no_batch_has_a_post_of_theirs(world):
    dataset = open_dataset(world)
    records, posts = dataset.records("train"), list(dataset.posts("train"))
    wanted = [row for row, post in enumerate(posts) if post.user not in OUT]
    assert trained_rows(records, 0) is None
    rows = trained_rows(records, SHARE)
    assert rows.tolist() == wanted
    hashtag, _ = made(world, f"user_specific.left_out={SHARE}")
    assert sorted(hashtag.users) == sorted(set(USERS) - set(OUT))
    for kind in (AgnosticBatches, TripletBatches):
        batches = kind(records, hashtag.posts, 7, 3, rows)
        assert batches.steps(0) == len(wanted) // 7
        drawn = np.concatenate([batches.rows(epoch).ravel() for epoch in range(3)])
        assert set(drawn.tolist()) <= set(wanted) and len(set(batches.rows(0).ravel().tolist())) == batches.rows(0).size
    stages = hashtag.stages(hashtag.build(), dataset)
    assert [stage.steps(0) for stage in stages] == [len(wanted) // 24] * 2


def test_all_of_them_is_refused(world):
    with pytest.raises(UserError, match=r"user_specific.left_out: 0.999.* leaves out all users of"):
        made(world, "user_specific.left_out=0.9999999")


def figures_of(world, *changes):
    hashtag, dataset = made(world, *changes, "network.agnostic=mcll")
    model = hashtag.build()
    begin_second_stage(model)
    rng = np.random.default_rng(5)
    for layer in ("users", "agnostic_tags"):
        weights = model.get_layer(layer).embeddings
        weights.assign(rng.normal(size=weights.shape))
    return hashtag, model, dataset, hashtag.protocol.evaluate(Evaluation(hashtag, model, dataset, "test", seed=3))


def best_one(hashtag, model, dataset, vector_of):
    """Which test posts of users that are left out have their best-scored tag, by loops over equation 3."""
    tags, kernel = (
        np.asarray(model.get_layer(name).get_weights()[0], "float64") for name in ("agnostic_tags", "tensor")
    )
    projection, bias = (np.asarray(one, "float64") for one in model.get_layer("projection").get_weights())
    measured, hits = hashtag.facts.measured, []
    for post in dataset.posts("test"):
        if post.user in OUT:
            features = np.asarray(post.features, "float64").ravel()
            features = (features - measured["mean"]) / np.sqrt(np.asarray(measured["variance"]) + 1e-7)
            scores = np.einsum("dfe,kd,f,e->k", kernel, tags, features @ projection + bias, vector_of(post.user))
            order = np.argsort(-scores)[:1]
            hits.append(any(hashtag.vocabularies["tags"][tag] in post.tags for tag in order))
    return hits


def test_are_measured_as_the_mean_user_and_by_fitted_vectors(world, monkeypatch):
    monkeypatch.setattr("kerasmm.systems.hashtag.new_users.FROM", (1, 3, 1000))
    hashtag, model, dataset, figures = figures_of(world, f"user_specific.left_out={SHARE}")
    asked = sum(post.user in OUT for post in dataset.posts("test"))
    assert {name for name in figures if name.startswith("new_users/")} == {
        f"new_users/{name}/{number}"
        for number in (1, 3)
        for name in ("posts", "mean/A@1", "mean/A@10", "fitted/A@1", "fitted/A@10", "stepped/A@1", "stepped/A@10")
    }
    assert figures["new_users/posts/1"] == figures["new_users/posts/3"] == asked
    people = np.asarray(model.get_layer("users").embeddings, "float64")
    mean = best_one(hashtag, model, dataset, lambda user: people.mean(axis=0))
    assert figures["new_users/mean/A@1/3"] == pytest.approx(np.mean(mean))


def test_what_they_have_where_they_are_trained_on(world, monkeypatch):
    monkeypatch.setattr("kerasmm.systems.hashtag.new_users.SHARE", SHARE)
    hashtag, model, dataset, figures = figures_of(world)
    people = np.asarray(model.get_layer("users").embeddings, "float64")
    own = best_one(hashtag, model, dataset, lambda user: people[hashtag.users.index(user)])
    assert figures["new_users/trained/A@1/10"] == pytest.approx(np.mean(own))
    assert not [name for name in figures if "fitted" in name or "mean" in name.split("/")]


@pytest.mark.parametrize("chunk", [1, 1 << 24])
def test_vectors_are_fitted_to_their_own_training_posts(world, monkeypatch, chunk):
    """From as many as a user has, so that it doesn't matter which are drawn: against the ridge of each user alone."""
    monkeypatch.setattr("kerasmm.systems.hashtag.new_users.FROM", (24,))
    monkeypatch.setattr("kerasmm.systems.hashtag.new_users.CHUNK", chunk)
    hashtag, model, dataset, figures = figures_of(world, f"user_specific.left_out={SHARE}")
    tensor, table = model.get_layer("tensor"), tag_table(model)
    people = np.asarray(model.get_layer("users").embeddings)
    fitter = UserFitter(tensor.kernel, table, people.mean(axis=0), UserFit())
    image = hashtag_part(model, "image")
    found = {}
    for user in OUT:
        mine = [post for post in dataset.posts("train") if post.user == user]
        assert len(mine) == 24
        pictures = image({"features": np.array([post.features for post in mine], "float32")})["image"]
        own = np.array([[hashtag.vocabularies["tags"].index(tag) for tag in post.tags] for post in mine])
        found[user] = np.asarray(fitter(pictures, own, np.zeros(24, "int32"), 1))[0]
    assert not any(np.allclose(vector, people.mean(axis=0), atol=1e-3) for vector in found.values())
    hits = best_one(hashtag, model, dataset, found.__getitem__)
    assert figures["new_users/fitted/A@1/24"] == pytest.approx(np.mean(hits))


@pytest.mark.parametrize("kind", ["mlp", "none"])
def test_without_a_tensor_none_is_fitted(world, kind):
    changes = (f"network.user_model={kind}", f"user_specific.left_out={SHARE}", "network.agnostic=mcll")
    hashtag, dataset = made(world, *changes)
    model = hashtag.build()
    if kind == "mlp":
        begin_second_stage(model)
    figures = hashtag.protocol.evaluate(Evaluation(hashtag, model, dataset, "test"))
    found = {name.split("/")[1] for name in figures if name.startswith("new_users/")}
    assert found == ({"mean", "posts"} if kind == "mlp" else set())


def test_the_table_has_a_row_for_each_way():
    from kerasmm.systems.hashtag.tables import hashtag_tables

    rows = {
        "Ours": [
            {"A@1": 0.5, "A@10": 0.75, "new_users/mean/A@10/1": 0.25, "new_users/mean/A@10/10": 0.5},
            {"A@1": 0.5, "A@10": 0.75, "new_users/mean/A@10/1": 0.25, "new_users/fitted/A@10/10": 1.0},
        ]
    }
    *_, (title, columns, lines) = hashtag_tables(rows)
    assert title.startswith("A@10 of users") and columns == ["", "1 post", "10 posts"]
    assert lines == [
        ["Ours: new, the mean user", "25.0 ± 0.0%", "50.0%"],
        ["Ours: new, fitted to so many posts by the ridge", "-", "100.0%"],
    ]
