"""`inspect`: is the data set whole, and what is in it? Counts as in table 1 of the DMAN paper, drops, sample posts."""

from __future__ import annotations

import dataclasses
import heapq
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data_prep.inspect.connotation_figures import connotation_figures, connotation_lines
from data_prep.inspect.usage_figures import usage_in, usage_lines, usage_summary
from data_prep.missing import lost_links
from data_prep.sources.reading import told
from data_prep.users.usage import Usage
from data_prep.work.hashing import rank
from kerasmm.console import UserError, console, progress, show
from kerasmm.data.dataset import Dataset, open_dataset
from kerasmm.data.manifest import Manifest, check_file, sha256_of
from kerasmm.data.post import Post

SAMPLES = 24
KEYWORDS = "keywords"
_PRINTED = 5


@dataclasses.dataclass
class Figures:
    """What one pass over a data set counts.

    Args:
        posts: Posts of each split.
        left_out: Records of each split that are no posts.
        images: Posts with a picture.
        links: Links of training posts.
        tags: How many posts have each tag.
        labels: How many posts have each label.
        sizes: How many posts have so many labels.
        keywords: How many posts have each keyword of the clean data set that they were collected for.
        samples: Some posts, the same ones every time, with their splits.
    """

    posts: Counter[str] = dataclasses.field(default_factory=Counter)
    left_out: Counter[str] = dataclasses.field(default_factory=Counter)
    images: int = 0
    links: int = 0
    tags: Counter[str] = dataclasses.field(default_factory=Counter)
    labels: Counter[str] = dataclasses.field(default_factory=Counter)
    sizes: Counter[int] = dataclasses.field(default_factory=Counter)
    keywords: Counter[str] = dataclasses.field(default_factory=Counter)
    samples: list[tuple[Post, str]] = dataclasses.field(default_factory=list)

    def table(self) -> dict[str, float]:
        """Table 1 of the paper; splits that it doesn't have follow."""
        total = max(self.posts.total(), 1)
        table = {
            "images": self.images,
            "tags": len(self.tags),
            "tags_per_image": round(self.tags.total() / total, 2),
            "labels": len(self.labels),
            "labels_per_image": round(self.labels.total() / total, 2),
            "nodes_training": self.posts["train"],
            "edges_training": self.links,
            "nodes_testing": self.posts["test"],
        }
        others = {f"nodes_{name}": count for name, count in self.posts.items() if name not in ("train", "test")}
        return {**table, **others}


def inspect(folder: Path, plots: Path | None = None, as_json: bool = False, quiet: bool = False) -> Figures:
    """Checks a data set and prints what is in it.

    Args:
        folder: The data set's folder.
        plots: Where to write `frequencies.png`, `labels.png` and `samples.png`, and `usage.png` where users were counted.
        as_json: Print one JSON object with stable keys in place of the text.
        quiet: Print nothing but JSON, if asked for.

    Returns:
        What was counted.

    Raises:
        UserError: When a file is missing or damaged, the manifest can't be honoured, or the plots can't be written.
    """
    dataset = open_dataset(folder)
    manifest = dataset.manifest
    if plots is not None:
        _make_writable(plots)
    for file in manifest.files:
        path = dataset.folder / file.name
        check_file(dataset.folder, file, sha256_of(path) if path.is_file() else None)
    for name in manifest.vocabularies:
        dataset.vocabulary(name)
    usage = usage_in(dataset.folder, manifest)
    figures = count(dataset, quiet)
    if as_json:
        show(json.dumps(_summary(manifest, figures, usage), ensure_ascii=False, indent=2))
    elif not quiet:
        show("\n".join(_report(folder, manifest, figures, usage)))
    if plots is not None:
        from data_prep.inspect.plots import plot_frequencies, plot_labels, plot_samples, plot_usage

        title = f"{manifest.source} (synthetic)" if manifest.synthetic else manifest.source
        plot_frequencies(figures.tags, figures.labels, title, plots / "frequencies.png")
        plot_labels(figures.labels, figures.posts.total(), title, plots / "labels.png")
        if usage is not None:
            plot_usage([posts for _, posts, _ in usage.tags], usage.posts_a_user, title, plots / "usage.png")
        if (bad := plot_samples(figures.samples, title, plots / "samples.png")) and not quiet:
            console().print(f"{bad} of the samples' pictures can't be decoded", soft_wrap=True)
    return figures


def _make_writable(plots: Path) -> None:
    try:
        plots.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=plots):
            pass
    except OSError as error:
        raise UserError(f"--plots {plots}: can't be written ({error.strerror})") from error


