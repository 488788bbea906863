"""Pictures of a data set: how often words occur, and what posts look like."""

from __future__ import annotations

import itertools
import textwrap
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, MaxNLocator
from PIL import Image

from kerasmm.data.opening import BadPicture, opened
from kerasmm.data.post import Post
from kerasmm.files.writing import written_whole

_LABELS = 50
_COLUMNS = 6
_SIDE = 192


def plot_frequencies(tags: Mapping[str, int], labels: Mapping[str, int], title: str, path: Path) -> None:
    """Rank against number of posts, both logarithmic, with the most frequent words written beside their points."""
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    figure.suptitle(f"{title}: how many posts have the word of each rank")
    for axes, (name, counts) in zip(figure.subplots(1, 2), (("tags", tags), ("labels", labels)), strict=True):
        words = sorted(counts, key=lambda word: (-counts[word], word))
        axes.set(title=f"{len(words):,} {name}", xlabel="rank", ylabel="posts", xscale="log", yscale="log")
        axes.grid(True, which="major", alpha=0.3)
        if words:
            axes.plot(range(1, len(words) + 1), [counts[word] for word in words], ".-", markersize=4, linewidth=0.8)
        for place in sorted({int(place) for place in np.geomspace(1, len(words), 8)} if words else ()):
            word = textwrap.shorten(words[place - 1], 18, placeholder="…") or words[place - 1][:18]
            last = place == len(words) > 1
            axes.annotate(
                _plain(word),
                (place, counts[words[place - 1]]),
                (4, -10) if last else (4, 4),
                textcoords="offset points",
                horizontalalignment="right" if last else "left",
                fontsize=8,
            )
        axes.margins(0.12, 0.12)
        _plain_powers(axes)
    _save(figure, path)


def _plain_powers(axes: Axes) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(LogFormatter())
        axis.set_minor_formatter(LogFormatter(minor_thresholds=(1, 0.4)))


def plot_usage(posts_a_tag: Iterable[int], posts_a_user: Sequence[tuple[int, int]], title: str, path: Path) -> None:
    """How often tags are given and how many posts users have, by rank, both logarithmic (hashtag prediction, figure 3).

    Args:
        posts_a_tag: How many training posts have each tag; those of none have no place on a logarithmic scale.
        posts_a_user: A number of posts, and how many users have so many.
        title: What the data set is called.
        path: Where to write the PNG.
    """
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    figure.suptitle(f"{title}: how often tags are given, and how many posts users have")
    panels = (("tag", Counter(filter(None, posts_a_tag)).items()), ("user", posts_a_user))
    for axes, (name, counts) in zip(figure.subplots(1, 2), panels, strict=True):
        steps = sorted(counts, reverse=True)
        ends = list(itertools.accumulate(having for _, having in steps))
        # Of those with equally many posts the first and the last rank: what lies between is a straight line.
        ranks = [rank for end, (_, having) in zip(ends, steps, strict=True) for rank in (end - having + 1, end)]
        number = f"{ends[-1] if ends else 0:,} {name}s of the training split"
        axes.set(title=number, xlabel=f"{name}, by rank", ylabel="posts", xscale="log", yscale="log")
        axes.grid(True, which="major", alpha=0.3)
        axes.plot(ranks, [posts for posts, _ in steps for _ in range(2)], ".-", markersize=4, linewidth=0.8)
        axes.margins(0.06, 0.08)
        _plain_powers(axes)
    _save(figure, path)


def plot_labels(labels: Mapping[str, int], posts: int, title: str, path: Path) -> None:
    """The most frequent labels and how many posts have each, as bars (CMEM, figure 4).

    Args:
        labels: How many posts have each label.
        posts: How many posts there are.
        title: What the data set is called.
        path: Where to write the PNG.
    """
    words = sorted(labels, key=lambda word: (-labels[word], word))[:_LABELS]
    counts = [labels[word] for word in words]
    figure = Figure(figsize=(max(4.0, 1.5 + 0.24 * len(words)), 4.5), layout="constrained")
    figure.suptitle(f"{title}: the {len(words)} most frequent of {len(labels):,} labels")
    axes = figure.subplots()
    axes.bar(range(len(words)), counts, width=0.8, color="tab:blue")
    axes.set_ylabel("posts")
    axes.set_xlim(-0.6, max(len(words), 1) - 0.4)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    shown = [_plain(textwrap.shorten(word, 26, placeholder="…") or word[:26]) for word in words]
    axes.set_xticks(range(len(words)), shown, rotation=60, ha="right", rotation_mode="anchor", fontsize=8)
    axes.grid(True, axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    if posts:
        shares = axes.twinx()
        low, high = axes.get_ylim()
        shares.set_ylim(100 * low / posts, 100 * high / posts)
        shares.set_ylabel("% of the posts")
    _save(figure, path)


def plot_samples(samples: Sequence[tuple[Post, str]], title: str, path: Path) -> int:
    """A sheet of pictures with their tags; returns how many are grey because they can't be decoded."""
    bad = 0
    shown = [(post, split) for post, split in samples if post.image is not None]
    rows = max(1, -(-len(shown) // _COLUMNS))
    figure = Figure(figsize=(2.1 * _COLUMNS, 2.7 * rows), layout="constrained")
    figure.suptitle(f"{title}: sample posts")
    all_axes = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axes in all_axes:
        axes.set_axis_off()
    for axes, (post, split) in zip(all_axes, shown, strict=False):
        picture = _small(post.image or b"")
        bad += picture is None
        axes.imshow(np.asarray(picture or Image.new("RGB", (_SIDE, _SIDE), "grey")))
        caption = textwrap.fill(_plain(", ".join(post.tags[:6])), 26, max_lines=3, placeholder="…")
        axes.set_title(f"{_plain(post.id)[:24]} ({split})\n{caption}", fontsize=7, loc="left")
    _save(figure, path)
    return bad


def _plain(text: str) -> str:
    """Dollar signs would start a formula."""
    return text.replace("$", r"\$")


def _save(figure: Figure, path: Path) -> None:
    with warnings.catch_warnings():
        # The font lacks some of the world's letters; a box in a plot is no news.
        warnings.filterwarnings("ignore", message="Glyph")
        with written_whole(path) as temporary:
            figure.savefig(temporary, dpi=120)


def _small(encoded: bytes) -> Image.Image | None:
    """The picture, or None where only the decoder of the readers takes it, or nobody."""
    try:
        with opened(encoded) as picture:
            picture.draft("RGB", (_SIDE, _SIDE))
            small = picture.convert("RGB")
    except BadPicture:
        return None
    small.thumbnail((_SIDE, _SIDE))
    return small
