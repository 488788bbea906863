import numpy as np
import pytest
from matplotlib import colormaps
from PIL import Image

from kerasmm.console import UserError
from kerasmm.drawing.sheet import Panel, Row, check_sheet_path, check_sheet_size, draw_sheet

WIDE, TALL, SQUARE = ((h, w, 3) for h, w in ((50, 100), (100, 60), (80, 80)))


def plain(shape, value=128):
    return np.full(shape, value, "uint8")


def near(pixels, colour, tolerance=6):
    return (np.abs(pixels.astype(int) - colour).max(axis=-1) <= tolerance).sum()


def drawn(rows, path):
    draw_sheet(rows, path)
    return np.asarray(Image.open(path).convert("RGB"))


def test_pictures_keep_their_shape_and_stand_on_one_line(tmp_path):
    red, green, blue = np.array([200, 30, 30]), np.array([30, 160, 30]), np.array([30, 30, 200])
    pictures = [np.broadcast_to(c.astype("uint8"), s) for c, s in ((red, WIDE), (green, TALL), (blue, SQUARE))]
    pixels = drawn([Row("sea", tuple(Panel(picture, "1   0.5") for picture in pictures))], tmp_path / "s.png")
    feet = []
    for colour, (height, width, _) in zip((red, green, blue), (WIDE, TALL, SQUARE), strict=True):
        rows, columns = np.nonzero((np.abs(pixels.astype(int) - colour) <= 2).all(axis=-1))
        tall, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert tall / wide == pytest.approx(height / width, rel=0.02)
        feet.append(rows.max())
    assert np.ptp(feet) <= 1
    # Print quality: a picture 1.2 inches wide has 360 dots.
    assert wide == pytest.approx(360, abs=2)


def test_all_maps_are_under_one_scale(tmp_path):
    weak, strong = np.full((2, 2), 0.25), np.array([[0.9, 0.05], [0.03, 0.02]])
    row = Row("sea", (Panel(plain(SQUARE)), Panel(plain(SQUARE), "0.91", weak), Panel(plain(SQUARE), "0.12", strong)))
    pixels = drawn([row], tmp_path / "s.png")
    # It ends between the largest weights of the two.
    share = (0.25 - 0.02) / ((0.25 + 0.9) / 2 - 0.02)
    colours = 255 * colormaps["viridis"]([0.0, share, 1.0])[:, :3]
    # At the foot the scale itself; above it the weak map, in its colour mixed with the picture's grey.
    assert near(pixels, colours[0]) and near(pixels, colours[2])
    strength = 0.35 + 0.45 * share
    mixed = strength * colours[1] + (1 - strength) * (100 + 128 * 155 / 255)
    assert near(pixels, mixed) > 0.8 * 360 * 360


def test_words_of_any_kind_and_length_stay_on_the_sheet(tmp_path):
    long = "supercalifragilisticexpialidocious " * 3 + "$x_1$ \\alpha ^{ 海 <b>"
    weights = np.full((7, 7), 1 / 49)
    rows = [Row(long, tuple(Panel(plain(WIDE), long) for _ in range(count)), begins=True) for count in (1, 2)] + [
        Row(long, (Panel(plain(TALL), long, weights), Panel(None, long)))
    ]
    for suffix in ("png", "pdf", "svg"):
        draw_sheet(rows, tmp_path / f"s.{suffix}", note=long)
        assert (tmp_path / f"s.{suffix}").stat().st_size > 5000
    pixels = np.asarray(Image.open(tmp_path / "s.png").convert("L"))
    # Nothing touches the edge of the paper.
    for edge in (pixels[:8], pixels[-8:], pixels[:, :8], pixels[:, -8:]):
        assert edge.min() == 255
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.pdf", "s.png", "s.svg"]


def test_equal_weights_have_a_scale_too(tmp_path):
    assert drawn([Row("sea", (Panel(plain(SQUARE), "", np.full((2, 2), 0.25)),))], tmp_path / "s.png").size


def test_says_what_cannot_be_drawn(tmp_path):
    with pytest.raises(UserError, match="nowhere/s.png: expected a file in a folder that exists"):
        check_sheet_path(tmp_path / "nowhere" / "s.png")
    with pytest.raises(UserError, match="s.jpeg2: expected a name that ends in .png, .pdf, .svg"):
        check_sheet_path(tmp_path / "s.jpeg2")
    check_sheet_path(tmp_path / "s.PDF")
    check_sheet_size(60, 12)
    for size in ((61, 5), (5, 13)):
        with pytest.raises(UserError, match="too large; expected at most 60 rows and 12 pictures a row"):
            check_sheet_size(*size)
    (tmp_path / "s.png").mkdir()
    with pytest.raises(UserError, match="is a folder"):
        draw_sheet([Row("sea", (Panel(plain(SQUARE)),))], tmp_path / "s.png")
    assert [path.name for path in tmp_path.iterdir()] == ["s.png"]
