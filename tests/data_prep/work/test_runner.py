"""Pipelines: in this process or in others, quietly, with the user's errors coming through."""

import os
import subprocess
import sys

import apache_beam as beam
import pytest

from data_prep.work import runner
from data_prep.work.chunks import Ticker, Work, ticks
from kerasmm.console import UserError

WORKERS = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]


def note_process(number, work):
    with Ticker(work, "test", number) as tick:
        tick(number + 1)
    work.write_note("process", number, os.getpid())


def refuse(number):
    if number == 2:
        raise UserError("7.jpg: changed; build it again")
    return number


def crash(number):
    return 1 // (number - 2)


def run(work, options, step):
    runner.run(runner.beam_options(options), work, "test", range(4), 10, True, lambda n: n | step)


def test_one_process_or_several(tmp_path, capfd):
    for folder, options in ((tmp_path / "one", []), (tmp_path / "two", WORKERS)):
        work = Work(folder)
        run(work, options, beam.Map(note_process, work))
        processes = {work.note("process", number) for number in range(4)}
        assert (processes == {os.getpid()}) == (options == [])
        assert os.getpid() not in processes or not options
        assert ticks(work, "test") == 1 + 2 + 3 + 4
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.mark.parametrize("options", [[], ["--runner=DirectRunner"], WORKERS])
def test_an_error_for_the_user_stays_one(tmp_path, options, capfd):
    with pytest.raises(UserError, match=r"^7\.jpg: changed; build it again$"):
        run(Work(tmp_path), options, beam.Map(refuse))
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_a_fault_of_ours_is_not_sold_as_the_users(tmp_path):
    with pytest.raises(ZeroDivisionError):
        run(Work(tmp_path), [], beam.Map(crash))


def test_the_direct_runner_downloads_nothing(tmp_path, monkeypatch):
    import urllib.request

    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: pytest.fail("went to the network"))
    for options in ([], ["--runner=DirectRunner"], ["--runner=directrunner"], ["--runner=Direct"]):
        run(Work(tmp_path), options, beam.Map(lambda number: number))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--direct_num_worker=2"], "Did you mean '--direct_num_workers'"),
        (["--no_such_thing"], "neither ours nor Beam's"),
        (["--direct_num_workers=two"], "Beam option: argument --direct_num_workers"),
        (["--runner=NoSuchRunner"], "--runner NoSuchRunner: Unexpected pipeline runner"),
        (["--runner=no.such.Runner"], "--runner no.such.Runner: No module named"),
    ],
)
def test_unknown_options(options, message):
    with pytest.raises(UserError, match=message):
        runner.beam_options(options)


def test_importing_beam_leaves_logging_alone():
    code = "import logging; from data_prep.work import runner; root = logging.getLogger(); "
    code += "assert (root.handlers, root.level, root.manager.disable) == ([], logging.WARNING, 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
