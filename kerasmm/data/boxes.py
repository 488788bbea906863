"""What a word is about in a picture: boxes, where a source knows them. They test attention; no training sees them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from kerasmm.console import UserError

BOXES_FILE = "boxes.jsonl"

Box = tuple[float, float, float, float]
"""`(y0, x0, y1, x1)` as shares of height and width."""


def write_boxes(path: Path, posts: Iterable[tuple[str, Iterable[tuple[str, Box]]]]) -> None:
    """Writes one line a post: its id, and its words with a box each."""
    with path.open("w", encoding="utf-8") as file:
        for post_id, boxes in posts:
            line = {"id": post_id, "boxes": [[word, list(box)] for word, box in boxes]}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def read_boxes(folder: Path) -> dict[str, list[tuple[str, Box]]]:
    """The boxes of a data set's posts, by post id; empty where the data set holds none.

    Raises:
        UserError: For a line that is not as `write_boxes` writes it; the message names the line.
    """
    path = folder / BOXES_FILE
    if not path.is_file():
        return {}
    found = {}
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                content = json.loads(line)
                found[str(content["id"])] = [(str(word), _box(box)) for word, box in content["boxes"]]
            except (ValueError, KeyError, TypeError) as error:
                raise UserError(
                    f'{path}:{number}: expected {{"id": ..., "boxes": [[word, [y0, x0, y1, x1]], ...]}} with '
                    "edges in 0 … 1"
                ) from error
    return found


def _box(edges: list[float]) -> Box:
    y0, x0, y1, x1 = map(float, edges)
    if not (0 <= y0 < y1 <= 1 and 0 <= x0 < x1 <= 1):
        raise ValueError("edges")
    return y0, x0, y1, x1


def overlapped_cells(box: Box, grid: tuple[int, int]) -> list[int]:
    """Row-major numbers of the cells of a `(rows, columns)` grid over the picture that a box overlaps."""
    rows, columns = grid
    y0, x0, y1, x1 = box
    return [
        row * columns + column
        for row in range(rows)
        for column in range(columns)
        if row / rows < y1 and (row + 1) / rows > y0 and column / columns < x1 and (column + 1) / columns > x0
    ]
