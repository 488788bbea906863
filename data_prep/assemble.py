"""Assembling: shards get their names, what goes beside them is added, and `dataset.json` is written last."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, cast

import kerasmm
from data_prep.config import BuildConfig
from data_prep.passes import Written
from data_prep.sources.source import Source
from data_prep.split.plan import SPLITS
from data_prep.users.usage import FILE_NAME as USAGE
from data_prep.work.rejects import FILE_NAME, STEPS, tally
from kerasmm.data.manifest import Manifest, ReadAs, Shard, StoredFile, Vocabulary, sha256_of

_PACKAGES = ("apache-beam", "tensorflow", "keras", "numpy", "pillow", "HanTa", "simplemma", "py3langid")


def assemble(written: Written, config: BuildConfig, source: Source, folder: Path, command: list[str]) -> Manifest:
    """Makes a data set of what the passes wrote.

    Args:
        written: What the passes left.
        config: The resolved configuration.
        source: Where the posts came from; its further files are copied.
        folder: The data set's folder, empty so far.
        command: What the user called.

    Returns:
        The manifest, as written to `folder`.
    """
    work = written.work
    rejects = folder / FILE_NAME
    work.write_lines(rejects, (reject.to_json() for reject in work.rejects(STEPS)))
    files = [_stored(rejects)]
    for extra in source.extras():
        files.append(_stored(Path(shutil.copyfile(extra, folder / extra.name))))
    if written.usage is not None:
        work.write_lines(folder / USAGE, [written.usage.model_dump_json()])
        files.append(_stored(folder / USAGE))
    vocabularies = {}
    kept = {"tags": written.words.tags, "labels": written.words.labels}
    kept |= {"users": written.users} if written.users is not None else {}
    kept |= {"keywords": written.keywords} if written.keywords is not None else {}
    for name, words in kept.items():
        path = folder / f"{name}.txt"
        work.write_lines(path, words)
        vocabularies[name] = Vocabulary(**_stored(path).model_dump(), size=len(words))
    dropped: dict[str, dict[str, int]] = {}
    for (step, reason), count in sorted(tally(work.rejects(STEPS)).items()):
        dropped.setdefault(step, {})[reason] = count
    splits, fields, statistics = _shards(written, folder)
    if written.usage is not None:
        posts = sum(shard.records for shards in splits.values() for shard in shards)
        statistics["users"] = written.usage.users
        statistics["tags_per_post"] = sum(statistics[f"{split}/tags"] for split in splits) / posts
    manifest = Manifest(
        source=source.name,
        synthetic=source.synthetic,
        command=command,
        config={"unit": source.unit, **config.model_dump(mode="json")},
        splits=splits,
        fields=fields,
        vocabularies=vocabularies,
        features=written.features,
        dropped=dropped,
        files=files,
        statistics={"posts_seen": written.seen, **statistics, **written.statistics},
        reading=cast(ReadAs, source.reading.to_json()),
        versions=_versions(),
    )
    manifest.write(folder)
    return manifest


def _shards(
    written: Written, folder: Path
) -> tuple[dict[str, list[Shard]], dict[str, dict[str, int]], dict[str, float]]:
    """Moves the shards into the data set; counts fields, tags, labels and links of each split."""
    notes: dict[int, dict[str, Any]] = {number: written.work.note("written", number) for number in written.numbers}
    splits: dict[str, list[Shard]] = {}
    fields: dict[str, dict[str, int]] = {}
    statistics: dict[str, float] = {}
    for split in SPLITS:
        held = {number: note[split] for number, note in notes.items() if split in note}
        if not held:
            continue
        splits[split] = []
        for place, (number, note) in enumerate(held.items()):
            name = f"{split}-{place:05d}-of-{len(held):05d}.tfrecord"
            written.work.path(f"shards/{split}", number, "tfrecord").rename(folder / name)
            splits[split].append(Shard(**{**note["shard"], "name": name}))
        fields[split] = dict(sorted(_sum(note["fields"] for note in held.values()).items()))
        totals = _sum(note["sums"] for note in held.values())
        statistics.update({f"{split}/{name}": total for name, total in totals.items()})
    return splits, fields, statistics


def _sum(counts: Iterable[dict[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return total


def _stored(path: Path) -> StoredFile:
    return StoredFile(name=path.name, bytes=path.stat().st_size, sha256=sha256_of(path))


def _versions() -> dict[str, str]:
    found = {"kerasmm": kerasmm.__version__}
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
