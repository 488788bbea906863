"""An export is done when a fresh process without kerasmm has loaded it, audited its ops and got the same answers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from kerasmm.console import UserError
from kerasmm.files.within import require_within
from kerasmm.serving.graph_audit import ALLOWED_OPS
from kerasmm.serving.harmless import require_harmless

SIGNATURES_FILE = Path("assets.extra", "signatures.json")
WARMUP = Path("assets.extra", "tf_serving_warmup_requests")
_SCRIPT = Path(__file__).with_name("session_check.py")


def require_export(folder: Path) -> None:
    """Refuses a folder that is no version of an export, or from which a link leads out; the error names what is missing."""
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; expected an export, e.g. saved_models/dman/1")
    require_within(folder)
    for part in (Path("saved_model.pb"), SIGNATURES_FILE, WARMUP):
        if not (folder / part).is_file():
            raise UserError(f"{folder}: not an export of kerasmm: {part} is missing")


def versions(base: Path) -> list[int]:
    """The versions in a base folder, ascending: names that a server takes for a number, of at most 18 digits."""
    if not base.is_dir():
        return []
    names = [
        child.name for child in base.iterdir() if re.fullmatch(r"[1-9][0-9]{0,17}|0", child.name) and child.is_dir()
    ]
    return sorted(map(int, names))


def newest(folder: Path) -> Path:
    """The folder itself when it is a version, else its largest version.

    Raises:
        UserError: When neither holds.
    """
    if (folder / "saved_model.pb").is_file() or not (found := versions(folder)):
        require_export(folder)
        return folder
    require_export(folder / str(found[-1]))
    return folder / str(found[-1])


def check_export(folder: Path) -> dict[str, Any]:
    """Checks a version of an export in a fresh process on CPU.

    Its graph is audited before anything loads it (`kerasmm.serving.harmless`). Then: a load in a `Session`, as a server loads; no variable uninitialised; the warm-up
    requests replayed alone, beside junk and as an empty batch, with the answers recorded at export.

    Args:
        folder: `saved_models/<name>/<version>`.

    Returns:
        `ops` (how many), `signatures` (those replayed) and `problems`, one line each; empty when all is well.

    Raises:
        UserError: When the folder is no export.
    """
    require_export(folder)
    try:
        require_harmless(folder, quiet=True)
    except UserError as error:
        return {"ops": 0, "signatures": [], "problems": [str(error).removeprefix(f"{folder}{os.sep}")]}
    return _report(folder.resolve())


def _report(folder: Path) -> dict[str, Any]:
    """What the script says of a folder, in a process of its own."""
    # Python's -P, not -I: packages may come from PYTHONPATH or the user's site; the script itself forbids kerasmm.
    command = [sys.executable, "-P", str(_SCRIPT), str(folder), str(ALLOWED_OPS)]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    with tempfile.TemporaryDirectory() as elsewhere:
        done = subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, text=True, check=False)
    try:
        report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        last = " ".join(done.stderr.split())[-300:]
        return {"ops": 0, "signatures": [], "problems": [f"the check died with exit code {done.returncode}: {last}"]}
    return report
