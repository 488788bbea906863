from __future__ import annotations

import math

import numpy as np
import pytest

from kerasmm.models import hne, hne_decisions
from tests.public_class import check_examples


def branch_by_loop(model, side, row):
    """The layers of one side for one row, number by number, from the weights of a built model."""
    layers = [layer for layer in model.layers if layer.name.startswith(f"{side}_")]
    hidden = [float(value) for value in row]
    for place, layer in enumerate(layers):
        kernel, *bias = (np.asarray(weight, "float64") for weight in layer.get_weights())
        hidden = [
            sum(value * kernel[i, o] for i, value in enumerate(hidden)) + (bias[0][o] if bias else 0.0)
            for o in range(kernel.shape[1])
        ]
        if place < len(layers) - 1:
            hidden = [max(0.0, value) if side == "image" else math.tanh(value) for value in hidden]
    return hidden


@pytest.mark.parametrize(("image_units", "text_units"), [((), ()), ((5,), ()), ((5, 4), (6,))])
def test_is_the_equations_number_by_number(rng, image_units, text_units):
    mean, variance = rng.normal(size=3), rng.uniform(0.5, 2, 3)
    model = hne(
        3, 7, 4, image_units=image_units, text_units=text_units, feature_mean=mean, feature_variance=variance, seed=5
    )
    for layer in model.layers:
        layer.set_weights(
            [rng.normal(size=weight.shape) for weight in layer.get_weights()]
            if layer.trainable_weights
            else layer.get_weights()
        )
    image, text = rng.normal(size=(4, 3)).astype("float32"), (rng.random((4, 7)) < 0.4).astype("float32")
    text[1] = 0.0
    got = model({"image": image, "text": text}, training=False)
    for row in range(4):
        x = (image[row] - mean) / np.sqrt(variance) / np.sqrt(3)
        z = text[row] / max(np.sqrt(text[row].sum()), 1e-12)
        np.testing.assert_allclose(got["image"][row], branch_by_loop(model, "image", x), rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(got["text"][row], branch_by_loop(model, "text", z), rtol=1e-3, atol=1e-4)


def test_decisions_are_inner_products_minus_a_bias(rng):
    base = hne(3, 5, 4, image_units=(6,), text_units=(6,))
    inputs = {"image": rng.normal(size=(3, 3)).astype("float32"), "text": np.eye(3, 5, dtype="float32")}
    pairs = hne_decisions(base)
    biases = {"image_image": 0.5, "text_text": -1.0, "image_text": 2.0}
    for kind, bias in biases.items():
        pairs.get_layer(kind).set_weights([np.float32(bias)])
    vectors, got = base(inputs, training=False), pairs(inputs, training=False)
    assert set(got) == set(biases)
    for kind, bias in biases.items():
        one, other = (np.asarray(vectors[side]) for side in kind.split("_"))
        for i in range(3):
            for j in range(3):
                wanted = sum(float(a) * float(b) for a, b in zip(one[i], other[j], strict=True)) - bias
                assert float(got[kind][i, j]) == pytest.approx(wanted, abs=1e-4)


def test_the_seed_seeds_weights_and_dropout(rng):
    inputs = {"image": rng.normal(size=(3, 3)), "text": np.ones((3, 5))}
    one, same, other = (hne(3, 5, seed=seed)(inputs, training=True)["image"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


def test_the_penalty_is_that_of_the_last_matrices(rng):
    model = hne(3, 5, 4, image_units=(6,), text_units=(), regularisation=0.1)
    squares = [np.square(model.get_layer(f"{side}_embedding").get_weights()[0]).sum() for side in ("image", "text")]
    assert float(sum(model.losses)) == pytest.approx(0.1 * sum(squares), rel=1e-5)


def test_examples():
    check_examples(hne)
    check_examples(hne_decisions)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"features": 0}, r"`features` must be positive. Received: features=\(0,\)"),
        ({"dimensions": -1}, r"`dimensions` must be positive. Received: dimensions=\(-1,\)"),
        ({"text_units": (3, 0)}, r"`text_units` must be positive. Received: text_units=\(3, 0\)"),
        ({"text_dropout": 1.0}, r"`text_dropout` must lie in \[0, 1\). Received: text_dropout=1.0"),
        ({"feature_mean": np.zeros(3)}, "`feature_mean` and `feature_variance` go together"),
        (
            {"feature_mean": np.zeros(3), "feature_variance": np.ones(2)},
            r"`feature_variance` must have 3 values. Received: shape=\(2,\)",
        ),
    ],
)
def test_says_what_was_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        hne(**{"features": 3, "words": 5, **arguments})
