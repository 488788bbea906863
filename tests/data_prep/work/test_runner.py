"""Pipelines: in this process or in others, quietly, with the user's errors coming through."""

import contextlib
import ipaddress
import os
import subprocess
import sys
from pathlib import Path

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


def listening(processes):
    """Where processes listen, as bytes of the address; `/proc/net` has them in words of the machine's byte order."""
    sockets = set()
    for process in processes:
        for file in Path(f"/proc/{process}/fd").iterdir():
            with contextlib.suppress(OSError):
                sockets.add(file.readlink().name)
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:] if Path(table).is_file() else ():
            cells = line.split()
            if cells[3] == "0A" and f"socket:[{cells[9]}]" in sockets:
                words = bytes.fromhex(cells[1].partition(":")[0])
                yield b"".join(
                    words[at : at + 4][:: -1 if sys.byteorder == "little" else 1] for at in range(0, len(words), 4)
                )


def note_listening(number, work, driver):
    work.write_note("listening", number, [address.hex() for address in listening((driver, os.getpid()))])


@pytest.mark.skipif(not Path("/proc/net/tcp").is_file(), reason="no /proc/net")
def test_workers_are_served_on_loopback_only(tmp_path):
    work, before = Work(tmp_path), list(listening([os.getpid()]))
    run(work, WORKERS, beam.Map(note_listening, work, os.getpid()))
    for number in range(4):
        found = [bytes.fromhex(address) for address in work.note("listening", number)]
        for address in before:
            found.remove(address)
        # Those of the runner: control, data, state and logging.
        assert len(found) >= 4
        mapped = ipaddress.ip_network("::ffff:127.0.0.0/104")
        assert all(one.is_loopback or one in mapped for one in map(ipaddress.ip_address, found)), found


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
