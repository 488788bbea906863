"""Numbers that Python knows, and those that only a compiled graph will."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from kerasmm.losses.known_value import known_value


def test_known_outside_and_traced_inside():
    assert known_value(ops.max(ops.convert_to_tensor([3, 7, 5]))) == 7
    seen = []

    def asks(values):
        seen.append(known_value(ops.max(values)))
        return values

    if keras.backend.backend() == "jax":
        import jax

        jax.jit(asks)(np.array([3, 7, 5]))
    else:
        import tensorflow as tf

        tf.function(asks)(tf.constant([3, 7, 5]))
    assert set(seen) == {None}
    assert known_value(ops.max(keras.Input((3,), dtype="int32"))) is None
