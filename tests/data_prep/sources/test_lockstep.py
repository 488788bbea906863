"""Files read side by side."""

import pytest

from data_prep.sources.lockstep import lockstep
from kerasmm.console import UserError


def write(folder, **contents):
    paths = []
    for name, content in contents.items():
        path = folder / f"{name}.txt"
        path.write_bytes(content)
        paths.append(path)
    return paths


def test_lines_of_the_same_number_come_together(tmp_path):
    paths = write(tmp_path, a=b"1\n2\n3\n", b=b"one\r\n\r\nthree\r\n", c=b"x\ny\nz\n\n \n\n")
    found = [tuple((line.number, line.text) for line in together) for together in lockstep(*paths)]
    assert found == [
        ((1, "1"), (1, "one"), (1, "x")),
        ((2, "2"), (2, ""), (2, "y")),
        ((3, "3"), (3, "three"), (3, "z")),
    ]


def test_a_line_that_cannot_be_read_keeps_its_place(tmp_path):
    paths = write(tmp_path, a=b"1\n2\n3\n", b=b"one\n\xff\nthree\n")
    assert [together[1].fault for together in lockstep(*paths)] == ["", "not valid utf-8", ""]


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ({"a": b"1\n2\n3\n", "b": b"1\n2\n3\n", "c": b"1\n2\n"}, "c.txt: has only 2 lines, fewer than a.txt"),
        ({"a": b"1\n2\n", "b": b"1\n2\n", "c": b"1\n2\n3\n"}, "c.txt: has more lines than the 2 of a.txt"),
        ({"a": b"", "b": b"1\n"}, "b.txt: has more lines than the 0 of a.txt"),
    ],
)
def test_a_file_of_another_length_is_one_clear_line(tmp_path, contents, message):
    with pytest.raises(UserError, match=message):
        list(lockstep(*write(tmp_path, **contents)))
