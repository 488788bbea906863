"""Which picture files a data set takes, and what it makes of the others."""

import hashlib
import io
import os
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from data_prep.clean.pictures import check_picture
from kerasmm.data.images import decode_images
from kerasmm.data.opening import BadPicture
from tests.data.picture_kinds import most_apart

MAX = 50_000_000


def saved(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def photo(rng, mode="RGB", size=(24, 16)):
    """Smooth enough that JPEG keeps it nearly as it is."""
    small = rng.integers(40, 216, (2, 3, 3), dtype="uint8")
    return Image.fromarray(small).resize(size, Image.Resampling.BILINEAR).convert(mode)


def check(tmp_path, content, max_pixels=MAX, max_side=None):
    path = tmp_path / "picture.jpg"
    path.write_bytes(content)
    checked = check_picture(path, max_pixels, max_side)
    assert checked.digest == hashlib.sha256(content).hexdigest()
    return checked.encoded


def pixels(content):
    return np.asarray(Image.open(io.BytesIO(content))).astype(int)


def test_plain_files_stay_as_they_are(tmp_path, rng):
    for kind, mode in (("JPEG", "RGB"), ("JPEG", "L"), ("PNG", "RGB"), ("PNG", "L"), ("PNG", "P"), ("PNG", "1")):
        content = saved(photo(rng, mode), kind)
        assert check(tmp_path, content) is None, (kind, mode)
        # What stays must look to the decoder of the readers as it looks to Pillow.
        seen = decode_images(tf.constant([content]), (16, 24))[0].numpy()[0]
        np.testing.assert_allclose(seen, pixels(saved(Image.open(io.BytesIO(content)).convert("RGB"), "PNG")), atol=4)


def test_other_formats_become_rgb(tmp_path, rng):
    for kind, result in (("GIF", "PNG"), ("WEBP", "JPEG"), ("BMP", "PNG")):
        content = saved(photo(rng), kind)
        new = check(tmp_path, content)
        assert Image.open(io.BytesIO(new)).format == result
        given = np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)
        assert np.sqrt(np.mean(np.square(pixels(new) - given))) <= most_apart(new)


def test_the_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    new = check(tmp_path, saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert pixels(new)[0, 0].tolist() == [255, 0, 0]


def test_transparency_goes_on_white(tmp_path):
    layer = Image.new("RGBA", (4, 2), (200, 0, 0, 255))
    layer.putpixel((0, 0), (0, 0, 0, 0))
    layer.putpixel((1, 0), (0, 0, 0, 51))
    new = pixels(check(tmp_path, saved(layer, "PNG")))
    # Alpha 0 is white, alpha 51 = 0.2 of black on white is 0.8 × 255 = 204, alpha 255 is the colour.
    assert [new[0, x].tolist() for x in range(3)] == [[255, 255, 255], [204, 204, 204], [200, 0, 0]]
    palette = saved(layer.quantize(), "PNG")
    assert pixels(check(tmp_path, palette))[0, 0].tolist() == [255, 255, 255]


def test_sixteen_bits_are_scaled(tmp_path):
    deep = Image.fromarray(np.array([[0, 257 * 100, 65535]], "uint16"))
    assert pixels(check(tmp_path, saved(deep, "PNG")))[0].tolist() == [[0] * 3, [100] * 3, [255] * 3]


def test_cmyk_is_converted_as_pillow_does(tmp_path, rng):
    content = saved(photo(rng, "CMYK"), "JPEG")
    expected = np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)
    np.testing.assert_allclose(pixels(check(tmp_path, content)), expected, atol=6)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_exif_turns_are_carried_out(tmp_path, orientation):
    # A red corner top left; where it goes is the definition of the EXIF tag 0x0112.
    corner = {2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0)}[orientation]
    picture = Image.new("RGB", (64, 32), "white")
    picture.paste("red", (0, 0, 16, 16))
    exif = Image.Exif()
    exif[0x0112] = orientation
    new = pixels(check(tmp_path, saved(picture, "JPEG", exif=exif)))
    assert new.shape[:2] == ((32, 64) if orientation < 5 else (64, 32))
    assert new[corner][0] > 200 > 60 > new[corner][1]
    assert Image.open(io.BytesIO(saved(picture, "JPEG", exif=exif))).getexif()[0x0112] == orientation


def test_an_upright_exif_picture_stays(tmp_path, rng):
    exif = Image.Exif()
    exif[0x0112] = 1
    assert check(tmp_path, saved(photo(rng), "JPEG", exif=exif)) is None


