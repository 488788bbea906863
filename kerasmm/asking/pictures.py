"""Pictures that are asked about: files, bytes, images in memory; a bad one of many is set aside, the others are answered."""

from __future__ import annotations

import dataclasses
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasmm.console import UserError
from kerasmm.files.reading import read_regular

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    Picture = str | os.PathLike[str] | bytes | Image | np.ndarray
    """A JPEG, PNG, GIF, BMP or WebP file or its bytes, an image of Pillow, or pixels `(h, w, 3)` or `(h, w)` uint8."""

MAX_FILE_BYTES = 1 << 27
"""A larger file is not read: it is no picture that anyone would send."""

AT_A_TIME = 16
"""Pictures that are in memory together."""

UNDECODABLE = "not a picture that can be decoded"


def picture_bytes(picture: Picture) -> bytes:
    """The bytes that an export is asked with, converted as data preparation would; see `plain_picture`.

    Raises:
        UserError: When a file can't be read, or it is no picture.

    Example:

    >>> import numpy as np
    >>> picture_bytes(np.zeros((32, 32, 3), "uint8"))[1:4]
    b'PNG'
    """
    if isinstance(picture, bytes):
        return _plain(picture, picture_name(picture))
    if isinstance(picture, str | os.PathLike):
        return read_picture(Path(picture))
    return _png(picture)


def bytes_or_problem(picture: Picture) -> bytes | str:
    """`picture_bytes`, or what is wrong with a picture that has none."""
    try:
        return picture_bytes(picture)
    except UserError as error:
        return str(error).removeprefix(f"{picture_name(picture)}: ")


def picture_name(picture: Picture, called: str = "image") -> Path:
    """What messages call a picture: its file, where it has one."""
    return Path(picture) if isinstance(picture, str | os.PathLike) else Path(called)


def read_picture(path: Path) -> bytes:
    """The bytes of a picture file, converted as data preparation would; see `plain_picture`.

    Raises:
        UserError: When it is no regular file, can't be read, is too large to be a picture, or declares too many pixels.
    """
    try:
        path.stat()
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: can't be read ({getattr(error, 'strerror', error)})") from error
    return _plain(read_regular(path, MAX_FILE_BYTES, "picture"), path)


def _plain(encoded: bytes, name: Path) -> bytes:
    """What a data set would store of the picture, so that a question sees the pixels that the answers were made of."""
    from kerasmm.data.opening import MAX_PIXELS, TOO_MANY_PIXELS, BadPicture
    from kerasmm.data.plain_picture import plain_picture

    try:
        return plain_picture(encoded, MAX_PIXELS)
    except BadPicture as error:
        if str(error) == TOO_MANY_PIXELS:
            raise UserError(f"{name}: {error.detail}") from error
        # What is damaged is for the export to refuse.
        return encoded


def _png(picture: Any) -> bytes:
    from PIL import Image, ImageOps

    expected = "expected a picture: a path, bytes, an image of Pillow, or (h, w, 3) uint8 pixels"
    if not isinstance(picture, Image.Image):
        if str(getattr(picture, "dtype", "")) != "uint8":
            raise UserError(f"{expected}. Received: {type(picture).__name__}")
        if len(picture.shape) != 2 and picture.shape[2:] not in ((3,), (4,)) or not picture.size:
            raise UserError(f"{expected}. Received: shape {picture.shape}")
        picture = Image.fromarray(picture)
    if picture.mode == "F":
        raise UserError(f"{expected}. Received: an image of mode F, whose white is not known")
    file = io.BytesIO()
    try:
        upright = ImageOps.exif_transpose(picture)
        if upright.mode.startswith("I"):
            # Of 16 bits, as a file of them would be: Pillow's own conversion cuts off what is above 255.
            upright.save(file, "PNG")
            return _plain(file.getvalue(), Path("image"))
        # What is transparent lies on white, wherever the picture comes from.
        transparent = picture.has_transparency_data
        upright.convert("RGBA" if transparent else "RGB").save(file, "PNG")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError(f"image: {UNDECODABLE} ({error})") from error
    return file.getvalue()


@dataclasses.dataclass(frozen=True)
class BadPicture:
    """A file that was set aside, and why."""

    path: Path
    problem: str


def bad_pictures(asked: Iterable[tuple[Path | None, str | None]]) -> list[BadPicture]:
    """Of files and what is wrong with them the bad ones: first those that can't be read, then what is no picture."""
    bad = [BadPicture(path, problem) for path, problem in asked if path is not None and problem is not None]
    return sorted(bad, key=lambda one: one.problem == UNDECODABLE)


def say_bad(bad: Sequence[BadPicture], asked: int) -> None:
    """Names on standard error the pictures that were set aside, and counts them.

    Args:
        bad: The pictures that were set aside.
        asked: How many there were in all.

    Raises:
        UserError: When none is left.
    """
    from kerasmm.console import console

    if len(bad) == asked:
        others = f"; nor can the {asked - 1} others be read" if asked > 1 else ""
        raise UserError(f"{bad[0].path}: {bad[0].problem}{others}")
    # An error, so `--quiet` doesn't silence it.
    for one in bad:
        console().print(f"error: {one.path}: {one.problem}", soft_wrap=True)
    if bad:
        console().print(f"{len(bad)} of {asked} pictures set aside", soft_wrap=True)
