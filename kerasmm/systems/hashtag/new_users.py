"""How well the tags of users are foreseen whom training never saw: by vectors fitted from few posts, and by the mean user."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from kerasmm.evaluation.tagging import HITS, best_ranks, hit_figures
from kerasmm.models import tag_table
from kerasmm.systems.hashtag.fitted_users import UserFit, UserFitter
from kerasmm.systems.hashtag.left_out import SHARE, left_out

if TYPE_CHECKING:
    import keras
    from scipy.sparse import csr_matrix

    from kerasmm.layers import ThreeWayTensor
    from kerasmm.systems.hashtag.taggings import Taggings
    from kerasmm.systems.protocol import Arrays

FROM = (1, 3, 10, 30)
"""How many posts vectors are fitted from."""
CHUNK = 1 << 24
"""Numbers that a fit holds at a time."""


def asked_rows(train: Taggings, asked: Taggings, users: list[str], share: float) -> dict[int, np.ndarray]:
    """By number of posts, the rows of `asked` whose user is left out by that share and has as many training posts.

    Args:
        train: Of the training split.
        asked: Of the split that is measured.
        users: Names of the owners of both.
        share: As in the configuration; `SHARE` where it is 0.
    """
    out = left_out(users, share or SHARE)
    known = np.flatnonzero((asked.owners >= 0) & (np.diff(asked.tags.indptr) > 0))
    counts = np.bincount(train.owners[train.owners >= 0], minlength=len(users))
    known = known[out[asked.owners[known]]]
    found = {number: known[counts[asked.owners[known]] >= number] for number in FROM}
    return {number: rows for number, rows in found.items() if len(rows)}


def as_they_are(name: str, rows: dict[int, np.ndarray], ranks: np.ndarray, truth: csr_matrix) -> dict[str, float]:
    """`new_users/<name>/A@k/<posts>`: of users as the model has them, and how many posts that is of.

    Args:
        name: `"trained"`, or `"mean"` where they were left out.
        rows: Of `asked_rows`.
        ranks: `(n,)` of all rows, as `best_ranks` gives them.
        truth: `(n, K)`.
    """
    figures: dict[str, float] = {}
    for number, some in rows.items():
        figures |= _hits(name, number, ranks[some], truth[some])
        figures[f"new_users/posts/{number}"] = float(len(some))
    return figures


def fitted(
    model: keras.Model,
    train: Taggings,
    pictures: tuple[Arrays, Arrays],
    asked: Taggings,
    rows: dict[int, np.ndarray],
    seed: int,
    fit: UserFit,
    name: str = "fitted",
) -> dict[str, float]:
    """`new_users/<name>/A@k/<posts>`: of users whose vectors were fitted from so many posts, drawn at random.

    Args:
        model: With a tensor, in its second stage.
        train: Of the training split.
        pictures: Outputs of the training split and of the one that is measured.
        asked: Of the latter.
        rows: Of `asked_rows`.
        seed: Of which posts are drawn.
        fit: How.
        name: What the figures call it.
    """
    tensor, table = model.get_layer("tensor"), tf.convert_to_tensor(tag_table(model))
    people = tf.convert_to_tensor(model.get_layer("users").embeddings)
    fitter = UserFitter(tensor.kernel, table, tf.reduce_mean(people, axis=0), fit)
    figures: dict[str, float] = {}
    for number, some in rows.items():
        users, whose = np.unique(asked.owners[some], return_inverse=True)
        vectors = np.concatenate([*_vectors(fitter, train, pictures[0], users, number, seed)])[whose]
        scores = functools.partial(_scores, tensor, table, pictures[1]["image"][some], vectors)
        truth = asked.tags[some]
        figures |= _hits(name, number, best_ranks(scores, truth), truth)
    return figures


def _hits(name: str, number: int, ranks: np.ndarray, truth: csr_matrix) -> dict[str, float]:
    found = hit_figures(ranks, truth)
    return {f"new_users/{name}/A@{k}/{number}": found[f"A@{k}"] for k in HITS}


def _scores(tensor: ThreeWayTensor, table: tf.Tensor, images: np.ndarray, users: np.ndarray, rows: slice) -> np.ndarray:
    queries = tensor(tf.constant(images[rows]), tf.constant(users[rows]), toward="tag")
    return np.asarray(tf.matmul(tf.cast(queries, tf.float32), table, transpose_b=True))


def _vectors(
    fitter: UserFitter, train: Taggings, pictures: Arrays, users: np.ndarray, number: int, seed: int
) -> Iterator[np.ndarray]:
    """Vectors of users `(some, E)`, some users at a time."""
    numbers = number * max(int(np.prod(fitter.kernel.shape[::2])), len(fitter.tags))
    at_once = max(1, CHUNK // numbers)
    by_user = np.argsort(train.owners, kind="stable")
    starts = np.searchsorted(train.owners[by_user], users)
    ends = np.searchsorted(train.owners[by_user], users, side="right")
    for first in range(0, len(users), at_once):
        drawn = [
            # A user's posts are the same whoever else is asked for.
            np.random.default_rng((seed, user)).permutation(by_user[start:end])[:number]
            for user, start, end in zip(
                users[first : first + at_once].tolist(), starts[first:], ends[first:], strict=False
            )
        ]
        rows = np.concatenate(drawn)
        owners = np.repeat(np.arange(len(drawn)), [len(some) for some in drawn])
        own, images = (np.asarray(pictures[name][rows]) for name in ("tags", "image"))
        yield np.asarray(
            fitter(tf.constant(images), tf.constant(own), tf.constant(owners, tf.int32), tf.constant(len(drawn)))
        )
