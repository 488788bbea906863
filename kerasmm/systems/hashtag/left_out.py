"""Users none of whose posts are trained on, so that it can be measured what a model makes of new ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from kerasmm.data.records import Records

SHARE = 0.1
"""Of users who are measured apart where all are trained on: those whom `user_specific.left_out=0.1` would leave out."""


def left_out(users: Iterable[str], share: float) -> np.ndarray:
    """Which users are left out, `(n,)` booleans: by their names, so that every run leaves the same ones out.

    Example:

    >>> left_out(["ann", "bob", "cy"], 0.5).tolist(), left_out(["cy"], 0.5).tolist()
    ([False, False, True], [True])
    """
    drawn = (hashlib.sha256(user.encode("utf-8", "surrogateescape")).digest()[:8] for user in users)
    return np.array([int.from_bytes(number, "big") < share * 2**64 for number in drawn], bool)


def trained_rows(records: Records, share: float) -> np.ndarray | None:
    """Rows of a split whose users aren't left out; None, all, where nobody is."""
    if not share:
        return None
    import tensorflow as tf

    from kerasmm.data import batches

    read, kept = batches.reader(records), [np.zeros(0, bool)]
    for rows in batches.row_batches(np.arange(len(records)), 1024):
        names = batches.parse(read(rows), lists=("user",))["user"]
        # The first name, should a record hold several; a post without one is nobody's.
        first = tf.concat([names, tf.fill([tf.shape(rows)[0], 1], b"")], axis=1)[:, :1].to_tensor()[:, 0].numpy()
        there = np.array([bool(name) for name in first.tolist()], bool)
        kept.append(~(there & left_out((name.decode() for name in first.tolist()), share)))
    return np.flatnonzero(np.concatenate(kept))
