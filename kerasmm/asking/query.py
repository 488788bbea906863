"""From what a person asks to the signature that answers it."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasmm.asking.words import nearest_words, spelling
from kerasmm.console import UserError

if TYPE_CHECKING:
    import numpy as np

    from kerasmm.asking.loaded import LoadedExport

MAX_FILE_BYTES = 1 << 27
"""A larger file is not read: it is no picture that anyone would send."""

_ORIENTATION = 0x0112

_NEUTRAL: dict[str, Any] = {"plus": "", "minus": "", "weight": 1.0}
"""Inputs that a signature may have beside what was asked, and the value that leaves the question as it is."""

_WORDS_OF = {"tags": "tags", "word": "tags"}
"""Inputs whose words must be in a vocabulary."""


@dataclasses.dataclass(frozen=True)
class Query:
    """A question, by the names of signature inputs.

    Args:
        values: Input name → a value, or a list of words; only what was asked.
        image: The picture's file, when one was given.
    """

    values: Mapping[str, Any]
    image: Path | None = None


def read_picture(path: Path) -> bytes:
    """The bytes of a picture file; a photo that the camera only marked as turned is turned, as in data preparation.

    Raises:
        UserError: When it can't be read, or is too large to be a picture.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UserError(f"{path}: larger than {MAX_FILE_BYTES >> 20} MiB; expected a JPEG or PNG picture")
        return _upright(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: can't be read ({error.strerror})") from error


def as_given(text: str) -> str:
    """A text of the command line, where it isn't UTF-8 with a sign of replacement."""
    return text.encode(errors="surrogateescape").decode(errors="replace")


def _upright(encoded: bytes) -> bytes:
    """The same bytes, or a turned copy where EXIF says that the picture lies on its side."""
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(encoded), formats=("JPEG", "PNG")) as image:
            if image.getexif().get(_ORIENTATION, 1) in (0, 1):
                return encoded
            file = io.BytesIO()
            ImageOps.exif_transpose(image).convert("RGB").save(file, "JPEG", quality=95, subsampling=0)
            return file.getvalue()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        # What Pillow can't read is for the export to refuse.
        return encoded


def known_words(export: LoadedExport, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, with words as the export's vocabularies spell them.

    Raises:
        UserError: For a word that the vocabulary doesn't have; names the nearest ones.
    """
    found = dict(values)
    for name, vocabulary in _WORDS_OF.items():
        words = export.vocabulary(vocabulary)
        if name not in values or not words:
            continue
        given = values[name] if isinstance(values[name], list) else [values[name]]
        spelled = [_known(word, words, export.folder) for word in given]
        found[name] = spelled if isinstance(values[name], list) else spelled[0]
    return found


def _known(word: str, vocabulary: Sequence[str], where: Path) -> str:
    found = spelling(word, vocabulary)
    if found is None:
        near = ", ".join(repr(one) for one in nearest_words(word, vocabulary))
        hint = f" Nearest: {near}." if near else ""
        raise UserError(f"{word!r} is not among the {len(vocabulary):,} tags of {where}.{hint}")
    return found


def choose_signature(export: LoadedExport, asked: Sequence[str], outputs: Sequence[str]) -> str:
    """The signature that takes what was asked, needs nothing else, and answers `outputs`.

    Args:
        export: What is asked.
        asked: Input names of the question.
        outputs: Output names that the answer must have.

    Raises:
        UserError: When no signature does; names those that the export has.
    """
    fitting = []
    for name, inputs in export.inputs.items():
        spare = set(inputs) - set(asked) - {"k"}
        if set(asked) <= set(inputs) and spare <= set(_NEUTRAL) and set(outputs) <= set(export.outputs[name]):
            fitting.append((len(spare), name))
    if fitting:
        return min(fitting)[1]
    answering = [name for name in export.inputs if set(outputs) <= set(export.outputs[name])]
    have = "; ".join(
        f"{name} takes {', '.join(key for key in export.inputs[name] if key != 'k')}" for name in answering
    )
    raise UserError(f"{export.folder}: can't be asked by {' and '.join(asked)} (it has: {have or 'nothing to search'})")


def tensors(export: LoadedExport, signature: str, values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """A batch of one for a signature.

    Raises:
        UserError: When several words were given where the signature takes one.
    """
    import numpy as np

    batch = {}
    for name, spec in export.inputs[signature].items():
        value = values[name] if name in values else _NEUTRAL[name]
        several = isinstance(value, list)
        rank = len(spec["shape"])
        if several and rank == 1:
            if len(value) > 1:
                raise UserError(f"{export.folder}: {signature} takes one of {name}. Received: {', '.join(value)}")
            value, several = value[0], False
        cells = value if several else [value]
        if spec["dtype"] == "string":
            row = np.empty(len(cells), object)
            row[:] = [cell if isinstance(cell, bytes) else str(cell).encode() for cell in cells]
        else:
            row = np.array(cells, spec["dtype"])
        batch[name] = row[None] if rank == 2 else row
    return batch
