"""Runs one Beam pipeline: quietly, in this process unless options say otherwise, with a progress bar."""

from __future__ import annotations

import argparse
import logging
import re
import shlex
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from data_prep.work.chunks import Work, ticks
from kerasmm.console import UserError, nearest, progress

# Beam logs its missing optional parts through the root logger as it is imported; without a handler there, that would
# also set up logging for the whole process.
_NOBODY = logging.NullHandler()
logging.getLogger().addHandler(_NOBODY)
logging.disable(logging.WARNING)
import apache_beam as beam  # noqa: E402
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions  # noqa: E402
from apache_beam.runners import create_runner  # noqa: E402
from apache_beam.runners.portability.fn_api_runner import FnApiRunner  # noqa: E402
from apache_beam.transforms.environments import SubprocessSDKEnvironment  # noqa: E402

logging.disable(logging.NOTSET)
logging.getLogger().removeHandler(_NOBODY)
# What goes wrong reaches us as an exception; its log would be a second telling.
logging.getLogger("apache_beam").setLevel(logging.CRITICAL)

_DIRECT = "DirectRunner"
_DIRECT_NAMES = ("directrunner", "direct")


def beam_options(arguments: Sequence[str]) -> PipelineOptions:
    """Beam's own options.

    Raises:
        UserError: For an option that Beam doesn't know or can't read, or a runner that isn't there.
    """
    parser = _OptionParser(add_help=False, allow_abbrev=False)
    classes = PipelineOptions.__subclasses__()
    for options in classes:
        options._add_argparse_args(parser)
    known, unknown = parser.parse_known_args(list(arguments))
    if unknown:
        names = [name for action in parser._actions for name in action.option_strings]
        raise UserError(f"unknown option {unknown[0]!r}, neither ours nor Beam's.{nearest(unknown[0], names)}")
    name = known.runner or _DIRECT
    if name.lower() in _DIRECT_NAMES:
        name = _DIRECT
    else:
        try:
            create_runner(name)
        except Exception as error:  # Whatever importing and making another's runner raises.
            raise UserError(f"--runner {name}: {error}") from error
    return PipelineOptions(list(arguments), runner=name)


def _runner(options: PipelineOptions) -> Any:
    """The runner, by name except for the direct one."""
    name = options.get_all_options()["runner"]
    if name != _DIRECT:
        return name
    # What Beam's own `DirectRunner` falls back to, after trying to download a Go binary.
    direct = options.view_as(DirectOptions)
    if direct.direct_running_mode != "multi_processing":
        return FnApiRunner()
    from data_prep.work.loopback import listen_on_loopback

    listen_on_loopback()
    # Our own command for the workers, because Beam's prints its log on the terminal. The mode would undo it.
    direct.direct_running_mode = "in_memory"
    # `exec`, since the shell that Beam starts would die of a Ctrl-C.
    command = "exec " + shlex.join([sys.executable, "-m", "data_prep.work.worker"])
    return FnApiRunner(default_environment=SubprocessSDKEnvironment.from_command_string(command))


class _OptionParser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise UserError(f"Beam option: {message}")


def run(
    options: PipelineOptions,
    work: Work,
    task: str,
    numbers: range,
    total: int | None,
    quiet: bool,
    steps: Callable[[Any], Any],
) -> None:
    """Runs `steps` over the chunk numbers and waits until all is done.

    Args:
        options: Beam's options.
        work: The work folder, where finished posts are counted.
        task: Name of the pass, shown beside the bar.
        numbers: The chunks.
        total: Posts to count up to; None where nobody knows.
        quiet: No bar.
        steps: From the collection of chunk numbers to whatever.

    Raises:
        UserError: One that a worker raised.
    """
    with _bar(work, task, total, quiet):
        try:
            options = PipelineOptions.from_dictionary(options.get_all_options(drop_default=True))
            with beam.Pipeline(runner=_runner(options), options=options) as pipeline:
                steps(pipeline | beam.Create(list(numbers)) | beam.Reshuffle())
        except KeyboardInterrupt:
            # Beam's threads end by exceptions of their own, when the workers go.
            threading.excepthook = lambda _: None
            raise
        except Exception as error:
            # Beam wraps what a worker raises, across processes as text only.
            told = re.search(r"UserError: (.*?)(?: \[while running|\\n|\n|$)", f"{type(error).__name__}: {error}")
            if told:
                raise UserError(told[1]) from error
            raise


@contextmanager
def _bar(work: Work, task: str, total: int | None, quiet: bool) -> Iterator[None]:
    if quiet:
        yield
        return
    done = threading.Event()
    with progress() as shown:
        bar = shown.add_task(task, total=total, note="")

        def follow() -> None:
            while not done.wait(0.5):
                shown.update(bar, completed=ticks(work, task))

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            shown.update(bar, completed=ticks(work, task))
