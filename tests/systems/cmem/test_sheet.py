import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from kerasmm.console import UserError
from kerasmm.drawing import photo_sheet
from kerasmm.systems.cmem.sheet import (
    RIGHT,
    WRONG,
    ConnotationRow,
    FoundConnotations,
    draw_connotation_sheet,
)

GREEN = np.array([30, 160, 60])
PHOTO = np.broadcast_to(GREEN.astype("uint8"), (60, 80, 3))


def row(*found, truth=("Europe", "Referendum"), tweet="Leave or remain?", denotations=None, picture=PHOTO):
    models = tuple(FoundConnotations(f"model {place}", names) for place, names in enumerate(found))
    return ConnotationRow(picture, tweet, truth, denotations, models)


def drawn(rows, path, classifier="network"):
    draw_connotation_sheet(rows, path, classifier)
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def ink(pixels, colour):
    """Rows and columns of pixels that have a colour."""
    return np.nonzero(np.abs(pixels - 255 * np.array(to_rgb(colour))).max(axis=-1) <= 8)


@pytest.fixture
def said(monkeypatch):
    """The entries of the sheets that are drawn, with the words of each and their colours, and the foot."""
    seen = []
    real = photo_sheet.draw_photo_sheet

    def draw(rows, foot, path):
        for one in rows:
            seen.append([(entry.label, [(part.text, part.colour) for part in entry.said]) for entry in one.entries])
        seen.append(foot)
        real(rows, foot, path)

    monkeypatch.setattr("kerasmm.systems.cmem.sheet.draw_photo_sheet", draw)
    return seen


def test_right_ones_are_blue_and_wrong_ones_red_in_one_line(tmp_path):
    pixels = drawn([row(("Europe", "Finance"))], tmp_path / "s.png")
    (blue, left), (red, right) = ink(pixels, RIGHT), ink(pixels, WRONG)
    assert left.max() < right.min(), "best first, from the left"
    assert abs(blue.min() - red.min()) < 12, "in one line"
    turned = drawn([row(("Finance", "Europe"))], tmp_path / "s.png")
    assert ink(turned, WRONG)[1].max() < ink(turned, RIGHT)[1].min()
    # As far apart as the letters of a line: a space of 8.5 points, and the sides of two letters.
    assert 2 < right.min() - left.max() < 30


def test_a_line_a_model_in_their_order(tmp_path):
    pixels = drawn([row(("Europe", "Referendum"), ("Finance", "Asia"))], tmp_path / "s.png")
    assert ink(pixels, RIGHT)[0].max() < ink(pixels, WRONG)[0].min()
    assert not len(ink(drawn([row(("Europe",))], tmp_path / "s.png"), WRONG)[0])
    assert not len(ink(drawn([row(("Asia",))], tmp_path / "s.png"), RIGHT)[0])


def test_what_stands_beside_a_photo(tmp_path, said):
    rows = [
        row(("Europe", "Asia"), denotations=(("sea lion", 0.523), ("dugong", 0.04))),
        row(("Asia",), truth=(), tweet=" \n", denotations=()),
    ]
    drawn(rows, tmp_path / "s.png", "resnet50")
    first, second, foot = said
    assert first == [
        ("Tweet", [("Leave or remain?", "black")]),
        ("Connotations", [("Europe,", "black"), ("Referendum", "black")]),
        ("Denotations", [("sea lion (52%),", "black"), ("dugong (4%)", "black")]),
        ("model 0", [("Europe,", RIGHT), ("Asia", WRONG)]),
    ]
    assert [(label, [text for text, _ in parts]) for label, parts in second] == [
        ("Tweet", ["no text"]),
        ("Connotations", ["none"]),
        ("Denotations", ["none"]),
        ("model 0", ["Asia"]),
    ]
    assert "resnet50" in foot


def test_no_denotations_where_nobody_asked(tmp_path, said):
    drawn([row(("Europe",))], tmp_path / "s.png")
    assert [label for label, _ in said[0]] == ["Tweet", "Connotations", "model 0"]
    assert "ImageNet" not in said[1]


def test_a_name_stays_in_one_line_where_it_fits(tmp_path):
    """Two names that don't fit beside each other: the second, red one begins a line."""
    names = ("Conservative Party of the United Kingdom", "Labour Party of the United Kingdom")
    pixels = drawn([row(names, truth=names[:1])], tmp_path / "s.png")
    (blue, left), (red, right) = ink(pixels, RIGHT), ink(pixels, WRONG)
    assert blue.max() < red.min() and abs(left.min() - right.min()) < 8


@pytest.mark.parametrize(
    "name", ["", "word " * 1000, "x" * 5000, "$x_1$ \\alpha ^{", "😀 海", "שלום", "a\nb\tc", "a, b"]
)
def test_words_of_any_kind_and_length_stay_on_the_sheet(tmp_path, name):
    rows = [
        row((name, name), truth=(name,) * 300, tweet=name, denotations=((name, 1.0),)),
        row((name,) * 10, picture=None, tweet=name),
    ]
    rows.append(ConnotationRow(PHOTO, name, (name,), None, (FoundConnotations(name * 3 or "x", (name,)),)))
    pixels = drawn(rows, tmp_path / "s.png")
    for edge in (pixels[:8], pixels[-8:], pixels[:, :8], pixels[:, -8:]):
        assert edge.min() == 255, "something touches the edge of the paper"
    assert pixels.shape[0] < 4000
    assert [path.name for path in tmp_path.iterdir()] == ["s.png"]


def test_says_what_cannot_be_drawn(tmp_path):
    with pytest.raises(UserError, match="too large; expected at most 60 rows"):
        draw_connotation_sheet([row(("Europe",))] * 61, tmp_path / "s.png")
    (tmp_path / "s.png").mkdir()
    with pytest.raises(UserError, match="s.png: is a folder; expected a file"):
        draw_connotation_sheet([row(("Europe",))], tmp_path / "s.png")
