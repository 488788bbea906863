"""What an export answers: against loops over equation 3, for each kind of model, and the same in the export as here."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kerasmm.asking.loaded import LoadedExport
from kerasmm.console import UserError
from kerasmm.data import open_dataset
from kerasmm.data.manifest import read_manifest
from kerasmm.models import begin_second_stage, hashtag_part
from kerasmm.serving.export import export
from kerasmm.serving.indexes.exact import ExactIndex
from kerasmm.serving.services import ExportServices
from kerasmm.serving.signatures import trace
from kerasmm.systems.hashtag import signatures
from kerasmm.systems.hashtag.fitted_rows import AT_A_TIME, each_once
from kerasmm.systems.hashtag.fitted_users import UserFit, UserFitter
from tests.systems.hashtag.world import USERS, WORDS, made, write_world
from tests.tiny import tiny_posts, write_dataset

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


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Posts whose features came from elsewhere, so that pictures are asked by vectors, without an encoder."""
    folder = write_world(tmp_path_factory.mktemp("hashtag") / "world", train=36, other=12, second=True)
    features = read_manifest(folder).features.model_copy(update={"encoder": "file:clip.npz", "image_size": (0, 0)})
    read_manifest(folder).model_copy(update={"features": features}).write(folder)
    return folder


class Asked:
    """A system's signatures as graphs, over the posts of the test split, with drawn weights."""

    def __init__(self, data, assets, rng, *changes, second=True):
        self.hashtag, dataset = made(data, *changes)
        self.model = self.hashtag.build()
        if second and self.hashtag.specific:
            begin_second_stage(self.model)
        self.second = second and self.hashtag.specific
        for layer in self.model.layers:
            if layer.weights and layer.name not in ("stage", "normalization"):
                layer.set_weights([rng.normal(scale=0.7, size=w.shape) for w in layer.get_weights()])
        (outputs,) = self.hashtag.outputs(self.model, dataset, "test")
        self.ids = [one.decode() for one in outputs["id"]]
        index = ExactIndex(self.hashtag.Signatures.index_vectors(outputs), self.ids)
        services = ExportServices((1, 1), "squash", self.hashtag.vocabularies, {"posts": index}, assets)
        self.traced = trace(self.hashtag.signatures(self.model, services))
        self.features = np.stack([post.features for post in dataset.posts("test")]).astype("float32")
        self.image = self.embedded(self.features)

    def embedded(self, features):
        """f of each row; of unit length where tags are scored by equation 2."""
        image = np.asarray(hashtag_part(self.model, "image")({"features": features})["image"], "float64")
        cosine = self.hashtag.config.network.agnostic == "ncsl" and not self.second
        return image / np.linalg.norm(image, axis=1, keepdims=True) if cosine else image

    def weights(self, layer):
        return np.asarray(self.model.get_layer(layer).get_weights()[0], "float64")

    def tag(self, word):
        """h of a tag."""
        own = self.second and self.hashtag.config.network.agnostic == "ncsl"
        h = self.weights("tags" if own else "agnostic_tags")[WORDS.index(word)]
        cosine = self.hashtag.config.network.agnostic == "ncsl" and not self.second
        return h / np.linalg.norm(h) if cosine else h

    def user(self, name):
        """u of a user."""
        people = self.weights("users")
        return people[self.hashtag.users.index(name)] if name in self.hashtag.users else people.mean(axis=0)

    def score(self, word, f, u):
        """Equation 3 in loops; without users equations 1 and 2."""
        h = self.tag(word)
        if not self.second:
            return float(h @ f)
        kernel = self.weights("tensor")
        (d, f_size, e), total = kernel.shape, 0.0
        for a in range(d):
            for b in range(f_size):
                for c in range(e):
                    total += kernel[a, b, c] * h[a] * f[b] * u[c]
        return total

    def __call__(self, signature, **inputs):
        tensors = {name: tf.constant(given) for name, given in inputs.items()}
        return {name: one.numpy() for name, one in self.traced[signature].function(**tensors).items()}


