"""Is it a picture that every reader of the data set can decode? If need be, make it one."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from kerasmm.data.opening import DAMAGED, BadPicture
from kerasmm.data.plain_picture import is_animation, plain_picture

MAX_BYTES = 1 << 27
"""Picture files larger than this are refused unread; a record of the data set must hold them."""


class Checked(NamedTuple):
    """What a data set stores of a picture.

    Args:
        encoded: The new bytes, or None when the file is good as it is.
        digest: SHA-256 of the file.
        animated: Whether it has more frames than the one that is stored.
    """

    encoded: bytes | None
    digest: str
    animated: bool


def check_picture(path: Path, max_pixels: int, max_side: int | None = None) -> Checked:
    """Validates a picture file and, only when needed, re-encodes it; see `plain_picture`.

    Args:
        path: The file.
        max_pixels: Refuse pictures that declare more, before they are decoded.
        max_side: Shrink pictures whose longer side is longer.

    Raises:
        BadPicture: With the reason.
    """
    if not path.is_file():
        raise BadPicture("missing file")
    size = path.stat().st_size
    if size == 0:
        raise BadPicture("empty file")
    if size > MAX_BYTES:
        raise BadPicture(f"file larger than {MAX_BYTES >> 20} MiB", f"{size:,} bytes")
    with path.open("rb") as file:
        # It may have grown since.
        content = file.read(MAX_BYTES + 1)
    encoded = plain_picture(content, max_pixels, max_side)
    if len(encoded) > MAX_BYTES:
        raise BadPicture(f"larger than {MAX_BYTES >> 20} MiB as PNG")
    # What was re-encoded has been decoded.
    if encoded is content and not _decodable(content):
        raise BadPicture(DAMAGED)
    return Checked(None if encoded is content else encoded, hashlib.sha256(content).hexdigest(), is_animation(content))


def _decodable(encoded: bytes) -> bool:
    """Whether a plain JPEG or PNG decodes, by the decoders of the readers themselves.

    A JPEG is decoded at an eighth of its size: every one of its bytes is read all the same, but hardly any pixels are
    made.
    """
    import tensorflow as tf

    try:
        if encoded.startswith(b"\xff"):
            tf.io.decode_jpeg(encoded, channels=3, ratio=8)
        else:
            tf.io.decode_png(encoded, channels=3)
    except tf.errors.OpError:
        return False
    return True
