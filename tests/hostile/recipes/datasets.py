"""Data sets that somebody else edited."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

from tests.hostile.recipes import recipe
from tests.hostile.recipes.edits import broken, edits

MANIFEST = "dataset.json"


def whole(folder: Path) -> Path:
    """A data set as it should be."""
    from tests.tiny import tiny_posts, write_dataset

    return write_dataset(folder, {"train": tiny_posts(4, 0), "test": tiny_posts(2, 1, prefix="other")})


@recipe
def edited_manifests(folder: Path) -> Path:
    """Data sets whose manifest has one thing changed, each in a folder of its own."""
    base = whole(folder / "whole")
    content = json.loads((base / MANIFEST).read_text("utf-8"))
    texts = {name: text.encode() for name, text in edits(content)} | broken()
    for name, text in texts.items():
        shutil.copytree(base, folder / name)
        (folder / name / MANIFEST).write_bytes(text)
    shutil.rmtree(base)
    return folder


@recipe
def a_record_of_junk(folder: Path) -> Path:
    """A data set of which one record is no post; its manifest says the right digest."""
    import tensorflow as tf

    folder = whole(folder / "data")
    path = folder / "train-00000.tfrecord"
    records = [record.numpy() for record in tf.data.TFRecordDataset(str(path))]
    records[1] = b"\xff\xfejunk"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
    content = json.loads((folder / MANIFEST).read_text("utf-8"))
    for shard in content["splits"]["train"]:
        shard |= {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    (folder / MANIFEST).write_text(json.dumps(content), "utf-8")
    return folder


@recipe
def manifests_that_are_no_files(folder: Path) -> Path:
    """Data sets whose manifest is a pipe, a device, a ring of links, a folder."""
    for name in ("pipe", "device", "ring", "folder", "chain"):
        (folder / name).mkdir()
    os.mkfifo(folder / "pipe" / MANIFEST)
    (folder / "device" / MANIFEST).symlink_to("/dev/zero")
    (folder / "ring" / MANIFEST).symlink_to(MANIFEST)
    (folder / "folder" / MANIFEST).mkdir()
    for link in range(60):
        (folder / "chain" / f"{link}").symlink_to(f"{link + 1}")
    (folder / "chain" / MANIFEST).symlink_to("0")
    return folder
