"""Tags' embeddings before pictures are learned: which tags stand together in the training posts (section 3.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from kerasmm.data import batches

if TYPE_CHECKING:
    from kerasmm.data.records import Records
    from kerasmm.systems.hashtag.config import Network
    from kerasmm.systems.hashtag.posts import Posts


def tag_ids(records: Records, posts: Posts, among: np.ndarray | None = None) -> Iterator[np.ndarray]:
    """The tags' ids of each post of a split, or of some of its rows."""
    read = batches.reader(records)
    rows = batches.row_batches(np.arange(len(records)) if among is None else among, 1024)
    for some in batches.made_of(rows, lambda some: posts.parsed(read(some), picture=False)["tags"]):
        for ids in some.numpy():
            yield ids[ids >= 0]


def tag_vectors(network: Network, posts: Iterable[np.ndarray], tags: int, seed: int, quiet: bool) -> np.ndarray:
    """`(K, D)`: PPMI and a truncated SVD, or the global vectors of a multi-sense skip-gram model.

    Args:
        network: The configuration's section.
        posts: Of `tag_ids`.
        tags: Size of the vocabulary.
        seed: Of what is drawn.
        quiet: No progress bar.
    """
    if network.tag_vectors == "ppmi":
        from kerasmm.tag_vectors import ppmi_vectors

        return ppmi_vectors(posts, tags, network.dimension, seed=seed, quiet=quiet)
    from kerasmm.tag_vectors import multi_sense_vectors

    found = multi_sense_vectors(posts, tags, network.dimension, seed=seed, quiet=quiet)
    return found.vectors
