from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from kerasmm.models import dman, siamese
from tests.public_class import check_examples


def dman_by_loop(model, regions, mean, variance):
    """Equations 6 to 9 for one picture, word by word, from the weights of a built model."""
    attention = model.get_layer("attention")
    w, b = (np.asarray(weight, "float64") for weight in attention.get_weights())
    layers = [
        [np.asarray(weight, "float64") for weight in layer.get_weights()]
        for layer in model.layers
        if layer.name.startswith("lfc_")
    ]
    standardised = (regions - mean) / np.sqrt(variance)
    words, maps = [], []
    for k in range(w.shape[1]):
        z = [math.tanh(sum(w[m, k] * r[m] for m in range(len(r))) + b[k]) for r in standardised]
        total = sum(math.exp(v) for v in z)
        alpha = [math.exp(v) / total for v in z]
        u = sum(a * r for a, r in zip(alpha, standardised, strict=True))
        for number, (kernel, bias) in enumerate(layers, 1):
            u = np.array(
                [sum(u[i] * kernel[k, i, o] for i in range(len(u))) + bias[k, o] for o in range(bias.shape[1])]
            )
            u = 1 / (1 + np.exp(-u)) if number == len(layers) else np.maximum(u, 0)
        words.append(float(u[0]))
        maps.append(alpha)
    return np.array(words), np.array(maps)


def test_is_the_papers_equations_word_by_word(rng):
    mean, variance = rng.normal(size=3), rng.uniform(0.5, 2, 3)
    model = dman(4, (5, 3), units=(6, 2, 1), dropout=0.3, feature_mean=mean, feature_variance=variance)
    for layer in model.layers:
        layer.set_weights([rng.normal(size=weight.shape) for weight in layer.get_weights()])
    regions = rng.normal(size=(3, 5, 3))
    outputs = model({"regions": regions.astype("float32")}, training=False)
    for row in range(3):
        words, maps = dman_by_loop(model, regions[row], mean.astype("float32"), variance.astype("float32"))
        np.testing.assert_allclose(outputs["words"][row], words, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(outputs["attention"][row], maps, rtol=1e-4, atol=1e-6)


def test_has_the_parameters_of_the_paper():
    model = dman(1000, (49, 512))
    attention = 512 * 1000 + 1000
    lfc = 1000 * (512 * 128 + 128 + 128 * 32 + 32 + 32 * 1 + 1)
    assert model.count_params() == attention + lfc


def test_words_do_not_share_parameters(rng):
    model = dman(3, (4, 2), units=(5, 1), dropout=0.0)
    regions = rng.normal(size=(2, 4, 2)).astype("float32")
    before = np.asarray(model({"regions": regions})["words"])
    kernel, bias = model.get_layer("lfc_1").get_weights()
    kernel[1] += 1.0
    model.get_layer("lfc_1").set_weights([kernel, bias + 0.0])
    after = np.asarray(model({"regions": regions})["words"])
    np.testing.assert_array_equal(before[:, [0, 2]], after[:, [0, 2]])


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_is_near(rng, policy):
    regions = rng.normal(size=(2, 9, 4)).astype("float32")
    full = dman(5, (9, 4), units=(8, 1), dropout=0.0)
    keras.config.set_dtype_policy(policy)
    try:
        half = dman(5, (9, 4), units=(8, 1), dropout=0.0)
    finally:
        keras.config.set_dtype_policy("float32")
    half.set_weights(full.get_weights())
    outputs = half({"regions": regions})
    assert {
        str(value.dtype).split("'")[-2] if "'" in str(value.dtype) else str(value.dtype) for value in outputs.values()
    } == {"float32"}
    np.testing.assert_allclose(outputs["words"], full({"regions": regions})["words"], atol=0.03)


def test_an_encoder_is_frozen_or_trained():
    def encoder():
        image = keras.Input((8, 8, 3))
        hidden = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3, 2, "same")(image))
        return keras.Model(image, keras.layers.Reshape((16, 4))(hidden))

    frozen, trained = dman(2, encoder=encoder(), units=(1,)), dman(2, encoder=encoder(), units=(1,), train_encoder=True)
    assert len(trained.trainable_variables) == len(frozen.trainable_variables) + 4
    images = np.random.default_rng(0).normal(size=(6, 8, 8, 3)).astype("float32")
    for model, moves in ((frozen, False), (trained, True)):
        model.compile("sgd", {"words": "binary_crossentropy"})
        statistics = [v for v in model.variables if "moving" in v.path]
        before = [np.asarray(v) for v in statistics]
        model.fit({"image": images}, {"words": np.ones((6, 2))}, verbose=0)
        assert any((np.asarray(v) != b).any() for v, b in zip(statistics, before, strict=True)) is moves


def test_survives_saving(tmp_path, rng):
    model = dman(4, (5, 3), units=(6, 1), feature_mean=[1, 2, 3], feature_variance=[1, 4, 9])
    model.save(tmp_path / "m.keras")
    revived = keras.saving.load_model(tmp_path / "m.keras")
    regions = {"regions": rng.normal(size=(3, 5, 3)).astype("float32")}
    for name, value in model(regions).items():
        np.testing.assert_array_equal(value, revived(regions)[name])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"words": 0}, "words=0"),
        ({"units": (8, 2)}, r"units=\(8, 2\)"),
        ({"units": ()}, "must end in 1"),
        ({"dropout": 1.0}, "dropout=1.0"),
        ({"feature_mean": [0, 0, 0]}, "go together"),
        ({"feature_mean": [0, 0], "feature_variance": [1, 1]}, "must have 3 values. Received: 2 and 2"),
    ],
)
def test_says_what_was_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        dman(**{"words": 4, "regions": (5, 3), **arguments})


def test_siamese_branches_are_the_base_alone(rng):
    base = dman(4, (5, 3), units=(6, 1), dropout=0.0)
    twins = siamese(base, ("anchor", "positive"), "words")
    inputs = {name: rng.normal(size=(3, 5, 3)).astype("float32") for name in ("anchor", "positive")}
    outputs = twins(inputs)
    for name, value in inputs.items():
        np.testing.assert_allclose(outputs[name], base({"regions": value})["words"], rtol=1e-5, atol=1e-7)
    assert twins.count_params() == base.count_params()


def test_siamese_says_what_was_wrong():
    base = dman(4, (5, 3), units=(1,))
    with pytest.raises(ValueError, match="at least one branch"):
        siamese(base, (), "words")
    with pytest.raises(ValueError, match="output='wrds'"):
        siamese(base, ("a",), "wrds")


@pytest.mark.parametrize("thing", [dman, siamese])
def test_examples(thing):
    check_examples(thing)
