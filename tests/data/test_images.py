"""Decoding against Pillow, and every kind of bad picture."""

import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerasmm.data.images import GREY, decode_images
from kerasmm.data.opening import MAX_SIDE
from kerasmm.data.resizing import CROP_SHARE
from tests.peak_memory import growth, in_own_process


def encode(image, form, **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def smooth(rng, height, width, channels=3):
    """A random picture without sharp edges, which JPEG would blur."""
    small = rng.integers(0, 256, (3, 3, channels), dtype="uint8")
    bands = [Image.fromarray(small[..., c]).resize((width, height), Image.Resampling.BICUBIC) for c in range(channels)]
    return np.stack([np.asarray(band) for band in bands], axis=-1)


def noise(rng, height, width, *channels):
    return rng.integers(0, 256, (height, width, *channels), dtype="uint8")


def decoded(encoded, size, resize="squash", **options):
    images, valid = decode_images(tf.constant([encoded], tf.string), size, resize, **options)
    assert images.shape == (1, *size, 3) and valid.shape == (1,)
    return images.numpy()[0], bool(valid[0])


def traced(size, resize):
    """The graph of a batch of any size, traced once."""
    signature = [tf.TensorSpec([None], tf.string)]
    return tf.function(lambda x: decode_images(x, size, resize), signature, autograph=False)


def float_resize(pixels, height, width):
    """Pillow's bilinear filter with its support scaled to the reduction, in floating point."""
    bands = [Image.fromarray(pixels[..., c].astype("float32")) for c in range(3)]
    return np.stack([np.asarray(band.resize((width, height), Image.Resampling.BILINEAR)) for band in bands], axis=-1)


# === Formats ===


def test_png_of_any_mode_is_exact(rng):
    colour, grey = noise(rng, 13, 17, 3), noise(rng, 13, 17)
    palette = Image.fromarray(colour).quantize(16)
    bits = Image.fromarray(grey > 127)
    cases = {
        "RGB": (Image.fromarray(colour), colour),
        "L": (Image.fromarray(grey), np.repeat(grey[..., None], 3, axis=-1)),
        "P": (palette, np.asarray(palette.convert("RGB"))),
        "1": (bits, np.asarray(bits.convert("RGB"))),
    }
    for mode, (image, want) in cases.items():
        assert image.mode == mode
        got, valid = decoded(encode(image, "PNG"), (13, 17))
        assert valid
        np.testing.assert_array_equal(got, want, err_msg=mode)


def test_interlaced_png_is_exact(rng):
    # Pillow writes no interlaced PNG: one is put together by hand, a single row of pixels in the passes of Adam7.
    row = noise(rng, 1, 8, 3)[0]
    passes = [[0], [4], [], [2, 6], [], [1, 3, 5, 7]]
    raw = b"".join(b"\0" + row[columns].tobytes() for columns in passes if columns)
    got, valid = decoded(png(struct.pack(">IIBBBBB", 8, 1, 8, 2, 0, 0, 1), zlib.compress(raw)), (1, 8))
    assert valid
    np.testing.assert_array_equal(got[0], row)


def test_transparent_png_lies_on_white(rng):
    pixels = noise(rng, 11, 12, 4)
    pixels[0, :3, 3] = 0, 128, 255
    image = Image.fromarray(pixels)
    white = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    got, valid = decoded(encode(image, "PNG"), (11, 12))
    assert valid
    np.testing.assert_allclose(got, np.asarray(white), atol=1)
    assert (got[0, 0] == 255).all()
    np.testing.assert_array_equal(got[0, 2], pixels[0, 2, :3])


def test_grey_and_palette_png_with_transparency(rng):
    grey = noise(rng, 6, 5)
    image = Image.fromarray(np.stack([grey, np.full_like(grey, 255)], axis=-1), "LA")
    np.testing.assert_array_equal(decoded(encode(image, "PNG"), (6, 5))[0], np.repeat(grey[..., None], 3, axis=-1))
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([10, 20, 30, 200, 100, 50])
    got, valid = decoded(encode(palette, "PNG", transparency=1), (4, 4))
    assert valid and (got == 255).all()


def test_sixteen_bit_png_keeps_the_high_byte(rng):
    pixels = rng.integers(0, 65536, (7, 9), dtype="uint16")
    got, valid = decoded(encode(Image.fromarray(pixels), "PNG"), (7, 9))
    assert valid
    np.testing.assert_allclose(got[..., 0], pixels / 257, atol=1)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 30}, {"subsampling": 0, "quality": 95}])
def test_jpeg_is_as_pillow_decodes_it(rng, options):
    encoded = encode(Image.fromarray(smooth(rng, 37, 50)), "JPEG", **options)
    want = np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"), "float32")
    got, valid = decoded(encoded, (37, 50))
    assert valid
    # Decoders may round otherwise and interpolate chroma otherwise.
    assert np.abs(got - want).mean() < 2 and np.abs(got - want).max() < 16


