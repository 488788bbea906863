"""Asks an export for the vector of a user by posts of that user."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kerasmm.asking.by_row import ask_by_row
from kerasmm.asking.pictures import UNDECODABLE, bytes_or_problem, picture_name
from kerasmm.asking.words import spelling
from kerasmm.console import UserError
from kerasmm.systems.signature_inputs import MOST

if TYPE_CHECKING:
    import numpy as np

    from kerasmm.asking.loaded import LoadedExport

SIGNATURE = "fit_user"
HAS_TAG = "has a tag that the export knows"
NO_TAG = HAS_TAG.replace("a tag", "no tag")
NOT_FINITE = "its features aren't finite"


@dataclasses.dataclass(frozen=True)
class Fitted:
    """A user who was fitted.

    Args:
        vector: `(E,)`; None where no post says anything.
        posts: How many did.
        problems: Which of the posts didn't, and why.
    """

    vector: np.ndarray | None
    posts: int
    problems: dict[int, str]


def fitted_vector(
    export: LoadedExport, images: Sequence[Any] | None, tags: Sequence[Sequence[str]], vectors: Any
) -> np.ndarray:
    """See `Export.fit_user`."""
    fit = Fitting(export)
    name, given = ("images", images) if fit.features is None else ("vectors", vectors)
    if given is None or (images is not None and vectors is not None):
        raise UserError(f"{export.folder}: a user is fitted to `{name}` and the tags of each")
    if isinstance(tags, str) or isinstance(given, str | bytes | os.PathLike):
        raise UserError(
            f"expected a list of {name} and a list with the tags of each; a single one is a list of one, too"
        )
    # A word alone is the only tag of its picture, as `search(tags="snow")` takes it, not its letters.
    found = fit(given, [[some] if isinstance(some, str) else some for some in tags])
    for place, problem in found.problems.items():
        if problem != NO_TAG:
            called = f"{name} {place}"
            raise UserError(f"{picture_name(given[place], called) if fit.features is None else called}: {problem}")
    if found.vector is None:
        raise UserError(f"{export.folder}: fits no user to {len(tags)} posts: none {HAS_TAG}")
    return found.vector


class Fitting:
    """Fits users to posts, one at a time.

    Args:
        export: What is asked.

    Raises:
        UserError: When it fits no users.
    """

    def __init__(self, export: LoadedExport) -> None:
        if SIGNATURE not in export.inputs:
            raise UserError(f"{export.folder}: fits no users{export.why_missing(SIGNATURE)} ({export.offered()})")
        self.export = export
        self.tags = set(export.vocabulary("tags"))
        shape = export.inputs[SIGNATURE].get("vectors", {}).get("shape")
        self.features = None if shape is None else tuple(shape[2:])
        """The shape of a picture's features, where they were made elsewhere and stand for the picture."""

    def __call__(self, pictures: Sequence[Any], tags: Sequence[Sequence[str]]) -> Fitted:
        """Fits one user.

        Args:
            pictures: Of at most `MOST` posts: as `picture_bytes` takes them, or features of the shape `features`.
            tags: Of each of them; what the export doesn't know says nothing.
        """
        if len(pictures) != len(tags):
            raise UserError(
                f"expected the tags of each picture. Received: {len(pictures)} pictures and {len(tags)} lists of tags"
            )
        if len(pictures) > MOST:
            raise UserError(f"a user is fitted to at most {MOST} posts. Received: {len(pictures)}")
        known = [[tag for tag in some if spelling(tag, self.tags) is not None] for some in tags]
        problems = {place: NO_TAG for place, some in enumerate(known) if not some}
        told = [place for place in range(len(pictures)) if place not in problems]
        given = [self._given(pictures[place]) for place in told]
        problems |= {place: one for place, one in zip(told, given, strict=True) if isinstance(one, str)}
        good = {place: one for place, one in zip(told, given, strict=True) if not isinstance(one, str)}
        if not good:
            return Fitted(None, 0, problems)
        answer = self.export.answer(SIGNATURE, self._batch(good, known))
        posts = int(answer["posts"][0])
        if posts < len(good) and self.features is None:
            problems |= self._undecodable(good)
        return Fitted(answer["embedding"][0] if answer["valid"][0] else None, posts, problems)

    def _given(self, picture: Any) -> Any:
        """What the graph takes of a picture, or what is wrong with it."""
        if self.features is None:
            return bytes_or_problem(picture)
        import numpy as np

        array = np.asarray(picture, "float32")
        if array.shape != self.features:
            raise UserError(f"expected features of {self.features} a picture. Received: {array.shape}")
        return array if np.isfinite(array).all() else NOT_FINITE

    def _batch(self, good: dict[int, Any], known: Sequence[Sequence[str]]) -> dict[str, np.ndarray]:
        """A row."""
        import numpy as np

        words = np.full((1, len(good), max(len(known[place]) for place in good)), b"", object)
        for row, place in enumerate(good):
            words[0, row, : len(known[place])] = [tag.encode(errors="replace") for tag in known[place]]
        if self.features is not None:
            return {"vectors": np.stack(list(good.values()))[None], "image_tags": words}
        images = np.empty((1, len(good)), object)
        images[0, :] = list(good.values())
        return {"images": images, "image_tags": words}

    def _undecodable(self, good: dict[int, bytes]) -> dict[int, str]:
        """Which they are; the answer only counts them."""
        columns: dict[str, list[Any]] = {"image": list(good.values()), "k": [1] * len(good)}
        answers = ask_by_row(self.export, "tags", columns)
        return {place: UNDECODABLE for place, answer in zip(good, answers, strict=True) if isinstance(answer, str)}
