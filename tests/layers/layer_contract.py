"""What every public layer has to pass."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from tests.apart import drawn_until
from tests.public_class import (
    COMPILED_OR_NOT,
    HALF_PRECISION,
    assert_close,
    check_config,
    check_examples,
    one_batch,
    to_numpy,
)


@dataclasses.dataclass(frozen=True)
class LayerCase:
    """A layer and what it is expected to be.

    Args:
        layer: Its class.
        arguments: Constructor arguments, away from the defaults.
        inputs: Shape of the input.
        outputs: Expected shapes of the output or outputs.
        weights: Expected shapes of the weights.
        mask: Shape of a mask that the layer heeds: what is masked doesn't matter. None: a mask passes through.
        batch_axis: Where the batch stands, in the input and the first output.
        ids: The input holds whole numbers in 1 … ids - 1; None: any number.
        further: Shapes of further inputs, the same in every call.
        clear: Whether inputs and weights are clear of what rounding decides, and every weight has a gradient.
    """

    layer: type[keras.layers.Layer]
    arguments: dict[str, Any]
    inputs: tuple[int, ...]
    outputs: list[tuple[int, ...]]
    weights: list[tuple[int, ...]]
    mask: tuple[int, ...] | None = None
    batch_axis: tuple[int, int] = (0, 0)
    ids: int | None = None
    further: tuple[tuple[int, ...], ...] = ()
    clear: Callable[[np.ndarray, list[np.ndarray]], bool] = lambda inputs, weights: True

    def new(self, **more: Any) -> keras.layers.Layer:
        return self.layer(**self.arguments, **more)

    def answer(self, layer: keras.layers.Layer, x: Any, **more: Any) -> list[Any]:
        return flat(layer(x, *further_inputs(*self.further), **more))

    def __str__(self) -> str:
        plain = [
            f"{key}={value}" for key, value in self.arguments.items() if isinstance(value, (bool, int, float, str))
        ]
        return f"{self.layer.__name__}({', '.join(plain)})"


def further_inputs(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    return [np.linspace(-1, 1, math.prod(shape), dtype="float32").reshape(shape) for shape in shapes]


def flat(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def random_inputs(case: LayerCase, rng: np.random.Generator) -> np.ndarray:
    if case.ids is not None:
        return rng.integers(1, case.ids, case.inputs).astype("int32")
    return rng.normal(size=case.inputs).astype("float32")


def check_layer(case: LayerCase, rng: np.random.Generator, folder: Path) -> None:
    check_examples(case.layer)
    check_config(case.new(name="some_name"))
    check_shapes(case, rng)
    check_symbolic_call_and_saving(case, rng, folder)
    check_training_step(case, rng)
    check_half_precision(case, rng)
    check_mask(case, rng)


def check_shapes(case: LayerCase, rng: np.random.Generator) -> None:
    layer = case.new()
    outputs = case.answer(layer, random_inputs(case, rng))
    assert [tuple(output.shape) for output in outputs] == case.outputs
    assert [tuple(weight.shape) for weight in layer.weights] == case.weights
    assert layer.count_params() == sum(int(np.prod(shape)) for shape in case.weights)
    assert all(np.isfinite(to_numpy(output)).all() for output in outputs)
    check_empty_batch(case, layer)


def check_empty_batch(case: LayerCase, layer: keras.layers.Layer) -> None:
    """No rows in, no rows out; where the batch stands in further outputs, the size of the input's is no other one."""
    rows = case.inputs[case.batch_axis[0]]
    nothing = np.zeros([0 if axis == case.batch_axis[0] else size for axis, size in enumerate(case.inputs)])
    nothing = nothing.astype("float32" if case.ids is None else "int32")
    masks = [None] if case.mask is None else [None, np.ones(nothing.shape[: len(case.mask)], bool)]
    for mask in masks:
        outputs = case.answer(layer, nothing, **({} if mask is None else {"mask": mask}))
        assert [tuple(output.shape) for output in outputs] == [
            tuple(0 if size == rows else size for size in shape) for shape in case.outputs
        ]


def functional(case: LayerCase, layer: keras.layers.Layer, dtype: Any) -> keras.Model:
    """A model around the layer, batches of any size."""
    shape = list(case.inputs)
    shape[case.batch_axis[0]] = None
    inputs = keras.Input(batch_shape=tuple(shape), dtype=dtype)
    outputs = case.answer(layer, inputs)
    return keras.Model(inputs, outputs if len(outputs) > 1 else outputs[0])


