"""Asks an export for the labels of pictures, of texts or of pairs of both, and prints them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kerasmm.asking.pairs import Pair
from kerasmm.asking.picture_files import AT_A_TIME, BadPicture, read_or_set_aside, undecodable
from kerasmm.asking.table import print_table
from kerasmm.console import progress

if TYPE_CHECKING:
    import numpy as np

    from kerasmm.asking.loaded import LoadedExport

_SHOWN_LETTERS = 40


@dataclasses.dataclass(frozen=True)
class Labelled:
    """A pair, and its labels with their scores, best first."""

    pair: Pair
    labels: list[tuple[str, float]]


def ask_labels(
    export: LoadedExport, signature: str, pairs: Sequence[Pair], k: int, bad: list[BadPicture], quiet: bool
) -> list[Labelled]:
    """Asks for the labels of each pair; those whose picture can't be read go to `bad`.

    Args:
        export: What is asked.
        signature: One that answers `labels` `(n, K)`, best first, `scores` and `valid`.
        pairs: Each has what the signature takes, of `image` and `text`.
        k: How many labels a pair, at most.
        bad: Gets the pictures that were set aside.
        quiet: No progress.
    """
    answered: list[Labelled] = []
    with progress(quiet) as bar:
        task = bar.add_task("asking for labels", total=len(pairs), note="")
        for start in range(0, len(pairs), AT_A_TIME):
            some = pairs[start : start + AT_A_TIME]
            answered += _ask_some(export, signature, some, k, bad)
            bar.advance(task, len(some))
    return answered


def _ask_some(
    export: LoadedExport, signature: str, pairs: Sequence[Pair], k: int, bad: list[BadPicture]
) -> list[Labelled]:
    read = [(pair, read_or_set_aside(pair.image, bad) if pair.image else b"") for pair in pairs]
    good = [(pair, content) for pair, content in read if content is not None]
    if not good:
        return []
    given = {
        "image": _strings([content for _, content in good]),
        "text": _strings([(pair.text or "").encode(errors="replace") for pair, _ in good]),
    }
    answer = export.answer(signature, {name: given[name] for name in export.inputs[signature]})
    answered = []
    for row, (pair, _) in enumerate(good):
        if answer["valid"][row]:
            labels = [label.decode() for label in answer["labels"][row][:k]]
            answered.append(Labelled(pair, list(zip(labels, answer["scores"][row][:k].tolist(), strict=True))))
        elif pair.image:
            bad.append(undecodable(pair.image))
    return answered


def _strings(cells: Sequence[bytes]) -> np.ndarray:
    import numpy as np

    made = np.empty(len(cells), object)
    made[:] = cells
    return made


def print_labels_json(export: LoadedExport, answered: Sequence[Labelled], bad: Sequence[BadPicture]) -> None:
    """Prints every pair with its labels, and the pictures that were set aside."""

    def one(labelled: Labelled) -> dict[str, object]:
        pair = labelled.pair
        image = {} if pair.image is None else {"image": str(pair.image)}
        text = {} if pair.text is None else {"text": pair.text}
        return {**image, **text, "labels": [{"label": label, "score": score} for label, score in labelled.labels]}

    content = {
        "model": str(export.folder),
        "results": [one(labelled) for labelled in answered],
        "bad": [{"image": str(one.path), "problem": one.problem} for one in bad],
    }
    print(json.dumps(content, indent=2, ensure_ascii=False))


def print_labels(answered: Sequence[Labelled], label: str, score: str) -> None:
    """Prints a line a label: picture, the beginning of the text, label, score; without a column that would be empty.

    Args:
        answered: From the top down.
        label: Heading of the labels.
        score: Heading of the scores.
    """
    images = any(one.pair.image is not None for one in answered)
    texts = any(one.pair.text is not None for one in answered)
    columns = [*(["picture"] * images), *(["text"] * texts), label, score]
    rows = []
    for one in answered:
        about = [*([str(one.pair.image)] * images), *([_shortened(one.pair.text or "")] * texts)]
        rows += [(*about, word, f"{value:.4f}") for word, value in one.labels]
    print_table(columns, rows, right=(score,))


def _shortened(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _SHOWN_LETTERS else f"{plain[: _SHOWN_LETTERS - 1].rstrip()}…"
