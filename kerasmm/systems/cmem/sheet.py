"""Sheets of photos with their tweets and the connotations that models find in both, as in figure 6 of CMEM's paper."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import Parser, UserError, progress, whole
from kerasmm.drawing.photo_sheet import Entry, PhotoRow, Said, draw_photo_sheet, listed_names
from kerasmm.drawing.print_figure import ABSENT, RIGHT, WRONG
from kerasmm.systems.sheets import Photos, Sheet, Trained, photo_pixels

if TYPE_CHECKING:
    import argparse

    import keras
    import numpy as np

    from kerasmm.data.dataset import Dataset
    from kerasmm.data.post import Post
    from kerasmm.encoders.denotations import Denotations
    from kerasmm.systems.protocol import Arrays
    from kerasmm.systems.system import System

MOST = 10
"""Connotations of a run, and denotations, that a photo has room for."""

LABELS = "labels"

TWEET, TRUTH, DENOTATIONS = "Tweet", "Connotations", "Denotations"

_FOOT = (
    f"{TRUTH}: the true ones of the tweet. Under them those that each model ranks first; blue: it is a true one; "
    "red: it isn't."
)


class ConnotationSheet(Sheet):
    """The connotations that runs rank first for photos and their tweets, beside what the photos alone show."""

    name = "connotations"
    shows = "photos with their tweets, and the connotations that runs rank first"
    description = (
        "Draws photos of a split with their tweets, their true connotations, and those that trained runs rank\n"
        "first (right ones in blue, wrong ones in red); beside them what the photo alone shows, its denotations:\n"
        "ImageNet classes by the first run's image encoder, or by efficientnet_lite0 where that one has no classifier."
    )
    example = "--run runs/warp --run runs/plsp='CMEM-plsp (best)' --output sheet.png"
    needs = "connotations (labels)"
    compares = True

    def add_arguments(self, parser: Parser) -> None:
        """How many connotations and denotations."""
        parser.add_argument("-k", type=whole(), default=2, help="how many connotations of each run (default: 2)")
        parser.add_argument(
            "--denotations", type=whole(), default=2, metavar="K", help="how many denotations; 0: none (default: 2)"
        )

    def check(self, arguments: argparse.Namespace) -> None:
        """Refuses more than a photo has room for."""
        if not 1 <= arguments.k <= MOST or not 0 <= arguments.denotations <= MOST:
            raise UserError(
                f"-k must lie in 1 … {MOST} and --denotations in 0 … {MOST}. "
                f"Received: -k {arguments.k} --denotations {arguments.denotations}"
            )

    def check_runs(self, runs: Sequence[Trained], arguments: argparse.Namespace) -> None:
        """Refuses runs that don't rank the same labels."""
        for run in runs:
            if LABELS not in run.system.vocabularies:
                raise UserError(f"{run.folder}: {run.system.name} has no vocabulary of labels; expected a run of cmem")
            if run.system.vocabularies[LABELS] != runs[0].system.vocabularies[LABELS]:
                raise UserError(
                    f"{run.folder}: ranks other connotations (labels) than {runs[0].folder}; expected runs of one data set"
                )

    def has(self, post: Post) -> bool:
        """Whether it has connotations."""
        return bool(post.labels)

    def draw(self, runs: Sequence[Trained], photos: Photos, arguments: argparse.Namespace) -> None:
        """Ranks the connotations of each photo by each run, and names what the photos show."""
        found, steps = {}, len(runs) + bool(arguments.denotations)
        with progress(arguments.quiet) as bar:
            task = bar.add_task("ranking connotations", total=steps, note="")
            for run in runs:
                opened = run.open()
                found[run.title] = first_connotations(*opened, photos.dataset, photos.split, photos.rows, arguments.k)
                bar.advance(task)
            systems, posts = [run.system for run in runs], list(photos.posts.values())
            denoted, classifier = _denotations(systems, posts, arguments.denotations)
            bar.update(task, completed=steps)
        rows = []
        for place, (post, shown) in enumerate(zip(posts, denoted, strict=True)):
            of_runs = tuple(FoundConnotations(title, of_run[place]) for title, of_run in found.items())
            rows.append(ConnotationRow(photo_pixels(post), post.text or "", post.labels, shown, of_runs))
        draw_connotation_sheet(rows, arguments.output, classifier)


