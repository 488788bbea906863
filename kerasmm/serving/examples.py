"""An example request for every signature, and tensors as the JSON that REST speaks."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

EXAMPLE_K = 5
EXAMPLE_WORDS = 4


def example_picture() -> bytes:
    """A small drawn PNG: examples travel with the export, so they show nobody's picture."""
    from PIL import Image

    row, column = np.mgrid[0:48, 0:64]
    disc = (row - 24) ** 2 + (column - 32) ** 2 < 15**2
    pixels = np.stack([np.where(disc, 220, 40), 4 * column, np.where(disc, 60, 5 * row)], axis=-1)
    file = io.BytesIO()
    Image.fromarray(pixels.astype("uint8")).save(file, "PNG")
    return file.getvalue()


def example_sentence(vocabularies: Mapping[str, Sequence[str]]) -> str:
    """The first words that are words (no signs, no marks of a model's own) of the vocabulary `words`, else of any."""
    ordered = [vocabularies.get("words", ()), *vocabularies.values()]
    spoken = ([word for word in words if word.isalpha()][:EXAMPLE_WORDS] for words in ordered)
    return " ".join(next((words for words in spoken if words), ["word"]))


def example_inputs(inputs: Mapping[str, Any], vocabularies: Mapping[str, Sequence[str]]) -> dict[str, np.ndarray]:
    """A batch of one that a signature can answer.

    Args:
        inputs: Specs by name, each with `shape` and `dtype`. `image` gets a picture, `text` a short sentence, `k` a number
            of results, an input named like a vocabulary its first word, other strings the first word of the first
            vocabulary.
        vocabularies: Words by vocabulary.

    Returns:
        Arrays by name; free dimensions are 1.
    """
    first_words = {name: words[0] for name, words in vocabularies.items() if words}
    any_word = next(iter(first_words.values()), "")
    example = {}
    for name, spec in inputs.items():
        shape = [1 if side is None else side for side in spec.shape]
        dtype = spec.dtype.as_numpy_dtype
        if dtype is object:
            word = example_sentence(vocabularies) if name == "text" else first_words.get(name, any_word)
            value: bytes | int = example_picture() if name == "image" else word.encode()
        else:
            value = EXAMPLE_K if name == "k" else 1
        # Not `np.full` on bytes: NumPy's own bytes type cuts trailing zero bytes off.
        example[name] = np.empty(shape, dtype)
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
