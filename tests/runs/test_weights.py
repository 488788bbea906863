"""Weights are written in memory first, and are what Keras would have written."""

import errno
import os

import keras
import numpy as np
import pytest

from kerasmm.console import UserError
from kerasmm.runs.weights import write_weights


def network(seed):
    keras.utils.set_random_seed(seed)
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.BatchNormalization()])


def test_keras_reads_them(tmp_path, seed):
    model, other = network(seed), network(seed + 1)
    write_weights(model, tmp_path / "best.weights.h5")
    other.load_weights(tmp_path / "best.weights.h5")
    for written, read in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(written, read)


def test_those_before_stay_when_the_disk_is_full(tmp_path, monkeypatch):
    path = tmp_path / "best.weights.h5"
    write_weights(network(1), path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.write_bytes", full)
        with pytest.raises(UserError, match=r"best.weights.h5: can't be written \(No space left"):
            write_weights(network(2), path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
