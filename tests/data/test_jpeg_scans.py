"""Scans are counted as libjpeg goes through a file, before anything is decoded, in Python as in the graph."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerasmm.data.images import decode_images
from kerasmm.data.jpeg_scans import MOST_SCANS, too_many_scans, too_many_scans_in_graph
from kerasmm.data.opening import BadPicture
from kerasmm.data.plain_picture import is_animation, plain_picture
from tests.hostile.recipes.pictures import gif_of_blocks, jpeg_of_scans

SCAN = b"\xff\xda"


@pytest.fixture(scope="module")
def in_graph():
    counted = tf.function(too_many_scans_in_graph, input_signature=[tf.TensorSpec((), tf.string)])
    return lambda content: bool(counted(tf.constant(content)))


def photo(**options):
    noise = np.random.default_rng(7).integers(0, 256, (64, 64, 3), dtype="uint8")
    Image.fromarray(noise).save(file := io.BytesIO(), "JPEG", **options)
    return file.getvalue()


def segment(kind, data):
    return b"\xff" + bytes([kind]) + (len(data) + 2).to_bytes(2, "big") + data


CASES = {
    "baseline": (photo(), False),
    "progressive": (photo(progressive=True), False),
    "restarts": (photo(restart_marker_blocks=1), False),
    "many scans": (jpeg_of_scans(1000), True),
    # Pillow writes six scans of a grey picture.
    "as many as may be": (jpeg_of_scans(MOST_SCANS - 6), False),
    "one more": (jpeg_of_scans(MOST_SCANS - 5), True),
    "in a comment": (b"\xff\xd8" + segment(0xFE, SCAN * 300) + photo()[2:], False),
    "behind the end": (photo() + SCAN * 300, False),
    "rubbish between segments": (b"\xff\xd8" + b"ab\xff\x00" * 9 + (SCAN + b"\0\2ab") * 101, True),
    "segments without end": (b"\xff\xd8\xff" + b"\xd8\xff" * 9000 + SCAN * 200, True),
}


@pytest.mark.parametrize("content, expected", CASES.values(), ids=CASES)
def test_scans_are_counted(content, expected, in_graph):
    assert too_many_scans(content) is expected
    assert in_graph(content) is expected


def test_graph_and_python_agree(rng, in_graph):
    parts = [SCAN, b"\xff\xd9", b"\xff\xd8", b"\xff\xff", b"\xff\x01", b"\xff\xe1\0\5", b"\xff\0", b"\xff\xd3", b"ab"]
    parts += [SCAN + b"\0\2", b"\xff"]
    chances = [0.3, 0.001, 0.05, 0.1, 0.05, 0.1, 0.05, 0.05, 0.05, 0.2, 0.049]
    for _ in range(20):
        drawn = rng.choice(len(parts), rng.integers(300, 1200), p=chances)
        content = b"\xff\xd8\xff" + b"".join(parts[part] for part in drawn)
        assert too_many_scans(content) is in_graph(content)


def test_costly_pictures_are_refused_before_they_are_decoded():
    costly, gif = jpeg_of_scans(1000), gif_of_blocks(200_000)
    with pytest.raises(BadPicture, match="too many scans"):
        plain_picture(costly, 50_000_000)
    with pytest.raises(BadPicture, match="damaged"):
        plain_picture(gif, 50_000_000)
    assert not is_animation(gif)
    _, valid = decode_images(tf.constant([costly, gif, photo(), gif_of_blocks(1000)]), (8, 8))
    assert valid.numpy().tolist() == [False, False, True, True]
