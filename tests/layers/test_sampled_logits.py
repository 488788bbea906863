import math

import keras
import numpy as np
import pytest
from keras import ops

from kerasmm.layers import SampledLogits
from kerasmm.layers.sampled_logits import NEVER
from tests.public_class import (
    HALF_PRECISION,
    assert_close,
    compiled_value_and_gradient,
    to_numpy,
    value_and_gradient,
)


def probability(classes, c):
    """Zipf's law as the docstring has it."""
    return math.log((c + 2) / (c + 1)) / math.log(classes + 1)


def corrected(kernel, inputs, label, drawn):
    """The formula of the docstring for one row: the true class, then those drawn."""
    row = []
    for place, c in enumerate([label, *drawn]):
        inner = sum(float(h) * float(f) for h, f in zip(kernel[c], inputs, strict=True))
        hit = place > 0 and c == label
        row.append(NEVER if hit else inner - math.log(len(drawn) * probability(len(kernel), c)))
    return row


def test_is_the_formula_for_what_is_drawn(rng):
    """Another layer of the same seed says what is drawn; the labels are three of those, so that there are hits."""
    layer, same = (SampledLogits(20, 6, seed=3) for _ in range(2))
    inputs = rng.normal(size=(5, 4)).astype("float32")
    drawn = to_numpy(same.draw()).astype(int)
    labels = np.array([*drawn[:3], 19, 0])
    answer = to_numpy(layer(inputs, labels))
    kernel = layer.get_weights()[0]
    wanted = [corrected(kernel, row, label, drawn.tolist()) for row, label in zip(inputs, labels, strict=True)]
    np.testing.assert_allclose(answer, wanted, rtol=1e-5, atol=1e-5)
    assert (np.array(wanted)[:, 1:] == NEVER).any(axis=1).tolist()[:3] == [True] * 3
    np.testing.assert_allclose(to_numpy(layer(inputs)), inputs @ kernel.T, atol=1e-5)
    assert not np.array_equal(to_numpy(layer.draw()), drawn), "draws are fresh"


@pytest.mark.parametrize("classes", [1, 7, 100_000])
def test_draws_follow_zipfs_law(rng, classes):
    """Counts of classes, of many in bins of equal probability, within seven standard deviations."""
    number = 200_000
    drawn = to_numpy(SampledLogits(classes, number, seed=int(rng.integers(2**31))).draw()).astype(int)
    assert drawn.min() >= 0
    assert drawn.max() < classes
    ends = range(classes + 1) if classes < 10 else np.unique(np.geomspace(1, classes + 1, 60).astype(int)) - 1
    for start, end in zip(ends[:-1], ends[1:], strict=True):
        wanted = math.log((end + 1) / (start + 1)) / math.log(classes + 1)
        found = ((drawn >= start) & (drawn < end)).mean()
        assert abs(found - wanted) <= 7 * math.sqrt(wanted * (1 - wanted) / number)


def test_at_the_true_probabilities_the_mean_gradient_is_nothing():
    """Of one drawn class, exactly: what pulls class a down where b is true pulls b down where a is."""
    true = np.array([0.5, 0.3, 0.2])
    kernel, logits = np.eye(3, dtype="float32"), np.log(np.tile(true, (3, 1))).astype("float32")
    criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)
    layer = SampledLogits(3, 1, seed=0)
    layer.build((None, 3))
    layer.set_weights([kernel, *layer.get_weights()[1:]])
    seen = {}
    while len(seen) < 3:
        _, gradient = value_and_gradient(lambda x: criterion(np.zeros(3), layer(x, np.arange(3))), logits)
        # The drawn class is the one whose own row has a hit, and no gradient.
        (drawn,) = np.flatnonzero(np.abs(gradient).max(axis=1) < 1e-6)
        seen[int(drawn)] = gradient
    mean = sum(probability(3, drawn) * true @ gradient for drawn, gradient in seen.items())
    assert max(np.abs(gradient).max() for gradient in seen.values()) > 0.1
    np.testing.assert_allclose(mean, 0, atol=1e-6)


