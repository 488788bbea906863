"""`python -m kerasmm.connotations`: the connotations that runs rank first for some photos and their tweets, on a sheet."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import Parser, UserError, console, guarded, progress
from kerasmm.serving.shown_posts import add_shown_posts, check_shown_posts, photo_pixels, shown_posts

if TYPE_CHECKING:
    from kerasmm.data.dataset import Dataset
    from kerasmm.data.post import Post
    from kerasmm.encoders.denotations import Denotations
    from kerasmm.systems.system import System

MOST = 10
"""Connotations of a run, and denotations, that a photo has room for."""

LABELS = "labels"


def parser() -> Parser:
    """The command line."""
    made = Parser(
        prog="python -m kerasmm.connotations",
        description="Draws photos of a split with their tweets, their true connotations, and those that trained runs rank\n"
        "first (right ones in blue, wrong ones in red); beside them what the photo alone shows, its denotations:\n"
        "ImageNet classes by the first run's image encoder, or by efficientnet_lite0 where that one has no classifier.",
        example="python -m kerasmm.connotations --run runs/warp --run runs/plsp='CMEM-plsp (best)' --output sheet.png",
    )
    made.add_argument(
        "--run", action="append", required=True, metavar="FOLDER[=TITLE]",
        help="a trained run, and how the sheet calls it (default: its row of the paper's table); repeatable",
    )  # fmt: skip
    add_shown_posts(made, "split that the photos are from")
    made.add_argument("-k", type=int, default=2, help="how many connotations of each run (default: 2)")
    made.add_argument(
        "--denotations", type=int, default=2, metavar="K", help="how many denotations; 0: none (default: 2)"
    )
    made.add_quiet()
    return made


def main(argv: list[str]) -> int:
    """Parses, calls and prints."""
    arguments = parser().parse_args(argv)
    check_shown_posts(arguments)
    if not 1 <= arguments.k <= MOST or not 0 <= arguments.denotations <= MOST:
        raise UserError(
            f"-k must lie in 1 … {MOST} and --denotations in 0 … {MOST}. "
            f"Received: -k {arguments.k} --denotations {arguments.denotations}"
        )
    runs = _runs(arguments.run)
    systems, dataset = _systems(runs, arguments.data)
    titles = _titles(runs, systems)
    posts = shown_posts(dataset, arguments, lambda post: post.labels, "connotations (labels)")
    found = {}
    with progress(arguments.quiet) as bar:
        task = bar.add_task("ranking connotations", total=len(runs) + bool(arguments.denotations), note="")
        for folder, title in titles.items():
            found[title] = _found(folder, dataset, arguments.split, list(posts), arguments.k)
            bar.advance(task)
        shown, classifier = _denotations(list(systems.values()), list(posts.values()), arguments.denotations)
        bar.update(task, completed=len(runs) + bool(arguments.denotations))
    _draw(list(posts.values()), found, shown, classifier, arguments.output)
    console(arguments.quiet).print(f"wrote {arguments.output}", soft_wrap=True)
    return 0


def _runs(asked: Sequence[str]) -> dict[Path, str]:
    """Folders of the runs, and the titles that they were given; "" where none was."""
    runs = {}
    for one in asked:
        name, _, title = one.partition("=")
        # The name of a folder may hold a sign of equality.
        folder, title = (Path(one), "") if Path(one).is_dir() else (Path(name), title)
        if folder in runs:
            raise UserError(f"--run {folder}: given twice")
        runs[folder] = title
    return runs


def _systems(runs: Sequence[Path] | dict[Path, str], data: Path | None) -> tuple[dict[Path, System], Dataset]:
    """The systems of the runs, which rank the same labels, and the data set that they share."""
    from kerasmm.data.dataset import Dataset
    from kerasmm.runs.run import check_vocabularies, read_run

    read = {folder: read_run(folder) for folder in runs}
    first, content = next(iter(read.items()))[0], next(iter(read.values()))[1]
    for folder, (system, other) in read.items():
        if LABELS not in system.vocabularies:
            raise UserError(f"{folder}: {system.name} has no vocabulary of labels; expected a run of cmem")
        if system.vocabularies[LABELS] != read[first][0].vocabularies[LABELS]:
            raise UserError(f"{folder}: ranks other connotations (labels) than {first}; expected runs of one data set")
        if data is None and Path(other["data"]).resolve() != Path(content["data"]).resolve():
            raise UserError(
                f"{folder}: was trained on {other['data']}, {first} on {content['data']}; say with --data which is shown"
            )
    dataset = Dataset(data or Path(content["data"]))
    for system, _ in read.values():
        check_vocabularies(system, dataset)
    return {folder: system for folder, (system, _) in read.items()}, dataset


def _titles(runs: dict[Path, str], systems: dict[Path, System]) -> dict[Path, str]:
    """How the sheet calls the runs."""
    titles = {folder: title or systems[folder].protocol.title for folder, title in runs.items()}
    for folder, title in titles.items():
        if list(titles.values()).count(title) > 1:
            raise UserError(f"--run {folder}: another run is called {title!r}, too; give it a name, {folder}=NAME")
    return titles


def _found(folder: Path, dataset: Dataset, split: str, rows: list[int], k: int) -> list[tuple[str, ...]]:
    from kerasmm.runs.run import open_run
    from kerasmm.systems.cmem.first_connotations import first_connotations

    run = open_run(folder)
    return first_connotations(run.system, run.model, dataset, split, rows, k)


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


def _draw(
    posts: Sequence[Post],
    found: dict[str, list[tuple[str, ...]]],
    denotations: Sequence[tuple[tuple[str, float], ...] | None],
    classifier: str,
    path: Path,
) -> None:
    from kerasmm.systems.cmem.sheet import ConnotationRow, FoundConnotations, draw_connotation_sheet

    rows = []
    for place, (post, shown) in enumerate(zip(posts, denotations, strict=True)):
        of_runs = tuple(FoundConnotations(title, of_run[place]) for title, of_run in found.items())
        rows.append(ConnotationRow(photo_pixels(post), post.text or "", post.labels, shown, of_runs))
    draw_connotation_sheet(rows, path, classifier)


if __name__ == "__main__":
    sys.exit(guarded(main))
