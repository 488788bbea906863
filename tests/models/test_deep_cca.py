import keras
import numpy as np
import pytest

from kerasmm.models import deep_cca
from tests.public_class import check_examples, to_numpy


def by_hand(layers, x):
    """Dense layers with ReLU between, from their kernels and biases."""
    x = x.astype("float64")
    for number, (kernel, bias) in enumerate(layers):
        x = x @ kernel + bias
        x = np.maximum(x, 0) if number + 1 < len(layers) else x
    return x


def dense(branch):
    return [layer.get_weights() for layer in branch.layers if isinstance(layer, keras.layers.Dense)]


def test_outputs_are_those_of_two_networks(rng):
    mean, variance = rng.normal(size=4), rng.uniform(0.5, 2, 4)
    model = deep_cca(4, 7, dimensions=3, hidden=(6, 5), dropout=0.5, feature_mean=mean, feature_variance=variance)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(size=weight.shape))
    features, tags = rng.normal(size=(8, 4)), (rng.random((8, 7)) < 0.4).astype("float32")
    outputs = model({"features": features.astype("float32"), "tags": tags})
    images, words = model.get_layer("images"), model.get_layer("words")
    assert [kernel.shape for kernel, _ in dense(images)] == [(4, 6), (6, 5), (5, 3)]
    wanted = by_hand(dense(images), (features - mean) / np.sqrt(variance))
    np.testing.assert_allclose(to_numpy(outputs["images"]), wanted, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(to_numpy(outputs["words"]), by_hand(dense(words), tags), rtol=1e-4, atol=1e-4)
    # One view alone.
    np.testing.assert_allclose(to_numpy(words(tags)), to_numpy(outputs["words"]), rtol=1e-5)


def test_without_hidden_layers_it_is_linear(rng):
    model = deep_cca(4, 7, dimensions=3, hidden=())
    x = rng.normal(size=(2, 4)).astype("float32")
    images = model.get_layer("images")
    np.testing.assert_allclose(to_numpy(images(x) + images(-x)), 0, atol=1e-5)


def test_dropout_is_of_training_only(rng):
    model = deep_cca(50, 50, dimensions=3, hidden=(8,), dropout=0.5, seed=1)
    views = {"features": rng.normal(size=(4, 50)), "tags": rng.normal(size=(4, 50))}
    first, second = (to_numpy(model(views)["images"]) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert np.abs(to_numpy(model(views, training=True)["images"]) - first).max() > 1e-3


def test_the_seed_gives_the_weights_and_branches_differ():
    one, same, other = (deep_cca(5, 5, dimensions=3, hidden=(4,), seed=seed) for seed in (1, 1, 2))
    for a, b in zip(one.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.abs(one.get_weights()[0] - other.get_weights()[0]).max() > 1e-3
    images, words = (dense(one.get_layer(name))[0][0] for name in ("images", "words"))
    assert np.abs(images - words).max() > 1e-3


def test_saving(rng, tmp_path):
    model = deep_cca(4, 7, dimensions=3, feature_mean=[1.0] * 4, feature_variance=[2.0] * 4)
    model.save(tmp_path / "model.keras")
    revived = keras.saving.load_model(tmp_path / "model.keras")
    views = {"features": rng.normal(size=(2, 4)), "tags": rng.normal(size=(2, 7))}
    for name, values in model(views).items():
        np.testing.assert_allclose(to_numpy(revived(views)[name]), to_numpy(values), rtol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_gives_float32(policy):
    keras.config.set_dtype_policy(policy)
    try:
        outputs = deep_cca(4, 7).output
    finally:
        keras.config.set_dtype_policy("float32")
    assert {keras.backend.standardize_dtype(output.dtype) for output in outputs.values()} == {"float32"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"features": 0}, "`features` must be positive. Received: features=0"),
        ({"words": -1}, "`words` must be positive. Received: words=-1"),
        ({"dimensions": 0}, "`dimensions` must be positive. Received: dimensions=0"),
        ({"hidden": (4, 0)}, "`hidden` must be positive. Received: hidden=0"),
        ({"dropout": 1.0}, r"`dropout` must lie in \[0, 1\). Received: dropout=1.0"),
        ({"feature_mean": [0.0] * 4}, "go together"),
        ({"feature_mean": [0.0] * 3, "feature_variance": [1.0] * 3}, "must have 4 values. Received: 3"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        deep_cca(**{"features": 4, "words": 7, **arguments})


def test_example():
    check_examples(deep_cca)
