"""Pillow opens pictures in one place only, of named formats, and starts no other program."""

import io
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import data_prep
import kerasmm
from data_prep.inspect.plots import plot_samples
from kerasmm.data.opening import MAX_SIDE, BadPicture, opened
from kerasmm.data.post import Post
from kerasmm.drawing.heat import picture_pixels
from kerasmm.serving.posts import PostStore, thumbnail, write_posts
from tests.hostile.recipes.pictures import PROGRAM, jpeg_of_scans


def saved(picture, kind, **options):
    picture.save(file := io.BytesIO(), kind, **options)
    return file.getvalue()


@pytest.fixture
def no_programs(monkeypatch):
    """Pillow finds Ghostscript, and a test in which anything is started fails."""
    from PIL import EpsImagePlugin

    def started(*arguments, **_):
        raise AssertionError(f"started: {arguments}")

    monkeypatch.setattr(EpsImagePlugin, "gs_binary", "gs")
    monkeypatch.setattr(subprocess, "check_call", started)
    monkeypatch.setattr(subprocess, "Popen", started)


def test_one_module_opens_pictures():
    sources = [path for package in (data_prep, kerasmm) for path in Path(package.__path__[0]).rglob("*.py")]
    opening = {path.name: re.findall(r"Image\s*\.\s*open\(.*", path.read_text("utf-8")) for path in sources}
    (name, calls), *others = [(name, calls) for name, calls in opening.items() if calls]
    assert (name, others) == ("opening.py", [])
    assert calls and all("formats=" in call for call in calls)
    assert not any(re.search(r"import .*\bopen\b.*PIL|from PIL.Image import.*\bopen\b|imread", path.read_text("utf-8")) for path in sources)  # fmt: skip


def test_the_check_would_notice_a_program(no_programs):
    with pytest.raises(AssertionError, match="started"):
        Image.open(io.BytesIO(PROGRAM)).load()


def test_postscript_in_a_record_is_no_picture(no_programs, tmp_path):
    good = saved(Image.new("RGB", (8, 8), "red"), "PNG")
    assert thumbnail(PROGRAM) is None and picture_pixels(PROGRAM, 64) is None
    posts = [("train", Post(id=name, image=content)) for name, content in (("bad", PROGRAM), ("good", good))]
    assert write_posts(tmp_path / "posts.sqlite", [*posts, ("test", Post(id="none"))]) == 1
    found = {post.id: post.thumbnail for post in PostStore(tmp_path / "posts.sqlite")}
    assert found["bad"] is None and found["none"] is None and found["good"].startswith(b"\xff\xd8")
    assert plot_samples([(post, split) for split, post in posts], "posts", tmp_path / "samples.png") == 1


@pytest.mark.parametrize(
    "kind", ["TIFF", "PPM", "ICO", "PDF", "TGA", "PCX", "DDS", "SGI", "JPEG2000", "GIF", "WEBP", "BMP"]
)
def test_other_formats_are_not_opened(kind):
    with pytest.raises(BadPicture, match="damaged"), opened(saved(Image.new("RGB", (20, 20)), kind)):
        pass


def test_what_declares_too_much_is_not_decoded(rng):
    wide = saved(Image.new("1", (MAX_SIDE + 1, 1)), "PNG")
    for content, limit in ((wide, 1 << 30), (saved(Image.new("1", (30, 30)), "PNG"), 899)):
        with pytest.raises(BadPicture, match="too many pixels"), opened(content, max_pixels=limit):
            pass


def test_scans_and_chunks_are_bounded():
    from tests.hostile.recipes.pictures import _PNG, _chunk

    with pytest.raises(BadPicture, match="scans"), opened(jpeg_of_scans(101)):
        pass
    png = saved(Image.new("L", (4, 4)), "PNG")
    many = png[:33] + _chunk(b"tEXt", b"a\0b") * 70_000 + png[33:]
    assert png.startswith(_PNG)
    with pytest.raises(BadPicture, match="chunks"), opened(many):
        pass


def test_a_photo_opens(rng):
    pixels = rng.integers(0, 256, (12, 18, 3), dtype="uint8")
    with opened(saved(Image.fromarray(pixels), "PNG")) as picture:
        assert np.array_equal(np.asarray(picture), pixels)
