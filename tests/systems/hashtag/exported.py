"""A small export of hashtag, with drawn weights, once a process."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from kerasmm.data.dataset import Dataset
from kerasmm.data.manifest import read_manifest
from kerasmm.models import begin_second_stage
from kerasmm.serving.export import export
from kerasmm.systems.hashtag.system import Hashtag
from tests.systems.hashtag.world import made, write_world
from tests.tiny import tiny_posts, write_dataset


class Exported(NamedTuple):
    """An export, of what, and of which posts; tests must not write into its folder."""

    folder: Path
    hashtag: Hashtag
    model: keras.Model
    dataset: Dataset


def made_elsewhere(data: Path) -> Path:
    """A data set whose features came from elsewhere: pictures are asked by vectors, without an encoder."""
    manifest = read_manifest(data)
    assert manifest.features is not None
    features = manifest.features.model_copy(update={"encoder": "file:clip.npz", "image_size": (0, 0)})
    manifest.model_copy(update={"features": features}).write(data)
    return data


@functools.cache
def exported(by_vector: bool = False, *changes: str) -> Exported:
    """From pictures of `tests.tiny`, or by vectors from those of the world."""
    folder = Path(tempfile.mkdtemp(prefix="kerasmm-hashtag-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if by_vector:
        data = made_elsewhere(write_world(folder / "data", train=36, other=12, second=True))
    else:
        splits = {"train": tiny_posts(20, 1, False), "test": tiny_posts(6, 2, False, "test")}
        data = write_dataset(folder / "data", splits)
    hashtag, dataset = made(data, *changes)
    model = hashtag.build()
    if hashtag.specific:
        begin_second_stage(model)
    rng = np.random.default_rng(4)
    for layer in model.layers:
        if layer.name in ("tags", "users", "tensor"):
            layer.set_weights([rng.normal(size=w.shape) for w in layer.get_weights()])
    made_of = export(hashtag, model, dataset, folder / "hashtag", splits=["test"], quiet=True)
    return Exported(made_of, hashtag, model, dataset)
