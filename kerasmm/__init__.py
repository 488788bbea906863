"""kerasmm: joint embeddings of social-media posts, learned from weak supervision.

`import kerasmm` is enough for everything, and takes no time: what is named is imported when it is first used.

- `kerasmm.losses.PLSPLoss`, `kerasmm.layers.TweetBias` …: the parts, for one's own models.
- `keras.models.load_model(path)`: revives a model that holds any of them.
- `kerasmm.open_dataset(folder)`: posts, and a `tf.data.Dataset` for one's own loop.
- `kerasmm.load(folder)`: an export, to ask it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from kerasmm.registration import register

if TYPE_CHECKING:
    from pathlib import Path

    from kerasmm.asking.export import Export
    from kerasmm.data.dataset import Dataset

__version__ = "0.1.0"

_PACKAGES = (
    "asking",
    "data",
    "drawing",
    "encoders",
    "evaluation",
    "files",
    "layers",
    "losses",
    "metrics",
    "models",
    "runs",
    "serving",
    "systems",
    "tag_vectors",
    "text",
)

__all__ = ["load", "open_dataset", *_PACKAGES]

register()


def load(folder: str | Path) -> Export:
    """Opens an export, to ask it what the commands ask; see `kerasmm.asking.export.Export`.

    Args:
        folder: `saved_models/<name>`, for its newest version, or a version's folder.

    Raises:
        UserError: When there is no export, or it is damaged; the message names the file.

    Example:

    >>> export = load("saved_models/dman")  # doctest: +SKIP
    >>> export.search(tags=["moon"], k=5)  # doctest: +SKIP
    """
    from kerasmm.asking.export import Export

    return Export(folder)


def open_dataset(folder: str | Path) -> Dataset:
    """Opens a data set that `python -m data_prep build` wrote; see `kerasmm.data.Dataset`.

    Args:
        folder: The data set's folder.

    Raises:
        UserError: When there is no data set, or it is damaged; the message names the file.

    Example:

    >>> dataset = open_dataset("data/shapes")  # doctest: +SKIP
    >>> next(dataset.posts("train")).tags  # doctest: +SKIP
    >>> batches = dataset.examples("train", ["image", "labels"], image_size=(64, 64), shuffle=True)  # doctest: +SKIP
    """
    from kerasmm.data.dataset import Dataset

    return Dataset(folder)


def __getattr__(name: str) -> Any:
    if name not in _PACKAGES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return ["__version__", *__all__]
