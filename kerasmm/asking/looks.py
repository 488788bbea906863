"""Where the words of a question look in the photos that were found: for pages, and for sheets like figure 5 of DMAN."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.asking.attention import Attention, attention
from kerasmm.console import UserError, progress

if TYPE_CHECKING:
    from kerasmm.asking.answers import Answer
    from kerasmm.asking.loaded import LoadedExport

Looks = list[list[Attention] | None]
"""For each post that was found its words' attention, or None where the post has no picture."""


def looks(export: LoadedExport, answers: Sequence[Answer], quiet: bool = False) -> list[Looks]:
    """Where the words of each answer look, in the pictures that the export keeps of its posts.

    Args:
        export: One that answers `attend`.
        answers: To questions of words.
        quiet: No progress bar.
    """
    found = []
    with progress(quiet) as bar:
        total = sum(len(answer.words) * len(answer.found) for answer in answers)
        task = bar.add_task("looking at the photos", total=total, note="")
        for answer in answers:
            kept = [one.post.thumbnail if one.post else None for one in answer.found]
            there = [picture for picture in kept if picture is not None]
            maps = iter(attention(export, there, answer.words, lambda asked: bar.advance(task, asked)))
            found.append([None if picture is None else next(maps) for picture in kept])
    return found


def weight_range(found: Sequence[Looks]) -> tuple[float, float] | None:
    """One scale of colours for all maps, see `kerasmm.drawing.heat.weight_scale`."""
    from kerasmm.drawing.heat import weight_scale

    return weight_scale([one.weights for some in found for of_post in some for one in of_post or ()])


def draw_search_sheet(path: Path, answers: Sequence[Answer], found: Sequence[Looks]) -> None:
    """Draws a row of photos for each answer, and under it a row of heat maps for each of its words.

    Args:
        path: A PNG, PDF or SVG file.
        answers: To questions of words.
        found: What `looks` gave for them.

    Raises:
        UserError: When the export keeps no pictures, or the file can't be written.
    """
    from kerasmm.drawing.heat import picture_pixels
    from kerasmm.drawing.sheet import PIXELS, draw_sheet
    from kerasmm.drawing.sheet_row import Panel, Row

    rows = []
    for answer, of_answer in zip(answers, found, strict=True):
        kept = [one.post.thumbnail if one.post else None for one in answer.found]
        pictures = [None if picture is None else picture_pixels(picture, PIXELS) for picture in kept]
        ranks = [f"{one.rank}   {one.score:.3f}" for one in answer.found]
        photos = (Panel(picture, rank) for picture, rank in zip(pictures, ranks, strict=True))
        rows.append(Row(answer.title, tuple(photos), begins=True))
        for place, word in enumerate(answer.words):
            maps = [None if of_post is None else of_post[place] for of_post in of_answer]
            panels = tuple(
                Panel(picture, caption(one), one.weights) if one else Panel(None)
                for picture, one in zip(pictures, maps, strict=True)
            )
            rows.append(Row(word if len(answer.words) > 1 else "", panels))
    if all(panel.picture is None for row in rows for panel in row.panels):
        raise UserError(f"{path}: the export keeps no pictures to draw; export again without --no-thumbnails")
    draw_sheet(rows, path, "Under a photo: rank and score. Under a heat map: the word’s confidence.")


def caption(one: Attention, named: bool = False) -> str:
    """What stands under a heat map: the word's confidence, and the word itself where its row doesn't name it."""
    return f"{'' if one.score is None else f'{one.score:.2f}'}   {one.word if named else ''}".strip()
