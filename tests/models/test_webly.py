from __future__ import annotations

import doctest
import sys

import keras
import numpy as np
import pytest

from kerasmm.models import webly, webly_branch
from tests.layers.by_loop import gru_by_loop

IDS = np.array([[3, 4, 1, 0, 0], [1, 0, 0, 0, 0], [5, 6, 7, 3, 1]], "int32")
"""Words with the padding that batches bring: the second sentence has none but its end."""
TAGS = np.array([[1, 2, 0], [0, 0, 0], [4, 4, 1]], "int32")


def made(**arguments):
    small = {"words": 9, "tags": 5, "features": (4,), "dimension": 6, "word_dimension": 3, "tag_dimension": 2}
    return webly(**{**small, "gru_units": 5, **arguments})


def randomised(model, rng):
    for layer in model.layers:
        branch = layer if isinstance(layer, keras.Model) else None
        for part in branch.layers if branch else [layer]:
            if part.name != "standardised" and not isinstance(part, keras.layers.Normalization):
                part.set_weights([rng.normal(size=weight.shape) for weight in part.get_weights()])
    return model


def branch_by_hand(model, name, expert, layers):
    """The embedding layers of one branch on what its expert gave, normalised."""
    branch = webly_branch(model, name)
    kind = {"tags": "tag"}.get(name, name)
    for place in range(1, layers + 1):
        kernel, bias = branch.get_layer(f"{kind}_embedding_{place}").get_weights()
        expert = expert @ kernel.astype("float64") + bias
        if place < layers:
            expert = np.maximum(expert, 0)
    return expert / np.linalg.norm(expert, axis=1, keepdims=True)


def sentence_by_hand(model, ids, layers=1):
    branch = webly_branch(model, "sentence")
    vectors = branch.get_layer("word_vectors").get_weights()[0][ids]
    states = gru_by_loop(vectors, branch.get_layer("gru").get_weights(), present=ids > 0)
    return branch_by_hand(model, "sentence", states, layers)


def tags_by_hand(model, tags, layers=1):
    table = webly_branch(model, "tags").get_layer("tag_vectors").get_weights()[0]
    means = []
    for row in tags:
        there = [table[tag] for tag in row if tag]
        means.append(sum(there) / len(there) if there else np.zeros(table.shape[1]))
    return branch_by_hand(model, "tags", np.array(means, "float64"), layers)


@pytest.mark.parametrize("layers", [1, 2])
def test_is_the_papers_equations_by_hand(rng, layers):
    arguments = {f"{kind}_layers": layers for kind in ("image", "sentence", "tag")}
    model = randomised(made(**arguments), rng)
    features = rng.normal(size=(3, 4)).astype("float32")
    outputs = model({"features": features, "words": IDS, "tags": TAGS}, training=False)
    assert set(outputs) == {"image", "sentence", "tags"}
    np.testing.assert_allclose(outputs["image"], branch_by_hand(model, "image", features, layers), atol=1e-5)
    np.testing.assert_allclose(outputs["sentence"], sentence_by_hand(model, IDS, layers), atol=1e-5)
    np.testing.assert_allclose(outputs["tags"], tags_by_hand(model, TAGS, layers), atol=1e-5)
    for value in outputs.values():
        np.testing.assert_allclose(np.linalg.norm(value, axis=1), 1.0, rtol=1e-5)


def test_a_branch_alone_is_the_model_and_shares_its_weights(rng):
    model = randomised(made(), rng)
    inputs = {"features": rng.normal(size=(3, 4)).astype("float32"), "words": IDS, "tags": TAGS}
    whole = model(inputs)
    for name, key in (("image", "features"), ("sentence", "words"), ("tags", "tags")):
        branch = webly_branch(model, name)
        assert (list(branch.input), list(branch.output)) == ([key], [name])
        np.testing.assert_allclose(branch({key: inputs[key]})[name], whole[name], atol=1e-6)
    of_branches = [id(v) for name in ("image", "sentence", "tags") for v in webly_branch(model, name).variables]
    assert set(of_branches) == {id(variable) for variable in model.variables}


