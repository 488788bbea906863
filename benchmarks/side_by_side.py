"""Several implementations of the same work in one run, each in a process of its own, in turn: ours, the peer, ours …

A benchmark starts itself once more for each side (`Side`); there it prepares its work and answers questions (`serve`).
Every side is bound to the same cores, so that it has as many threads as the others. What is compared is the median over
the rounds; a ratio is taken within each round, so that a slow minute of the machine strikes both sides.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

Round = dict[str, Any]
"""What a side says about a round: `answer`, `seconds`, `cpu` (seconds of all its processes) and `peak` bytes so far."""


def parser(description: str | None, cores: int) -> argparse.ArgumentParser:
    """The options that every comparison has."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--rounds", type=int, default=5, help="rounds of ours, peer, ours, peer … (default: %(default)s)")
    made.add_argument("--cores", type=int, default=cores, help="cores of each side (default: %(default)s)")
    made.add_argument("--peer-python", default=sys.executable, help="Python of the peers (default: this one)")
    made.add_argument("--side", help=argparse.SUPPRESS)
    return made


class Side:
    """One implementation: the running benchmark, started once more as `--side NAME`.

    Args:
        name: What the child is to be.
        python: Its Python.
        arguments: Further arguments, beside those of this run.

    Raises:
        RuntimeError: If it ends before it is asked to; the message holds the end of what it printed.
    """

    def __init__(self, name: str, python: str = sys.executable, arguments: Sequence[str] = ()) -> None:
        self.name = name
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the side
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "NO_ALBUMENTATIONS_UPDATE": "1"}
        # The benchmark is run from a checkout, where the packages need not be installed.
        found = os.pathsep.join(filter(None, (str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [python, sys.argv[0], *sys.argv[1:], "--side", name, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={**os.environ, **quiet, "PYTHONPATH": found},
        )
        self.versions: dict[str, str] = self._reply()["answer"]

    def ask(self, question: str) -> Round:
        """Has the child do something, and waits for it."""
        assert self._process.stdin is not None
        self._process.stdin.write(question + "\n")
        self._process.stdin.flush()
        return self._reply()

    def close(self) -> None:
        """Ends the child."""
        self._process.communicate()
        self._log.close()

    def _reply(self) -> Round:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            raise RuntimeError(f"{self.name} failed:\n{self._log.read()[-2000:]}")
        reply: Round = json.loads(line)
        return reply


def serve(cores: int, packages: Sequence[str], prepare: Callable[[], Mapping[str, Callable[[], Any]]]) -> None:
    """The child's part: prepares, then answers the questions that come in.

    Args:
        cores: How many cores to stay on.
        packages: Distributions whose versions are told.
        prepare: Called on those cores; returns what answers each question.
    """
    # Whatever libraries print goes to the log, not among the replies.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])

    def reply(answer: Any, seconds: float = 0.0, cpu: float = 0.0) -> None:
        told = {"answer": answer, "seconds": seconds, "cpu": cpu, "peak": _peak_bytes()}
        print(json.dumps(told), file=replies, flush=True)

    answers = prepare()
    reply({name: metadata.version(name) for name in packages})
    for line in sys.stdin:
        began, used = time.perf_counter(), _cpu_seconds()
        answer = answers[line.strip()]()
        reply(answer, time.perf_counter() - began, _cpu_seconds() - used)


def take_turns(sides: Sequence[Side], question: str, rounds: int) -> dict[str, list[Round]]:
    """Asks every side the same, round by round."""
    found: dict[str, list[Round]] = {side.name: [] for side in sides}
    for number in range(rounds):
        for side in sides:
            found[side.name].append(side.ask(question))
            if sys.stderr.isatty():
                print(f"\r{question}, round {number + 1}/{rounds}\033[K", end="\r", file=sys.stderr)
    return found


def _cpu_seconds() -> float:
    import psutil

    workers = [worker.cpu_times() for worker in psutil.Process().children(recursive=True)]
    return time.process_time() + sum(used.user + used.system for used in workers)


def _peak_bytes() -> int:
    """Most memory that this process has held, and what its workers hold now, shared pages counted once."""
    import psutil

    own = psutil.Process()
    status = Path("/proc/self/status")
    if not status.exists():
        return int(own.memory_info().rss)
    # Not `ru_maxrss`, which a child inherits from whoever started it.
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024 + sum(worker.memory_full_info().pss for worker in own.children(recursive=True))


def middle(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def spread(values: Sequence[float], digits: int) -> str:
    """`median (least–most)`."""
    return f"{middle(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def ratios(ours: Sequence[Round], peer: Sequence[Round], key: str = "seconds") -> list[float]:
    """How many times ours the peer took, round by round."""
    return [theirs[key] / own[key] for own, theirs in zip(ours, peer, strict=True)]


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table in columns that fit."""
    widths = [max(len(row[place]) for row in (columns, *rows)) for place in range(len(columns))]
    print(f"\n{title}")
    for row in (columns, ["-" * width for width in widths], *rows):
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def print_machine(cores: int, versions: Mapping[str, str]) -> None:
    """Prints where this ran."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(
        f"{platform.machine()}, {cores} of {os.cpu_count()} cores for each side{load}; Python {platform.python_version()}"
    )
    print(", ".join(f"{name} {version}" for name, version in sorted(versions.items())))
