"""Whether a data set is the one that a run was trained on: figures on posts that training saw are none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kerasmm.console import UserError, console, listed
from kerasmm.data.dataset import Dataset
from kerasmm.data.manifest import FILE_NAME, Manifest, read_manifest, sha256_of

DIGESTS = "data_splits"
"""Key of `run.json`: split → digest of its posts."""
OTHERS = "other_data_splits"
"""Key of `run.json`: folder of another data set that a training reads → the same of it."""


def split_digests(manifest: Manifest) -> dict[str, str]:
    """Split → SHA-256 of its shards' own, in reading order: two are equal where the same posts stand in the same order.

    Taken from `dataset.json`, which every shard is held against as it is opened, so that nothing large is read.

    Example:

    >>> from kerasmm.data.manifest import Manifest, Shard
    >>> shard = Shard(name="test-00000.tfrecord", bytes=7, sha256="ab", records=1)
    >>> split_digests(Manifest(source="mine", splits={"test": [shard]}))["test"][:8]
    'fb8e20fc'
    """
    return {
        split: hashlib.sha256("\n".join(shard.sha256 for shard in shards).encode()).hexdigest()
        for split, shards in manifest.splits.items()
        if manifest.records(split)
    }


def other_digests(folders: Iterable[str]) -> dict[str, dict[str, str]]:
    """`split_digests` of the data sets that a training reads beside its own, by their folders."""
    return {folder: split_digests(read_manifest(Path(folder))) for folder in folders}


def difference(content: Mapping[str, Any], dataset: Dataset) -> str:
    """What tells a data set from the one that a run was trained on; "" where nothing does.

    Args:
        content: The run's `run.json`.
        dataset: The data set.
    """
    trained = content.get(DIGESTS)
    if isinstance(trained, Mapping):
        here = split_digests(dataset.manifest)
        other = [split for split in dict.fromkeys((*trained, *here)) if trained.get(split) != here.get(split)]
        return f"other posts in {listed(other).replace(' or ', ' and ')}" if other else ""
    # A run of an earlier version knows the whole manifest only, in which other words may stand for the same posts.
    known = content.get("data_sha256")
    if known and known != sha256_of(dataset.folder / FILE_NAME):
        return f"another {FILE_NAME}"
    return ""


def refuse_another(run: object, content: Mapping[str, Any], dataset: Dataset, instead: str) -> None:
    """Refuses a data set that is not what a run was trained on.

    Args:
        run: The run's folder, for the message.
        content: Its `run.json`.
        dataset: The data set.
        instead: What to do about it.

    Raises:
        UserError: When it is another one.
    """
    found = difference(content, dataset)
    if found:
        raise UserError(
            f"{dataset.folder}: is not the data set that {run} was trained on ({found}), so its test posts may be ones "
            f"that training saw; {instead}"
        )


def refuse_others(run: object, content: Mapping[str, Any]) -> None:
    """Refuses to go on with a run beside whose data set another one is no longer what it was.

    Args:
        run: The run's folder, for the message.
        content: Its `run.json`; one of an earlier version doesn't know the others.

    Raises:
        UserError: When one of them is another one, or gone.
    """
    for folder, trained in content.get(OTHERS, {}).items():
        found = difference({DIGESTS: trained}, Dataset(folder))
        if found:
            raise UserError(f"{folder}: is not the data set that {run} was trained on ({found}); start a new run")


def check_data(run: object, content: Mapping[str, Any], dataset: Dataset, named: bool, quiet: bool) -> bool:
    """Refuses a data set that took the place of the one that a run was trained on; says of one that was named that it is
    another.

    Args:
        run: The run's folder.
        content: Its `run.json`.
        dataset: The data set.
        named: Whether `--data` asked for it.
        quiet: Say nothing.

    Returns:
        Whether it is another one.

    Raises:
        UserError: When it is another one and wasn't named.
    """
    if not named:
        refuse_another(run, content, dataset, f"name it with --data {dataset.folder} to take it as another one")
    say = console(quiet)
    if DIGESTS not in content and "data_sha256" not in content:
        say.print(
            f"note: {run} is of an earlier version and doesn't know its data set: whether {dataset.folder} is it, nobody can "
            "tell",
            soft_wrap=True,
        )
    found = difference(content, dataset)
    if found:
        say.print(
            f"note: {dataset.folder} is not the data set that {run} was trained on ({found}): its posts may be ones that "
            "training saw",
            soft_wrap=True,
        )
    return bool(found)
