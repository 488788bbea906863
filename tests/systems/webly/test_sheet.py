import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from kerasmm.console import UserError
from kerasmm.systems.webly.sheet import RIGHT, WRONG, FoundSentence, SentenceRow, draw_sentence_sheet

BLUE = np.array([30, 60, 200])


def photo(height, width):
    return np.broadcast_to(BLUE.astype("uint8"), (height, width, 3))


def row(picture, *ranks, truth="A dog runs on the grass .", said="Two people walk along the beach ."):
    return SentenceRow(picture, truth, tuple(FoundSentence(f"model {n}", r, said) for n, r in enumerate(ranks)))


def drawn(rows, path):
    draw_sentence_sheet(rows, path)
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def where(pixels, colour):
    """Rows of pixels that have a colour."""
    return np.flatnonzero((np.abs(pixels - colour).max(axis=-1) <= 8).any(axis=1))


def ink(pixels, colour):
    return where(pixels, 255 * np.array(to_rgb(colour)))


def test_what_is_found_right_is_green_and_what_is_not_is_red(tmp_path):
    pixels = drawn([row(photo(60, 80), 4, 1)], tmp_path / "s.png")
    red, green = ink(pixels, WRONG), ink(pixels, RIGHT)
    assert len(red) and len(green)
    assert red.max() < green.min(), "models stand one under the other, in their order"
    only = drawn([row(photo(60, 80), 2, 13)], tmp_path / "s.png")
    assert len(ink(only, WRONG)) and not len(ink(only, RIGHT))


def test_photos_keep_their_shape_at_print_quality(tmp_path):
    for height, width in ((60, 80), (80, 60), (30, 100)):
        pixels = drawn([row(photo(height, width), 1)], tmp_path / "s.png")
        rows, columns = np.nonzero((np.abs(pixels - BLUE) <= 2).all(axis=-1))
        assert (np.ptp(rows) + 1) / (np.ptp(columns) + 1) == pytest.approx(height / width, rel=0.02)
        # 300 dots an inch: more than an inch in one direction.
        assert max(np.ptp(rows), np.ptp(columns)) > 300


def test_a_row_a_photo(tmp_path):
    one = drawn([row(photo(60, 80), 1)], tmp_path / "s.png")
    three = drawn([row(photo(60, 80), 1)] * 3, tmp_path / "s.png")
    blue = where(three, BLUE)
    assert np.count_nonzero(np.diff(blue) > 1) == 2
    assert len(blue) == pytest.approx(3 * len(where(one, BLUE)), abs=4)


@pytest.mark.parametrize(
    "said", ["", " ", "word " * 10_000, "x" * 5000, "$x_1$ \\alpha ^{", "😀 海", "שלום עולם", "a\nb\tc"]
)
def test_words_of_any_kind_and_length_stay_on_the_sheet(tmp_path, said):
    rows = [row(photo(60, 80), 1, 99999, truth=said, said=said), row(None, 1, truth=said, said=said)]
    named = FoundSentence("a name that is much too long for its column " * 50, 12, said)
    rows.append(SentenceRow(photo(80, 20), said, (named,)))
    pixels = drawn(rows, tmp_path / "s.png")
    for edge in (pixels[:8], pixels[-8:], pixels[:, :8], pixels[:, -8:]):
        assert edge.min() == 255, "something touches the edge of the paper"
    assert pixels.shape[0] < 3000
    assert [path.name for path in tmp_path.iterdir()] == ["s.png"]


def test_as_a_drawing(tmp_path):
    for suffix, begin in ((".pdf", b"%PDF"), (".svg", b"<?xml")):
        draw_sentence_sheet([row(photo(60, 80), 3, 1)], tmp_path / f"s{suffix}")
        assert (tmp_path / f"s{suffix}").read_bytes().startswith(begin)


def test_says_what_cannot_be_drawn(tmp_path):
    with pytest.raises(UserError, match="too large; expected at most 60 rows"):
        draw_sentence_sheet([row(None, 1)] * 61, tmp_path / "s.png")
    (tmp_path / "s.png").mkdir()
    with pytest.raises(UserError, match="s.png: is a folder; expected a file"):
        draw_sentence_sheet([row(None, 1)], tmp_path / "s.png")
