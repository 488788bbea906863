"""What every public metric of ranked rows has to pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from tests.apart import apart, drawn_until
from tests.public_class import COMPILED_OR_NOT, HALF_PRECISION, check_config, check_examples, masked

ROWS, ENTRIES = 12, 6


@dataclasses.dataclass(frozen=True)
class MetricCase:
    """A metric and what it is expected to be.

    Args:
        metric: Its class.
        arguments: Constructor arguments, away from the defaults.
        expected: A slow loop over one row: lists of the targets and scores that are present → the row's value, or
            None for a row that is left out.
    """

    metric: type[keras.metrics.Metric]
    arguments: dict[str, Any]
    expected: Callable[[list[float], list[float]], float | None]

    def new(self, **more: Any) -> keras.metrics.Metric:
        return self.metric(**{**self.arguments, **more})

    def mean(self, y_true: np.ndarray, y_pred: np.ndarray) -> float:
        """The expected result over all rows; absent entries are left away."""
        values = []
        for true, predicted in zip(y_true, y_pred, strict=True):
            there = [(float(t), float(p)) for t, p in zip(true, predicted, strict=True) if t >= 0]
            value = self.expected([t for t, _ in there], [p for _, p in there])
            values += [] if value is None else [value]
        return self.together(values) if values else 0.0

    def together(self, values: list[float]) -> float:
        """The result of rows of these values."""
        return sum(values) / len(values)

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Rows with ties, absent entries, without positives, all positive, with one entry, and with none."""
        y_true = (rng.random((ROWS, ENTRIES)) < 0.4).astype("float32")
        y_true[rng.random((ROWS, ENTRIES)) < 0.2] = -1
        y_true[1], y_true[2], y_true[4], y_true[5] = 0, 1, [1, -1, -1, -1, -1, -1], -1
        # Quarters, so that there are ties and half precision holds them.
        return y_true, (rng.integers(-4, 5, (ROWS, ENTRIES)) / 4).astype("float32")

    def __str__(self) -> str:
        return f"{self.metric.__name__}({', '.join(f'{key}={value}' for key, value in self.arguments.items())})"


def result(metric: keras.metrics.Metric, *batches: tuple[Any, ...]) -> float:
    metric.reset_state()
    for batch in batches:
        metric.update_state(*batch)
    return float(metric.result())


def close(wanted: float) -> Any:
    return pytest.approx(wanted, rel=1e-5, abs=1e-6)


def check_metric(case: MetricCase, rng: np.random.Generator, folder: Path, again: bool = False) -> None:
    """All of the contract; `again`: only what hangs on the arguments, since another case of the class passes the rest."""
    check_config(case.new(name="some_name"))
    check_values(case, rng)
    check_streaming_and_weights(case, rng)
    check_masks(case, rng)
    check_half_precision(case, rng)
    if not again:
        check_examples(case.metric)
        check_evaluation_and_saving(case, rng, folder)


def check_values(case: MetricCase, rng: np.random.Generator) -> None:
    for _ in range(5):
        y_true, y_pred = case.draw(rng)
        assert result(case.new(), (y_true, y_pred)) == close(case.mean(y_true, y_pred))
        # In float32 for both, so that what ties for one does for the other.
        y_pred = rng.normal(size=y_pred.shape).astype("float32")
        assert result(case.new(), (y_true, y_pred)) == close(case.mean(y_true, y_pred))
        for row in range(ROWS):
            wanted = case.mean(y_true[row : row + 1], y_pred[row : row + 1])
            assert result(case.new(), (y_true[row : row + 1], y_pred[row : row + 1])) == close(wanted)
    for label in (0.0, 1.0, -1.0):
        same = np.full_like(y_true, label)
        assert result(case.new(), (same, y_pred)) == close(case.mean(same, y_pred))
    tied = np.zeros_like(y_pred)
    metric = case.new()
    assert result(metric, (y_true, tied)) == close(case.mean(y_true, tied))
    metric.update_state(y_true[:0], tied[:0])
    metric.update_state(y_true[:0], tied[:0], np.zeros(0))
    assert float(metric.result()) == close(case.mean(y_true, tied)), "an empty batch changes nothing"
    with pytest.raises(ValueError, match=r"must have shape \(batch, entries\)"):
        case.new().update_state(y_true[0], y_pred[0])


