from __future__ import annotations

import json

import pytest

from kerasmm.console import UserError
from kerasmm.data.boxes import BOXES_FILE, overlapped_cells, read_boxes, write_boxes


def test_reads_what_was_written(tmp_path):
    posts = {"a": [("dog", (0.0, 0.25, 0.5, 1.0)), ("dog", (0.5, 0.0, 1.0, 0.5))], "ä": []}
    write_boxes(tmp_path / BOXES_FILE, posts.items())
    assert read_boxes(tmp_path) == posts


def test_no_file_is_no_boxes(tmp_path):
    assert read_boxes(tmp_path) == {}


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        json.dumps({"id": "a"}),
        json.dumps({"id": "a", "boxes": [["dog"]]}),
        json.dumps({"id": "a", "boxes": [["dog", [0, 0, 0, 1]]]}),
        json.dumps({"id": "a", "boxes": [["dog", [0, 0, 2, 1]]]}),
        json.dumps({"id": "a", "boxes": [["dog", [0, 0, "x", 1]]]}),
    ],
)
def test_a_bad_line_is_named(tmp_path, line):
    (tmp_path / BOXES_FILE).write_text('{"id": "b", "boxes": []}\n' + line + "\n")
    with pytest.raises(UserError, match=f"{BOXES_FILE}:2: "):
        read_boxes(tmp_path)


def test_cells_that_a_box_overlaps():
    # A 2 × 4 grid; the box ends at the border of a cell, which it doesn't overlap.
    assert overlapped_cells((0.0, 0.3, 0.5, 0.75), (2, 4)) == [1, 2]
    assert overlapped_cells((0.49, 0.0, 0.51, 0.1), (2, 4)) == [0, 4]
    assert overlapped_cells((0.0, 0.0, 1.0, 1.0), (2, 4)) == list(range(8))
