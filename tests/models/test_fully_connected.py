from __future__ import annotations

import numpy as np
import pytest

from kerasmm.models import fully_connected
from tests.public_class import check_examples


@pytest.mark.parametrize("kind", ["words", "embedding"])
@pytest.mark.parametrize("pooling", ["flatten", "mean"])
def test_is_its_formula(rng, kind, pooling):
    mean, variance = rng.normal(size=3), rng.uniform(0.5, 2, 3)
    model = fully_connected(
        4, (5, 3), kind=kind, pooling=pooling, units=(6, 2), dropout=0.4, feature_mean=mean, feature_variance=variance
    )
    for layer in model.layers:
        if layer.name != "standardise":
            layer.set_weights([rng.normal(size=weight.shape) for weight in layer.get_weights()])
    regions = rng.normal(size=(7, 5, 3)).astype("float32")
    got = model({"regions": regions}, training=False)[kind]
    for row, picture in zip(np.asarray(got), regions, strict=True):
        standardised = (picture - mean) / np.sqrt(variance)
        hidden = standardised.mean(0) if pooling == "mean" else standardised.reshape(-1)
        for name in ("fc_1", "fc_2", kind):
            kernel, bias = model.get_layer(name).get_weights()
            hidden = hidden @ kernel + bias
            hidden = np.maximum(hidden, 0) if name != kind else hidden
        expected = 1 / (1 + np.exp(-hidden)) if kind == "words" else hidden
        np.testing.assert_allclose(row, expected, rtol=1e-4, atol=1e-5)


def test_without_hidden_layers_it_is_one_layer():
    model = fully_connected(10, (4, 3), units=(), pooling="mean")
    assert model.count_params() == 3 * 10 + 10


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"outputs": 0}, "must be positive"),
        ({"units": (4, 0)}, "must be positive"),
        ({"kind": "labels"}, "`kind` must be"),
        ({"pooling": "max"}, "`pooling` must be"),
        ({"dropout": 1.0}, "`dropout` must lie"),
        ({"feature_mean": [0.0]}, "go together"),
    ],
)
def test_wrong_arguments_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        fully_connected(**{"outputs": 4, "regions": (5, 3), **changes})


def test_examples():
    check_examples(fully_connected)
