"""Runs the real command on a small folder and reads back what it wrote."""

from __future__ import annotations

from pathlib import Path

from data_prep.__main__ import main
from data_prep.draft import Draft, Reject
from data_prep.sources.source import Source
from kerasmm.console import guarded
from kerasmm.data.dataset import Dataset, open_dataset
from kerasmm.data.post import Post

SPLITS = ("train", "validation", "test")


def build(source: str, folder: Path, output: Path, *flags: str) -> int:
    """The exit code of `python -m data_prep build`."""
    command = ["build", "--source", source, "--input", str(folder), "--output", str(output), "--quiet", *flags]
    return guarded(main, command)


def posts_of(output: Path) -> tuple[Dataset, dict[str, Post], dict[str, str]]:
    """The data set, its posts by id, and the split of each."""
    dataset = open_dataset(output)
    posts, splits = {}, {}
    for split in (name for name in SPLITS if name in dataset.manifest.splits):
        for post in dataset.posts(split):
            posts[post.id], splits[post.id] = post, split
    return dataset, posts, splits


def read(source: Source) -> tuple[dict[str, Draft], list[Reject]]:
    """The drafts of a source by id, and its rejects."""
    found = list(map(source.inside, source.posts()))
    drafts = {draft.post.id: draft for draft in found if isinstance(draft, Draft)}
    rejects = [reject for reject in found if isinstance(reject, Reject)]
    assert len(drafts) + len(rejects) == len(found)
    return drafts, rejects
