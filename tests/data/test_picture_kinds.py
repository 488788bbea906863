"""What a build, the command line and a server make of one picture: the same, for every kind."""

import io
import json

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from data_prep.clean.pictures import BadPicture, check_picture
from kerasmm.asking.pictures import picture_bytes
from kerasmm.data.exif import orientation
from kerasmm.data.exif_graph import exif_of_jpeg, orientation_of, png_parts
from kerasmm.data.images import decode_images
from kerasmm.data.opening import MAX_PIXELS
from kerasmm.data.pixels import decoded, parts_of, shown
from kerasmm.serving.check import ALLOWED_OPS
from kerasmm.serving.session_check import ops_of
from tests.data import picture_kinds
from tests.data.picture_kinds import kinds, most_apart
from tests.hostile import fuzz

SIDE = 24


class Decode(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string)], autograph=False)
    def __call__(self, image):
        images, valid = decode_images(image, (SIDE, SIDE))
        return {"images": images, "valid": valid}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Decodes as a server does: a SavedModel in a Session of the C++ loader."""
    folder = tmp_path_factory.mktemp("decode")
    module = Decode()
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.__call__})
    allowed = {op for ops in json.loads(ALLOWED_OPS.read_text()).values() for op in ops}
    assert not ops_of(folder)[1] - allowed
    graph = tf.Graph()
    with graph.as_default():
        session = tf.compat.v1.Session(graph=graph)
        meta = tf.compat.v1.saved_model.load(session, ["serve"], str(folder))
    signature = meta.signature_def["serving_default"]
    outputs = {name: tensor.name for name, tensor in signature.outputs.items()}

    def ask(contents):
        contents = list(contents)
        rows = np.empty(len(contents), object)
        rows[:] = contents
        found = session.run(outputs, {signature.inputs["image"].name: rows})
        return found["images"], found["valid"].tolist()

    yield ask
    session.close()


@tf.function(input_signature=[tf.TensorSpec((), tf.string)], autograph=False)
def whole(content):
    """Every pixel, as the graph sees it."""
    parts = parts_of(content)
    return shown(parts, decoded(parts, MAX_PIXELS))


@tf.function(input_signature=[tf.TensorSpec((), tf.string)], autograph=False)
def turn(content):
    return orientation_of(exif_of_jpeg(content)), orientation_of(png_parts(content)[1])


def stored(tmp_path, content):
    """What a build stores, or None."""
    path = tmp_path / "picture"
    path.write_bytes(content)
    try:
        checked = check_picture(path, MAX_PIXELS)
    except BadPicture:
        return None
    return content if checked.encoded is None else checked.encoded


def sent(content):
    """What the command line asks with, or None where it refuses by itself."""
    from kerasmm.console import UserError

    try:
        return picture_bytes(content)
    except UserError:
        return None


def apart(one, other):
    return np.sqrt(np.mean(np.square(one.astype(float) - other)))


def test_build_command_line_and_server_agree(tmp_path, rng, served):
    found = kinds(rng)
    _, served_valid = served(kind.content for kind in found.values())
    kept = {name: stored(tmp_path, kind.content) for name, kind in found.items()}
    asked = {name: sent(kind.content) for name, kind in found.items()}
    _, asked_valid = served(content or b"" for content in asked.values())
    _, kept_valid = served(content or b"" for content in kept.values())
    print(f"{'kind':40} build  command line  server")
    for (name, kind), *verdicts in zip(found.items(), kept_valid, asked_valid, served_valid, strict=True):
        print(f"{name:40} {verdicts}")
        assert (kept[name] is not None) == kind.good, name
        assert verdicts == [kind.good, kind.good, kind.good and kind.served], name


def test_build_command_line_and_server_see_the_same_pixels(tmp_path, rng):
    for name, kind in kinds(rng).items():
        if not kind.good:
            continue
        kept = stored(tmp_path, kind.content)
        assert sent(kind.content) == kept, name
        # Whatever stays as it is, people can open.
        Image.open(io.BytesIO(kept)).load()
        seen = whole(tf.constant(kept)).numpy()
        if kind.served:
            given = whole(tf.constant(kind.content)).numpy()
            assert given.shape == seen.shape and apart(seen, given) <= (
                0 if kept is kind.content else most_apart(kept)
            ), name
            if kind.pixels is not None:
                np.testing.assert_array_equal(given, kind.pixels, err_msg=name)
        else:
            picture = ImageOps.exif_transpose(Image.open(io.BytesIO(kind.content)))
            assert apart(seen, picture_kinds.on_white(picture)) <= most_apart(kept), name


def test_a_turned_photo_is_what_pillow_turns(tmp_path, rng):
    for name, kind in kinds(rng).items():
        if "of orientation" in name:
            given = whole(tf.constant(kind.content)).numpy()
            picture = ImageOps.exif_transpose(Image.open(io.BytesIO(kind.content))).convert("RGB")
            # Decoders may round otherwise and interpolate colours otherwise.
            assert np.abs(given.astype(int) - np.asarray(picture)).max() <= (16 if name.startswith("jpeg") else 0), name


def test_python_and_the_graph_read_the_same_orientation(rng):
    jpeg = picture_kinds.saved(picture_kinds.smooth(rng), "JPEG")
    pixels = rng.integers(0, 256, (4, 4, 3))
    good = [picture_kinds.exif(value, order) for value in range(1, 9) for order in "<>"]
    good += [picture_kinds.exif(8, first=200), *picture_kinds.broken_exif().values()]
    read = set()
    for _ in range(60):
        tiff = bytearray(good[rng.integers(len(good))])
        for place in rng.integers(0, len(tiff), rng.integers(0, 3)) if tiff else ():
            tiff[place] = rng.choice([0, 1, 3, 8, 0x12, 255, rng.integers(256)])
        tiff = bytes(tiff[: rng.integers(len(tiff) + 1)] if rng.random() < 0.2 else tiff)
        content = bytearray(picture_kinds.with_app1(jpeg, b"Exif\0\0" + tiff))
        if rng.random() < 0.3:
            # Lengths and markers of segments.
            content[rng.integers(2, 40)] = rng.choice([0, 1, 255, rng.integers(256)])
        framed = picture_kinds.png(8, 2, pixels, picture_kinds.chunk(b"eXIf", tiff))
        assert orientation(bytes(content)) == turn(bytes(content))[0].numpy(), content
        assert orientation(framed) == turn(framed)[1].numpy(), framed
        read.add(orientation(framed))
    assert len(read) > 3


def test_damage_is_judged_alike(tmp_path, rng, served):
    files = [kind.content for kind in kinds(rng).values() if kind.served and len(kind.content) < 5000]
    damaged = []
    for _ in range(120):
        content = bytearray(files[rng.integers(len(files))])
        for place in rng.integers(0, len(content), rng.integers(1, 6)):
            content[place] = rng.integers(256)
        damaged.append(bytes(content[: rng.integers(1, len(content) + 1)] if rng.random() < 0.3 else content))
    _, valid = served(damaged)
    kept = [stored(tmp_path, content) for content in damaged]
    assert [content is not None for content in kept] == valid
    assert served(content or b"" for content in kept)[1] == valid


def test_spoilt_pictures_are_refused_in_a_line(seed):
    counts = fuzz.fuzz(seed, 0.5, ["pictures"], limit=60)["pictures"]
    assert counts.total() and not counts[fuzz.TRACEBACK] and not counts[fuzz.HANG], counts
