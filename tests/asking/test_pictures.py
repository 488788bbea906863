"""Pictures in memory: what is sent is what a file of them would be."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageFile

from kerasmm.asking.pictures import bytes_or_problem, picture_bytes
from kerasmm.console import UserError


def saved(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pixels(encoded):
    return np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"))


def test_sixteen_bits_are_those_of_a_file(rng):
    deep = rng.integers(0, 1 << 16, (9, 7)).astype("uint16")
    of_image = pixels(picture_bytes(Image.fromarray(deep)))
    assert np.array_equal(of_image, pixels(picture_bytes(saved(Image.fromarray(deep)))))
    # 8 of 16 bits, rounded or cut off.
    assert np.abs(of_image[..., 0].astype(float) - deep / 257).max() <= 1


def test_numbers_without_a_white_are_refused():
    with pytest.raises(UserError, match="mode F"):
        picture_bytes(Image.new("F", (3, 3), 0.5))


def test_one_bad_image_is_a_problem_and_no_end(rng):
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    whole = saved(Image.fromarray(rng.integers(0, 256, (64, 64, 3), "uint8")), "JPEG")
    cut = Image.open(io.BytesIO(whole[: len(whole) // 2]))
    assert "not a picture that can be decoded" in bytes_or_problem(cut)


def test_what_only_others_turn_is_stored_as_the_model_sees_it(rng):
    """A fill byte before APP1 is legal; EXIF behind it isn't looked for, yet viewers turn the picture by it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.fromarray(np.repeat(rng.integers(0, 256, (4, 6, 3), "uint8"), 8, axis=0).repeat(8, axis=1))
    photo = saved(image, "JPEG", exif=exif, quality=95)
    place = photo.index(b"\xff\xe1")
    hidden = photo[:place] + b"\xff" + photo[place:]
    assert Image.open(io.BytesIO(hidden)).getexif().get(0x0112) == 6
    sent = picture_bytes(hidden)
    assert Image.open(io.BytesIO(sent)).getexif().get(0x0112, 1) == 1
    assert Image.open(io.BytesIO(sent)).size == (48, 32)
