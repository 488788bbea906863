"""Which way up a picture is meant to be shown, by EXIF: read from its bytes, without a library that may stumble.

The rule, in Python here and in `kerasmm.data.exif_graph` of stock operations:

- JPEG: the first segment APP1 that begins with `Exif\\0\\0`, before the frame header.
- PNG: the first chunk `eXIf` before the pixels.
- In it the first directory, in either byte order, and in that the first entry of tag 0x0112 that is one SHORT of 1 … 8.
- What is broken, cut off or absent turns nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

JPEG_MAGIC = b"\xff\xd8\xff"
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
EXIF = b"Exif\0\0"
APP1 = 0xE1
BEFORE_FRAME = (0xC4, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0))
"""Markers of a JPEG's segments that may stand before its frame header: tables, comments, applications."""

MOST_PARTS = 256
"""Segments or chunks that are looked at: a file of nothing else must not take minutes."""

MOST_BYTES = 1 << 16
"""Of EXIF; no segment of a JPEG is longer."""

ORIENTATION, SHORT = 0x0112, 3


def orientation(content: bytes) -> int:
    """1 … 8 as EXIF numbers them; 1 is upright.

    Example:

    >>> orientation(b"no picture")
    1
    """
    if content.startswith(JPEG_MAGIC):
        return orientation_of_tiff(_exif_of_jpeg(content))
    if content.startswith(PNG_MAGIC):
        found = next((data for kind, data in png_chunks(content) if kind == b"eXIf"), b"")
        return orientation_of_tiff(found[:MOST_BYTES])
    return 1


def png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and data of the chunks before the pixels, as long as they are whole."""
    at = len(PNG_MAGIC)
    for _ in range(MOST_PARTS):
        if at + 8 > len(content):
            return
        size, kind = struct.unpack_from(">I4s", content, at)
        if kind in (b"IDAT", b"IEND") or at + 12 + size > len(content):
            return
        yield kind, content[at + 8 : at + 8 + size]
        at += 12 + size


def _exif_of_jpeg(content: bytes) -> bytes:
    at = 2
    for _ in range(MOST_PARTS):
        if at + 4 > len(content):
            break
        mark, kind, size = struct.unpack_from(">BBH", content, at)
        if mark != 0xFF or kind not in BEFORE_FRAME or size < 2 or at + 2 + size > len(content):
            break
        segment = content[at + 4 : at + 2 + size]
        if kind == APP1 and segment.startswith(EXIF):
            return segment[len(EXIF) :]
        at += 2 + size
    return b""


def orientation_of_tiff(tiff: bytes) -> int:
    """1 … 8 as EXIF, from its byte order on, says; 1 where it is empty or broken."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return 1
    (first,) = struct.unpack_from(f"{order}I", tiff, 4)
    if first + 2 > len(tiff):
        return 1
    (entries,) = struct.unpack_from(f"{order}H", tiff, first)
    if first + 2 + 12 * entries > len(tiff):
        return 1
    for number in range(entries):
        tag, kind, count, value = struct.unpack_from(f"{order}HHIH", tiff, first + 2 + 12 * number)
        if (tag, kind, count) == (ORIENTATION, SHORT, 1) and 1 <= value <= 8:
            return int(value)
    return 1