def test_grey_and_cmyk_jpeg(rng):
    grey = Image.fromarray(smooth(rng, 24, 24, 1)[..., 0])
    got, valid = decoded(encode(grey, "JPEG"), (24, 24))
    assert valid
    assert np.abs(got - np.asarray(grey, "float32")[..., None]).mean() < 3
    cmyk = Image.fromarray(smooth(rng, 24, 24)).convert("CMYK")
    encoded = encode(cmyk, "JPEG", quality=95)
    want = np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"), "float32")
    got, valid = decoded(encoded, (24, 24))
    assert valid
    assert np.abs(got - want).mean() < 3


def test_one_pixel():
    encoded = encode(Image.new("RGB", (1, 1), (10, 200, 30)), "PNG")
    for resize in ("squash", "crop"):
        got, valid = decoded(encoded, (5, 4), resize)
        assert valid
        np.testing.assert_allclose(got, np.broadcast_to([10, 200, 30], (5, 4, 3)), atol=1e-3)


# === Sizes ===


@pytest.mark.parametrize(("height", "width"), [(61, 40), (20, 90), (8, 8), (200, 31)])
def test_squash_fills_the_frame(rng, height, width):
    pixels = noise(rng, height, width, 3)
    got, _ = decoded(encode(Image.fromarray(pixels), "PNG"), (24, 32))
    np.testing.assert_allclose(got, float_resize(pixels, 24, 32), atol=0.05)


@pytest.mark.parametrize(("height", "width"), [(61, 40), (20, 90), (8, 8), (28, 28), (200, 31)])
def test_crop_keeps_the_proportions_and_the_centre(rng, height, width):
    pixels = noise(rng, height, width, 3)
    frame_height, frame_width = 21, 28
    scale = max(frame_height / CROP_SHARE / height, frame_width / CROP_SHARE / width)
    tall, wide = round(height * scale), round(width * scale)
    top, left = (tall - frame_height) // 2, (wide - frame_width) // 2
    want = float_resize(pixels, tall, wide)[top : top + frame_height, left : left + frame_width]
    got, _ = decoded(encode(Image.fromarray(pixels), "PNG"), (frame_height, frame_width), "crop")
    np.testing.assert_allclose(got, want, atol=0.05)


def test_says_what_was_wrong():
    with pytest.raises(ValueError, match="resize='stretch'"):
        decode_images(tf.constant([b""]), (4, 4), "stretch")


# === Bad pictures ===


