"""Where a source's pictures lie: their names on disk, and links that lead elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp")
"""Endings of picture files, in whatever case, as they are looked for."""

LINKED_AWAY = "picture leaves the folder"


def is_picture(path: Path) -> bool:
    """Whether the name says so."""
    return path.suffix.lower() in ENDINGS


def one_case(name: str) -> str:
    """A file's name with its ending in lower case, so that `7.JPG` on disk is the `7.jpg` of a list.

    Example:

    >>> one_case("IMG_7.JPG")
    'IMG_7.jpg'
    """
    stem, dot, ending = name.rpartition(".")
    return f"{stem}{dot}{ending.lower()}" if dot else name


def on_disk(path: Path) -> Path | None:
    """The file of that name, or of that name with the ending in another case; None where there is none.

    Raises:
        OSError: When the name is too long, or a link leads in a circle.
        ValueError: When the name holds a NUL.
    """
    if path.is_file():
        return path
    cases = dict.fromkeys(change(path.suffix) for change in (str.lower, str.upper, _capital))
    return next((other for case in cases if case and (other := path.with_suffix(case)).is_file()), None)


def leads_away(path: Path, roots: Sequence[Path]) -> Path | None:
    """Where a picture of `roots` really lies when links lead out of all of them; else None."""
    named = [root.absolute() for root in roots]
    real, known = path.resolve(), [*named, *(root.resolve() for root in roots)]
    # What a source of one's own names elsewhere is no link.
    linked = any(path.absolute().is_relative_to(root) for root in known)
    return real if linked and not any(real.is_relative_to(root) for root in known) else None


def _capital(ending: str) -> str:
    return ending[:2].upper() + ending[2:].lower()
