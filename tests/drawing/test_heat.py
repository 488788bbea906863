import io

import numpy as np
import pytest
from PIL import Image

from kerasmm.drawing.heat import overlaid, palette, picture_pixels, smooth


def encode(image, form="PNG", **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def luminance(colours):
    return colours @ np.array([0.2126, 0.7152, 0.0722])


def test_the_scale_rises_evenly_in_lightness():
    steps = np.diff(luminance(palette()))
    assert palette().shape == (256, 3) and (steps > -0.2).all() and luminance(palette())[-1] > 200


@pytest.mark.parametrize("grid", [(7, 7), (14, 14), (3, 5)])
def test_smooth_maps_keep_the_place_and_the_range(rng, grid):
    weights = rng.dirichlet(np.ones(grid[0] * grid[1])).reshape(grid)
    row, column = (int(rng.integers(side)) for side in grid)
    weights[row, column] = 3 * weights.max()
    size = (20 * grid[0], 30 * grid[1])
    large = smooth(weights, size).astype("float32")
    assert large.shape == size
    assert large.min() >= np.float32(weights.min()) and large.max() <= np.float32(weights.max())
    y, x = np.unravel_index(large.argmax(), size)
    # The brightest pixel lies in the cell of the largest weight: a map is neither turned nor moved.
    assert (y // 20, x // 30) == (row, column)
    # Between two cells it passes through their mean, as any interpolation does.
    line = smooth(np.array([[0.0, 0.0, 1.0, 1.0]]), (1, 400))[0]
    assert (np.diff(line) >= -1e-6).all() and line[199] == pytest.approx(0.5, abs=0.02)


def test_colours_say_the_weight_and_the_frame_the_cell():
    grey = np.full((240, 240, 3), 128, "uint8")
    weights = np.array([[0.1, 0.1], [0.1, 0.7]])
    drawn = overlaid(grey, weights, (0.1, 0.7)).astype(int)
    assert drawn.shape == grey.shape
    light = luminance(drawn)
    assert light[180, 180] > light[60, 60] + 60
    # The frame runs along the inside of the lower right quarter: dark, then white.
    assert drawn[119:124, 180].min() < 30 and drawn[119:124, 180].max() > 240
    assert drawn[180, 119:124].min() < 30 and (drawn[60, :100].max(axis=1) < 240).all()
    # A scale that other maps reach past leaves this one dim.
    assert luminance(overlaid(grey, weights, (0.1, 5.0)))[180, 180] < light[180, 180] - 60


def test_dark_photos_keep_their_shapes_under_the_colours():
    dark = np.zeros((100, 100, 3), "uint8")
    dark[:, 50:] = 12
    drawn = luminance(overlaid(dark, np.full((2, 2), 0.25), (0.0, 1.0)).astype(float))
    assert drawn[80, 90] > drawn[80, 20] + 20


def test_a_map_of_equal_weights_and_a_tiny_picture_are_drawn():
    assert overlaid(np.zeros((1, 3, 3), "uint8"), np.full((7, 7), 1 / 49), (1 / 49, 1 / 49)).shape == (1, 3, 3)


def test_pictures_keep_their_shape_and_lie_on_white():
    wide = picture_pixels(encode(Image.new("RGB", (400, 100), (200, 10, 10)), "JPEG"), 80)
    assert wide.shape == (20, 80, 3) and np.abs(wide.astype(int) - (200, 10, 10)).max() < 8
    assert picture_pixels(encode(Image.new("L", (10, 30), 77)), 60).shape == (60, 20, 3)
    assert picture_pixels(encode(Image.new("RGBA", (9, 9), (0, 0, 0, 0))), 9).min() == 255
    assert picture_pixels(encode(Image.new("RGB", (3, 900))), 100).shape == (100, 1, 3)


@pytest.mark.parametrize("encoded", [b"", b"junk", b"GIF89a" + b"\0" * 40, b"\x89PNG\r\n\x1a\n" + b"\xff" * 40])
def test_what_is_no_picture_has_no_pixels(encoded):
    assert picture_pixels(encoded, 64) is None
