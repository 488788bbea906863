"""The rows of an export's indexes: read out of its checkpoint, and written beside the same weights."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from kerasmm.console import UserError
from kerasmm.serving.checkpoint import CHECKPOINT, Checkpoint
from kerasmm.serving.encoded import Rows
from kerasmm.serving.recipe import VALUE

_INDEX = re.compile(r"services/indexes/([^/]+)/(vectors|ids|texts|scales)" + re.escape(VALUE))


def read_rows(version: Path) -> dict[str, Rows]:
    """What the indexes of an export hold, by kind.

    Raises:
        UserError: For an export whose graph is bound to the number of its rows.
    """
    reader = Checkpoint(version)
    found: dict[str, dict[str, np.ndarray]] = {}
    for key in reader.shapes:
        if match := _INDEX.fullmatch(key):
            found.setdefault(match[1], {})[match[2]] = reader.tensor(key)
    if not found:
        raise UserError(f"{version}: was exported before an index could be changed; export its run again")
    return {
        kind: Rows(
            [row_id.decode(errors="replace") for row_id in held["ids"].tolist()],
            held["vectors"],
            held["texts"].tolist() if "texts" in held else None,
            held.get("scales"),
        )
        for kind, held in sorted(found.items())
    }


def merged_rows(old: Rows, new: Rows | None, stays: Callable[[str], bool]) -> Rows:
    """Old rows without those that go, with new ones: in the place of the old row of the same id, else at the end.

    Args:
        old: What is indexed.
        new: What comes.
        stays: Says of an old row's id whether it stays. One that comes again stays in its place.
    """
    coming = {row_id: row for row, row_id in enumerate(new.ids)} if new else {}
    kept = [row for row, row_id in enumerate(old.ids) if row_id in coming or stays(row_id)]
    ids = [old.ids[row] for row in kept]
    vectors, texts = old.vectors[kept], None if old.texts is None else [old.texts[row] for row in kept]
    scales = None if old.scales is None else old.scales[kept]
    if new is None:
        return Rows(ids, vectors, texts, scales)
    place = {row_id: row for row, row_id in enumerate(ids)}
    added = [row for row, row_id in enumerate(new.ids) if row_id not in place]
    for row_id in place.keys() & coming.keys():
        vectors[place[row_id]] = new.vectors[coming[row_id]]
        if scales is not None and new.scales is not None:
            scales[place[row_id]] = new.scales[coming[row_id]]
        if texts is not None and new.texts is not None:
            texts[place[row_id]] = new.texts[coming[row_id]]
    if texts is not None:
        texts += [new.texts[row] if new.texts is not None else b"" for row in added]
    if scales is not None and new.scales is not None:
        scales = np.concatenate([scales, new.scales[added]])
    return Rows([*ids, *(new.ids[row] for row in added)], np.concatenate([vectors, new.vectors[added]]), texts, scales)


def write_rows(version: Path, rows: Mapping[str, Rows], folder: Path) -> None:
    """Writes the checkpoint of an export with other rows; everything else in it stays as it is.

    Args:
        version: The export that is read.
        rows: What the indexes hold, by kind; those of the export.
        folder: The new export's folder.

    Raises:
        UserError: For vectors that aren't finite or have another dimension.
    """
    import tensorflow as tf

    reader = Checkpoint(version)
    tensors = {}
    for key in sorted(reader.shapes):
        match = _INDEX.fullmatch(key)
        if match is None:
            tensors[key] = tf.constant(reader.tensor(key))
            continue
        held = rows[match[1]]
        if match[2] == "vectors":
            if not np.isfinite(held.vectors).all():
                raise UserError(f"{version}: the model gives values that are not finite for some of the posts")
            tensors[key] = tf.constant(held.vectors, tf.float32)
        elif match[2] == "scales":
            tensors[key] = tf.constant(held.scales, tf.float32)
        else:
            values = [row_id.encode() for row_id in held.ids] if match[2] == "ids" else held.texts
            tensors[key] = tf.constant(np.array(values, object), tf.string)
    (folder / CHECKPOINT).parent.mkdir(parents=True)
    tf.raw_ops.SaveV2(
        prefix=str(folder / CHECKPOINT),
        tensor_names=list(tensors),
        shape_and_slices=[""] * len(tensors),
        tensors=list(tensors.values()),
    )
