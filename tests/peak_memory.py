"""How much memory an action needs at its peak, measured in a process that did nothing heavier before."""

import contextlib
import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
STATUS = Path("/proc/self/status")


def peak() -> int:
    """Most MiB that this process has held.

    Not `ru_maxrss`, which a process inherits from the one that started it.
    """
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) >> 10


def growth(action: Callable[[], Any]) -> int:
    """By how many MiB an action raises the peak above what is held now."""
    # Forgets the peak so far; where that isn't allowed, the growth is above it.
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    before = peak()
    action()
    return peak() - before


def in_own_process(function: Callable[[], Any]) -> Any:
    """What a function of a test file returns in a fresh Python; something that JSON holds."""
    command = [sys.executable, "-c", "from tests.peak_memory import main; main()"]
    names = [function.__module__, function.__name__]
    done = subprocess.run([*command, *names], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    module, name = sys.argv[1:]
    print(json.dumps(getattr(importlib.import_module(module), name)()))
