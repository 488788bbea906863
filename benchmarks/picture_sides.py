"""What each side of `images.py` does with picture files; every function returns something that can be compared."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

MAX_PIXELS, PIXELS, AT_ONCE, JPEG_QUALITY = 50_000_000, 224, 32, 95

Checked = list[tuple[str, tuple[int, int]]]
"""Of each picture: SHA-256 of the file, or empty where it is no picture; and the sides of what is kept."""

Work = Callable[[Sequence[Path]], "Checked | np.ndarray"]


def size_of(encoded: bytes) -> tuple[int, int]:
    """Width and height, from the header."""
    from PIL import Image

    return Image.open(io.BytesIO(encoded)).size


def ours(side: int) -> Mapping[str, Work]:
    """What `data_prep build` does: `check_picture` in cleaning, the readers' decoder before the encoder."""
    import numpy as np
    import tensorflow as tf

    from data_prep.pictures import BadPicture, check_picture
    from kerasmm.data.images import decode_images

    def checked(paths: Sequence[Path], max_side: int | None) -> Checked:
        found: Checked = []
        for path in paths:
            try:
                made, digest = check_picture(path, MAX_PIXELS, max_side)
                found.append((digest, size_of(path.read_bytes() if made is None else made)))
            except BadPicture:
                found.append(("", (0, 0)))
        return found

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string)])
    def decode(encoded: tf.Tensor) -> tf.Tensor:
        return decode_images(encoded, (PIXELS, PIXELS))[0]

    def pixels(paths: Sequence[Path]) -> np.ndarray:
        batches = (paths[start : start + AT_ONCE] for start in range(0, len(paths), AT_ONCE))
        return np.concatenate([decode([path.read_bytes() for path in batch]).numpy() for batch in batches])

    return {"check": lambda paths: checked(paths, None), "shrink": lambda paths: checked(paths, side), "pixels": pixels}


def pillow(side: int) -> Mapping[str, Work]:
    """A plain loop with Pillow: open, verify, decode; make smaller and save; or resize for an encoder."""
    import numpy as np
    from PIL import Image

    def verified(content: bytes) -> Image.Image:
        Image.open(io.BytesIO(content)).verify()
        # A picture that was verified can't be read any more.
        return Image.open(io.BytesIO(content))

    def check(paths: Sequence[Path]) -> Checked:
        found: Checked = []
        for path in paths:
            content = path.read_bytes()
            try:
                picture = verified(content)
                picture.load()
            except (OSError, SyntaxError):
                found.append(("", (0, 0)))
                continue
            found.append((hashlib.sha256(content).hexdigest(), size_of(content)))
        return found

    def shrink(paths: Sequence[Path]) -> Checked:
        found: Checked = []
        for path in paths:
            content = path.read_bytes()
            try:
                picture = verified(content)
                # `thumbnail` has libjpeg decode at half, a quarter or an eighth of the size where that is enough.
                picture.thumbnail((side, side), Image.Resampling.LANCZOS)
                file = io.BytesIO()
                picture.convert("RGB").save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
            except (OSError, SyntaxError):
                found.append(("", (0, 0)))
                continue
            found.append((hashlib.sha256(content).hexdigest(), size_of(file.getvalue())))
        return found

    def pixels(paths: Sequence[Path]) -> np.ndarray:
        decoded = []
        for path in paths:
            picture = verified(path.read_bytes()).convert("RGB")
            resized = picture.resize((PIXELS, PIXELS), Image.Resampling.BILINEAR)
            decoded.append(np.asarray(resized, "float32"))
        return np.stack(decoded)

    return {"check": check, "shrink": shrink, "pixels": pixels}


def img2dataset(side: int) -> Mapping[str, Work]:
    """img2dataset's resizer (OpenCV), without its downloads and shards. It makes JPEGs, no arrays."""
    from img2dataset.resizer import Resizer

    def run(resizer: Resizer, paths: Sequence[Path]) -> Checked:
        found: Checked = []
        for path in paths:
            content = path.read_bytes()
            made, *_, error = resizer(io.BytesIO(content))
            if error is None:
                found.append((hashlib.sha256(content).hexdigest(), size_of(made)))
            else:
                found.append(("", (0, 0)))
        return found

    decoder = Resizer(side, "no", True, skip_reencode=True, max_image_area=MAX_PIXELS)
    shrinker = Resizer(
        side, "keep_ratio_largest", True, encode_quality=JPEG_QUALITY, skip_reencode=True, max_image_area=MAX_PIXELS
    )
    return {"check": lambda paths: run(decoder, paths), "shrink": lambda paths: run(shrinker, paths)}
