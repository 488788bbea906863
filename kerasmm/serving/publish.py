"""How a version of an export appears: written aside, renamed when it is whole."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kerasmm.serving.check import versions

_ASIDE = ".partial-"
_STALE_SECONDS = 24 * 3600.0


@contextmanager
def aside(output: Path) -> Iterator[Path]:
    """A scratch folder in `output`, whose name a server doesn't take for a version; gone afterwards."""
    output.mkdir(parents=True, exist_ok=True)
    for left in output.glob(f"{_ASIDE}*"):
        # What a killed export left. A younger one may be at work in another process.
        if time.time() - left.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=output))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def publish(whole: Path, output: Path) -> Path:
    """Renames to the next free version; another export may take a number at the same time."""
    for version in itertools.count(max(versions(output), default=0) + 1):
        target = output / str(version)
        if target.exists():
            continue
        try:
            whole.rename(target)
        except OSError:
            if not target.exists():
                raise
            continue
        return target
    raise AssertionError("unreachable: there is always a larger number")