def test_gradients_of_the_classes_compiled(rng):
    """Of the sum of the logits: the true class' vector gets the inputs, so do those drawn, but for hits."""
    layer, same = (SampledLogits(9, 4, seed=7) for _ in range(2))
    layer.build((None, 3))
    drawn, inputs = to_numpy(same.draw()).astype(int), rng.normal(size=(3, 3)).astype("float32")
    labels = np.array([drawn[0], 8, 0], "int32")
    state = [variable.value for variable in layer.non_trainable_variables]

    def logits(kernel):
        return layer.stateless_call([ops.reshape(kernel, (9, 3))], state, inputs, labels)[0]

    kernel = rng.normal(size=(9, 3)).astype("float32")
    _, gradient = compiled_value_and_gradient(logits, kernel)
    wanted = np.zeros((9, 3))
    for row, label in zip(inputs, labels, strict=True):
        wanted[label] += row
        for c in drawn:
            wanted[c] += row * (c != label)
    np.testing.assert_allclose(gradient, wanted, rtol=1e-4, atol=1e-5)


def test_half_precision_has_the_digits_of_the_inputs(rng):
    inputs, labels = rng.normal(size=(5, 4)).astype("float32"), np.array([0, 5, 19, 1, 2])
    exact, half = SampledLogits(20, 6, seed=1), SampledLogits(20, 6, seed=1, dtype="mixed_bfloat16")
    wanted = to_numpy(exact(inputs, labels))
    half.build((None, 4))
    half.kernel.assign(exact.kernel)
    answer = half(inputs, labels)
    assert keras.backend.standardize_dtype(answer.dtype) == "bfloat16"
    found = wanted > NEVER / 2
    assert_close(to_numpy(answer)[found], wanted[found], HALF_PRECISION["bfloat16"])
    assert (to_numpy(answer)[~found] < NEVER / 2).all()


def test_no_rows():
    assert SampledLogits(9, 4)(np.zeros((0, 3)), np.zeros(0, "int32")).shape == (0, 5)


def test_a_step_of_a_model_is_that_of_the_printed_loss_and_it_is_saved(rng, tmp_path):
    """Gradient descent on the sparse cross-entropy of the sample, whose true class comes first, as a loop over its terms."""
    rate, size = 0.5, 10
    inputs, labels = keras.Input((4,), name="inputs"), keras.Input((), dtype="int32", name="labels")
    layer, same = SampledLogits(20, 6, seed=int(rng.integers(2**31))), SampledLogits(20, 6)
    model = keras.Model([inputs, labels], layer(inputs, labels))
    model.compile(keras.optimizers.SGD(rate), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = rng.normal(size=(size, 4)).astype("float32"), rng.integers(0, 20, size).astype("int32")
    wanted = layer.get_weights()[0].astype("float64")
    same.seed_generator.state.assign(layer.seed_generator.state)
    drawn = to_numpy(same.draw()).astype(int).tolist()
    gradient = np.zeros_like(wanted)
    for vector, label in zip(x, y.tolist(), strict=True):
        exponentials = [math.exp(value) for value in corrected(wanted, vector, label, drawn)]
        for place, c in enumerate([label, *drawn]):
            gradient[c] += (exponentials[place] / sum(exponentials) - (place == 0)) * vector / size
    model.fit([x, y], np.zeros(size), batch_size=size, epochs=1, verbose=0)
    # Numbers of about 1 in float32, a few dozen additions each.
    np.testing.assert_allclose(to_numpy(layer.kernel), wanted - rate * gradient, atol=1e-5)
    assert np.abs(gradient).max() > 1e-3, "nothing would be tested"

    model.save(tmp_path / "model.keras")
    revived = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(to_numpy(revived.get_layer(layer.name)(x)), to_numpy(layer(x)))


def test_says_what_was_wrong():
    with pytest.raises(ValueError, match="`sampled` must be positive. Received: sampled=0"):
        SampledLogits(5, 0)
    with pytest.raises(ValueError, match="The last axis of `inputs` must be known. Received: shape=.None, None."):
        SampledLogits(5, 2).build((None, None))