def png(header, data, flip=None):
    """A PNG by hand: header chunk, data chunk, end; `flip` damages one byte of the data chunk."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    body = bytearray(chunk(b"IDAT", data))
    if flip is not None:
        body[8 + flip] ^= 0x10
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + bytes(body) + chunk(b"IEND", b"")


def declared_jpeg(encoded, height, width):
    """A JPEG whose frame header declares another size."""
    place = encoded.index(b"\xff\xc0")
    return encoded[: place + 5] + struct.pack(">HH", height, width) + encoded[place + 9 :]


def declared_gif(encoded):
    """A GIF whose frame declares as many pixels as it can."""
    place = encoded.index(b",\0\0\0\0")
    return encoded[: place + 5] + b"\xff" * 4 + encoded[place + 9 :]


def bad_pictures(rng):
    photo = Image.fromarray(noise(rng, 40, 40, 3))
    good_png, good_jpeg = encode(photo, "PNG"), encode(photo, "JPEG")
    rgb = struct.pack(">BBBBB", 8, 2, 0, 0, 0)
    return {
        "empty": b"",
        "text": b"a text file named .jpg",
        "junk": rng.bytes(500),
        "truncated GIF": encode(photo, "GIF")[:-9],
        "truncated BMP": encode(photo, "BMP")[:-9],
        "declared 65,535 x 65,535 GIF": declared_gif(encode(photo, "GIF")),
        "declared 50,000 x 50,000 BMP": encode(photo, "BMP")[:18] + struct.pack("<ii", 50_000, 50_000) + bytes(99),
        "WebP": encode(photo, "WEBP"),
        "JPEG magic only": b"\xff\xd8\xff",
        "JPEG magic and junk": b"\xff\xd8\xff\xe0" + rng.bytes(500),
        "PNG magic only": b"\x89PNG\r\n\x1a\n",
        "PNG magic and junk": b"\x89PNG\r\n\x1a\n" + rng.bytes(500),
        "PNG header only": good_png[:33],
        "truncated JPEG": good_jpeg[: len(good_jpeg) // 2],
        "truncated PNG": good_png[: len(good_png) // 2],
        "flipped PNG byte": png(struct.pack(">II", 2, 1) + rgb, zlib.compress(b"\0" + bytes(6)), flip=3),
        "PNG of no width": png(struct.pack(">II", 0, 5) + rgb, zlib.compress(b"")),
        "declared 50,000 x 50,000 PNG": png(struct.pack(">II", 50_000, 50_000) + rgb, zlib.compress(b"")),
        "declared 4,294,967,295 squared PNG": png(b"\xff" * 8 + rgb, zlib.compress(b"")),
        "declared 65,500 x 65,500 JPEG": declared_jpeg(good_jpeg, 65_500, 65_500),
        "real picture of 144 megapixels": encode(Image.new("1", (12_000, 12_000)), "PNG"),
        "real strip of one pixel's height": encode(Image.new("1", (MAX_SIDE + 1, 1)), "PNG"),
    }


def test_a_bad_picture_costs_its_own_row_only(rng):
    photo = Image.fromarray(noise(rng, 30, 20, 3))
    good = [encode(photo, "PNG"), encode(photo, "JPEG")]
    alone, _ = decode_images(tf.constant(good), (16, 16))
    decode = traced((16, 16), "squash")
    for name, bad in bad_pictures(rng).items():
        images, valid = decode(tf.constant([good[0], bad, good[1]]))
        assert valid.numpy().tolist() == [True, False, True], name
        assert (images[1].numpy() == GREY).all(), name
        np.testing.assert_array_equal(images.numpy()[[0, 2]], alone, err_msg=name)


def memory_of_decoding():
    """MiB that the largest pictures take: whether it was refused, and how much it took."""
    bombs, strip = bad_pictures(np.random.default_rng()), encode(Image.new("1", (20_000, 1), 1), "PNG")
    cases = {
        "refused picture": (bombs["real picture of 144 megapixels"], "crop", {}),
        "refused strip": (bombs["real strip of one pixel's height"], "crop", {}),
        "accepted picture": (bombs["real picture of 144 megapixels"], "crop", {"max_pixels": 144_000_000}),
        "squashed strip": (strip, "squash", {}),
        "cropped strip": (strip, "crop", {}),
    }
    found = {}
    for name, (encoded, resize, options) in cases.items():
        decode = tf.function(lambda x, r=resize, o=options: decode_images(x, (224, 224), r, **o), autograph=False)
        decode(tf.constant([b""]))
        results = []
        taken = growth(lambda decode=decode, encoded=encoded, kept=results: kept.append(decode(tf.constant([encoded]))))
        images, valid = results[0]
        found[name] = {"taken": taken, "valid": bool(valid[0]), "white": bool(np.allclose(images, 255))}
    return found


@pytest.fixture(scope="module")
def memory():
    return in_own_process(memory_of_decoding)


def test_what_a_small_file_declares_is_refused_before_it_is_decoded(memory):
    for name in ("refused picture", "refused strip"):
        assert not memory[name]["valid"]
        assert memory[name]["taken"] < 100
    # Decoded, the first takes 432 MB, which shows here.
    assert memory["accepted picture"]["valid"]
    assert memory["accepted picture"]["taken"] > 400


@pytest.mark.parametrize("resize", ["squashed", "cropped"])
def test_a_long_strip_is_resized_in_little_memory(memory, resize):
    found = memory[f"{resize} strip"]
    assert found["valid"] and found["white"]
    # Enlarged before it is cut, `crop` would hold 256 x 5,120,000 pixels.
    assert found["taken"] < 300


def test_max_pixels_is_a_setting():
    encoded = encode(Image.new("RGB", (10, 10)), "PNG")
    assert decoded(encoded, (4, 4), max_pixels=100)[1]
    assert not decoded(encoded, (4, 4), max_pixels=99)[1]


# === Batches ===


@pytest.mark.parametrize("resize", ["squash", "crop"])
def test_direct_call_one_by_one_and_batched_dataset_agree(rng, resize):
    pictures = [encode(Image.fromarray(noise(rng, *rng.integers(1, 60, 2), 3)), "PNG") for _ in range(7)] + [b"bad"]
    direct, valid = decode_images(tf.constant(pictures), (12, 10), resize)
    assert valid.numpy().tolist() == [True] * 7 + [False]
    dataset = tf.data.Dataset.from_tensor_slices(pictures)
    for size in (1, 3, 8):
        parts = list(dataset.batch(size).map(lambda x: decode_images(x, (12, 10), resize)))
        np.testing.assert_array_equal(np.concatenate([images for images, _ in parts]), direct)
        np.testing.assert_array_equal(np.concatenate([flags for _, flags in parts]), valid)


def test_empty_batch():
    for function in (decode_images, tf.function(decode_images, autograph=False)):
        images, valid = function(tf.zeros((0,), tf.string), (6, 7))
        assert images.shape == (0, 6, 7, 3) and valid.shape == (0,)
