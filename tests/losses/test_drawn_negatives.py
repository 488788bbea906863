"""Places of marked entries, which draws are made by."""

import numpy as np
import pytest
from keras import ops

from kerasmm.losses.drawn_negatives import flat_places
from tests.public_class import to_numpy


@pytest.mark.parametrize("shape", [(1, 1), (5, 9), (7, 64), (3, 65)])
@pytest.mark.parametrize("share", [0.1, 0.9, 1.0])
def test_places_are_those_of_a_loop(rng, shape, share):
    """Of every marked entry, by its ordinal in the row; beyond the last one anything may come."""
    marked = rng.random(shape) < share
    ordinals = np.tile(np.arange(shape[1], dtype="int32"), (shape[0], 1))
    found = to_numpy(flat_places(ops.convert_to_tensor(marked))(ops.convert_to_tensor(ordinals)))
    for row in range(shape[0]):
        wanted = [row * shape[1] + column for column in range(shape[1]) if marked[row, column]]
        assert found[row, : len(wanted)].tolist() == wanted
