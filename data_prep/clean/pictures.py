"""Is it a picture that every reader of the data set can decode? If need be, make it one."""

from __future__ import annotations

import hashlib
import io
import struct
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import PIL.Image

MAX_BYTES = 1 << 27
"""Picture files larger than this are refused unread; a record of the data set must hold them."""

_JPEG_QUALITY = 95
_ORIENTATION = 0x0112
_JPEG_MAGIC = b"\xff\xd8\xff"
_MAGIC = {_JPEG_MAGIC: "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"GIF87a": "GIF", b"GIF89a": "GIF", b"BM": "BMP"}
# What the JPEG and PNG decoders of TensorFlow turn into the RGB that a viewer would show, without our help.
_PLAIN = {"JPEG": ("RGB", "L"), "PNG": ("RGB", "L", "P", "1")}


class BadPicture(Exception):
    """Not a picture that a data set can hold. The message is a short, countable reason."""


def check_picture(path: Path, max_pixels: int, max_side: int | None = None) -> tuple[bytes | None, str]:
    """Validates a picture file and, only when needed, re-encodes it.

    JPEG and PNG in RGB or grey stay byte for byte. GIF (first frame), WebP, BMP, CMYK, 16 bits, transparency (on
    white), turned by EXIF or longer than `max_side` are re-encoded: graphics (PNG, GIF) as PNG, the rest as JPEG.

    Args:
        path: The file.
        max_pixels: Refuse pictures that declare more, before they are decoded.
        max_side: Shrink pictures whose longer side is longer.

    Returns:
        The new bytes, or None when the file is good as it is, and the SHA-256 of the file.

    Raises:
        BadPicture: With the reason.
    """
    if not path.is_file():
        raise BadPicture("missing file")
    size = path.stat().st_size
    if size == 0:
        raise BadPicture("empty file")
    if size > MAX_BYTES:
        raise BadPicture(f"file larger than {MAX_BYTES >> 20} MiB")
    content = path.read_bytes()
    encoded = rgb_picture(content, max_pixels, max_side)
    if not _decodable(encoded, max_pixels):
        raise BadPicture("truncated or damaged picture")
    return (None if encoded is content else encoded), hashlib.sha256(content).hexdigest()


def kind_of(content: bytes) -> str:
    """The format by magic bytes, whatever the file is called."""
    for magic, kind in _MAGIC.items():
        if content.startswith(magic):
            return kind
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP"
    raise BadPicture("not a JPEG, PNG, GIF, WebP or BMP")


def rgb_picture(content: bytes, max_pixels: int, max_side: int | None) -> bytes:
    """The same bytes when they are plain JPEG or PNG, else the picture re-encoded in RGB."""
    from PIL import Image, ImageOps

    kind = kind_of(content)
    try:
        picture = Image.open(io.BytesIO(content), formats=(kind,))
        width, height = picture.size
        if width * height > max_pixels:
            raise BadPicture("declares too many pixels")
        long = max_side is not None and max(width, height) > max_side
        if kind in _PLAIN and not long and _plain(picture, kind):
            return content
        if long and max_side is not None:
            # libjpeg itself decodes at a half, a quarter or an eighth, to no less than twice the size asked for; a
            # picture that isn't JPEG has no drafts.
            width, height = (max(2 * side * max_side // max(width, height), 1) for side in (width, height))
            picture.draft(None, (width, height))
        upright = _over_white(ImageOps.exif_transpose(picture))
        if long and max_side is not None:
            upright.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
        return _saved(upright, "PNG" if kind in ("PNG", "GIF") else "JPEG")
    except Image.DecompressionBombError as error:
        raise BadPicture("declares too many pixels") from error
    except BadPicture:
        raise
    except Exception as error:  # Pillow raises whatever its decoders raise; all of it means a damaged file.
        raise BadPicture("truncated or damaged picture") from error


def _plain(picture: PIL.Image.Image, kind: str) -> bool:
    turned = picture.getexif().get(_ORIENTATION, 1) not in (0, 1)
    return picture.mode in _PLAIN[kind] and not turned and "transparency" not in picture.info


def _over_white(picture: PIL.Image.Image) -> PIL.Image.Image:
    from PIL import Image

    if picture.mode in ("I", "I;16", "I;16B", "I;16L", "F"):
        # 16-bit grey: Pillow's own conversion to 8 bits cuts off instead of scaling.
        return picture.convert("I").point(lambda value: value / 257).convert("L").convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def _saved(picture: PIL.Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **({"quality": _JPEG_QUALITY, "subsampling": 0} if kind == "JPEG" else {}))
    return file.getvalue()


def _decodable(encoded: bytes, max_pixels: int) -> bool:
    """The rule of the readers themselves, so that nothing is stored that they would refuse.

    Says what `kerasmm.data.images.decode_images` says, by the same decoders. A JPEG is decoded at an eighth of its size:
    every one of its bytes is read all the same, but hardly any pixels are made.
    """
    import tensorflow as tf

    from kerasmm.data.images import MAX_PIXELS, MAX_SIDE

    try:
        if encoded.startswith(_JPEG_MAGIC):
            height, width = tf.io.extract_jpeg_shape(encoded).numpy()[:2].tolist()
        else:
            width, height = struct.unpack(">II", encoded[16:24])
        if min(height, width) < 1 or max(height, width) > MAX_SIDE:
            return False
        if height * width > min(max_pixels, MAX_PIXELS):
            return False
        if encoded.startswith(_JPEG_MAGIC):
            tf.io.decode_jpeg(encoded, channels=3, ratio=8)
        else:
            tf.io.decode_png(encoded, channels=3)
    except (tf.errors.OpError, struct.error):
        return False
    return True
