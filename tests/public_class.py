"""What every public Keras class of the project has to pass, whichever kind it is.

`layer_contract`, `loss_contract` and `metric_contract` beside the tests of each package build on this. Nothing here
imports a backend but the one that Keras runs on.
"""

from __future__ import annotations

import doctest
import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import keras
import numpy as np
from keras import ops

# Relative to the largest value: 8 and 11 bits of a number, after a few operations.
HALF_PRECISION = {"bfloat16": 3e-2, "float16": 4e-3}

# JAX runs what isn't compiled one operation after the other, as all the other checks do.
COMPILED_OR_NOT = (True,) if keras.backend.backend() == "jax" else (False, True)


def public_classes(package: ModuleType) -> dict[str, type]:
    """The classes among the names that a package exports."""
    exported = {name: getattr(package, name) for name in package.__all__}
    return {name: thing for name, thing in exported.items() if inspect.isclass(thing)}


def registered_classes(package: ModuleType) -> dict[str, type]:
    """The classes in a package's files that are registered with Keras, exported or not."""
    found = {}
    for file in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(file.name)
        for name, thing in vars(module).items():
            ours = inspect.isclass(thing) and thing.__module__ == module.__name__
            if ours and keras.saving.get_registered_name(thing) != name:
                found[name] = thing
    return found


def check_names(package: ModuleType, tested: set[str]) -> None:
    """Every registered class is exported, registered as ours, in a file of its name, documented and in `tested`."""
    classes = public_classes(package)
    assert classes == registered_classes(package)
    assert set(classes) == tested, "a public class without a case in its package's contract test, or the reverse"
    for name, thing in classes.items():
        assert keras.saving.get_registered_name(thing) == f"kerasmm>{name}"
        # A run of capitals is one word: `PooledGRU` stands in pooled_gru.py.
        file = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
        assert thing.__module__ == f"{package.__name__}.{file}"


def check_examples(thing: Any) -> None:
    """The examples of a docstring run and print what they say."""
    module = importlib.import_module(thing.__module__)
    examples = list(doctest.DocTestFinder().find(thing, globs={**vars(module), "keras": keras}))
    assert sum(len(test.examples) for test in examples) > 0, f"{thing.__name__} has no example"
    for test in examples:
        assert doctest.DocTestRunner().run(test).failed == 0


def check_config(instance: Any) -> None:
    """Every constructor argument survives `get_config`, JSON and revival."""
    config = instance.get_config()
    arguments = inspect.signature(type(instance).__init__).parameters
    named = {name for name, argument in arguments.items() if argument.kind is not argument.VAR_KEYWORD} - {"self"}
    assert named <= set(config), f"lost by get_config: {named - set(config)}"
    assert type(instance).from_config(config).get_config() == config
    stored = json.loads(json.dumps(keras.saving.serialize_keras_object(instance)))
    revived = keras.saving.deserialize_keras_object(stored)
    assert type(revived) is type(instance)
    assert revived.get_config() == config


def assert_close(got: Any, wanted: Any, tolerance: float, message: str = "") -> None:
    """Equal up to `tolerance` times the largest value."""
    got, wanted = to_numpy(got), to_numpy(wanted)
    atol = tolerance * max(1e-3, float(np.max(np.abs(wanted), initial=0.0)))
    np.testing.assert_allclose(got, wanted, rtol=0, atol=atol, err_msg=message)


def to_numpy(x: Any) -> np.ndarray:
    return ops.convert_to_numpy(ops.cast(x, "float32"))


@keras.saving.register_keras_serializable(package="tests")
class MaskAbove(keras.layers.Layer):
    """Leaves its input as it is, with a Keras mask that leaves out what is above 50."""

    def call(self, inputs: Any) -> Any:
        return ops.copy(inputs)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return inputs < 50.0


def masked(values: np.ndarray, present: np.ndarray) -> Any:
    """A tensor of `values` that carries `present` as its Keras mask; what is absent holds 99."""
    return MaskAbove()(ops.convert_to_tensor(np.where(present, values, 99.0).astype("float32")))


def one_batch(*batch: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    """A batch for `fit` that has to be told of no size: arrays would make it one of the graph, unlike a data set."""
    yield batch


def value_and_gradient(function: Callable[[Any], Any], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Value of a function of one tensor, and the gradient of its sum, with the backend that Keras runs on."""
    value, gradient = _differentiated(function)(ops.convert_to_tensor(x))
    return to_numpy(value), to_numpy(gradient)


def compiled_value_and_gradient(
    function: Callable[..., Any], x: np.ndarray, *others: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The same, compiled by XLA, by the first of the tensors; with TensorFlow no size of them is known before."""
    differentiated, tensors = _differentiated(function), [ops.convert_to_tensor(one) for one in (x, *others)]
    if keras.backend.backend() == "tensorflow":
        tf = importlib.import_module("tensorflow")
        signature = [tf.TensorSpec([None] * len(one.shape), one.dtype) for one in tensors]
        value, gradient = tf.function(differentiated, signature, autograph=False, jit_compile=True)(*tensors)
    else:
        # A seed is a state, which a compiled function of JAX may change in a scope only.
        with keras.StatelessScope():
            value, gradient = importlib.import_module("jax").jit(differentiated)(*tensors)
    return to_numpy(value), to_numpy(gradient)


def _differentiated(function: Callable[..., Any]) -> Callable[..., tuple[Any, Any]]:
    """A function of tensors with the gradient of its sum by the first of them."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        tape_of = importlib.import_module("tensorflow").GradientTape

        def both(x: Any, *others: Any) -> tuple[Any, Any]:
            with tape_of() as tape:
                tape.watch(x)
                value = function(x, *others)
                total = ops.sum(value)
            return value, tape.gradient(total, x)

        return both
    if backend == "jax":

        def summed(x: Any, *others: Any) -> tuple[Any, Any]:
            value = function(x, *others)
            return ops.sum(value), value

        return lambda *x: importlib.import_module("jax").grad(summed, has_aux=True)(*x)[::-1]
    raise NotImplementedError(f"no gradient for the {backend} backend")


def finite_differences(function: Callable[[np.ndarray], Any], x: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """Gradient of the sum of a plain-Python function, one float64 number at a time."""
    x = x.astype("float64")
    gradient = np.zeros_like(x)
    for place in np.ndindex(*x.shape):
        above, below = x.copy(), x.copy()
        above[place] += step
        below[place] -= step
        gradient[place] = (np.sum(function(above)) - np.sum(function(below))) / (2 * step)
    return gradient
