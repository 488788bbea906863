"""What every public loss of rows has to pass."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from tests.apart import apart, drawn_until
from tests.public_class import (
    COMPILED_OR_NOT,
    HALF_PRECISION,
    assert_close,
    check_config,
    check_examples,
    compiled_value_and_gradient,
    finite_differences,
    masked,
    to_numpy,
    value_and_gradient,
)

ROWS, ENTRIES = 6, 5


@dataclasses.dataclass(frozen=True)
class LossCase:
    """A loss and what it is expected to be.

    Args:
        loss: Its class.
        arguments: Constructor arguments, away from the defaults.
        expected: A slow loop over one row: lists of the targets and predictions that are present → the row's loss.
        predictions: Draws predictions of a shape, in the range of the loss.
        edges: Differences of two predictions at which the loss has a kink or a step.
        steps: It has a step there, which half precision must not cross either.
        shape: Of a row's entries.
        axes: What they are called.
    """

    loss: type[keras.losses.Loss]
    arguments: dict[str, Any]
    expected: Callable[[list[float], list[float]], float]
    predictions: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
    edges: tuple[float, ...] = ()
    steps: bool = False
    shape: tuple[int, ...] = (ENTRIES,)
    axes: str = "batch, entries"

    def new(self, **more: Any) -> keras.losses.Loss:
        return self.loss(**{**self.arguments, **more})

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """The expected losses of all rows; absent entries are left away."""
        values = []
        for true, predicted in zip(y_true, y_pred, strict=True):
            there = [(float(t), float(p)) for t, p in zip(true, predicted, strict=True) if t >= 0]
            values.append(self.expected([t for t, _ in there], [p for _, p in there]))
        return np.array(values)

    def draw(self, rng: np.random.Generator, gap: float = 1e-4) -> tuple[np.ndarray, np.ndarray]:
        """Rows with absent entries, without positives, all positive, with one entry, and with none."""
        y_true = (rng.random((ROWS, ENTRIES)) < 0.4).astype("float32")
        y_true[rng.random((ROWS, ENTRIES)) < 0.2] = -1
        y_true[1], y_true[2], y_true[4], y_true[5] = 0, 1, [1, -1, -1, -1, -1], -1
        return y_true, drawn_until(
            lambda drawn: self.clear(drawn, gap), lambda: self.predictions(rng, (ROWS, *self.shape)).astype("float32")
        )

    def clear(self, y_pred: np.ndarray, gap: float = 1e-4) -> bool:
        """Whether no small step and no rounding takes predictions across an edge."""
        return apart(y_pred, gap, self.edges)

    def __str__(self) -> str:
        return f"{self.loss.__name__}({', '.join(f'{key}={value}' for key, value in self.arguments.items())})"


def check_loss(case: LossCase, rng: np.random.Generator, folder: Path, again: bool = False) -> None:
    """All of the contract; `again`: only what hangs on the arguments, since another case of the class passes the rest."""
    check_config(case.new(reduction="sum", name="some_name"))
    check_values_and_gradients(case, rng)
    check_masks(case, rng)
    check_reductions_and_weights(case, rng)
    check_half_precision(case, rng)
    if not again:
        check_examples(case.loss)
        check_compiled(case, rng)
        check_empty_batch(case)
        check_training_step_and_saving(case, rng, folder)


def check_values_and_gradients(case: LossCase, rng: np.random.Generator) -> None:
    y_true, y_pred = case.draw(rng)
    loss = case.new(reduction=None)
    value, gradient = value_and_gradient(lambda x: loss(y_true, x), y_pred)
    np.testing.assert_allclose(value, case.rows(y_true, y_pred), rtol=1e-4, atol=1e-5)
    wanted = finite_differences(lambda x: case.rows(y_true, x), y_pred)
    np.testing.assert_allclose(gradient, wanted, rtol=1e-3, atol=1e-3 * max(1.0, np.abs(wanted).max()))
    assert value[5] == 0, "a row with nothing in it"
    for labels in (0.0, 1.0, -1.0):
        same = np.full_like(y_true, labels)
        value, gradient = value_and_gradient(lambda x, same=same: loss(same, x), y_pred)
        np.testing.assert_allclose(value, case.rows(same, y_pred), rtol=1e-4, atol=1e-5, err_msg=f"all labels {labels}")
        assert np.isfinite(gradient).all()


def check_masks(case: LossCase, rng: np.random.Generator) -> None:
    y_true, y_pred = case.draw(rng)
    loss = case.new(reduction=None)
    for spoilt in ("nan", "inf"):
        value, gradient = value_and_gradient(
            lambda x: loss(y_true, x), np.where(y_true >= 0, y_pred, np.float32(spoilt))
        )
        np.testing.assert_allclose(value, case.rows(y_true, y_pred), rtol=1e-4, atol=1e-5, err_msg=f"absent {spoilt}")
        assert np.isfinite(gradient).all()
        assert not gradient[y_true < 0].any()
    # The mask that Keras carries with a tensor, together with targets below 0.
    present = rng.random(y_true.shape) < 0.7
    wanted = case.rows(np.where(present, y_true, -1), y_pred)
    np.testing.assert_allclose(to_numpy(loss(y_true, masked(y_pred, present))), wanted, rtol=1e-4, atol=1e-5)
    mean = case.new(reduction="sum_over_batch_size")(y_true, masked(y_pred, present))
    np.testing.assert_allclose(to_numpy(mean), wanted.mean(), rtol=1e-4, atol=1e-5)


def check_reductions_and_weights(case: LossCase, rng: np.random.Generator) -> None:
    y_true, y_pred = case.draw(rng)
    rows, weights = case.rows(y_true, y_pred), rng.random(ROWS).astype("float32")
    for sample_weight, wanted in [(None, rows), (weights, rows * weights), (weights[:, None], rows * weights)]:
        for reduction, reduce in [("sum", np.sum), ("sum_over_batch_size", np.mean), (None, np.array)]:
            got = to_numpy(case.new(reduction=reduction)(y_true, y_pred, sample_weight))
            np.testing.assert_allclose(got, reduce(wanted), rtol=1e-4, atol=1e-5, err_msg=str(reduction))
    with pytest.raises(ValueError, match="one weight a row"):
        case.new()(y_true, y_pred, np.ones_like(y_true))
    with pytest.raises(ValueError, match=rf"must have shape \({case.axes}\)"):
        case.new()(y_true[0], y_pred[0])


def check_half_precision(case: LossCase, rng: np.random.Generator) -> None:
    # Two predictions below 16, with 8 bits each, round by 1/32 at most.
    y_true, y_pred = case.draw(rng, 1 / 16 if case.steps else 1e-4)
    for compute in HALF_PRECISION:
        rounded = ops.cast(y_pred, compute)
        # Given the same rounded numbers the loss has all the digits of float32, whatever precision it is given.
        exact = case.rows(y_true, to_numpy(rounded))
        for dtype in (None, compute, f"mixed_{compute}"):
            got = case.new(reduction=None, dtype=dtype)(y_true, rounded)
            assert keras.backend.standardize_dtype(got.dtype) == "float32"
            np.testing.assert_allclose(to_numpy(got), exact, rtol=1e-4, atol=1e-5)
        # More than float16 holds, which ends at 65,504.
        weight = np.full(ROWS, 1e5, "float32")
        total = case.new(reduction="sum", dtype=compute)(y_true, rounded, weight)
        np.testing.assert_allclose(to_numpy(total), 1e5 * exact.sum(), rtol=1e-4)


def check_compiled(case: LossCase, rng: np.random.Generator) -> None:
    """Compiled by XLA, rows have the values and gradients that they have without, but for rounding.

    XLA may order a row's sums as it likes and replace functions by its own, a few units in the last place each: at most
    2³ of them for each of ENTRIES² pairs, and the terms are no larger than the largest number is.
    """
    y_true, y_pred = case.draw(rng)
    loss = case.new(reduction=None)
    plain = value_and_gradient(lambda x: loss(y_true, x), y_pred)
    compiled = compiled_value_and_gradient(lambda x, y: loss(y, x), y_pred, y_true)
    for got, wanted in zip(compiled, plain, strict=True):
        assert_close(got, wanted, 2**3 * ENTRIES**2 * float(np.finfo("float32").eps), "compiled")


def check_empty_batch(case: LossCase) -> None:
    nothing = np.zeros((0, *case.shape), "float32")
    for reduction, shape in [(None, (0,)), ("sum", ()), ("sum_over_batch_size", ())]:
        loss = case.new(reduction=reduction)
        value, gradient = value_and_gradient(functools.partial(loss, nothing), nothing)
        assert (value.shape, gradient.shape) == (shape, nothing.shape)
        assert not value.any()


def check_training_step_and_saving(case: LossCase, rng: np.random.Generator, folder: Path) -> None:
    y_true, _ = case.draw(rng)
    x = rng.normal(size=(ROWS, 4)).astype("float32")
    inputs = keras.Input((4,))
    entries = math.prod(case.shape)
    outputs = keras.layers.Dense(entries, activation="sigmoid")(inputs)
    model = keras.Model(inputs, keras.layers.Reshape(case.shape)(outputs))

    def begun() -> np.ndarray:
        model.set_weights([0.3 * rng.normal(size=(4, entries)), np.zeros(entries)])
        return to_numpy(model(x))

    predictions = drawn_until(case.clear, begun)
    start = model.get_weights()[0]
    wanted = case.rows(y_true, predictions).mean()
    _, slopes = value_and_gradient(lambda y_pred: case.new()(y_true, y_pred), predictions)
    model.compile(keras.optimizers.SGD(0.01), case.new(), jit_compile=COMPILED_OR_NOT[0])
    history = model.fit(x, y_true, batch_size=ROWS, epochs=1, verbose=0)
    np.testing.assert_allclose(history.history["loss"], wanted, rtol=1e-4, atol=1e-5)
    # Through the sigmoid and the layer.
    step = 0.01 * x.T @ (slopes * predictions * (1 - predictions)).reshape(ROWS, entries)
    np.testing.assert_allclose(model.get_weights()[0], start - step, rtol=1e-4, atol=1e-6)
    # Back where predictions are clear of the edges.
    model.set_weights([start, np.zeros(entries)])
    model.save(folder / "loss.keras")
    revived = keras.saving.load_model(folder / "loss.keras")
    assert type(revived.loss) is case.loss
    assert revived.loss.get_config() == model.loss.get_config()
    assert revived.evaluate(x, y_true, batch_size=ROWS, verbose=0) == pytest.approx(wanted, rel=1e-4, abs=1e-5)