def count(dataset: Dataset, quiet: bool = True) -> Figures:
    """Reads every post once; shards are checked against the manifest on the way."""
    figures, manifest = Figures(), dataset.manifest
    if KEYWORDS in manifest.vocabularies:
        # Those that no post has count, too.
        figures.keywords.update(dict.fromkeys(dataset.vocabulary(KEYWORDS), 0))
    chosen: list[tuple[int, str, Post, str]] = []
    with progress(quiet) as shown:
        bar = shown.add_task("inspect", total=sum(map(manifest.records, manifest.splits)), note="")
        for split in manifest.splits:
            for post in dataset.posts(split) if manifest.records(split) else ():
                shown.advance(bar)
                figures.posts[split] += 1
                figures.images += post.image is not None
                figures.links += len(post.links)
                figures.tags.update(post.tags)
                figures.labels.update(post.labels)
                figures.sizes[len(post.labels)] += 1
                figures.keywords.update(post.keywords)
                # The highest ranks stay: a sample over all splits that needs no second pass.
                entry = (rank(0, "sample", post.id), post.id, post, split)
                if len(chosen) < SAMPLES:
                    heapq.heappush(chosen, entry)
                elif entry[:2] > chosen[0][:2]:
                    heapq.heapreplace(chosen, entry)
            if manifest.records(split) and (junk := dataset.records(split).left_out):
                figures.left_out[split] = junk
    figures.samples = [(post, split) for _, _, post, split in sorted(chosen, key=lambda entry: entry[:2])]
    return figures


def _summary(manifest: Manifest, figures: Figures, usage: Usage | None) -> dict[str, Any]:
    return {
        "whole": True,
        "source": manifest.source,
        "synthetic": manifest.synthetic,
        **figures.table(),
        "features": None if manifest.features is None else manifest.features.model_dump(mode="json"),
        "fields": manifest.fields,
        "dropped": manifest.dropped,
        "left_out": dict(figures.left_out),
        "connotations": connotation_figures(manifest, figures.labels, figures.sizes),
        "usage": usage_summary(manifest, usage),
        "reading": manifest.reading,
        "keywords": dict(figures.keywords) if KEYWORDS in manifest.vocabularies else None,
    }


def _report(folder: Path, manifest: Manifest, figures: Figures, usage: Usage | None) -> Iterator[str]:
    kind = "synthetic" if manifest.synthetic else "real"
    shards = sum(map(len, manifest.splits.values()))
    yield f"{folder}: source {manifest.source} ({kind}), whole: {shards} shards match their SHA-256"
    yield ""
    for name, value in figures.table().items():
        yield f"  #{name.replace('_', ' '):<20} {value:>12,}"
    if manifest.features is not None:
        shape = " × ".join(map(str, manifest.features.shape))
        yield f"  image features: {manifest.features.encoder}, {shape} float16"
    yield ""
    yield (
        f"dropped of {int(manifest.statistics.get('posts_seen', 0)):,} posts:"
        if manifest.dropped
        else "nothing dropped"
    )
    for step, reasons in manifest.dropped.items():
        for reason, dropped in reasons.items():
            yield f"  {f'{step}: {reason}':<60} {dropped:>8,}"
    if figures.left_out:
        yield ""
        yield "records that are no posts, and left out: " + ", ".join(
            f"{junk:,} of {split}" for split, junk in figures.left_out.items()
        )
    for line in lost_links(manifest):
        yield ""
        yield line
    if manifest.reading:
        yield ""
        yield from told(manifest.reading)
    for title, counts in (("tags", figures.tags), ("labels", figures.labels)):
        yield ""
        yield f"most frequent {title}: " + ", ".join(f"{word} ({posts:,})" for word, posts in counts.most_common(12))
    if usage is not None:
        yield ""
        yield from usage_lines(manifest, usage)
    connotations = connotation_figures(manifest, figures.labels, figures.sizes)
    if connotations is not None:
        yield ""
        yield from connotation_lines(connotations)
    if figures.keywords:
        yield ""
        yield from _keywords(figures.keywords)
    yield ""
    yield "sample posts:"
    for post, split in figures.samples[:_PRINTED]:
        words = [f"{name} {', '.join(values[:8])}" for name in ("tags", "labels") if (values := getattr(post, name))]
        said = post.text or (post.sentences[0] if post.sentences else "")
        yield f"  {post.id} ({split}): " + "; ".join(filter(None, [said[:100], *words, f"{len(post.links)} links"]))


def _keywords(counts: Counter[str]) -> Iterator[str]:
    """Posts a keyword: how many have none, which have most and which, of those that have any, least."""
    ranked = [(word, posts) for word, posts in counts.most_common() if posts]
    yield f"keywords of the clean data set: {len(counts):,}, {len(ranked):,} of them with posts"
    for title, some in (("most", ranked[:12]), ("least", ranked[:-13:-1])):
        yield f"{title} posts: " + ", ".join(f"{word} ({posts:,})" for word, posts in some)
