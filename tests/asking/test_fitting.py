"""Users from posts, asked from Python, of an export whose pictures are vectors."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from kerasmm.asking.export import Export
from kerasmm.asking.fitted_users import FittedUsers, write_users
from kerasmm.console import UserError, guarded
from kerasmm.users import main as users
from tests.systems.hashtag.exported import exported
from tests.systems.hashtag.world import WORDS
from tests.tiny import write_dataset


@pytest.fixture(scope="module")
def export():
    with Export(exported(True).folder) as opened:
        yield opened


def posts():
    return list(exported(True).dataset.posts("test"))


def test_a_user_is_fitted_to_vectors_and_tags(export):
    """As the signature does it; what nobody tags so says nothing."""
    some = posts()[:3]
    vectors, tags = np.stack([post.features for post in some]), [[*post.tags, "nonsense"] for post in some]
    found = export.fit_user(vectors=vectors, tags=tags)
    words = np.array([[[tag.encode() for tag in post.tags] for post in some]], object)
    answer = export.answer("fit_user", {"vectors": vectors[None].astype("float32"), "image_tags": words})
    assert answer["posts"].tolist() == [3]
    np.testing.assert_array_equal(found, answer["embedding"][0])
    other = export.fit_user(vectors=vectors[:1], tags=[[WORDS[5]]])
    assert np.abs(found - other).max() > 1e-3
    np.testing.assert_array_equal(export.fit_user(vectors=[*vectors, vectors[0]], tags=[*tags, ["nonsense"]]), found)

    np.testing.assert_array_equal(
        export.fit_user(vectors=vectors, tags=["red"] * 3), export.fit_user(vectors=vectors, tags=[["red"]] * 3)
    )


def test_a_fitted_user_searches(export):
    u = export.fit_user(vectors=np.stack([post.features for post in posts()[:2]]), tags=[["red"], ["blue"]])
    found = export.search(tags="red", user_vector=u, k=3)
    asked = {"tags": np.array([[b"red"]], object), "user_vector": u[None], "k": np.array([3], "int32")}
    assert [one.id.encode() for one in found] == export.answer("search_for_user_vector", asked)["ids"][0].tolist()
    assert found.signature == "search_for_user_vector" and found.known is None and "user's vector" in found.title


def test_says_whether_a_user_is_known(export):
    answers = {user: export.search(tags="red", user=user, k=2) for user in (None, "user-1", "USER-1", "user-1 ")}
    assert [answer.known for answer in answers.values()] == [None, True, False, False]
    everybody, _, stranger, _ = answers.values()
    assert [(one.id, one.score) for one in stranger] == [(one.id, one.score) for one in everybody]


def test_an_answer_for_a_vector_is_that_of_the_user_whose_it_is(export):
    u = exported(True).model.get_layer("users").get_weights()[0][exported(True).hashtag.users.index("user-2")]
    by_name, by_vector = export.search(tags="blue", user="user-2"), export.search(tags="blue", user_vector=u)
    assert [one.score for one in by_vector] == pytest.approx([one.score for one in by_name], rel=1e-4, abs=1e-5)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda export, f: export.fit_user(["a.jpg"], [["red"]]), "is fitted to `vectors` and the tags of each"),
        (lambda export, f: export.fit_user(vectors=f, tags=[["red"]]), "Received: 2 pictures and 1 lists of tags"),
        (lambda export, f: export.fit_user(vectors=f, tags=[["no"], []]), "to 2 posts: none has a tag that the export"),
        (lambda export, f: export.fit_user(vectors=[], tags=[]), "fits no user to 0 posts"),
        (
            lambda export, f: export.fit_user(vectors=f, tags="red"),
            "expected a list of vectors and a list with the tags",
        ),
        (lambda export, f: export.fit_user(vectors="f.npy", tags=["red"]), "a single one is a list of one, too"),
        (lambda export, f: export.fit_user(vectors=f[:, :2], tags=[["red"]] * 2), r"features of \(6,\) a picture"),
        (
            lambda export, f: export.fit_user(vectors=f * np.nan, tags=[["red"]] * 2),
            "vectors 0: its features aren't fin",
        ),
        (lambda export, f: export.fit_user(vectors=f[:1].repeat(1001, 0), tags=[["red"]] * 1001), "at most 1000 posts"),
        (lambda export, f: export.search(tags="red", user="a", user_vector=f[0, :4]), "give `user` or `user_vector`"),
        (lambda export, f: export.search(tags="red", user_vector=f[0]), r"a user_vector of \(4,\). Received: \(6,\)"),
        (lambda export, f: export.search(tags="red", user_vector=[np.inf] * 4), "`user_vector` must be finite"),
        (lambda export, f: export.search(user_vector=np.ones(4)), "nothing to search for"),
        (lambda export, f: export.users("nowhere.npz"), "nowhere.npz: no such file; expected users as"),
        (lambda export, f: export.users("tests"), "tests: no such file"),
    ],
)
def test_wrong_questions_are_one_line(export, ask, message):
    features = np.stack([post.features for post in posts()[:2]]).astype("float32")
    with pytest.raises(UserError, match=message) as raised:
        ask(export, features)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("change", "why"), [("network.user_model=mlp", "not for an MLP"), ("network.user_model=none", "it knows no users")]
)
def test_an_export_says_why_it_fits_none(change, why):
    with Export(exported(True, change).folder) as other:
        for ask in (
            lambda: other.fit_user(vectors=np.ones((1, 6)), tags=[["red"]]),
            lambda: other.users("users.npz"),
            lambda: other.search(tags="red", user_vector=np.ones(4)),
        ):
            with pytest.raises(UserError, match=why):
                ask()
        if "mlp" in change:
            with pytest.raises(UserError, match="can't be asked by tags and user: its users are in an MLP"):
                other.search(tags="red", user="user-1")
        else:
            assert other.search(tags="red", k=4).known is None


NAMES = ["ann", "Ann", "", "日本 😀", "a" * 256, "-x", "\ud800", "x/../y"]


def test_users_are_read_as_they_were_written(export, tmp_path, rng):
    wanted = {name: (rng.normal(size=4).astype("float32"), int(rng.integers(1, 9))) for name in NAMES}
    write_users(tmp_path / "users.npz", wanted, export)
    found = export.users(tmp_path / "users.npz")
    assert isinstance(found, FittedUsers) and list(found) == NAMES and len(found) == len(NAMES)
    for name, (vector, count) in wanted.items():
        np.testing.assert_array_equal(found[name], vector)
        assert found.posts[name] == count
    with pytest.raises(KeyError):
        found["ANN"]
    with pytest.raises(UserError, match="'anne' is not among the 8 users of .*Nearest: 'ann'"):
        found.find("anne")


def test_users_of_other_weights_are_refused(export, tmp_path):
    write_users(tmp_path / "users.npz", {"ann": (np.ones(4), 1)}, export)
    with Export(exported(True).folder) as other:
        other.about["weights"]["sha256"] = "1" * 64
        with pytest.raises(UserError, match="fitted to other weights than those of .*; fit them again, by `python -m"):
            other.users(tmp_path / "users.npz")
        other.about["weights"].pop("sha256")
        with pytest.raises(UserError, match="says no digest of its weights; export again"):
            other.users(tmp_path / "users.npz")


# === The command, by vectors ===


def fit(capsys, posts, output, *more):
    arguments = ["--model", exported(True).folder, "--fit", posts, "--output", output, "--quiet", *more]
    return guarded(users, [str(one) for one in arguments]), capsys.readouterr().err


def test_a_data_set_of_the_same_features_is_fitted(export, tmp_path, capsys):
    folder = exported(True).dataset.folder
    assert fit(capsys, folder, tmp_path / "users.npz", "--split", "test") == (0, "")
    found = export.users(tmp_path / "users.npz")
    for user in {post.user for post in posts()}:
        own = [post for post in posts() if post.user == user]
        wanted = export.fit_user(vectors=np.stack([post.features for post in own]), tags=[post.tags for post in own])
        assert found.posts[user] == len(own)
        np.testing.assert_allclose(found[user], wanted, rtol=1e-5, atol=1e-6)


def test_posts_that_lack_what_stands_for_the_picture_are_refused_or_set_aside(tmp_path, capsys):
    output = tmp_path / "users.npz"
    code, err = fit(capsys, tmp_path / "posts.jsonl", output)
    assert code == 2 and "made elsewhere; expected the folder of a data set with such features" in err
    narrow = [dataclasses.replace(post, features=post.features[:3]) for post in posts()]
    code, err = fit(capsys, write_dataset(tmp_path / "narrow", {"train": narrow}), output)
    assert code == 2 and "has features of (3,); expected (6,), by the encoder that made those of the export" in err
    bare = write_dataset(tmp_path / "bare", {"train": [dataclasses.replace(post, features=None) for post in posts()]})
    code, err = fit(capsys, bare, output)
    assert code == 2 and "has the field 'image/features'" in err and not output.exists()
    some = [dataclasses.replace(post, features=None if n == 2 else post.features) for n, post in enumerate(posts())]
    some[1] = dataclasses.replace(some[1], user=None)
    code, err = fit(capsys, write_dataset(tmp_path / "some", {"train": some}), output)
    assert code == 0
    assert sorted(err.splitlines()) == [f"error: {some[1].id}: has no user", f"error: {some[2].id}: has no features"]