@pytest.fixture
def asked(data, tmp_path, rng):
    def make(*changes, second=True):
        return Asked(data, tmp_path, rng, *changes, second=second)

    return make


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


# === Users from posts ===


def filled(posts, width, tags):
    """Vectors and tags of posts as a row of a request."""
    images, words = np.zeros((width, len(WORDS)), "float32"), np.full((width, tags), "", object)
    for place, (features, said) in enumerate(posts):
        images[place] = features
        words[place, : len(said)] = said
    return images, words


def drawn_posts(rng, one, count):
    return [
        (one.features[rng.integers(len(one.features))], rng.choice(WORDS, rng.integers(1, 4), replace=False).tolist())
        for _ in range(count)
    ]


def test_a_row_is_fitted_to_the_posts_of_its_user(asked, rng):
    """What fills up, says nothing or is no vector takes no part, and tags count once; however many posts there are."""
    one = asked()
    counts = [2, AT_A_TIME + 3, 1]
    rows = [drawn_posts(rng, one, count) for count in counts]
    fitter = UserFitter(
        one.weights("tensor"), [one.tag(word) for word in WORDS], one.weights("users").mean(axis=0), UserFit()
    )
    noisy = []
    for posts in rows:
        images, words = filled([(f, [*said, said[0].upper(), "nonsense"]) for f, said in posts], 24, 6)
        images[len(posts)] = one.features[0]
        images[len(posts) + 1], words[len(posts) + 1, 0] = np.nan, "red"
        noisy.append((images, words))
    nobody = filled([], 24, 6)
    images, words = (np.stack(column) for column in zip(*noisy, nobody, strict=True))
    found = one("fit_user", vectors=images, image_tags=words)
    assert found["posts"].tolist() == [*counts, 0] and found["valid"].tolist() == [True, True, True, False]
    for row, posts in enumerate(rows):
        own = np.full((len(posts), 3), -1)
        for place, (_, said) in enumerate(posts):
            own[place, : len(said)] = [WORDS.index(word) for word in said]
        f = one.embedded(np.stack([features for features, _ in posts]))
        (wanted,) = fitter(tf.constant(f, tf.float32), tf.constant(own), tf.zeros(len(posts), tf.int32), 1).numpy()
        np.testing.assert_allclose(found["embedding"][row], wanted, rtol=1e-3, atol=1e-3 * np.abs(wanted).max())
    assert not found["embedding"][3].any()


def test_a_vector_beyond_bounds_leaves_the_other_users_theirs(asked, rng):
    one = asked()
    rows = [filled(drawn_posts(rng, one, 2), 2, 3) for _ in range(2)]
    alone = [one("fit_user", vectors=images[None], image_tags=words[None]) for images, words in rows]
    huge = np.full((2, len(WORDS)), 3e38, "float32"), rows[0][1]
    images, words = (np.stack(column) for column in zip(rows[0], huge, rows[1], strict=True))
    found = one("fit_user", vectors=images, image_tags=words)
    assert found["valid"].tolist() == [True, False, True] and np.isfinite(found["embedding"]).all()
    for row, wanted in ((0, alone[0]), (2, alone[1])):
        np.testing.assert_array_equal(found["embedding"][row], wanted["embedding"][0])


def test_of_too_many_posts_the_first_are_taken(asked, rng, monkeypatch):
    monkeypatch.setattr(signatures, "MOST", 3)
    one = asked()
    images, words = filled(drawn_posts(rng, one, 5), 5, 3)
    found = one("fit_user", vectors=images[None], image_tags=words[None])
    wanted = one("fit_user", vectors=images[None, :3], image_tags=words[None, :3])
    assert found["posts"].tolist() == wanted["posts"].tolist() == [3]
    np.testing.assert_array_equal(found["embedding"], wanted["embedding"])


def test_pictures_and_tags_are_of_the_same_posts(asked):
    one = asked()
    for pictures, tags in ((1, 2), (2, 1), (3, 1)):
        with pytest.raises(tf.errors.InvalidArgumentError):
            one("fit_user", vectors=one.features[None, :pictures], image_tags=np.full((1, tags, 1), "red"))


