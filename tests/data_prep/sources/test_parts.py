"""Parts of a file: every line is in one of them, under its number in the file, wherever the cuts fall."""

import bz2
import codecs
import gzip

import pytest

from data_prep.sources import lines as lines_module
from data_prep.sources.lines import lines
from data_prep.sources.parts import Part, count_lines, parts_of


def by_part(path, size):
    """The lines of each part."""
    before, found = 0, []
    for part in parts_of(path, size):
        own = list(lines(part._replace(before=before)))
        assert len(own) == count_lines(part)
        before += len(own)
        found.append([tuple(line) for line in own])
    return found


def test_a_line_belongs_to_the_part_where_it_begins(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"ab\ncd\n\nefghijk\nl")  # lines begin at 0, 3, 6, 7 and 15
    assert by_part(path, 3) == [
        [(1, "ab", "")],
        [(2, "cd", "")],
        [(3, "", ""), (4, "efghijk", "")],
        [],
        [],
        [(5, "l", "")],
    ]
    assert by_part(path, 4) == [[(1, "ab", ""), (2, "cd", "")], [(3, "", ""), (4, "efghijk", "")], [], [(5, "l", "")]]


def with_ends(content):
    """Lines with their line feeds; `splitlines` would end them at a carriage return, too."""
    *ended, last = content.split(b"\n")
    return [line + b"\n" for line in ended] + ([last] if last else [])


@pytest.mark.parametrize("block", [3, 1 << 20])
def test_parts_together_are_the_file(tmp_path, rng, monkeypatch, block):
    monkeypatch.setattr(lines_module, "MAX_LINE_BYTES", 9)
    for module in ("lines", "parts"):
        monkeypatch.setattr(f"data_prep.sources.{module}._BLOCK", block)
    path = tmp_path / "file"
    for _ in range(10):
        texts = [bytes(rng.choice([*b"ab\r", 0xE9], rng.geometric(0.2) - 1).tolist()) for _ in range(rng.integers(9))]
        mark = codecs.BOM_UTF8 if rng.random() < 0.3 else b""
        path.write_bytes(mark + b"\n".join(texts) + (b"\n" if rng.random() < 0.5 else b""))
        # Read by Python: what has a fault has no text, and too long is what has ten bytes, the line feed among them.
        whole = []
        for number, raw in enumerate(with_ends(path.read_bytes()), 1):
            ascii_only = raw.removeprefix(mark) if number == 1 else raw
            if len(raw) > 9:
                whole.append((number, "", "longer than 9 bytes"))
            elif b"\xe9" in raw:
                whole.append((number, "", "not valid utf-8"))
            else:
                whole.append((number, ascii_only.decode().rstrip("\r\n"), ""))
        for size in range(1, 12):
            assert sum(by_part(path, size), []) == whole


def test_a_packed_file_is_one_part(tmp_path):
    for name, pack in (("file.gz", gzip.compress), ("file.BZ2", bz2.compress)):
        path = tmp_path / name
        path.write_bytes(pack(b"one\ntwo\n") + pack(b"three"))  # as several are packed into one file
        (part,) = parts_of(path, 1)
        assert (part, count_lines(part)) == (Part(path), 0)
        assert [tuple(line) for line in lines(part)] == [(1, "one", ""), (2, "two", ""), (3, "three", "")]


@pytest.mark.parametrize("spoil", [lambda packed: packed[:-9], lambda packed: packed[:60] + b"\0\0\0\0" + packed[64:]])
def test_damaged_bzip2_is_a_fault(tmp_path, spoil):
    path = tmp_path / "file.bz2"
    path.write_bytes(spoil(bz2.compress("".join(f"line {n}\n" for n in range(1000)).encode())))
    *good, last = lines(path)
    assert last.fault == "damaged bzip2 file" and last.number == len(good) + 1
    path.write_bytes(b"no bzip2")
    assert [tuple(line) for line in lines(path)] == [(1, "", "damaged bzip2 file")]


def test_an_empty_file_is_a_part_without_lines(tmp_path):
    (path := tmp_path / "file").touch()
    assert by_part(path, 5) == [[]]
