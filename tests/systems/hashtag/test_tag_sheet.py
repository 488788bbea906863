from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from kerasmm.console import UserError
from kerasmm.drawing import photo_sheet
from kerasmm.drawing.print_figure import RIGHT
from kerasmm.systems.hashtag.tag_sheet import ForeseenFor, TagRow, draw_tag_sheet

PHOTO = np.broadcast_to(np.array([30, 160, 60], "uint8"), (60, 80, 3))
ANN = ForeseenFor("ann", ("snow", "dog"), ("dog", "sea"))
NEW = ForeseenFor(None, None, ("sky",))


@pytest.fixture
def said(monkeypatch):
    """The entries that are drawn, each with its words, their colours and whether they are framed, and the foot."""
    seen = []
    real = photo_sheet.draw_photo_sheet

    def draw(rows, foot, path):
        for one in rows:
            seen.append([(e.label, [(part.text, part.colour) for part in e.said], e.framed) for e in one.entries])
        seen.append(foot)
        real(rows, foot, path)

    monkeypatch.setattr("kerasmm.systems.hashtag.tag_sheet.draw_photo_sheet", draw)
    return seen


def test_what_stands_beside_a_photo(tmp_path, said):
    rows = [
        TagRow(PHOTO, "bob", ("dog", "sky"), {"Without users": ("sky", "snow")}, (ANN, NEW)),
        TagRow(None, None, (), {"MCLL": ()}),
    ]
    draw_tag_sheet(rows, tmp_path / "s.png")
    first, second, foot = said
    assert first == [
        ("Tags of bob", [("dog,", "black"), ("sky", "black")], False),
        ("Without users", [("sky,", RIGHT), ("snow", "black")], False),
        ("ann", [("snow,", "black"), ("dog", "black")], True),
        ("for ann", [("dog,", RIGHT), ("sea", "black")], False),
        ("for a new user", [("sky", RIGHT)], False),
    ]
    assert [(label, [text for text, _ in parts]) for label, parts, _ in second] == [
        ("Tags", ["none"]),
        ("MCLL", ["none"]),
    ]
    assert "frame" in foot
    draw_tag_sheet(rows[1:], tmp_path / "s.png")
    assert "frame" not in said[-1]


def test_what_a_user_often_tags_stands_in_a_frame(tmp_path):
    """Its sides are the only long lines of one grey; the black words of a single line stand between them."""

    def drawn(*users):
        draw_tag_sheet([TagRow(PHOTO, None, ("dog",), {}, users)], tmp_path / "s.png")
        pixels = np.asarray(Image.open(tmp_path / "s.png").convert("RGB")).astype(int)
        grey = (np.abs(pixels - 255 * 0.55) <= 3).all(axis=-1)
        # As long as the words have room: 3.4 inches, and a margin on both sides.
        return pixels, np.flatnonzero(grey.sum(axis=1) > 3.4 * 300)

    pixels, sides = drawn(ANN)
    top, foot = sides.min(), sides.max()
    right = pixels[top:foot, pixels.shape[1] - round(3.4 * 300) :]
    words = top + np.flatnonzero((right.max(axis=-1) < 40).any(axis=1))
    assert top + 5 < words.min() and words.max() < foot - 5 and foot - top < 0.3 * 300
    assert not len(drawn(NEW)[1])


@pytest.mark.parametrize(
    "name", ["", "word " * 1000, "x" * 5000, "$x_1$ \\alpha ^{", "😀 海", "שלום עולם", "مرحبا", "a\nb\tc", "a, b"]
)
def test_words_of_any_kind_and_length_stay_on_the_sheet(tmp_path, name):
    user = ForeseenFor(name or None, (name,) * 300, (name,) * 10)
    rows = [
        TagRow(PHOTO, name, (name,) * 300, {name or "x": (name,)}, (user, user)),
        TagRow(None, name, (), {}, (user,)),
    ]
    draw_tag_sheet(rows, tmp_path / "s.png")
    pixels = np.asarray(Image.open(tmp_path / "s.png").convert("L"))
    for edge in (pixels[:8], pixels[-8:], pixels[:, :8], pixels[:, -8:]):
        assert edge.min() == 255, "something touches the edge of the paper"
    assert pixels.shape[0] < 4000
    assert [path.name for path in tmp_path.iterdir()] == ["s.png"]


def test_says_what_cannot_be_drawn(tmp_path):
    with pytest.raises(UserError, match="too large; expected at most 60 rows"):
        draw_tag_sheet([TagRow(PHOTO, None, (), {})] * 61, tmp_path / "s.png")