def test_ids_are_each_there_once(rng):
    ids = rng.integers(-1, 5, (3, 4, 6))
    for row, got in zip(ids.reshape(-1, 6), each_once(tf.constant(ids)).numpy().reshape(-1, 6), strict=True):
        assert sorted(got[got >= 0]) == sorted(set(row[row >= 0]))
    assert each_once(tf.zeros((2, 0), tf.int32)).shape == (2, 0)


# === Batches, exports ===


@pytest.mark.parametrize("changes", [(), (MLP,), (NONE,)])
def test_a_batch_without_a_row_gets_none(asked, changes):
    one = asked(*changes)
    for name, signature in one.traced.items():
        empty = {
            key: tf.zeros([0, *(2 if side is None else side for side in spec.shape[1:])], spec.dtype)
            for key, spec in signature.inputs.items()
        }
        assert all(len(output) == 0 for output in signature.function(**empty).values()), name


def test_an_export_answers_as_the_model_does(tmp_path, rng):
    """By the loader of servers, from picture bytes; a picture that is none counts as no post."""
    folder = write_dataset(
        tmp_path / "data", {"train": tiny_posts(16, 1, False), "test": tiny_posts(4, 2, False, "test")}
    )
    hashtag, dataset = made(folder)
    model = hashtag.build()
    begin_second_stage(model)
    for name in ("tags", "users", "tensor"):
        layer = model.get_layer(name)
        layer.set_weights([rng.normal(size=layer.get_weights()[0].shape)])
    loaded = LoadedExport(export(hashtag, model, dataset, tmp_path / "export", splits=["test"], quiet=True))
    assert set(loaded.inputs) == EVERY and "missing" not in loaded.about
    (outputs,) = hashtag.outputs(model, dataset, "test")
    kernel, table = (np.asarray(model.get_layer(name).get_weights()[0], "float64") for name in ("tensor", "tags"))

    shown = list(open_dataset(folder).posts("test"))
    pictures = np.array([[shown[0].image, b"no picture", shown[1].image, b""], [b"", b"", b"", b""]], object)
    words = np.full((2, 4, 4), b"", object)
    for place, post in ((0, shown[0]), (1, shown[3]), (2, shown[1])):
        words[0, place, : len(post.tags)] = [tag.encode() for tag in post.tags]
    fitted = loaded.answer("fit_user", {"images": pictures, "image_tags": words})
    assert fitted["posts"].tolist() == [2, 0] and fitted["valid"].tolist() == [True, False]
    own = np.full((2, 4), -1)
    for row, post in enumerate(shown[:2]):
        own[row, : len(post.tags)] = [WORDS.index(tag) for tag in post.tags]
    mean = model.get_layer("users").get_weights()[0].mean(axis=0)
    fitter = UserFitter(kernel, table, mean, UserFit())
    wanted = fitter(tf.constant(outputs["image"][:2]), tf.constant(own), tf.zeros(2, tf.int32), 1).numpy()
    np.testing.assert_allclose(fitted["embedding"][:1], wanted, rtol=1e-2, atol=1e-2 * np.abs(wanted).max())

    asked = {"tags": np.array([[b"red"]], object), "k": np.array([4], "int32")}
    found = loaded.answer("search_for_user_vector", {**asked, "user_vector": fitted["embedding"][:1]})
    scores = np.einsum("dfe,d,nf,e->n", kernel, table[WORDS.index("red")], outputs["image"], fitted["embedding"][0])
    assert found["ids"][0].tolist() == [outputs["id"][place] for place in np.argsort(-scores)]
    np.testing.assert_allclose(found["scores"][0], np.sort(scores)[::-1], rtol=1e-3, atol=1e-3 * np.abs(scores).max())
    stranger = loaded.answer("search", {**asked, "user": np.array([b"USER-1"], object)})
    assert stranger["known"].tolist() == [False] and stranger["valid"].tolist() == [True]
    with pytest.raises(UserError, match="fit_user can't be answered"):
        loaded.answer("fit_user", {"images": pictures[:1, :1], "image_tags": words[:1]})
