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

Made = list[tuple[str, bytes | None]]
"""Of each picture: SHA-256 of the file, empty where it is no picture; and the new bytes, None where the file stays."""

Work = Callable[[Sequence[Path]], "Made | np.ndarray"]


def ours(side: int) -> Mapping[str, Work]:
    """What `data_prep build` does: `check_picture` in cleaning, the readers' decoder before the encoder."""
    import numpy as np
    import tensorflow as tf

    from data_prep.clean.pictures import BadPicture, check_picture
    from kerasmm.data.images import decode_images

    def checked(paths: Sequence[Path], max_side: int | None) -> Made:
        found: Made = []
        for path in paths:
            try:
                made, digest, _ = check_picture(path, MAX_PIXELS, max_side)
                found.append((digest, made))
            except BadPicture:
                found.append(("", None))
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
    return _pillow(side, drafts=False)


def pillow_drafts(side: int) -> Mapping[str, Work]:
    """The same, but libjpeg decodes at half, a quarter or an eighth of the size where that is enough."""
    return {"shrink": _pillow(side, drafts=True)["shrink"]}


def _pillow(side: int, drafts: bool) -> Mapping[str, Work]:
    import numpy as np
    from PIL import Image

    def verified(content: bytes) -> Image.Image:
        Image.open(io.BytesIO(content)).verify()
        # A picture that was verified can't be read any more.
        return Image.open(io.BytesIO(content))

    def decoded(content: bytes) -> None:
        verified(content).load()

    def smaller(content: bytes) -> bytes | None:
        picture = verified(content)
        if max(picture.size) <= side:
            picture.load()
            return None
        if not drafts:
            picture.load()
        # Of a picture that isn't loaded yet, `thumbnail` asks the decoder for a draft.
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        file = io.BytesIO()
        picture.convert("RGB").save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        return file.getvalue()

    def over_files(work: Callable[[bytes], bytes | None], paths: Sequence[Path]) -> Made:
        found: Made = []
        for path in paths:
            content = path.read_bytes()
            try:
                found.append((hashlib.sha256(content).hexdigest(), work(content)))
            except (OSError, SyntaxError):
                found.append(("", None))
        return found

    def pixels(paths: Sequence[Path]) -> np.ndarray:
        made = []
        for path in paths:
            picture = verified(path.read_bytes()).convert("RGB")
            made.append(np.asarray(picture.resize((PIXELS, PIXELS), Image.Resampling.BILINEAR), "float32"))
        return np.stack(made)

    return {
        "check": lambda paths: over_files(decoded, paths),
        "shrink": lambda paths: over_files(smaller, paths),
        "pixels": pixels,
    }


def img2dataset(side: int) -> Mapping[str, Work]:
    """img2dataset's resizer (OpenCV; area filter, halved colours), without its downloads and shards. It makes no arrays."""
    from img2dataset.resizer import Resizer

    def run(resizer: Resizer, paths: Sequence[Path]) -> Made:
        found: Made = []
        for path in paths:
            content = path.read_bytes()
            made, *_, error = resizer(io.BytesIO(content))
            digest = hashlib.sha256(content).hexdigest()
            found.append(("", None) if error is not None else (digest, None if made == content else made))
        return found

    settings = {"skip_reencode": True, "max_image_area": MAX_PIXELS, "encode_quality": JPEG_QUALITY}
    check = Resizer(side, "no", True, **settings)
    shrink = Resizer(side, "keep_ratio_largest", True, **settings)
    return {"check": lambda paths: run(check, paths), "shrink": lambda paths: run(shrink, paths)}
