import math

import keras
import numpy as np
import pytest
from keras import ops

from kerasmm.layers import VisualTextualAttention
from tests.apart import drawn_until
from tests.public_class import finite_differences, to_numpy, value_and_gradient


def attention_by_loop(regions, kernel, bias, scale=1.0, present=None):
    """Equations 7, 6 and 8, one number at a time: features `(B, L, M)` and maps `(B, L, D)`."""
    batch, places, size = regions.shape
    words = len(bias)
    features, maps = np.zeros((batch, words, size)), np.zeros((batch, words, places))
    for i in range(batch):
        there = [j for j in range(places) if present is None or present[i][j]]
        for k in range(words):
            z = {j: math.tanh(sum(kernel[m][k] * regions[i][j][m] for m in range(size)) + bias[k]) for j in there}
            total = sum(math.exp(scale * z[j]) for j in there)
            for j in there:
                maps[i, k, j] = math.exp(scale * z[j]) / total
                for m in range(size):
                    features[i, k, m] += maps[i, k, j] * regions[i][j][m]
    return features, maps


def layer_with_weights(rng, words, size, **arguments):
    layer = VisualTextualAttention(words, **arguments)
    layer.build((None, None, size))
    layer.set_weights([rng.normal(size=(size, words)), rng.normal(size=words)])
    return layer, layer.get_weights()


@pytest.mark.parametrize("scale", [1.0, 0.3, 5.0])
@pytest.mark.parametrize("with_mask", [False, True])
def test_matches_the_equations(rng, scale, with_mask):
    regions = rng.normal(size=(3, 6, 4)).astype("float32")
    layer, weights = layer_with_weights(rng, 5, 4, scale=scale, return_attention=True)
    present = None
    if with_mask:
        present = rng.random((3, 6)) < 0.6
        present[0], present[1] = False, [True] + [False] * 5
    features, maps = layer(regions, mask=present)
    wanted_features, wanted_maps = attention_by_loop(regions, *weights, scale, present)
    np.testing.assert_allclose(to_numpy(features), wanted_features, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(to_numpy(maps), wanted_maps, rtol=1e-4, atol=1e-6)


def test_gradient_matches_finite_differences_under_a_mask(rng):
    regions = rng.normal(size=(3, 4, 3)).astype("float32")
    layer, weights = layer_with_weights(rng, 2, 3, scale=2.0)
    present = np.array([[True, True, False, True], [False] * 4, [True] * 4])
    factors = rng.normal(size=(3, 2, 3)).astype("float32")
    _, gradient = value_and_gradient(lambda x: layer(x, mask=present) * factors, regions)
    wanted = finite_differences(lambda x: attention_by_loop(x, *weights, 2.0, present)[0] * factors, regions)
    np.testing.assert_allclose(gradient, wanted, rtol=1e-3, atol=1e-4)


def test_a_fully_masked_picture_gives_zeros_and_no_gradient(rng):
    regions = np.full((2, 4, 3), np.nan, "float32")
    layer, _ = layer_with_weights(rng, 2, 3, return_attention=True)
    features, maps = layer(regions, mask=np.zeros((2, 4), bool))
    assert not to_numpy(features).any()
    assert not to_numpy(maps).any()
    _, gradient = value_and_gradient(lambda x: layer(x, mask=np.zeros((2, 4), bool))[0], regions)
    assert not gradient.any()


def test_the_mask_that_keras_carries_is_heeded(rng):
    regions = rng.normal(size=(2, 4, 3)).astype("float32")
    regions[0, 1] = 0.0
    layer, weights = layer_with_weights(rng, 2, 3)
    features = layer(keras.layers.Masking(0.0)(regions))
    wanted, _ = attention_by_loop(regions, *weights, 1.0, regions.any(axis=-1))
    np.testing.assert_allclose(to_numpy(features), wanted, rtol=1e-4, atol=1e-5)


def test_words_first_only_moves_the_words_of_the_features(rng):
    regions = rng.normal(size=(3, 6, 4)).astype("float32")
    layer, weights = layer_with_weights(rng, 5, 4, return_attention=True)
    moved, _ = layer_with_weights(rng, 5, 4, return_attention=True, words_first=True)
    moved.set_weights(weights)
    (features, maps), (moved_features, moved_maps) = layer(regions), moved(regions)
    np.testing.assert_array_equal(to_numpy(moved_features), to_numpy(features).transpose(1, 0, 2))
    np.testing.assert_array_equal(to_numpy(moved_maps), to_numpy(maps))


@pytest.mark.parametrize(("scale", "share"), [(1.0, 0.133), (3.0, 0.894)])
def test_the_largest_share_that_the_scale_allows(scale, share):
    """e / (e + 48 / e) = 13.3 % of 49 regions for the paper's scale."""
    layer = VisualTextualAttention(1, scale=scale, return_attention=True, kernel_initializer="ones")
    regions = np.full((1, 49, 1), -100.0, "float32")
    regions[0, 7] = 100.0
    _, maps = layer(regions)
    assert float(maps[0, 0, 7]) == pytest.approx(share, abs=5e-4)


def test_a_huge_scale_points_at_one_region(rng):
    def scores(regions, layer, weights):
        return np.tanh(regions.astype("float64") @ weights[0] + weights[1])

    # The second of scores so much apart has nothing left at 1e6 times that, whatever float32 rounds.
    drawn = drawn_until(
        lambda drawn: np.diff(np.sort(scores(*drawn), axis=1)[:, -2:], axis=1).min() > 1e-4,
        lambda: (
            rng.normal(size=(2, 5, 3)).astype("float32"),
            *layer_with_weights(rng, 4, 3, scale=1e6, return_attention=True),
        ),
    )
    regions, layer, _ = drawn
    _, maps = layer(regions)
    best = np.argmax(scores(*drawn), axis=1)
    np.testing.assert_array_equal(to_numpy(maps).argmax(axis=2), best)
    np.testing.assert_allclose(to_numpy(maps).max(axis=2), 1.0, rtol=1e-3)


def test_one_region_is_all_there_is_to_look_at(rng):
    regions = rng.normal(size=(2, 1, 3)).astype("float32")
    features = VisualTextualAttention(4)(regions)
    np.testing.assert_allclose(to_numpy(features), np.repeat(regions, 4, axis=1), rtol=1e-6)


@pytest.mark.parametrize("words", [1, 1000])
def test_no_loop_over_words(monkeypatch, words):
    products, product = [], ops.matmul
    monkeypatch.setattr(ops, "matmul", lambda a, b: products.append(1) or product(a, b))
    VisualTextualAttention(words)(np.ones((2, 4, 3), "float32"))
    assert len(products) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"words": 0}, "`words` must be positive. Received: words=0"),
        ({"words": 3, "scale": 0.0}, "`scale` must be positive and finite. Received: scale=0.0"),
        ({"words": 3, "scale": math.nan}, "`scale` must be positive and finite. Received: scale=nan"),
        ({"words": 3, "scale": math.inf}, "`scale` must be positive and finite. Received: scale=inf"),
    ],
)
def test_says_what_was_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        VisualTextualAttention(**arguments)


def test_refuses_other_shapes(rng):
    layer = VisualTextualAttention(3)
    with pytest.raises(ValueError, match="expected ndim=3"):
        layer(rng.normal(size=(2, 4)))
    layer(rng.normal(size=(2, 4, 5)))
    with pytest.raises(ValueError, match="expected axis -1 of input shape to have value 5"):
        layer(rng.normal(size=(2, 4, 6)))
    with pytest.raises(ValueError, match="last axis of `regions` must be known"):
        VisualTextualAttention(3)(keras.Input((4, None)))
