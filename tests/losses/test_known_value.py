"""Numbers that Python knows, and those that only a compiled graph will."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from kerasmm.losses.known_value import known_value
from tests.public_class import compiled


def test_known_outside_and_traced_inside():
    assert known_value(ops.max(ops.convert_to_tensor([3, 7, 5]))) == 7
    seen = []

    def asks(values):
        seen.append(known_value(ops.max(values)))
        return values

    compiled(asks)(ops.convert_to_tensor(np.array([3, 7, 5])))
    assert set(seen) == {None}
    assert known_value(ops.max(keras.Input((3,), dtype="int32"))) is None
