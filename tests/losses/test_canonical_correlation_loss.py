"""A loss of a whole batch: its own contract, beside that of the losses of rows."""

import keras
import numpy as np
import pytest
from cca_zoo.linear import CCA
from keras import ops
from scipy.linalg import eigh

from kerasmm.losses import CanonicalCorrelationLoss
from tests.apart import drawn_until
from tests.public_class import (
    COMPILED_OR_NOT,
    HALF_PRECISION,
    assert_close,
    check_config,
    check_examples,
    finite_differences,
    masked,
    one_batch,
    to_numpy,
    value_and_gradient,
)


@keras.saving.register_keras_serializable(package="tests")
class RowsBelow(keras.layers.Layer):
    """Leaves its input as it is, with a Keras mask that leaves out rows that begin above 50."""

    def call(self, inputs):
        return ops.copy(inputs)

    def compute_mask(self, inputs, mask=None):
        return inputs[:, 0] < 50.0


def correlations(one, two, r1, r2):
    """Square roots of the eigenvalues of Σ₁₂ Σ₂₂⁻¹ Σ₂₁ w = λ Σ₁₁ w, largest first: CCA as a generalised problem."""
    one, two = one - one.mean(axis=0), two - two.mean(axis=0)
    count = len(one) - 1
    first, second = one.T @ one / count + r1 * np.eye(one.shape[1]), two.T @ two / count + r2 * np.eye(two.shape[1])
    cross = one.T @ two / count
    values = eigh(cross @ np.linalg.solve(second, cross.T), first, eigvals_only=True)[::-1]
    return np.sqrt(np.maximum(values, 0))[: min(one.shape[1], two.shape[1])]


def pair(rng, rows=40, one=4, two=3):
    """Views of different sizes that share something."""
    shared = rng.normal(size=(rows, 2))
    views = (shared @ rng.normal(size=(2, size)) + 0.7 * rng.normal(size=(rows, size)) for size in (one, two))
    return tuple((view + rng.normal(size=view.shape[1])).astype("float32") for view in views)


def smooth(views):
    """Correlations are apart from each other and from 0: else their gradients, as of all singular values, are rounding."""
    values = correlations(*(view.astype("float64") for view in views), 0.2, 0.05)
    return -np.diff([*values, 0.0]).max() > 0.03


def smooth_pair(rng, **sizes):
    return drawn_until(smooth, lambda: pair(rng, **sizes))


@pytest.mark.parametrize("components", [None, 1, 2, 50])
def test_value_is_that_of_the_generalised_eigenproblem(rng, components):
    one, two = pair(rng)
    wanted = correlations(one.astype("float64"), two.astype("float64"), 0.3, 0.02)
    loss = CanonicalCorrelationLoss((0.3, 0.02), components)
    np.testing.assert_allclose(to_numpy(loss(one, two)), -wanted[:components].sum(), rtol=1e-4)
    swapped = CanonicalCorrelationLoss((0.02, 0.3), components)
    np.testing.assert_allclose(to_numpy(swapped(two, one)), -wanted[:components].sum(), rtol=1e-4)


def test_value_is_the_sum_of_the_correlations_of_a_library(rng):
    one, two = pair(rng, rows=200)
    left, right = CCA(3).fit_transform([one, two])
    wanted = sum(np.corrcoef(left[:, place], right[:, place])[0, 1] for place in range(3))
    np.testing.assert_allclose(to_numpy(CanonicalCorrelationLoss(1e-6)(one, two)), -wanted, rtol=1e-4)


@pytest.mark.parametrize("components", [None, 2])
def test_gradients_of_both_views_by_differences(rng, components):
    one, two = smooth_pair(rng)
    loss = CanonicalCorrelationLoss((0.1, 0.4), components)
    _, gradient = value_and_gradient(lambda x: loss(x, two), one)
    wanted = finite_differences(lambda x: -correlations(x, two, 0.1, 0.4)[:components].sum(), one)
    assert_close(gradient, wanted, 2e-3)
    _, gradient = value_and_gradient(lambda x: loss(one, x), two)
    wanted = finite_differences(lambda x: -correlations(one, x, 0.1, 0.4)[:components].sum(), two)
    assert_close(gradient, wanted, 2e-3)


