"""Picture files that run a program, or take for ever to be decoded."""

from __future__ import annotations

import os
import re
import struct
import zlib
from pathlib import Path

from tests.hostile.recipes import recipe

PROGRAM = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 50 50\n%%EndComments\n(ran) print\nshowpage\n"
_PNG = b"\x89PNG\r\n\x1a\n"


@recipe
def postscript(folder: Path) -> Path:
    """PostScript that calls itself a photo: Pillow would start Ghostscript for it."""
    return _written(folder / "photo.jpg", PROGRAM)


@recipe
def a_thousand_scans(folder: Path) -> Path:
    """A progressive JPEG of 30 kB that is gone over a thousand times."""
    return _written(folder / "photo.jpg", jpeg_of_scans(1000))


@recipe
def a_hundred_thousand_chunks(folder: Path) -> Path:
    """A PNG with a hundred thousand comments."""
    head = _PNG + _chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 0, 0, 0, 0))
    pixels = _chunk(b"IDAT", zlib.compress(b"\0" * 20)) + _chunk(b"IEND", b"")
    return _written(folder / "photo.png", head + _chunk(b"tEXt", b"a\0b") * 100_000 + pixels)


@recipe
def comments_of_a_byte(folder: Path) -> Path:
    """A GIF with a comment in two hundred thousand blocks of one byte."""
    return _written(folder / "photo.gif", gif_of_blocks(200_000))


@recipe
def a_pipe(folder: Path) -> Path:
    """A pipe that nobody writes to, called like a photo."""
    os.mkfifo(folder / "photo.jpg")
    return folder / "photo.jpg"


@recipe
def a_device(folder: Path) -> Path:
    """A link to zeros without end, called like a photo."""
    (folder / "photo.jpg").symlink_to("/dev/zero")
    return folder / "photo.jpg"


def jpeg_of_scans(count: int) -> bytes:
    """A grey progressive JPEG whose last scan comes `count` times more."""
    import io

    from PIL import Image

    Image.new("L", (2000, 2000), 128).save(file := io.BytesIO(), "JPEG", progressive=True)
    content = file.getvalue()
    *_, last = re.finditer(b"\xff\xda", content)
    return content[:-2] + content[last.start() : -2] * count + content[-2:]


def gif_of_blocks(count: int) -> bytes:
    """A GIF of 16 × 16 pixels before which a comment of `count` blocks stands."""
    import io

    from PIL import Image

    Image.new("1", (16, 16)).save(file := io.BytesIO(), "GIF")
    content = file.getvalue()
    head = 13 + 3 * 2 ** (content[10] % 8 + 1)
    return content[:head] + b"!\xfe" + b"\1a" * count + b"\0" + content[head:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
