"""What an export answers, against loops over equation 3, for each kind of model."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tests.systems.hashtag.world import USERS, WORDS

EVERY = {
    "serving_default",
    "tags",
    "search",
    "embed_user",
    "fit_user",
    "tags_for_user_vector",
    "search_for_user_vector",
}
OF_USERS = EVERY - {"serving_default", "tags", "search"}
MCLL, MLP, NONE = "network.agnostic=mcll", "network.user_model=mlp", "network.user_model=none"


def close(got, want, scale):
    """float32 sums of some 250 products, of which none is above `scale`."""
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5 * max(scale, 1.0))


def ranked(names, scores, want):
    """Names have the scores that are wanted, and these are the largest, in order; of equal ones either may come first."""
    names = [name.decode() for name in names]
    assert len(set(names)) == len(names)
    scale = max(map(abs, want.values()))
    close(scores, [want[name] for name in names], scale)
    close(scores, sorted(want.values(), reverse=True)[: len(names)], scale)


# === What there is ===


@pytest.mark.parametrize(
    ("changes", "second", "lacks", "why"),
    [
        ((), True, set(), None),
        ((MCLL,), True, set(), None),
        ((MLP,), True, {"search"} | OF_USERS - {"embed_user"}, "not for an MLP"),
        ((NONE,), True, OF_USERS, "knows no users"),
        ((), False, OF_USERS, "first stage"),
        ((MLP,), False, OF_USERS, "first stage"),
    ],
)
def test_each_model_answers_what_it_can_and_says_why_not_the_rest(asked, changes, second, lacks, why):
    one = asked(*changes, second=second)
    assert set(one.traced) == EVERY - lacks
    missing = one.hashtag.Signatures.missing(one.hashtag, one.model)
    assert set(missing) == lacks and all(why in missing[name] for name in lacks - {"search"})
    for name, signature in one.traced.items():
        assert ("user" in signature.inputs) == (
            one.hashtag.specific and name in ("serving_default", "tags", "search", "embed_user")
        )


# === Tags and search ===


@pytest.mark.parametrize("changes", [(), (MCLL,)])
def test_the_tensor_searches_and_tags_by_equation_3(asked, changes):
    """Of a stranger, and of nobody, as the mean user; of several tags by the mean of those that are known."""
    one = asked(*changes)
    names = [USERS[3], "stranger", "", USERS[0].upper(), USERS[5]]
    tags = [["red", ""], ["Blue", "nonsense"], ["green", "black"], ["#white", ""], ["nonsense", ""]]
    known_tags = [["red"], ["blue"], ["green", "black"], ["white"], []]
    k = [12, 3, 5, 1, 2]
    found = one("search", tags=tags, user=names, k=k)
    assert found["known"].tolist() == [True, False, False, False, False]
    # The last row names no tag, so it says nothing, nor whether its user is known.
    assert found["valid"].tolist() == [True] * 4 + [False]
    for row in range(4):
        u = one.user(names[row])
        scores = [np.mean([one.score(word, f, u) for word in known_tags[row]]) for f in one.image]
        ranked(found["ids"][row, : k[row]], found["scores"][row, : k[row]], dict(zip(one.ids, scores, strict=True)))
        assert not found["ids"][row, k[row] :].astype(bool).any() and not found["scores"][row, k[row] :].any()
    assert not found["ids"][4].astype(bool).any() and not found["scores"][4].any()

    said = one("tags", vector=one.features[:5], user=names, k=[6] * 5)
    assert said["known"].tolist() == [True, False, False, False, True]
    for row in range(5):
        u = one.user(names[row])
        ranked(said["labels"][row], said["scores"][row], {word: one.score(word, one.image[row], u) for word in WORDS})


@pytest.mark.parametrize(
    ("changes", "second"), [((NONE,), True), ((NONE, MCLL), True), ((), False), ((MLP, MCLL), False)]
)
def test_without_trained_users_pictures_are_found_by_equations_1_and_2(asked, changes, second):
    one = asked(*changes, second=second)
    more = {"user": [USERS[1], "", ""]} if one.hashtag.specific else {}
    found = one("search", tags=[["red", "red"], ["blue", "green"], ["no", "nil"]], k=[12, 12, 1], **more)
    assert found["valid"].tolist() == [True, True, False]
    assert found.get("known", np.array([True, False, False])).tolist() == [True, False, False]
    for row, words in enumerate([["red"], ["blue", "green"]]):
        scores = [np.mean([one.score(word, f, None) for word in words]) for f in one.image]
        ranked(found["ids"][row], found["scores"][row], dict(zip(one.ids, scores, strict=True)))


def test_a_given_vector_answers_as_the_user_whose_it_is(asked):
    one = asked()
    names = [USERS[2], "stranger"]
    vectors = one("embed_user", user=names)
    assert vectors["known"].tolist() == [True, False]
    np.testing.assert_allclose(vectors["embedding"], [one.user(name) for name in names], rtol=1e-5, atol=1e-6)
    u = vectors["embedding"]
    for signature, given in (("tags", {"vector": one.features[:2]}), ("search", {"tags": [["red"], ["blue"]]})):
        by_name = one(signature, **given, user=names, k=[4, 4])
        by_vector = one(f"{signature}_for_user_vector", **given, user_vector=u, k=[4, 4])
        assert "known" not in by_vector and by_vector["valid"].all()
        (names_of,) = {"labels", "ids"} & set(by_vector)
        close(by_vector["scores"], by_name["scores"], np.abs(by_name["scores"]).max())
        # Among four of equal scores to rounding the last may be another.
        assert all(len(set(a[:3]) - set(b)) == 0 for a, b in zip(by_vector[names_of], by_name[names_of], strict=True))


@pytest.mark.parametrize("value", [np.nan, np.inf, 3e38])
def test_vectors_that_are_not_finite_or_too_large_say_nothing_and_disturb_nobody(asked, value):
    one = asked()
    u = np.stack([one.user(USERS[0]), np.full(4, value), one.user(USERS[1])]).astype("float32")
    for signature, given in (
        ("tags_for_user_vector", {"vector": one.features[:3]}),
        ("search_for_user_vector", {"tags": [["red"]] * 3}),
    ):
        found = one(signature, **given, user_vector=u, k=[3] * 3)
        assert found["valid"].tolist() == [True, False, True]
        assert np.isfinite(found["scores"]).all() and not found["scores"][1].any()
    pictures = one.features[:3].copy()
    pictures[1] = value
    found = one("tags", vector=pictures, user=[""] * 3, k=[3] * 3)
    assert found["valid"].tolist() == [True, False, True] and np.isfinite(found["scores"]).all()


@pytest.mark.parametrize("changes", [(), (MLP,), (NONE,)])
def test_a_batch_without_a_row_gets_none(asked, changes):
    one = asked(*changes)
    for name, signature in one.traced.items():
        empty = {
            key: tf.zeros([0, *(2 if side is None else side for side in spec.shape[1:])], spec.dtype)
            for key, spec in signature.inputs.items()
        }
        assert all(len(output) == 0 for output in signature.function(**empty).values()), name
