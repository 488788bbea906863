"""What a word is about in a picture: boxes, where a source knows them. They test attention; no training sees them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel

from kerasmm.files.json_file import checked_json
from kerasmm.files.reading import is_regular, read_text

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
    if not is_regular(path):
        return {}
    lines = read_text(path, what="file of boxes").removesuffix("\n").split("\n")
    read = (checked_json(line, _Boxes, f"{path}:{number}") for number, line in enumerate(lines, 1) if line)
    return {post.id: post.boxes for post in read}


def _within_picture(box: Box) -> Box:
    y0, x0, y1, x1 = box
    if not (0 <= y0 < y1 <= 1 and 0 <= x0 < x1 <= 1):
        raise ValueError("expected [y0, x0, y1, x1] with edges in 0 … 1")
    return box


class _Boxes(BaseModel):
    """A line: `{"id": ..., "boxes": [[word, [y0, x0, y1, x1]], ...]}`."""

    id: str
    boxes: list[tuple[str, Annotated[Box, AfterValidator(_within_picture)]]]


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
