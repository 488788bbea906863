"""Peak resident memory of training DMAN on many posts with stored features, at the paper's sizes.

    python benchmarks/memory_of_training.py --posts 100000 --steps 100

Writes a data set of random features (49 x 512 float16, 50 KB a post: 5 GB for 100,000), then trains in a process of its
own on batches drawn from all of it and reads that process' peak. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

WORDS, CLASSES, REGIONS, LIMIT_GIB = 1000, 81, (49, 512), 4.0


def write(folder: Path, posts: int, regions: tuple[int, int] = REGIONS) -> None:
    """Random posts: 6 tags, 2 labels, 50 links, and features that are windows of one random block."""
    import tensorflow as tf

    from kerasmm.data.manifest import Features, Manifest, Shard, Vocabulary, sha256_of
    from kerasmm.data.post import Post

    rng = np.random.default_rng(0)
    block = rng.normal(size=(4096, *regions)).astype("float16")
    folder.mkdir(parents=True)
    per_shard = 5000
    splits: dict[str, list[Shard]] = {}
    for split, count in (("train", posts), ("validation", 64), ("test", 64)):
        splits[split] = []
        for start in range(0, count, per_shard):
            path = folder / f"{split}-{start // per_shard:05d}.tfrecord"
            size = min(per_shard, count - start)
            with tf.io.TFRecordWriter(str(path)) as writer:
                for number in range(start, start + size):
                    post = Post(
                        id=f"{split}-{number}",
                        features=block[rng.integers(len(block))],
                        tags=tuple(f"tag{word}" for word in rng.choice(WORDS, 6, replace=False)),
                        labels=tuple(f"label{label}" for label in rng.choice(CLASSES, 2, replace=False)),
                        links=tuple(f"train-{other}" for other in rng.integers(posts, size=50))
                        if split == "train"
                        else (),
                    )
                    writer.write(post.to_bytes())
            splits[split].append(Shard(name=path.name, bytes=path.stat().st_size, sha256=sha256_of(path), records=size))
    vocabularies = {}
    for name, stem, size in (("tags", "tag", WORDS), ("labels", "label", CLASSES)):
        path = folder / f"{name}.txt"
        path.write_text("".join(f"{stem}{word}\n" for word in range(size)))
        vocabularies[name] = Vocabulary(name=path.name, bytes=path.stat().st_size, sha256=sha256_of(path), size=size)
    features = Features(encoder="vgg16", fingerprint="0" * 64, image_size=(224, 224), resize="squash", shape=regions)
    fields = {split: {"tags": 1, "links": 1} for split in splits}
    Manifest(
        source="random", synthetic=True, splits=splits, fields=fields, vocabularies=vocabularies, features=features
    ).write(folder)


def train(folder: Path, steps: int) -> None:
    """Opens the data set as `fit` does, trains some steps, and prints what it took."""
    import keras
    import tensorflow as tf

    from kerasmm.data import open_dataset
    from kerasmm.runs.trainer import Trainer
    from kerasmm.systems import system
    from kerasmm.systems.config import load_config

    kind = system("dman")
    config = load_config(kind.Config)
    began = time.monotonic()
    dataset = open_dataset(folder)
    made = kind(config, kind.gather_facts(config, dataset), 0)
    stage = made.stages(made.build(), dataset)[0]
    opened = time.monotonic()
    for _ in stage.batches(1, 0).take(steps):
        pass
    read = time.monotonic()
    trainer = Trainer(stage)
    optimizer = stage.optimizer()
    optimizer.build(stage.model.trainable_variables)
    trainer.compile(optimizer, jit_compile=False)
    trainer.fit(stage.batches(0, 0), steps_per_epoch=steps, epochs=1, verbose=0, shuffle=False)
    batch = config.training.batch_size
    answer = {
        "posts": len(dataset.records("train")),
        "gigabytes_on_disk": round(sum(s.bytes for s in dataset.manifest.splits["train"]) / 1e9, 2),
        "parameters": stage.model.count_params(),
        "seconds_to_open_and_verify": round(opened - began, 1),
        "posts_read_per_second": round(2 * batch * steps / (read - opened)),
        "seconds_per_step": round((time.monotonic() - read) / steps, 3),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "limit_gib": LIMIT_GIB,
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
    }
    print(json.dumps(answer))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="keep the data set here, and use it again")
    parser.add_argument("--train-only", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.train_only:
        train(arguments.folder, arguments.steps)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary) / "data"
        if not (folder / "dataset.json").exists():
            write(folder, arguments.posts)
        command = [sys.executable, __file__, "--train-only", "--folder", str(folder), "--steps", str(arguments.steps)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