def test_gradient_is_equation_11_of_the_paper(rng):
    one, two = smooth_pair(rng, rows=30, one=3, two=3)
    r1, r2, count = 0.2, 0.05, 29
    # As printed: views are columns, ∂corr/∂H₁ = (2 ∇₁₁ H̄₁ + ∇₁₂ H̄₂) / (m - 1).
    first, second = ((view - view.mean(axis=0)).T.astype("float64") for view in (one, two))
    roots = []
    for view, r in ((first, r1), (second, r2)):
        values, vectors = np.linalg.eigh(view @ view.T / count + r * np.eye(3))
        roots.append(vectors @ np.diag(values**-0.5) @ vectors.T)
    left, values, right = np.linalg.svd(roots[0] @ (first @ second.T / count) @ roots[1])
    between = roots[0] @ left @ right @ roots[1]
    within = -0.5 * roots[0] @ left @ np.diag(values) @ left.T @ roots[0]
    wanted = (2 * within @ first + between @ second) / count
    _, gradient = value_and_gradient(lambda x: CanonicalCorrelationLoss((r1, r2))(x, two), one)
    assert_close(gradient, -wanted.T, 1e-3)


def degenerate(rng):
    one, two = pair(rng)
    constant, zero, repeated = one.copy(), one.copy(), one.copy()
    constant[:, 1] = 3.0
    zero[:] = 0.0
    repeated[:, 1] = repeated[:, 0]
    few = pair(rng, rows=3, one=8, two=6)
    # An orthogonal design against itself: every covariance a multiple of the identity, every singular value the same.
    equal = np.concatenate([np.eye(4), -np.eye(4)]).astype("float32")
    apart = np.concatenate([np.eye(4), np.eye(4)]).astype("float32")
    return {
        "constant column": (constant, two),
        "nothing": (zero, two),
        "nothing at all": (zero, np.zeros_like(two)),
        "repeated columns": (repeated, np.stack([two[:, 0]] * 3, axis=1)),
        "fewer rows than dimensions": few,
        "one row": (one[:1], two[:1]),
        "equal singular values": (equal, equal),
        "singular values all zero": (equal, apart),
        "large": (1e6 * one, two),
        "small": (1e-6 * one, 1e-6 * two),
    }


def test_values_and_gradients_of_degenerate_batches_are_finite(rng):
    loss = CanonicalCorrelationLoss(1e-4)
    for name, (one, two) in degenerate(rng).items():
        value, left = value_and_gradient(lambda x, two=two: loss(x, two), one)
        _, right = value_and_gradient(lambda x, one=one: loss(one, x), two)
        assert np.isfinite(value), name
        assert np.isfinite(left).all(), name
        assert np.isfinite(right).all(), name
        assert -min(one.shape[1], two.shape[1]) - 1e-3 <= value <= 1e-4, name
        if len(one) > 1 and name != "large":  # 1e6² leaves float32 no digits for r
            wanted = correlations(one.astype("float64"), two.astype("float64"), 1e-4, 1e-4)
            # A covariance is off by its norm times float32's rounding of as many terms; the inverse root of what is r but
            # for that is off by half of it over r, and each correlation by that much of both views.
            rounding = sum(
                sum(view.shape) * 2.0**-24 * np.linalg.norm(np.atleast_2d(np.cov(view.T.astype("float64"))), 2) / 2e-4
                for view in (one, two)
            )
            np.testing.assert_allclose(value, -wanted.sum(), rtol=0, atol=1e-4 + len(wanted) * rounding, err_msg=name)


def test_one_row_has_no_correlation(rng):
    one, two = pair(rng, rows=1)
    value, gradient = value_and_gradient(lambda x: CanonicalCorrelationLoss()(x, two), one)
    assert value == 0
    assert not gradient.any()


def test_no_rows_have_no_correlation(rng):
    one, two = pair(rng)
    assert to_numpy(CanonicalCorrelationLoss()(one[:0], two[:0])) == 0


def test_whole_weights_are_repeated_rows(rng):
    one, two = pair(rng)
    times = rng.integers(0, 4, len(one))
    loss = CanonicalCorrelationLoss(0.1)
    wanted = to_numpy(loss(np.repeat(one, times, axis=0), np.repeat(two, times, axis=0)))
    for weight in (times, times[:, None]):
        np.testing.assert_allclose(to_numpy(loss(one, two, weight.astype("float32"))), wanted, rtol=1e-4)
    with pytest.raises(ValueError, match="one weight a row"):
        loss(one, two, np.ones((len(one), 2), "float32"))


def test_weighted_gradient_by_differences(rng):
    one, two, times = drawn_until(
        lambda drawn: smooth([np.repeat(view, drawn[2], axis=0) for view in drawn[:2]]),
        lambda: (*pair(rng), rng.integers(0, 3, 40)),
    )

    def repeated(x):
        return -correlations(np.repeat(x, times, axis=0), np.repeat(two, times, axis=0), 0.1, 0.1).sum()

    loss = CanonicalCorrelationLoss(0.1)
    _, gradient = value_and_gradient(lambda x: loss(x, two, times.astype("float32")), one)
    assert_close(gradient, finite_differences(repeated, one), 2e-3)


