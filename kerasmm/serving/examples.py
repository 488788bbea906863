"""An example request for every signature, and tensors as the JSON that REST speaks."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasmm.systems.signature_inputs import INPUTS, example_word


def example_inputs(inputs: Mapping[str, Any], vocabularies: Mapping[str, Sequence[str]]) -> dict[str, np.ndarray]:
    """A batch of one that a signature can answer.

    Args:
        inputs: Specs by name, each with `shape` and `dtype`. Those of `kerasmm.systems.signatures.INPUTS` get the example that
            stands there; of others a string gets a word, the first of the vocabulary of its name where there is one, and a
            number is 1.
        vocabularies: Words by vocabulary.

    Returns:
        Arrays by name; free dimensions are 1.
    """
    example = {}
    for name, spec in inputs.items():
        dtype = spec.dtype.as_numpy_dtype
        if name in INPUTS:
            value = INPUTS[name].example(vocabularies)
        else:
            value = example_word(name, vocabularies) if dtype is object else 1
        # Not `np.full` on bytes: NumPy's own bytes type cuts trailing zero bytes off.
        example[name] = np.empty([1 if side is None else side for side in spec.shape], dtype)
        example[name].fill(value)
    return example


def to_json(array: np.ndarray) -> Any:
    """Nested lists as in a REST request or answer: text as strings, other bytes as `{"b64": …}`."""
    if array.dtype != object:
        return np.asarray(array, "float32" if array.dtype.kind not in "biuf" else array.dtype).tolist()

    def string(value: Any) -> Any:
        if isinstance(value, list):
            return [string(one) for one in value]
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"b64": base64.b64encode(value).decode()}

    return string(array.tolist())
