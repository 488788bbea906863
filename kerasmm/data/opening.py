"""The one place where Pillow opens a picture: of named formats, since it starts other programs for some, and of bounded size.

What somebody else's file or record holds may be anything. Ghostscript, say, is started for what begins like PostScript.
"""

from __future__ import annotations

import contextlib
import io
import struct
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kerasmm.data.exif import JPEG_MAGIC, PNG_MAGIC
from kerasmm.data.jpeg_scans import MOST_SCANS, too_many_scans

if TYPE_CHECKING:
    import PIL.Image

MAX_PIXELS = 50_000_000
"""Pictures that declare more pixels than this are refused before they are decoded."""

MAX_SIDE = 32_768
"""Pictures with a longer side are refused: resizing holds `height × the picture's width` values, so a strip of few
pixels could cost gigabytes."""

STORED = ("JPEG", "PNG")
"""What a data set or an export holds."""

TOO_MANY_PIXELS = "declares too many pixels"
TOO_MANY_SCANS = "JPEG of too many scans"
TOO_MANY_CHUNKS = "PNG of too many chunks"
DAMAGED = "truncated or damaged picture"

_MOST_CHUNKS = 1 << 16


class BadPicture(Exception):
    """Not a picture that a data set can hold.

    Args:
        reason: Short and countable.
        detail: What about this one.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.detail = detail


@contextlib.contextmanager
def opened(content: bytes, formats: Sequence[str] = STORED, max_pixels: int = MAX_PIXELS) -> Iterator[PIL.Image.Image]:
    """A picture, opened and not yet decoded; whatever Pillow raises in the block means a damaged one.

    Args:
        content: Its bytes.
        formats: Those that it may have.
        max_pixels: Refuse pictures that declare more.

    Raises:
        BadPicture: For anything else.

    Example:

    >>> try:
    ...     with opened(b"%!PS-Adobe-3.0 EPSF-3.0"):
    ...         pass
    ... except BadPicture as error:
    ...     print(error)
    truncated or damaged picture
    """
    from PIL import Image

    _check_parts(content)
    # Of what Pillow only wonders at, nobody needs to hear.
    with warnings.catch_warnings(action="ignore"):
        try:
            with Image.open(io.BytesIO(content), formats=tuple(formats)) as picture:
                check_sides(*picture.size, max_pixels)
                yield picture
        except BadPicture:
            raise
        except Image.DecompressionBombError as error:
            raise BadPicture(TOO_MANY_PIXELS, str(error)) from error
        except Exception as error:  # Pillow raises whatever its decoders raise.
            raise BadPicture(DAMAGED) from error


def check_sides(width: int, height: int, max_pixels: int = MAX_PIXELS) -> None:
    """Refuses what declares no pixel, or too many.

    Raises:
        BadPicture: With the limit.
    """
    if min(width, height) < 1:
        raise BadPicture(DAMAGED)
    if width * height > max_pixels:
        many = f"{width:,} × {height:,} = {width * height:,} pixels"
        raise BadPicture(TOO_MANY_PIXELS, f"{many}, the limit is {max_pixels:,}")
    if max(width, height) > MAX_SIDE:
        raise BadPicture(TOO_MANY_PIXELS, f"{width:,} × {height:,} pixels, the limit of a side is {MAX_SIDE:,}")


def check_scans(content: bytes) -> None:
    """Refuses a JPEG that would be gone over too often, see `kerasmm.data.jpeg_scans`.

    Raises:
        BadPicture: With the limit.
    """
    if too_many_scans(content):
        raise BadPicture(TOO_MANY_SCANS, f"the limit is {MOST_SCANS}")


def _check_parts(content: bytes) -> None:
    if content.startswith(JPEG_MAGIC):
        check_scans(content)
    elif content.startswith(PNG_MAGIC):
        at = len(PNG_MAGIC)
        for _ in range(_MOST_CHUNKS):
            if at + 8 > len(content):
                return
            at += 12 + struct.unpack_from(">I", content, at)[0]
        raise BadPicture(TOO_MANY_CHUNKS, f"the limit is {_MOST_CHUNKS:,}")