@dataclasses.dataclass(frozen=True)
class FoundConnotations:
    """The connotations that a model ranks first for a photo and its tweet, best first."""

    name: str
    connotations: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class ConnotationRow:
    """A photo with its tweet, and what models find in both.

    Args:
        picture: `(h, w, 3)` uint8, or None where there is none.
        tweet: What was said with it; may be empty.
        truth: The true connotations.
        denotations: What the photo shows, and how sure the network that says so is, in 0 … 1. None: nobody asked.
        found: One a model.
    """

    picture: np.ndarray | None
    tweet: str
    truth: tuple[str, ...]
    denotations: tuple[tuple[str, float], ...] | None
    found: tuple[FoundConnotations, ...]


def draw_connotation_sheet(rows: Sequence[ConnotationRow], path: Path, classifier: str = "") -> None:
    """Draws a row a photo: its tweet, its true connotations, its denotations, and a line a model.

    Args:
        rows: From the top down.
        path: A PNG, PDF or SVG file, replaced when it is whole.
        classifier: The network that the denotations are from.

    Raises:
        UserError: When the file can't be written, or the sheet is too large.
    """
    foot = _FOOT
    if any(row.denotations is not None for row in rows):
        foot += f" {DENOTATIONS}: the ImageNet classes that {classifier} finds in the photo alone, and how sure it is."
    draw_photo_sheet([PhotoRow(row.picture, _entries(row)) for row in rows], foot, path)


def _entries(row: ConnotationRow) -> tuple[Entry, ...]:
    entries = [
        Entry(TWEET, (Said(row.tweet) if row.tweet.strip() else Said("no text", ABSENT),)),
        Entry(TRUTH, listed_names(row.truth, ["black"] * len(row.truth))),
    ]
    if row.denotations is not None:
        named = [f"{name} ({share:.0%})" for name, share in row.denotations]
        entries.append(Entry(DENOTATIONS, listed_names(named, ["black"] * len(named))))
    for found in row.found:
        colours = [RIGHT if name in row.truth else WRONG for name in found.connotations]
        entries.append(Entry(found.name, listed_names(found.connotations, colours)))
    return tuple(entries)


# === What is found ===


def first_connotations(
    system: System, model: keras.Model, dataset: Dataset, split: str, rows: Sequence[int], k: int
) -> list[tuple[str, ...]]:
    """The k best-scored labels of some posts, best first.

    Of equal scores the earlier label ranks higher, and one that is not a number ranks last, as in
    `kerasmm.evaluation.annotation`.

    Args:
        system: A system that scores labels.
        model: Its model.
        dataset: With the model's vocabulary of labels.
        split: Of the posts.
        rows: Their rows.
        k: How many labels a post; all where there are fewer.

    Returns:
        One for each of `rows`.

    Raises:
        UserError: When the system ranks no labels.
    """
    from kerasmm.evaluation.best_first import best_first
    from kerasmm.systems.outputs import picked_rows

    scores = picked_rows(_scored(system, model, dataset, split), "scores", rows).astype("float32")
    labels = system.vocabularies["labels"]
    return [tuple(labels[place] for place in places) for places in best_first(scores)[:, :k].tolist()]


def _scored(system: System, model: keras.Model, dataset: Dataset, split: str) -> Iterator[Arrays]:
    for batch in system.outputs(model, dataset, split):
        if "scores" not in batch:
            raise UserError(f"{system.name} ranks no labels; expected a run of cmem")
        yield batch


def _denotations(
    systems: Sequence[System], posts: Sequence[Post], k: int
) -> tuple[list[tuple[tuple[str, float], ...] | None], str]:
    """The denotations of each post, and the network that they are from."""
    if not k or not any(post.image for post in posts):
        return [None] * len(posts), ""
    import tensorflow as tf

    from kerasmm.data.images import decode_images

    named = _classifier(systems)
    decode = tf.function(lambda encoded: decode_images(encoded, named.image_size, named.resize))
    pixels, valid = decode(tf.constant([post.image or b"" for post in posts]))
    found = named(pixels.numpy(), k)
    return [tuple(of_post) if good else () for of_post, good in zip(found, valid.numpy(), strict=True)], named.network


def _classifier(systems: Sequence[System]) -> Denotations:
    """The first encoder of a run that has a classifier and its weights, else the one that is always there."""
    from kerasmm.encoders.denotations import Denotations

    for system in systems:
        chosen, stored = system.config.encoder, system.facts.features
        name = chosen.name or (stored["encoder"] if stored else None)
        if name is None:
            continue
        try:
            return Denotations(name, chosen.weights or "imagenet")
        except UserError:
            continue
    return Denotations()
