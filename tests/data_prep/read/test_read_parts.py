"""Reading in parts: the same posts in the same order as in one stream, whoever reads them."""

import functools
import tempfile
from pathlib import Path

import pytest

from data_prep.draft import Draft, Reject
from data_prep.read.read import read
from data_prep.read.read_parts import read_parts
from data_prep.sources import yfcc100m as module
from data_prep.sources.yfcc100m import NO_TIME, Yfcc100m
from data_prep.work import runner
from data_prep.work.chunks import Work
from kerasmm.console import UserError
from tests.data_prep.sources.test_yfcc100m import later, row, write
from tests.peak_memory import growth, in_own_process

WORKERS = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
SIZE = 7


def lines(count, rng):
    """Photos among which are videos, broken lines, lines of no text and photos without a time."""
    for number in range(count):
        values = {
            "id": str(number),
            "uploaded": "" if rng.random() < 0.2 else "1331840483",
            "title": "x" * rng.integers(300),
        }
        match rng.integers(10):
            case 0:
                yield later(number, **values, marker="1")
            case 1:
                yield row(**values).rpartition("\t")[0]
            case 2:
                yield b"\xff"
            case 3:
                yield ""
            case _:
                yield later(number, **values)


def read_by(folder, scratch, options, size=SIZE):
    """Reads in parts; returns what was had, what the source found, the work folder, and how many parts there were."""
    work, beam = Work(scratch / "work"), runner.beam_options(options)
    source = Yfcc100m(folder, None, scratch)

    def run(task, numbers, total, steps):
        runner.run(beam, work, task, numbers, total, True, lambda n: n | steps)

    parts = source.parts()
    return read_parts(source, parts, work, size, run), source.reading.to_json(), work, len(parts)


def left(work, had):
    drafts = [draft for number in had.chunks for draft in work.drafts("raw", number)]
    return drafts, list(work.rejects(["source"]))


@pytest.mark.parametrize("part_bytes", [500, 1000, 5000, 1 << 30])
def test_parts_are_the_stream(tmp_path, rng, monkeypatch, part_bytes):
    folder = write(tmp_path / "in", *lines(60, rng), name="yfcc100m_dataset-0")
    write(folder, *lines(30, rng), name="yfcc100m_dataset-1.bz2")
    write(folder, *lines(20, rng), name="yfcc100m_dataset-2")
    source = Yfcc100m(folder, None, tmp_path)
    stream = list(source.posts())
    monkeypatch.setattr(module, "PART_BYTES", part_bytes)
    had, reading, work, parts = read_by(folder, tmp_path, [])
    assert parts > 10 if part_bytes <= 1000 else parts >= 3
    drafts, rejects = left(work, had)
    assert drafts == [post for post in stream if isinstance(post, Draft)]
    assert rejects == [post for post in stream if isinstance(post, Reject)]
    assert (had.drafts, had.seen, had.training, had.has_sentences) == (len(drafts), len(stream), 0, False)
    assert (
        reading == source.reading.to_json() == {"notices": {NO_TIME: sum(draft.post.time is None for draft in drafts)}}
    )
    # No chunk is left over, and only the last of a part may be short.
    assert len(list((work.folder / "raw").iterdir())) == len(had.chunks)
    sizes = [sum(1 for _ in work.drafts("raw", number)) for number in had.chunks]
    assert 0 < min(sizes) <= max(sizes) <= SIZE and sum(size < SIZE for size in sizes) <= parts


def test_one_part_is_read_as_a_stream_is(tmp_path, rng):
    folder = write(tmp_path / "in", *lines(80, rng))
    had, _, work, _ = read_by(folder, tmp_path, [])
    alone = Work(tmp_path / "alone")
    assert read(Yfcc100m(folder, None, tmp_path), alone, SIZE, True) == had
    for path in (alone.folder / "raw").iterdir():
        assert (work.folder / "raw" / path.name).read_bytes() == path.read_bytes()


def test_workers_leave_what_one_process_leaves(tmp_path, rng, monkeypatch):
    folder = write(tmp_path / "in", *lines(200, rng), name="yfcc100m_dataset-0")
    write(folder, *lines(50, rng), name="yfcc100m_dataset-1.gz")
    monkeypatch.setattr(module, "PART_BYTES", 2000)
    found = {}
    for name, options in (("one", []), ("two", WORKERS)):
        had, reading, work, _ = read_by(folder, tmp_path / name, options)
        files = {path.relative_to(work.folder): path.read_bytes() for path in work.folder.rglob("*.json*")}
        found[name] = had, reading, files
    assert found["one"] == found["two"] and len(found["one"][2]) > 20


def test_utf_16_is_said_in_one_line(tmp_path):
    folder = write(tmp_path / "in", row().encode("utf-16"))
    with pytest.raises(UserError, match="yfcc100m_dataset: is in UTF-16; expected UTF-8"):
        read_by(folder, tmp_path, [])


def peaks():
    """By how much reading a part raises the peak, for few posts and for ten times as many."""
    found = []
    with tempfile.TemporaryDirectory() as temporary:
        # The first run also holds what is imported on the way.
        for name, count in (("first", 2_000), ("few", 4_000), ("many", 40_000)):
            folder = write(Path(temporary) / name, *(later(n, id=str(n), description="x" * 500) for n in range(count)))
            found.append(growth(functools.partial(read_by, folder, Path(temporary) / f"{name} work", [], 1000)))
    return found


def test_no_part_is_held():
    _, few, many = in_own_process(peaks)
    print(f"{few} MiB for 4,000 posts, {many} MiB for 40,000 posts of 1 kB")
    # 36,000 posts more are 36 MB of text, and several times that as objects.
    assert many - few < 15
