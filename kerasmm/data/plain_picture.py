"""Any picture as a plain JPEG or PNG: what a data set stores of it, and what an export is asked with.

Pixels are those of the graph (`kerasmm.data.pixels`), so that a build, a question and a server see the same ones. Only
WebP, whose operation older servers don't have, is Pillow's.
"""

from __future__ import annotations

import functools
import io
import math
import struct
import sys
from typing import TYPE_CHECKING, NamedTuple

from kerasmm.data.exif import ORIENTATION, PNG_MAGIC, orientation, orientation_of_tiff, png_chunks
from kerasmm.data.opening import DAMAGED, MAX_PIXELS, BadPicture, check_scans, check_sides, opened

if TYPE_CHECKING:
    import PIL.Image
    import tensorflow as tf

_JPEG_QUALITY = 95
_MAGIC = {b"\xff\xd8\xff": "JPEG", PNG_MAGIC: "PNG", b"GIF87a": "GIF", b"GIF89a": "GIF", b"BM": "BMP"}
# Chunks of a PNG with words or profiles, where Pillow stumbles over what the decoder passes by.
_METADATA = (b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"eXIf")
_MOST_BLOCKS = 1 << 18
_TRANSPOSED = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
"""Orientation → Pillow's `Transpose`."""


class Header(NamedTuple):
    """Format, declared sides as they lie in the file, and whether every reader shows it as the graph does."""

    kind: str
    width: int
    height: int
    plain: bool


def kind_of(content: bytes) -> str:
    """The format by magic bytes, whatever the file is called."""
    for magic, kind in _MAGIC.items():
        if content.startswith(magic):
            return kind
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP"
    raise BadPicture("not a JPEG, PNG, GIF, WebP or BMP")