def test_masked_rows_take_no_part(rng):
    one, two = pair(rng)
    present = rng.random(len(one)) < 0.7
    loss = CanonicalCorrelationLoss(0.1)
    wanted = to_numpy(loss(one[present], two[present]))
    rows = RowsBelow()(ops.convert_to_tensor(np.where(present[:, None], two, 99.0)))
    spoilt = np.where(present[:, None], one, np.float32("nan"))
    value, gradient = value_and_gradient(lambda x: loss(x, rows), spoilt)
    np.testing.assert_allclose(value, wanted, rtol=1e-4)
    assert np.isfinite(gradient).all()
    assert not gradient[~present].any()
    with pytest.raises(ValueError, match="mask"):
        loss(one, masked(two, np.ones_like(two, bool)))


def test_half_precision_is_raised(rng):
    one, two = pair(rng)
    for compute, tolerance in HALF_PRECISION.items():
        rounded = ops.cast(one, compute), ops.cast(two, compute)
        exact = -correlations(*(to_numpy(view).astype("float64") for view in rounded), 0.1, 0.1).sum()
        for dtype in (None, compute, f"mixed_{compute}"):
            got = CanonicalCorrelationLoss(0.1, dtype=dtype)(*rounded)
            assert keras.backend.standardize_dtype(got.dtype) == "float32"
            np.testing.assert_allclose(to_numpy(got), exact, rtol=1e-4)
        assert_close(got, -correlations(one, two, 0.1, 0.1).sum(), tolerance, compute)
        _, gradient = value_and_gradient(lambda x: CanonicalCorrelationLoss(0.1)(x, rounded[1]), rounded[0])  # noqa: B023
        assert np.isfinite(gradient).all()


def test_a_training_step_compiled_or_not_and_saving(rng, tmp_path):
    x, y, kernel = drawn_until(
        lambda drawn: smooth((drawn[1], drawn[0] @ drawn[2])),
        lambda: (*pair(rng, rows=32), rng.normal(size=(4, 3)).astype("float32")),
    )
    start, ends = [kernel, np.zeros(3)], []
    for jit in COMPILED_OR_NOT:
        inputs = keras.Input((4,))
        model = keras.Model(inputs, keras.layers.Dense(3)(inputs))
        model.set_weights(start)
        wanted = -correlations(y, to_numpy(model(x)).astype("float64"), 0.1, 0.2).sum()
        model.compile(keras.optimizers.SGD(0.1), CanonicalCorrelationLoss((0.1, 0.2)), jit_compile=jit)
        history = model.fit(one_batch(x, y), steps_per_epoch=1, shuffle=False, verbose=0)
        np.testing.assert_allclose(history.history["loss"], wanted, rtol=1e-3)
        ends.append(model.get_weights())
    assert np.abs(ends[0][0] - start[0]).max() > 0
    np.testing.assert_allclose(ends[0][0], ends[-1][0], rtol=1e-3, atol=1e-4)
    model.save(tmp_path / "loss.keras")
    revived = keras.saving.load_model(tmp_path / "loss.keras")
    assert revived.loss.get_config() == model.loss.get_config()
    wanted = -correlations(y, to_numpy(model(x)).astype("float64"), 0.1, 0.2).sum()
    assert revived.evaluate(x, y, batch_size=32, verbose=0) == pytest.approx(wanted, rel=1e-3)


def test_training_raises_the_correlation(rng):
    one, two = pair(rng, rows=200, one=6, two=5)
    best = correlations(one.astype("float64"), two.astype("float64"), 0, 0)[0]
    inputs = keras.Input((6,))
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    model.compile(keras.optimizers.Adam(0.05), CanonicalCorrelationLoss(1e-4), jit_compile=COMPILED_OR_NOT[0])
    history = model.fit(one, two, batch_size=200, epochs=200, verbose=0)
    assert history.history["loss"][-1] == pytest.approx(-best, abs=0.01)


@pytest.mark.parametrize("regularization", [0.0, -1.0, float("nan"), float("inf"), (0.1,), (0.1, 0.0), (1, 2, 3)])
def test_wrong_regularization(regularization):
    with pytest.raises(ValueError, match="`regularization` must be one or two positive numbers"):
        CanonicalCorrelationLoss(regularization)


def test_wrong_components_and_shapes(rng):
    with pytest.raises(ValueError, match="`components` must be positive. Received: components=0"):
        CanonicalCorrelationLoss(components=0)
    one, two = pair(rng)
    with pytest.raises(ValueError, match=r"must have shapes \(batch, d₁\) and \(batch, d₂\)"):
        CanonicalCorrelationLoss()(one[:, 0], two)


def test_configuration_and_example():
    check_examples(CanonicalCorrelationLoss)
    check_config(CanonicalCorrelationLoss(0.2, 3, name="some_name"))
    check_config(CanonicalCorrelationLoss([0.2, 0.1], dtype="float64"))
