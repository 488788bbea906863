import io

import numpy as np
import pytest
from PIL import Image

from kerasmm.console import UserError
from kerasmm.data.post import Post
from kerasmm.serving.posts import PostStore, post_of, thumbnail, write_posts


def encode(image, form="PNG"):
    file = io.BytesIO()
    image.save(file, form)
    return file.getvalue()


@pytest.mark.parametrize(("size", "want"), [((400, 100), (256, 64)), ((30, 20), (30, 20)), ((1, 900), (1, 256))])
def test_thumbnails_fit_a_square(rng, size, want):
    pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype="uint8")
    for form in ("PNG", "JPEG"):
        small = Image.open(io.BytesIO(thumbnail(encode(Image.fromarray(pixels), form))))
        assert (small.format, small.mode, small.size) == ("JPEG", "RGB", want)


def test_a_thumbnail_looks_like_its_picture():
    halves = np.zeros((300, 300, 3), "uint8")
    halves[:, 150:] = 240, 120, 10
    small = np.asarray(Image.open(io.BytesIO(thumbnail(encode(Image.fromarray(halves))))), "int32")
    assert np.abs(small[:, :120]).max() < 12 and np.abs(small[:, 136:] - [240, 120, 10]).max() < 12


def test_a_small_jpeg_is_kept_byte_for_byte(rng):
    image = Image.fromarray(rng.integers(0, 256, (90, 120, 3), dtype="uint8"))
    assert thumbnail(encode(image, "JPEG")) == encode(image, "JPEG")
    assert thumbnail(encode(image.convert("L"), "JPEG")) == encode(image.convert("L"), "JPEG")


def test_what_tells_of_the_author_is_not_kept(rng):
    image = Image.fromarray(rng.integers(0, 256, (40, 40, 3), dtype="uint8"))
    exif = Image.Exif()
    exif[0x010F] = "a camera of mine"
    for extra in ({"exif": exif}, {"comment": b"taken at home"}):
        file = io.BytesIO()
        image.save(file, "JPEG", **extra)
        assert b"camera" in file.getvalue() or b"at home" in file.getvalue()
        small = thumbnail(file.getvalue())
        assert b"camera" not in small and b"at home" not in small


@pytest.mark.parametrize("change", ["larger", "four inks", "padded"])
def test_other_jpegs_are_made_small(rng, change):
    image = Image.fromarray(rng.integers(0, 256, (40, 40, 3), dtype="uint8"))
    image = {"larger": image.resize((600, 300)), "four inks": image.convert("CMYK"), "padded": image}[change]
    encoded = encode(image, "JPEG") + (b"x" * 100_000 if change == "padded" else b"")
    small = thumbnail(encoded)
    assert len(small) < len(encoded)
    with Image.open(io.BytesIO(small)) as shown:
        assert shown.mode == "RGB" and shown.size == ((256, 128) if change == "larger" else (40, 40))


@pytest.mark.parametrize("encoded", [b"", b"no picture", b"\xff\xd8\xff\xe0 cut off"])
def test_what_is_no_picture_has_no_thumbnail(encoded):
    assert thumbnail(encoded) is None


@pytest.mark.parametrize(("sentence", "post"), [("7#0", "7"), ("a#b#12", "a#b"), ("##0", "#"), ("é/1#3", "é/1")])
def test_the_post_of_a_sentence_stands_before_the_last_sign(sentence, post):
    assert post_of(sentence) == post


def test_posts_come_back_as_they_were(tmp_path):
    picture = encode(Image.new("RGB", (10, 10), (200, 0, 0)))
    posts = [
        (
            "train",
            Post(id="a'; drop table posts; --", image=picture, text="é <b>", tags=("snow", 'q"'), labels=("Warm",)),
        ),
        ("test", Post(id="b", sentences=("first", "second"))),
        ("test", Post(id="c", image=b"broken", text="", sentences=("not this",))),
    ]
    path = tmp_path / "a folder with # and ?" / "posts.sqlite"
    path.parent.mkdir()
    write_posts(path, posts)
    store = PostStore(path)
    assert len(store) == 3
    found = store.find(["c", "unknown", posts[0][1].id, "b"])
    store.close()
    assert list(found) == ["c", posts[0][1].id, "b"]
    first, second, third = found[posts[0][1].id], found["b"], found["c"]
    assert (first.split, first.text, first.tags, first.labels) == ("train", "é <b>", ("snow", 'q"'), ("Warm",))
    assert Image.open(io.BytesIO(first.thumbnail)).size == (10, 10)
    assert (second.text, second.tags, second.thumbnail) == ("first", (), None)
    assert (third.text, third.thumbnail) == ("", None)


def test_thumbnails_can_be_left_out(tmp_path):
    post = Post(id="a", image=encode(Image.new("RGB", (9, 9))))
    write_posts(tmp_path / "p.sqlite", [("train", post)], thumbnails=False)
    assert PostStore(tmp_path / "p.sqlite").find(["a"])["a"].thumbnail is None


def test_reading_a_damaged_file_raises(tmp_path):
    (tmp_path / "p.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(UserError, match="p.sqlite: damaged"):
        PostStore(tmp_path / "p.sqlite").find(["a"])