def check_symbolic_call_and_saving(case: LayerCase, rng: np.random.Generator, folder: Path) -> None:
    layer, x = case.new(), random_inputs(case, rng)
    model = functional(case, layer, x.dtype)
    for output, shape in zip(flat(model.output), case.outputs, strict=True):
        unknown = [size is None for size in output.shape]
        assert unknown.count(True) == 1
        assert all(size in (None, wanted) for size, wanted in zip(output.shape, shape, strict=True))
    for got, wanted in zip(flat(model(x)), case.answer(layer, x), strict=True):
        assert_close(got, wanted, 1e-6, "symbolic and eager call")
    model.save(folder / "layer.keras")
    revived = keras.saving.load_model(folder / "layer.keras")
    for got, wanted in zip(flat(revived(x)), flat(model(x)), strict=True):
        np.testing.assert_array_equal(to_numpy(got), to_numpy(wanted), err_msg="revived from .keras")


def check_training_step(case: LayerCase, rng: np.random.Generator) -> None:
    """One step, compiled by XLA and not, moves every weight in the same way."""
    x, starting = drawn_until(
        lambda drawn: case.clear(*drawn),
        lambda: (
            random_inputs(case, rng),
            [rng.normal(size=shape).astype("float32") * 0.3 for shape in case.weights],
        ),
    )
    axis_in, axis_out = case.batch_axis
    batch_first = np.moveaxis(x, axis_in, 0)
    target = rng.normal(size=(batch_first.shape[0], 1)).astype("float32")
    ends = []
    for jit in COMPILED_OR_NOT:
        layer = case.new()
        inputs = keras.Input(batch_first.shape[1:], dtype=x.dtype)
        output = case.answer(layer, ops.moveaxis(inputs, 0, axis_in))[0]
        rows = ops.moveaxis(output, axis_out, 0)
        # Differently weighted, so that no symmetry of the layer cancels a gradient.
        factors = np.linspace(0.5, 1.5, int(np.prod(rows.shape[1:])), dtype="float32")
        flattened = ops.reshape(rows, (-1, factors.size))
        model = keras.Model(inputs, ops.sum(flattened * factors, axis=1, keepdims=True))
        layer.set_weights(starting)
        model.compile(keras.optimizers.SGD(0.01), "mse", jit_compile=jit)
        history = model.fit(one_batch(batch_first, target), steps_per_epoch=1, shuffle=False, verbose=0)
        assert np.isfinite(history.history["loss"]).all()
        ends.append(layer.get_weights())
    for start, plain, compiled in zip(starting, ends[0], ends[-1], strict=True):
        assert np.isfinite(plain).all()
        assert np.abs(plain - start).max() > 0, "a weight without a gradient"
        np.testing.assert_allclose(plain, compiled, rtol=1e-4, atol=1e-5)


def check_half_precision(case: LayerCase, rng: np.random.Generator) -> None:
    layer, x = case.new(), random_inputs(case, rng)
    wanted = case.answer(layer, x)
    for compute, tolerance in HALF_PRECISION.items():
        for policy in (compute, f"mixed_{compute}"):
            half = case.new(dtype=policy)
            half.build(case.inputs, *case.further)
            half.set_weights(layer.get_weights())
            variables = "float32" if policy.startswith("mixed") else compute
            assert {keras.backend.standardize_dtype(weight.dtype) for weight in half.weights} == {variables}
            for got, exact in zip(case.answer(half, x), wanted, strict=True):
                assert keras.backend.standardize_dtype(got.dtype) == compute
                assert_close(got, exact, tolerance, policy)


def check_mask(case: LayerCase, rng: np.random.Generator) -> None:
    layer, x = case.new(), random_inputs(case, rng)
    if case.mask is None:
        mask = rng.random(case.inputs[:-1]) < 0.5
        passed = layer.compute_mask(ops.convert_to_tensor(x), ops.convert_to_tensor(mask))
        np.testing.assert_array_equal(ops.convert_to_numpy(passed), mask)
        return
    mask = rng.random(case.mask) < 0.5
    mask[0], mask[1] = False, True
    spoilt = np.where(mask[..., None], x, np.float32("nan")) if case.ids is None else np.where(mask, x, 0)
    for got, wanted in zip(case.answer(layer, spoilt, mask=mask), case.answer(layer, x, mask=mask), strict=True):
        assert np.isfinite(to_numpy(got)).all(), "what is masked got through"
        np.testing.assert_array_equal(to_numpy(got), to_numpy(wanted))
    everything = np.ones(case.mask, bool)
    for got, wanted in zip(case.answer(layer, x, mask=everything), case.answer(layer, x), strict=True):
        np.testing.assert_array_equal(to_numpy(got), to_numpy(wanted), err_msg="a mask of everything")
