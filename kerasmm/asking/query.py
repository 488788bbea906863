"""From what a person asks to the signature that answers it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasmm.asking.words import nearest_words, spelling
from kerasmm.console import UserError
from kerasmm.systems.signature_inputs import INPUTS

if TYPE_CHECKING:
    import numpy as np

    from kerasmm.asking.loaded import LoadedExport

_SHOWN = 80


@dataclasses.dataclass(frozen=True)
class Query:
    """A question, by the names of signature inputs.

    Args:
        values: Input name → a value, or a list of words; only what was asked.
        image: What the picture is called, when one was given: its file, where it has one.
    """

    values: Mapping[str, Any]
    image: Path | None = None


def as_given(text: str) -> str:
    """A text of the command line, where it isn't UTF-8 with a sign of replacement."""
    return text.encode(errors="surrogateescape").decode(errors="replace")


def known_words(export: LoadedExport, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, with words as the export's vocabularies spell them.

    Raises:
        UserError: For a word that the vocabulary doesn't have; names the nearest ones.
    """
    found = dict(values)
    for name in set(values) & set(INPUTS):
        vocabulary = INPUTS[name].vocabulary
        words = export.vocabulary(vocabulary) if vocabulary else []
        if not words:
            continue
        given = values[name] if isinstance(values[name], list) else [values[name]]
        spelled = [_known(word, words, export.folder) for word in given]
        found[name] = spelled if isinstance(values[name], list) else spelled[0]
    return found


def _known(word: str, vocabulary: Sequence[str], where: Path) -> str:
    found = spelling(word, vocabulary)
    if found is None:
        near = ", ".join(repr(one[:_SHOWN]) for one in nearest_words(word, vocabulary))
        hint = f" Nearest: {near}." if near else ""
        raise UserError(f"{word!r} is not among the {len(vocabulary):,} tags of {where}.{hint}")
    return found


def choose_signature(export: LoadedExport, asked: Sequence[str], outputs: Sequence[str], usual: str = "") -> str:
    """The signature that takes what was asked, needs nothing else, and answers `outputs`.

    Args:
        export: What is asked.
        asked: Input names of the question.
        outputs: Output names that the answer must have.
        usual: The name that such a signature may have, by which an export says why it has none.

    Raises:
        UserError: When no signature does; names those that the export has.
    """
    fitting, neutral = [], {name for name, one in INPUTS.items() if one.neutral is not None}
    for name, inputs in export.inputs.items():
        spare = set(inputs) - set(asked) - {"k"}
        if set(asked) <= set(inputs) and spare <= neutral and set(outputs) <= set(export.outputs[name]):
            fitting.append((len(spare), name))
    if fitting:
        return min(fitting)[1]
    answering = [name for name in export.inputs if set(outputs) <= set(export.outputs[name])]
    have = "; ".join(
        f"{name} takes {', '.join(key for key in export.inputs[name] if key != 'k')}" for name in answering
    )
    if "image" in asked and any("vector" in inputs for inputs in export.inputs.values()):
        have += "; the features of its posts were made elsewhere, so give a picture's vector by the same encoder"
    why = export.why_missing(usual) if usual else ""
    raise UserError(
        f"{export.folder}: can't be asked by {' and '.join(asked)}{why} (it has: {have or 'nothing to search'})"
    )


NO_VECTORS = {
    "vector": "can't be asked by a vector; its pictures are encoded here, so give the picture",
    "user_vector": "can't be asked by users' vectors",
}
"""Of an export that takes none of that name."""


def query_vector(export: LoadedExport, given: Any, name: str = "vector") -> list[float]:
    """A vector as the export takes it, flat.

    Args:
        export: What is asked.
        given: Anything that NumPy makes an array of.
        name: The input's, a key of `NO_VECTORS`.

    Raises:
        UserError: When it takes none, or one of another size, or the values aren't finite real numbers, or its length in
            float32 is zero or not finite.
    """
    import numpy as np

    shapes = [inputs[name]["shape"][1:] for inputs in export.inputs.values() if name in inputs]
    if not shapes:
        raise UserError(f"{export.folder}: {NO_VECTORS[name]}{export.why_missing(f'tags_for_{name}')}")
    try:
        array = np.asarray(given)
        if array.dtype.kind in "cbOSUmM":
            raise UserError(f"`{name}` must hold real numbers. Received: {array.dtype}")
        finite = bool(np.isfinite(array).all())
        with np.errstate(over="ignore"):
            array = array.astype("float32")
            square = float(np.square(array).sum(dtype="float32"))
    except (ValueError, TypeError) as error:
        raise UserError(f"`{name}` must hold numbers ({error})") from error
    if list(array.shape) not in (shapes[0], [1, *shapes[0]]):
        raise UserError(f"{export.folder}: expected a {name} of {tuple(shapes[0])}. Received: {array.shape}")
    if not finite:
        raise UserError(f"`{name}` must be finite")
    if not np.isfinite(square):
        raise UserError(f"`{name}` is too large: its length overflows float32")
    if square == 0:
        raise UserError(f"`{name}` has no direction: its length is 0 in float32")
    values: list[float] = array.ravel().tolist()
    return values


def tensors(export: LoadedExport, signature: str, values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """A batch of one for a signature.

    Raises:
        UserError: When several words were given where the signature takes one.
    """
    columns = {}
    for name, spec in export.inputs[signature].items():
        value = values[name] if name in values else INPUTS[name].neutral
        if isinstance(value, list) and len(spec["shape"]) == 1:
            if len(value) > 1:
                raise UserError(f"{export.folder}: {signature} takes one of {name}. Received: {', '.join(value)}")
            (value,) = value
        columns[name] = [value]
    return batch(export, signature, columns)


def batch(export: LoadedExport, signature: str, columns: Mapping[str, Sequence[Any]]) -> dict[str, np.ndarray]:
    """A batch for a signature.

    Args:
        export: What is asked.
        signature: Its name.
        columns: Input name → a value a row, or where the signature takes several a list a row, each as long as the others.
            Inputs that are missing leave the question as it is.
    """
    try:
        return _batch(export.inputs[signature], columns)
    except (TypeError, ValueError, OverflowError) as error:
        first = str(error).split("\n")[0][:200]
        raise UserError(
            f"{export.folder}: {signature} can't take what it says it takes ({first}); export again"
        ) from error


def _batch(inputs: Mapping[str, Any], columns: Mapping[str, Sequence[Any]]) -> dict[str, np.ndarray]:
    rows = max(len(column) for column in columns.values())
    made = {}
    for name, spec in inputs.items():
        column = columns[name] if name in columns else [INPUTS[name].neutral] * rows
        if len(spec["shape"]) == 1:
            made[name] = _array(column, spec["dtype"])
        else:
            lists = [value if isinstance(value, list) else [value] for value in column]
            flat = _array([cell for cells in lists for cell in cells], spec["dtype"])
            made[name] = flat.reshape(rows, -1, *(side for side in spec["shape"][2:]))
    return made


def _array(cells: Sequence[Any], dtype: str) -> np.ndarray:
    import numpy as np

    if dtype != "string":
        return np.array(cells, dtype)
    # NumPy's own type of bytes would cut zero bytes off.
    made = np.empty(len(cells), object)
    made[:] = [cell if isinstance(cell, bytes) else str(cell).encode(errors="replace") for cell in cells]
    return made
