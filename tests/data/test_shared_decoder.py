"""What data sets decode pictures by."""

import io

import numpy as np
import tensorflow as tf
from PIL import Image

from kerasmm.data import shared_decoder
from kerasmm.data.images import decode_images
from kerasmm.data.shared_decoder import decode_shared
from tests.data.picture_kinds import kinds

SIZE = (9, 7)


def through_a_data_set(pictures, batch, size=SIZE, resize="squash"):
    given = tf.data.Dataset.from_tensor_slices(tf.constant(pictures, tf.string)).batch(batch)
    made = given.map(lambda some: decode_shared(some, size, resize), num_parallel_calls=2)
    assert [spec.shape.as_list() for spec in made.element_spec] == [[None, *size, 3], [None]]
    return made


def test_every_kind_of_picture_comes_as_it_does_elsewhere(rng):
    """In the order of the rows, junk and bytes that end in zeros among them."""
    pictures = [kind.content for kind in kinds(rng).values()] + [b"", b"\0", b"junk\0\0"]
    graph = tf.function(lambda given: decode_images(given, SIZE, "crop"), autograph=False)
    images, valid = graph(tf.constant(pictures, tf.string))
    found = list(through_a_data_set(pictures, 5, resize="crop"))
    np.testing.assert_array_equal(np.concatenate([one for one, _ in found]), images)
    np.testing.assert_array_equal(np.concatenate([good for _, good in found]), valid)
    assert 0 < np.count_nonzero(valid) < len(pictures)


def test_no_picture_at_all():
    images, valid = decode_shared(tf.constant([], tf.string), SIZE)
    assert images.shape == (0, *SIZE, 3) and valid.shape == (0,)


def test_data_sets_of_a_size_share_one_decoder(monkeypatch):
    """And hold none of its operations themselves, or each way through them would make them ready anew."""
    traced = []

    def counted(encoded, size, resize):
        traced.append((size, resize))
        return decode_images(encoded, size, resize)

    monkeypatch.setattr(shared_decoder, "decode_images", counted)
    shared_decoder._decoder.cache_clear()
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, "PNG")
    for size in ((3, 5), (3, 5), (5, 3)):
        for _ in range(2):
            made = through_a_data_set([file.getvalue()] * 3, 2, size)
            assert [len(images) for images, _ in made] == [2, 1]
    assert traced == [((3, 5), "squash"), ((5, 3), "squash")]
    graph = tf.function(lambda: decode_shared(tf.constant([b""]), (3, 5))).get_concrete_function().graph
    assert {op.type for op in graph.get_operations()} == {"Const", "PyFuncStateless", "EnsureShape", "Identity"}