def test_padding_and_order_of_tags_change_nothing(rng):
    model = randomised(made(), rng)
    words, tags = webly_branch(model, "sentence"), webly_branch(model, "tags")
    longer = np.pad(IDS, [[0, 0], [0, 4]])
    np.testing.assert_allclose(words({"words": longer})["sentence"], words({"words": IDS})["sentence"], atol=1e-6)
    turned = np.pad(TAGS[:, ::-1], [[0, 0], [2, 1]])
    np.testing.assert_allclose(tags({"tags": turned})["tags"], tags({"tags": TAGS})["tags"], atol=1e-6)


def test_no_tags_and_no_words_are_numbers_and_so_are_their_gradients(rng):
    import tensorflow as tf

    # Untrained biases are zero, so that the embedding of no tags is a zero vector.
    model = made(train_tag_vectors=True)
    inputs = {
        "features": np.zeros((3, 4), "float32"),
        "words": np.zeros((3, 2), "int32"),
        "tags": np.zeros((3, 1), "int32"),
    }
    with tf.GradientTape() as tape:
        outputs = model(inputs)
        total = sum(tf.reduce_sum(value) for value in outputs.values())
    assert all(np.isfinite(value).all() for value in outputs.values())
    for gradient in tape.gradient(total, [variable.value for variable in model.trainable_variables]):
        assert gradient is None or np.isfinite(tf.convert_to_tensor(gradient)).all()


def test_without_layers_the_expert_is_the_embedding(rng):
    model = randomised(
        made(dimension=4, gru_units=4, tag_dimension=4, image_layers=0, sentence_layers=0, tag_layers=0), rng
    )
    features = rng.normal(size=(3, 4)).astype("float32")
    outputs = model({"features": features, "words": IDS, "tags": TAGS})
    np.testing.assert_allclose(outputs["image"], branch_by_hand(model, "image", features, 0), atol=1e-6)
    np.testing.assert_allclose(outputs["sentence"], sentence_by_hand(model, IDS, 0), atol=1e-5)
    np.testing.assert_allclose(outputs["tags"][0], tags_by_hand(model, TAGS[:1], 0)[0], atol=1e-6)


def test_has_the_parameters_of_the_paper():
    model = webly(words=5000, tags=1000)
    image, words, tag_words = 2048 * 1024 + 1024, 5000 * 300, 1000 * 300
    gru = 3 * 1024 * (300 + 1024 + 2)
    sentence, tags = 1024 * 1024 + 1024, 300 * 1024 + 1024
    assert model.count_params() == image + words + tag_words + gru + sentence + tags
    # The tags' word vectors stay as they are given.
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == model.count_params() - tag_words


@pytest.mark.parametrize("train", [False, True])
def test_tag_vectors_are_trained_where_asked_for(rng, train):
    model = made(train_tag_vectors=train)
    before = webly_branch(model, "tags").get_layer("tag_vectors").get_weights()[0]
    branch = webly_branch(model, "tags")
    branch.compile("sgd", {"tags": "mse"})
    branch.fit({"tags": TAGS}, {"tags": rng.normal(size=(3, 6))}, epochs=2, verbose=0)
    after = webly_branch(model, "tags").get_layer("tag_vectors").get_weights()[0]
    # Only words that occur move: 1, 2 and 4.
    assert np.flatnonzero((after != before).any(axis=1)).tolist() == ([1, 2, 4] if train else [])


def test_of_a_map_of_regions_the_mean_is_taken(rng):
    flat, regions = made(), made(features=(7, 4))
    regions.set_weights(flat.get_weights())
    values = rng.normal(size=(3, 7, 4)).astype("float32")
    got = webly_branch(regions, "image")({"features": values})["image"]
    np.testing.assert_allclose(got, branch_by_hand(flat, "image", values.mean(axis=1), 1), atol=1e-5)


def test_features_are_standardised_by_hand(rng):
    mean, variance = rng.normal(size=4), rng.uniform(0.5, 3, 4)
    model = made(feature_mean=mean.tolist(), feature_variance=variance.tolist())
    features = rng.normal(2, 3, size=(3, 4)).astype("float32")
    wanted = branch_by_hand(model, "image", (features - mean) / np.sqrt(variance), 1)
    np.testing.assert_allclose(webly_branch(model, "image")({"features": features})["image"], wanted, atol=1e-5)


def encoder():
    image = keras.Input((8, 8, 3))
    hidden = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3, 2, "same")(image))
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(hidden))


