import csv
import io

import numpy as np
import pytest

from data_prep.sources import lines as module
from data_prep.sources.lines import lines, rows


def test_lines_number_from_one_and_lose_their_ends(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"\xef\xbb\xbfone\r\n\ntw\xc3\xb6\nlast")
    assert [tuple(line) for line in lines(path)] == [(1, "one", ""), (2, "", ""), (3, "twö", ""), (4, "last", "")]


def test_only_line_feeds_end_a_line(tmp_path):
    path = tmp_path / "file"
    path.write_text("a\u2028b\x0bc\x85d\n")
    assert [line.text for line in lines(path)] == ["a\u2028b\x0bc\x85d"]


def test_wrong_bytes_spoil_their_line_only(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"good\nb\xe4d\ngood\n")
    assert [(line.number, line.text, bool(line.fault)) for line in lines(path)] == [
        (1, "good", False),
        (2, "", True),
        (3, "good", False),
    ]
    assert [line.text for line in lines(path, "latin-1")] == ["good", "bäd", "good"]


def test_a_huge_line_is_skipped(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_LINE_BYTES", 100)
    monkeypatch.setattr(module, "_BLOCK", 64)
    path = tmp_path / "file"
    path.write_bytes(b"a" * 100 + b"\nshort\n" + b"b" * 99 + b"\nshort\n" + b"c" * 5000)
    assert [(line.number, line.text[:5], line.fault) for line in lines(path)] == [
        (1, "", "longer than 100 bytes"),
        (2, "short", ""),
        (3, "bbbbb", ""),
        (4, "short", ""),
        (5, "", "longer than 100 bytes"),
    ]


def test_rows_are_those_that_were_written(tmp_path, rng):
    table = [["".join(rng.choice(list('ab ,"\nü'), rng.integers(1, 6))) for _ in range(3)] for _ in range(100)]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table)
    path = tmp_path / "file.csv"
    path.write_text(text.getvalue(), newline="")
    found = list(rows(path))
    assert [row.cells for row in found] == table
    # A record begins where the ones before it end.
    heights = [1 + sum(cell.count("\n") for cell in cells) for cells in table]
    assert [row.number for row in found] == list(1 + np.cumsum([0, *heights[:-1]]))


@pytest.mark.parametrize("later", ["", 'f,"closed"\n', 'f,"closed, well" \n', 'f,"again\n'])
def test_a_quote_left_open_swallows_no_other_line(tmp_path, later):
    path = tmp_path / "file.csv"
    path.write_text("a,b\n" + 'c,"open\n' + "d,e\n" * 50_000 + later + "g,h\n" * 3)
    found = list(rows(path))
    numbers = [row.number for row in found]
    assert numbers == list(range(1, len(path.read_text().splitlines()) + 1))
    assert [row.number for row in found if row.fault] == ([2] if later in ("", 'f,"closed"\n') else [2, 50_003])
    assert [row.cells for row in found if not row.fault and row.cells[0] == "d"] == [["d", "e"]] * 50_000


def test_a_record_broken_after_its_first_line_is_read_again_line_by_line(tmp_path):
    path = tmp_path / "file.csv"
    path.write_bytes(b'a,"one\nt\xffo\nb,c\n"x,d\ne,f\n')
    assert [(row.number, row.cells, row.fault[:9]) for row in rows(path)] == [
        (1, [], "not valid"),
        (2, [], "not valid"),
        (3, ["b", "c"], ""),
        (4, [], "not valid"),
        (5, ["e", "f"], ""),
    ]


def test_wrong_bytes_spoil_their_record_only(tmp_path):
    path = tmp_path / "file.csv"
    path.write_bytes(b"a,b\nc,\xff\nd,e\n")
    assert [(row.number, row.cells, row.fault) for row in rows(path)] == [
        (1, ["a", "b"], ""),
        (2, [], "not valid utf-8"),
        (3, ["d", "e"], ""),
    ]


@pytest.mark.parametrize("broken", ['a","\n', '"\n', 'id,"x\n', '1,"x\nid,a\n'], ids=["a", "quote", "open", "two"])
def test_a_table_of_broken_quotes_is_not_read_over_and_over(tmp_path, monkeypatch, broken):
    monkeypatch.setattr(module, "MAX_LINE_BYTES", 10_000)
    (path := tmp_path / "posts.csv").write_text("id,text\n" + broken * 3000, "utf-8")
    given, read = module.lines, 0
    monkeypatch.setattr(csv, "reader", lambda texts, **options: _READER(counted(texts), **options))

    def counted(texts):
        nonlocal read
        for text in texts:
            read += len(text)
            yield text

    found = list(rows(path))
    assert found[0].cells == ["id", "text"]
    # Each line is once the first of a record or within one, and the file is gone over ten times at most.
    assert {row.number for row in found if row.fault} <= {line.number for line in given(path)}
    assert len({row.number for row in found}) == len(found)
    assert read <= 9 * path.stat().st_size + 3 * module.MAX_LINE_BYTES


def test_a_record_without_end_is_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_LINE_BYTES", 1000)
    # Every line has two quotes, so the record goes on.
    (path := tmp_path / "posts.csv").write_text("id,text\n" + 'a,"\n' + '","\n' * 2000 + "b,c\n", "utf-8")
    found = list(rows(path))
    assert found[0].cells == ["id", "text"] and found[1].fault
    assert all(len("".join(row.cells)) <= 1000 for row in found)


_READER = csv.reader
