"""Exact search by inner product inside the SavedModel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from kerasmm.systems.signature_inputs import MOST

CHUNK_ROWS = 16_384
"""Rows scored at a time: `n` queries hold `n × CHUNK_ROWS` scores in memory, whatever the size of the index."""


RANKINGS = ("inner", "scaled", "rank_sum")
"""What a search can rank by; the last two where the index has `scales`."""


class ExactIndex(tf.Module):
    """The `k` indexed vectors with the largest inner product, found by scoring all of them.

    Formula:

        scores[i, j] = <queries[i], vectors[j]>,    ids[i] = the k largest, ties by the lower row

    With `scales` three rankings can be asked for:

        inner       <queries[i], vectors[j]>
        scaled      scales[j] <queries[i], vectors[j]>
        rank_sum    1 - (r + s) / 2N, with j's ranks r and s, from 0, by the two above; ties by the lower row in all of them

    Of unit vectors whose lengths were the scales, `inner` is the cosine and `scaled` the inner product with the vector as it
    was: 4 bytes more a row give both. The rows are scored in chunks, each merged into the best so far, so memory doesn't grow
    with the index; a sum of ranks needs all ranks, so there the queries go one after another, each with some 40 bytes a row.
    Exact up to about a million rows; past that an approximate index is faster. The graph doesn't know how many rows there are, so
    that the same graph serves another number of them (`kerasmm.serving.reindex`).

    Args:
        vectors: `(N, d)`, finite; stored as float32 in a variable, since a graph can't hold more than 2 GB.
        ids: `N` different UTF-8 strings.
        chunk: Rows scored at a time.
        texts: What each row says, if it is to be answered too; several may say the same.
        scales: `(N,)`, finite; see the formula.

    Raises:
        ValueError: For no rows, ids of another number or not unique, texts or scales of another number, vectors or scales
            that are not finite or `chunk` below 1.

    Example:

    >>> index = ExactIndex(np.eye(3, dtype="float32"), ["a", "b", "c"])
    >>> index.search(tf.constant([[0.0, 2.0, 1.0]]), tf.constant([2]))["ids"].numpy().tolist()
    [[b'b', b'c']]
    """

    def __init__(
        self,
        vectors: np.ndarray,
        ids: Sequence[str],
        chunk: int = CHUNK_ROWS,
        texts: Sequence[bytes] | None = None,
        scales: np.ndarray | None = None,
    ) -> None:
        super().__init__(name="exact_index")
        if vectors.ndim != 2 or not len(vectors):
            raise ValueError(f"`vectors` must be (N, d) with at least one row. Received: shape {vectors.shape}")
        if len(ids) != len(vectors) or len(set(ids)) != len(ids):
            raise ValueError(
                f"`ids` must be {len(vectors)} different strings. Received: {len(ids)}, {len(set(ids))} different"
            )
        if texts is not None and len(texts) != len(ids):
            raise ValueError(f"`texts` must be as many as `ids`. Received: {len(texts)} for {len(ids)} ids")
        if not np.isfinite(vectors).all():
            raise ValueError(
                f"`vectors` must be finite. Received: {int((~np.isfinite(vectors)).sum())} values that are not"
            )
        if scales is not None and (scales.shape != (len(vectors),) or not np.isfinite(scales).all()):
            raise ValueError(f"`scales` must be {len(vectors)} finite numbers. Received: shape {scales.shape}")
        if chunk < 1:
            raise ValueError(f"`chunk` must be at least 1. Received: chunk={chunk}")
        self.chunk = chunk
        # The dimension is in the graph, the number of rows is not.
        any_rows = tf.TensorShape([None, vectors.shape[1]])
        vectors = vectors.astype("float32", copy=False)
        self.vectors = tf.Variable(vectors, trainable=False, name="vectors", shape=any_rows)
        self.scales = None
        if scales is not None:
            scales = scales.astype("float32", copy=False)
            self.scales = tf.Variable(scales, trainable=False, name="scales", shape=tf.TensorShape([None]))
        self.ids = _strings([row_id.encode() for row_id in ids], "ids")
        self.texts = None if texts is None else _strings(texts, "texts")

    @property
    def rows(self) -> tf.Tensor:
        """How many rows there are, read in the graph."""
        return tf.shape(self.vectors)[0]

    def search(self, queries: tf.Tensor, k: tf.Tensor, ranking: str = "inner") -> dict[str, tf.Tensor]:
        """Searches.

        Args:
            queries: `(n, d)`, any float dtype; `n` may be 0. A row that is not finite is searched as zeros, so that it
                can't disturb the others.
            k: `(n,)` integers: how many each row wants, at most `N` and at most `MOST`: anyone may send a request, and answers of a batch
                are as wide as its largest `k`.
            ranking: One of `RANKINGS`.

        Returns:
            `ids` `(n, width)` strings and `scores` `(n, width)` float32, best first; `texts` `(n, width)` where the index has
            them. The width is the largest `k`; a row that wants fewer is filled up with `""` and scores of 0.

        Raises:
            ValueError: For an unknown ranking, or one that needs scales where there are none.
        """
        if ranking not in RANKINGS[: 1 if self.scales is None else None]:
            raise ValueError(
                f"`ranking` must be one of {RANKINGS}, the last two with `scales`. Received: ranking={ranking!r}"
            )
        queries = tf.cast(queries, tf.float32)
        finite = tf.reduce_all(tf.math.is_finite(queries), axis=1, keepdims=True)
        queries = tf.where(finite, queries, 0.0)
        # The largest of no number is the lowest integer: an empty batch asks for 1 and gets 0 rows of it.
        width = tf.clip_by_value(tf.cast(tf.reduce_max(k), tf.int32), 1, tf.minimum(self.rows, MOST))
        if ranking == "rank_sum":
            scores, rows = self._by_rank_sum(queries, width)
        else:
            scores, rows = self._best(queries, width, self.scales if ranking == "scaled" else None)
        inside = tf.range(width) < tf.cast(k, tf.int32)[:, None]
        found = {"ids": tf.where(inside, tf.gather(self.ids, rows), ""), "scores": tf.where(inside, scores, 0.0)}
        return found if self.texts is None else {**found, "texts": tf.where(inside, tf.gather(self.texts, rows), "")}

    def _best(self, queries: tf.Tensor, width: tf.Tensor, scales: tf.Variable | None) -> tuple[tf.Tensor, tf.Tensor]:
        """Scores and rows `(n, width)` by (scaled) inner product, chunk by chunk."""
        count = tf.shape(queries)[0]

        def merge(start: tf.Tensor, scores: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            stop = tf.minimum(start + self.chunk, self.rows)
            more = tf.matmul(queries, self.vectors[start:stop], transpose_b=True)
            if scales is not None:
                more = more * scales[start:stop]
            # Best so far goes first: `top_k` gives ties to the lower column, which is then the lower row.
            scores = tf.concat([scores, more], axis=1)
            rows = tf.concat([rows, tf.broadcast_to(tf.range(start, stop), tf.shape(more))], axis=1)
            scores, columns = tf.math.top_k(scores, k=tf.minimum(width, tf.shape(scores)[1]))
            return stop, scores, tf.gather(rows, columns, batch_dims=1)

        _, scores, rows = tf.while_loop(
            lambda start, *_: start < self.rows,
            merge,
            (tf.constant(0), tf.zeros((count, 0), tf.float32), tf.zeros((count, 0), tf.int32)),
            shape_invariants=(tf.TensorShape([]), tf.TensorShape([None, None]), tf.TensorShape([None, None])),
            parallel_iterations=1,
        )
        return scores, rows

    def _by_rank_sum(self, queries: tf.Tensor, width: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Scores and rows `(n, width)` by the sum of ranks, query by query."""
        assert self.scales is not None
        scales, count = self.scales, tf.shape(queries)[0]

        def ranks(scores: tf.Tensor) -> tf.Tensor:
            return tf.math.invert_permutation(tf.math.top_k(scores, k=self.rows).indices)

        def one(query: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            inner = tf.linalg.matvec(self.vectors, query)
            # Whole numbers, so that equal sums are equal.
            summed, rows = tf.math.top_k(-(ranks(inner) + ranks(inner * scales)), k=width)
            return 1.0 + tf.cast(summed, tf.float32) / (2.0 * tf.cast(self.rows, tf.float32)), rows

        # A loop without a turn knows no shapes: an empty batch asks one query and cuts it off.
        asked = tf.pad(queries, [[0, tf.cast(count == 0, tf.int32)], [0, 0]])
        signature = tf.TensorSpec((None,), tf.float32), tf.TensorSpec((None,), tf.int32)
        scores, rows = tf.map_fn(one, asked, fn_output_signature=signature, parallel_iterations=1)
        return scores[:count], rows[:count]


def _strings(values: Sequence[bytes], name: str) -> tf.Variable:
    return tf.Variable(np.array(values, object), trainable=False, name=name, shape=tf.TensorShape([None]))
