import numpy as np
import pytest
from matplotlib import colormaps
from PIL import Image

from kerasmm.console import UserError
from kerasmm.drawing.sheet import check_sheet_path, check_sheet_size, draw_sheet
from kerasmm.drawing.sheet_row import Panel, Row

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


def test_words_in_a_frame_stand_above_the_pictures_of_their_row(tmp_path):
    """A longer text makes the frame higher, up to three lines, and moves the pictures down."""
    green = np.broadcast_to(np.array([30, 160, 30], "uint8"), SQUARE)
    heights = []
    for framed in ("", "sea", "sea " * 60, "sea " * 1000):
        pixels = drawn([Row("all", (Panel(green), Panel(green)), framed=framed)], tmp_path / "s.png").astype(int)
        top = np.nonzero((np.abs(pixels - [30, 160, 30]) <= 2).all(axis=-1))[0].min()
        # Right of the label, whose letters have greys of their own.
        above = pixels[:top, 315:]
        if framed:
            frame, words = np.nonzero(near_each(above, 255 * 0.55)), np.nonzero(above.max(axis=-1) < 40)[0]
            # As wide as the pictures, with its words inside.
            assert np.ptp(frame[1]) == pytest.approx((2 * 1.2 + 0.07) * 300, abs=4)
            assert frame[0].min() < words.min() and words.max() < frame[0].max()
        else:
            assert above.min() == 255
        heights.append(top)
    assert heights[0] < heights[1] < heights[2] <= heights[3] < heights[1] + 2 * 0.125 * 300 + 2


def near_each(pixels, value, tolerance=3):
    """Where the three colours are about that value, so that it is a grey."""
    return (np.abs(pixels - value).max(axis=-1) <= tolerance) & (np.ptp(pixels, axis=-1) <= 1)


def test_captions_of_several_lines_stay_in_their_columns(tmp_path):
    """Red captions under the first, wide picture end before the blue ones of the second begin."""
    long = "supercalifragilistic expialidocious " * 8
    panels = (Panel(plain(WIDE), long, colour="#ff0000"), Panel(plain(WIDE), long, colour="#0000ff"))
    ends = []
    for lines in (1, 2, 4):
        pixels = drawn([Row("all", panels, lines=lines)], tmp_path / "s.png").astype(int)
        red, blue = ((pixels[..., a] > 250) & (pixels[..., b] < 40) for a, b in ((0, 2), (2, 0)))
        assert np.nonzero(red)[1].max() < np.nonzero(blue)[1].min()
        rows = np.nonzero(red)[0]
        ends.append(rows.max() - rows.min())
    assert ends[1] == pytest.approx(ends[0] + 0.125 * 300, abs=12)
    assert ends[2] == pytest.approx(ends[0] + 3 * 0.125 * 300, abs=12)


def test_a_note_stands_at_the_foot_of_a_sheet_without_maps(tmp_path):
    rows = [Row("sea", (Panel(plain(SQUARE)),) * 3)]
    draw_sheet(rows, tmp_path / "without.png")
    draw_sheet(rows, tmp_path / "with.png", note="what a reader must know")
    without, noted = (np.asarray(Image.open(tmp_path / f"{name}.png").convert("L")) for name in ("without", "with"))
    # A line of 0.125 inches above the margin of 0.08.
    assert noted.shape[0] == pytest.approx(without.shape[0] + 0.125 * 300, abs=2)
    foot = slice(-round(0.2 * 300), None)
    assert noted[foot].min() < 128 and without[foot].min() == 255


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