def plain_picture(content: bytes, max_pixels: int, max_side: int | None = None) -> bytes:
    """The same bytes when they are a plain JPEG or PNG, else the picture re-encoded in RGB.

    JPEG and PNG in RGB or grey stay as they are, undecoded. GIF (first frame), WebP, BMP, CMYK, 16 bits, transparency
    (on white), turned by EXIF, what Pillow can't open, and what is too large are re-encoded: photos (JPEG, WebP) as
    JPEG, the others as PNG.

    Args:
        content: The file's bytes.
        max_pixels: Refuse pictures that declare more, before they are decoded. Of more than `MAX_PIXELS`, which every
            reader decodes, pictures are shrunk to these.
        max_side: Shrink pictures whose longer side is longer.

    Raises:
        BadPicture: With the reason.
    """
    kind, width, height, plain = _header(content)
    long, pixels = max(width, height), width * height
    check_sides(width, height, max_pixels)
    fit = long if max_side is None else min(long, max_side)
    if pixels > MAX_PIXELS:
        fit = min(fit, math.floor(long * math.sqrt(MAX_PIXELS / pixels)))
    if plain and fit == long and _opens(content, kind):
        return content
    picture = _by_pillow(content, max_pixels) if kind == "WEBP" else _decoded(content, max_pixels, _ratio(long, fit))
    if fit < long:
        from PIL import Image

        picture.thumbnail((fit, fit), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    photo = kind in ("JPEG", "WEBP")
    picture.save(file, "JPEG" if photo else "PNG", **({"quality": _JPEG_QUALITY, "subsampling": 0} if photo else {}))
    return file.getvalue()


def is_animation(content: bytes) -> bool:
    """Whether a picture has more frames than the first, which is all that is taken of it."""
    if content.startswith(PNG_MAGIC):
        return any(kind == b"acTL" and data[:4] > b"\0\0\0\1" for kind, data in png_chunks(content))
    if content.startswith(b"RIFF"):
        return content[12:16] == b"VP8X" and bool(content[20] & 2)
    return content.startswith(b"GIF") and _frames(content) > 1


def _frames(content: bytes) -> int:
    """Frames of a GIF that begin, up to 2."""
    if len(content) < 13:
        return 0
    at, found = 13 + _colours(content[10]), 0
    # By its bytes: Pillow would decode a frame, and gather all comments before it.
    for _ in range(_MOST_BLOCKS):
        block = content[at : at + 10]
        if block[:1] == b"," and len(block) == 10:
            found += 1
            at += 11 + _colours(block[9])
        elif block[:1] == b"!":
            at += 2
        else:
            break
        if found == 2:
            break
        while at < len(content) and content[at]:
            at += 1 + content[at]
        at += 1
    return found


def _colours(flags: int) -> int:
    return 3 * 2 ** (flags % 8 + 1) if flags & 128 else 0


def _header(content: bytes) -> Header:
    import tensorflow as tf

    kind = kind_of(content)
    try:
        if kind == "JPEG":
            height, width, channels = tf.io.extract_jpeg_shape(content).numpy().tolist()
            check_scans(content)
            return Header(kind, width, height, channels in (1, 3) and orientation(content) == 1)
        if kind == "PNG":
            width, height, depth, colours = struct.unpack_from(">IIBB", content, 16)
            opaque = colours & 4 == 0 and all(name != b"tRNS" for name, _ in png_chunks(content))
            return Header(kind, width, height, opaque and depth <= 8 and orientation(content) == 1)
        if kind == "WEBP":
            # Its bound of pixels is checked as that of the others.
            with opened(content, ("WEBP",), sys.maxsize) as picture:
                return Header(kind, *picture.size, plain=False)
        from kerasmm.data.pixels import NONE, parts_of

        parts = parts_of(tf.constant(content))
        if int(parts.kind) == NONE:
            raise BadPicture(DAMAGED)
        height, width = parts.sides.numpy().tolist()
        return Header(kind, width, height, plain=False)
    except (tf.errors.OpError, struct.error) as error:
        raise BadPicture(DAMAGED) from error


def _opens(content: bytes, kind: str) -> bool:
    """Whether Pillow, with which people look at data sets, opens it and shows it as it lies.

    Metadata that it stumbles over are no damage; and what it turns by EXIF that `orientation` doesn't read, a model would
    see otherwise than people do.
    """
    try:
        with opened(content, (kind,), sys.maxsize) as picture:
            if kind == "PNG" and any(name in content for name in _METADATA):
                picture.load()
            turning = kind == "JPEG" or b"eXIf" in content or b"Raw profile type" in content
            return not turning or picture.getexif().get(ORIENTATION, 1) not in range(2, 9)
    except BadPicture:
        return False


def _ratio(long: int, fit: int) -> int:
    """Libjpeg itself decodes at a half, a quarter or an eighth: to no less than twice what is wanted."""
    return next((ratio for ratio in (8, 4, 2) if long // ratio >= 2 * fit), 1)


def _decoded(content: bytes, max_pixels: int, ratio: int) -> PIL.Image.Image:
    import tensorflow as tf
    from PIL import Image

    try:
        return Image.fromarray(_decoder(max_pixels, ratio)(tf.constant(content)).numpy())
    except tf.errors.OpError as error:
        raise BadPicture(DAMAGED) from error


@functools.lru_cache(maxsize=16)
def _decoder(max_pixels: int, ratio: int) -> tf.types.experimental.PolymorphicFunction:
    import tensorflow as tf

    from kerasmm.data.pixels import decoded, parts_of, shown

    def decode(content: tf.Tensor) -> tf.Tensor:
        with tf.device("/CPU:0"):
            parts = parts_of(content)
            return shown(parts, decoded(parts, max_pixels, ratio))

    return tf.function(decode, input_signature=[tf.TensorSpec((), tf.string)], autograph=False)


def _by_pillow(content: bytes, max_pixels: int) -> PIL.Image.Image:
    from PIL import Image

    with opened(content, ("WEBP",), max_pixels) as picture:
        layered = picture.convert("RGBA")
    opaque = Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")
    turn = orientation_of_tiff(picture.info.get("exif", b"").removeprefix(b"Exif\0\0"))
    return opaque if turn == 1 else opaque.transpose(Image.Transpose(_TRANSPOSED[turn]))