def test_long_sides_are_shrunk(tmp_path, rng):
    new = check(tmp_path, saved(photo(rng, size=(200, 50)), "PNG"), max_side=100)
    assert Image.open(io.BytesIO(new)).size == (100, 25)
    assert check(tmp_path, saved(photo(rng, size=(100, 50)), "PNG"), max_side=100) is None


def test_large_jpegs_are_shrunk_to_what_pillow_makes_of_all_their_pixels(tmp_path, rng):
    for size, mode in (((1200, 800), "RGB"), ((500, 900), "RGB"), ((1600, 130), "L")):
        content = saved(photo(rng, mode, size), "JPEG", quality=95)
        expected = Image.open(io.BytesIO(content)).convert("RGB")
        expected = expected.resize([round(side * 96 / max(size)) for side in size], Image.Resampling.LANCZOS)
        new = check(tmp_path, content, max_side=96)
        assert Image.open(io.BytesIO(new)).size == expected.size
        # Libjpeg's smaller picture has whole pixels of 8: the last one of 130 rows is a quarter full, a shift of 0.4 of the
        # 17 rows. Of rows that differ by 176 at most over half the height that is up to 8; by all drawn, 1.7.
        assert np.abs(pixels(new) - np.asarray(expected).astype(int)).mean() < 4, (size, mode)


def huge_png(width, height):
    """A valid header of a picture that would fill the memory."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def bad_files(rng):
    jpeg, png = saved(photo(rng, size=(64, 64)), "JPEG"), saved(photo(rng, size=(64, 64)), "PNG")
    flipped = bytearray(png)
    flipped[len(png) // 2] ^= 0xFF
    return {
        "truncated jpeg": (jpeg[: len(jpeg) // 2], "truncated or damaged picture"),
        "truncated png": (png[: len(png) // 2], "truncated or damaged picture"),
        "flipped byte": (bytes(flipped), "truncated or damaged picture"),
        "header only": (jpeg[:4], "truncated or damaged picture"),
        "truncated gif": (saved(photo(rng, size=(64, 64)), "GIF")[:30], "truncated or damaged picture"),
        "truncated bmp": (saved(photo(rng), "BMP")[:60], "truncated or damaged picture"),
        "huge png": (huge_png(50_000, 50_000), "declares too many pixels"),
        "huger png": (huge_png(2**31 - 1, 2**31 - 1), "declares too many pixels"),
        "text": (b"this is no picture", "not a JPEG, PNG, GIF, WebP or BMP"),
        "html": (b"<html>404</html>", "not a JPEG, PNG, GIF, WebP or BMP"),
        "tiff": (saved(photo(rng), "TIFF"), "not a JPEG, PNG, GIF, WebP or BMP"),
        "empty": (b"", "empty file"),
    }


def test_bad_files_are_refused_with_a_countable_reason(tmp_path, rng):
    for name, (content, reason) in bad_files(rng).items():
        with pytest.raises(BadPicture) as error:
            check(tmp_path, content)
        assert str(error.value) == reason, name


def test_the_limit_is_the_configured_one(tmp_path, rng):
    content = saved(photo(rng, size=(20, 20)), "PNG")
    assert check(tmp_path, content, max_pixels=400) is None
    with pytest.raises(BadPicture, match="too many pixels"):
        check(tmp_path, content, max_pixels=399)


def test_what_is_no_plain_file(tmp_path):
    for path in (tmp_path / "absent.jpg", tmp_path):
        with pytest.raises(BadPicture, match="missing file"):
            check_picture(path, MAX)
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(BadPicture, match="missing file"):
        check_picture(tmp_path / "pipe.jpg", MAX)


def test_damage_never_raises_anything_else_and_what_passes_decodes(tmp_path, rng):
    contents = [saved(photo(rng, size=(40, 30)), kind) for kind in ("JPEG", "PNG", "GIF", "WEBP", "BMP")]
    contents += [saved(photo(rng, size=(40, 30)), "JPEG", **way) for way in ({"progressive": True}, {"subsampling": 0})]
    contents.append(saved(photo(rng, "L", size=(40, 30)), "JPEG", restart_marker_blocks=2))
    for _ in range(240):
        content = bytearray(contents[rng.integers(len(contents))])
        for place in rng.integers(0, len(content), rng.integers(1, 6)):
            content[place] = rng.integers(256)
        try:
            new = check(
                tmp_path, bytes(content[: rng.integers(1, len(content) + 1)] if rng.random() < 0.3 else content)
            )
        except BadPicture:
            continue
        stored = (tmp_path / "picture.jpg").read_bytes() if new is None else new
        assert decode_images(tf.constant([stored]), (4, 4))[1].numpy()[0]
