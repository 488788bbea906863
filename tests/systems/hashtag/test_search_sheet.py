from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from kerasmm.console import UserError
from kerasmm.drawing import sheet
from kerasmm.drawing.print_figure import RIGHT
from kerasmm.systems.hashtag.search_sheet import FoundPhoto, FoundRow, draw_search_sheet

PHOTO = np.broadcast_to(np.array([30, 160, 60], "uint8"), (60, 80, 3))


@pytest.fixture
def said(monkeypatch):
    """The rows that are drawn, and the foot."""
    seen = []
    real = sheet.draw_sheet

    def draw(rows, path, note):
        seen.extend([*rows, note])
        real(rows, path, note)

    monkeypatch.setattr("kerasmm.systems.hashtag.search_sheet.draw_sheet", draw)
    return seen


def test_what_stands_in_a_row(tmp_path, said):
    photos = (FoundPhoto(PHOTO, ("sea", "rock")), FoundPhoto(None, ("guitar",)), FoundPhoto(PHOTO, ()))
    rows = [FoundRow("rock", None, (), photos), FoundRow("rock", "ann", ("dance", "music"), photos[:1])]
    draw_search_sheet([*rows, FoundRow("rock", "bob", (), photos[1:])], tmp_path / "s.png")
    everybody, ann, bob, foot = said
    assert (everybody.label, everybody.framed, everybody.begins) == ("rock", "", True)
    assert (ann.label, ann.framed, ann.begins) == ("for ann", "dance, music", False)
    assert (bob.label, bob.framed) == ("for bob", "no tags")
    assert [(panel.caption, panel.colour == RIGHT) for panel in everybody.panels] == [
        ("sea, rock", True),
        ("guitar", False),
        ("no tags", False),
    ]
    assert "frame" in foot
    draw_search_sheet(rows[:1], tmp_path / "s.png")
    assert "frame" not in said[-1]


@pytest.mark.parametrize("name", ["word " * 1000, "x" * 5000, "$x_1$ \\alpha ^{", "😀 海", "שלום עולם", "a\nb\tc"])
def test_words_of_any_kind_and_length_stay_on_the_sheet(tmp_path, name):
    photos = (FoundPhoto(PHOTO, (name,) * 300), FoundPhoto(None, (name,)))
    rows = [FoundRow(name, None, (), photos), FoundRow(name, name, (name,) * 15, photos)]
    draw_search_sheet(rows, tmp_path / "s.png")
    pixels = np.asarray(Image.open(tmp_path / "s.png").convert("L"))
    for edge in (pixels[:8], pixels[-8:], pixels[:, :8], pixels[:, -8:]):
        assert edge.min() == 255, "something touches the edge of the paper"
    assert pixels.shape[0] < 2500


def test_says_what_cannot_be_drawn(tmp_path):
    with pytest.raises(UserError, match="expected at most 60 rows and 12 pictures a row"):
        draw_search_sheet([FoundRow("a", None, (), (FoundPhoto(PHOTO, ()),) * 13)], tmp_path / "s.png")