def test_an_encoder_is_frozen_or_trained(rng):
    frozen, trained = made(encoder=encoder()), made(encoder=encoder(), train_encoder=True)
    assert set(frozen.input) == {"image", "words", "tags"}
    assert len(trained.trainable_variables) == len(frozen.trainable_variables) + 4
    inputs = {"image": rng.normal(size=(3, 8, 8, 3)).astype("float32")}
    for model, moves in ((webly_branch(frozen, "image"), False), (webly_branch(trained, "image"), True)):
        model.compile("sgd", {"image": "mse"})
        own = [v for v in model.variables if "conv2d" in v.path or "moving" in v.path]
        before = [np.asarray(v) for v in own]
        model.fit(inputs, {"image": np.ones((3, 6))}, verbose=0)
        assert [bool((np.asarray(v) != b).any()) for v, b in zip(own, before, strict=True)] == [moves] * 4


def test_an_encoders_features_are_what_the_branch_embeds(rng):
    own = encoder()
    model = made(encoder=own)
    pixels = rng.normal(size=(3, 8, 8, 3)).astype("float32")
    wanted = branch_by_hand(model, "image", np.asarray(own(pixels, training=False)), 1)
    np.testing.assert_allclose(webly_branch(model, "image")({"image": pixels})["image"], wanted, atol=1e-5)


def test_dropout_only_in_training(rng):
    model = made(dropout=0.5)
    inputs = {"features": rng.normal(size=(3, 4)).astype("float32"), "words": IDS, "tags": TAGS}
    once, again, training = model(inputs), model(inputs), model(inputs, training=True)
    for name in ("image", "sentence"):
        np.testing.assert_array_equal(once[name], again[name])
        assert (np.asarray(training[name]) != np.asarray(once[name])).any()


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_is_near(rng, policy):
    full = made()
    keras.config.set_dtype_policy(policy)
    try:
        half = made()
    finally:
        keras.config.set_dtype_policy("float32")
    half.set_weights(full.get_weights())
    inputs = {"features": rng.normal(size=(3, 4)).astype("float32"), "words": IDS, "tags": TAGS}
    exact = full(inputs)
    for name, value in half(inputs).items():
        assert keras.backend.standardize_dtype(value.dtype) == "float32"
        # Of no tags there is no direction that rounding could be near.
        rows = [0, 2] if name == "tags" else [0, 1, 2]
        np.testing.assert_allclose(np.asarray(value)[rows], np.asarray(exact[name])[rows], atol=0.03)


def test_survives_saving(tmp_path, rng):
    model = randomised(made(feature_mean=[1, 2, 3, 4], feature_variance=[1, 4, 9, 16], sentence_layers=2), rng)
    model.save(tmp_path / "m.keras")
    revived = keras.saving.load_model(tmp_path / "m.keras")
    inputs = {"features": rng.normal(size=(3, 4)).astype("float32"), "words": IDS, "tags": TAGS}
    for name, value in model(inputs).items():
        np.testing.assert_array_equal(value, revived(inputs)[name])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_layers": 3}, "`image_layers` must be 0, 1 or 2. Received: image_layers=3"),
        ({"sentence_layers": -1}, "`sentence_layers` must be 0, 1 or 2. Received: sentence_layers=-1"),
        ({"tag_layers": 9}, "`tag_layers` must be 0, 1 or 2. Received: tag_layers=9"),
        ({"image_layers": 0}, "`image_layers` may be 0 only where its expert gives 6 numbers. Received: 4"),
        ({"sentence_layers": 0}, "`sentence_layers` may be 0 only where its expert gives 6 numbers. Received: 5"),
        ({"tag_layers": 0}, "`tag_layers` may be 0 only where its expert gives 6 numbers. Received: 2"),
        ({"dropout": 1.0}, "`dropout` must lie in .*dropout=1.0"),
        ({"feature_mean": [0, 0, 0, 0]}, "go together"),
        ({"feature_mean": [0, 0], "feature_variance": [1, 1]}, "must have 4 values. Received: 2 and 2"),
        ({"pooling": "first"}, "pooling='first'"),
    ],
)
def test_says_what_was_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        made(**arguments)


def test_the_example_runs():
    module = sys.modules[webly.__module__]
    tests = doctest.DocTestFinder().find(webly, globs=vars(module))
    assert sum(len(test.examples) for test in tests)
    for test in tests:
        assert doctest.DocTestRunner().run(test).failed == 0