def check_streaming_and_weights(case: MetricCase, rng: np.random.Generator) -> None:
    """A mean over rows: batches don't matter, and a whole weight is as many copies of the row."""
    y_true, y_pred = case.draw(rng)
    weights = rng.integers(0, 4, ROWS)
    metric = case.new()
    assert float(metric.result()) == 0
    for size in (ROWS, 5, 1):
        starts = range(0, ROWS, size)
        plain = [(y_true[s : s + size], y_pred[s : s + size]) for s in starts]
        assert result(metric, *plain) == close(case.mean(y_true, y_pred))
        weighted = [(y_true[s : s + size], y_pred[s : s + size], weights[s : s + size]) for s in starts]
        wanted = close(case.mean(np.repeat(y_true, weights, axis=0), np.repeat(y_pred, weights, axis=0)))
        assert result(metric, *weighted) == wanted
        assert result(metric, *[(t, p, w[:, None]) for t, p, w in weighted]) == wanted
    assert result(metric, (y_true, y_pred, 0.25)) == close(case.mean(y_true, y_pred))
    metric.reset_state()
    assert float(metric.result()) == 0
    with pytest.raises(ValueError, match="one weight a row"):
        metric.update_state(y_true, y_pred, np.ones_like(y_true))


def check_masks(case: MetricCase, rng: np.random.Generator) -> None:
    y_true, y_pred = case.draw(rng)
    for spoilt in ("nan", "inf", "-inf"):
        holed = np.where(y_true >= 0, y_pred, np.float32(spoilt))
        assert result(case.new(), (y_true, holed)) == close(case.mean(y_true, y_pred))
    # The mask that Keras carries with a tensor, together with targets below 0.
    present = rng.random(y_true.shape) < 0.7
    wanted = case.mean(np.where(present, y_true, -1), y_pred)
    assert result(case.new(), (y_true, masked(y_pred, present))) == close(wanted)


def check_half_precision(case: MetricCase, rng: np.random.Generator) -> None:
    y_true, y_pred = case.draw(rng)
    for compute in HALF_PRECISION:
        for dtype in (None, compute, f"mixed_{compute}"):
            metric = case.new(dtype=dtype)
            assert {keras.backend.standardize_dtype(variable.dtype) for variable in metric.variables} == {"float32"}
            got = result(metric, (ops.cast(y_true, compute), ops.cast(y_pred, compute)))
            assert got == close(case.mean(y_true, y_pred))
    # A row more counts after 4,096, where float16 stops counting by ones.
    many = case.new(dtype="float16")
    for _ in range(5):
        many.update_state(np.ones((1000, 2)), np.zeros((1000, 2)))
    many.update_state(np.zeros((1, 2)), np.zeros((1, 2)), 1000.0)
    full, empty = (case.expected([label, label], [0.0, 0.0]) for label in (1.0, 0.0))
    assert float(many.result()) == close(full if empty is None else (5 * full + empty) / 6)


def check_evaluation_and_saving(case: MetricCase, rng: np.random.Generator, folder: Path) -> None:
    y_true, _ = case.draw(rng)
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Dense(ENTRIES)(inputs))
    # Compiled, scores round otherwise: none are so near each other that their order hangs on it.
    x = drawn_until(
        lambda drawn: apart(ops.convert_to_numpy(model(drawn))), lambda: rng.normal(size=(ROWS, 4)).astype("float32")
    )
    wanted = case.mean(y_true, ops.convert_to_numpy(model(x)))
    for jit in COMPILED_OR_NOT:
        model.compile("sgd", "mse", metrics=[case.new(name="ours")], jit_compile=jit)
        values = model.evaluate(x, y_true, batch_size=5, verbose=0, return_dict=True)
        assert values["ours"] == close(wanted)
    model.save(folder / "metric.keras")
    revived = keras.saving.load_model(folder / "metric.keras")
    assert revived.evaluate(x, y_true, batch_size=7, verbose=0, return_dict=True)["ours"] == close(wanted)
