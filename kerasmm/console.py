"""What every command shares: one-line errors, exit codes, `--quiet`, progress.

Imports nothing heavy, so that `--help` and usage errors answer at once.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
import math
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from kerasmm.faults import machine_fault
from kerasmm.printable import in_a_line, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

OK, OUR_FAULT, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


class UserError(Exception):
    """Bad input or usage. The message is one line that names the file, line or key and what was expected."""


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` whose help ends in an example and whose commands all take `--quiet`."""

    def __init__(self, *args: object, example: str = "", **kwargs: object) -> None:
        kwargs.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        if example:
            kwargs["epilog"] = f"example:\n  {example}"
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def add_quiet(self) -> None:
        self.add_argument("--quiet", action="store_true", help="print errors only")

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} (see `{self.prog} --help`)")


BACKEND = "KERAS_BACKEND"
MOST_SEED = (1 << 32) - 1
"""The largest seed that NumPy and Keras take."""


def whole(least: int = -(1 << 31), most: int = (1 << 31) - 1) -> Callable[[str], int]:
    """For `type=` of an option: a whole number from `least` to `most`.

    Example:

    >>> whole(1, 9)("7")
    7
    """

    def read(text: str) -> int:
        # Python itself refuses to read thousands of digits, with another error.
        if re.fullmatch(r"\s*[+-]?[0-9]{1,40}\s*", text) and least <= int(text) <= most:
            return int(text)
        raise argparse.ArgumentTypeError(f"expected a whole number from {least} to {most}. Received: {text[:40]!r}")

    return read


def finite(text: str) -> float:
    """For `type=` of an option: a number that is one.

    Example:

    >>> finite("0.5")
    0.5
    """
    with contextlib.suppress(ValueError, OverflowError):
        if math.isfinite(value := float(text)):
            return value
    raise argparse.ArgumentTypeError(f"expected a finite number. Received: {text[:40]!r}")


def check_backend() -> None:
    """Refuses another backend of Keras than TensorFlow, which a command would find out only while loading it.

    Raises:
        UserError: When the environment asks for one.
    """
    backend = os.environ.get(BACKEND) or "tensorflow"
    if backend != "tensorflow":
        raise UserError(
            f"{BACKEND}={backend}: commands run on TensorFlow only; unset {BACKEND} (layers, losses and metrics run on JAX, from "
            "Python)"
        )


def listed(names: Sequence[str]) -> str:
    """Names as they are said.

    Example:

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b or c', 'a')
    """
    return " or ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?`, or nothing when no known name is near."""
    folded = {one.casefold(): one for one in known}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.5)
    return f" Did you mean {folded[close[0]]!r}?" if close else ""


def quiet_libraries() -> None:
    """Silences start-up chatter of the libraries underneath; set before they are imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if not os.environ.get(BACKEND):
        os.environ[BACKEND] = "tensorflow"
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")


def guarded(main: Callable[[list[str]], int], argv: list[str] | None = None) -> int:
    """Runs a command: a `UserError` or a fault of the machine is one line and exit code 2, anything unforeseen a traceback
    and 1."""
    quiet_libraries()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Posts hold any character; a terminal that can't show one gets a question mark, not a traceback.
            stream.reconfigure(errors="replace")
    given = sys.argv[1:] if argv is None else argv
    with _interrupts() as interrupted:
        code = _code(main, given, interrupted)
    # Libraries may swallow a Ctrl-C, or make another error of it.
    return INTERRUPTED if interrupted else code


def _code(main: Callable[[list[str]], int], given: list[str], interrupted: list[int]) -> int:
    try:
        if not {"-h", "--help", "--version"} & set(given):
            check_backend()
        return main(given)
    except UserError as error:
        if not interrupted:
            print(f"error: {in_a_line(str(error))}", file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:
        # The reader of our output (`| head`) went away: not an error, but Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        if not interrupted:
            print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if interrupted:
            return INTERRUPTED
        if told := machine_fault(error):
            print(f"error: {in_a_line(told)}", file=sys.stderr)
            return BAD_INPUT
        traceback.print_exc()
        print("error: this is a fault in kerasmm, not in your input; please report the lines above", file=sys.stderr)
        return OUR_FAULT


def show(text: str) -> None:
    """Prints a result on standard output; everything that anybody's files may say goes through here or `console`."""
    print(printable(text))


@contextlib.contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Notes every Ctrl-C, says at the end that there was one, and leaves it to Python otherwise."""
    seen: list[int] = []

    def note_it(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        signal.default_int_handler(number, frame)

    # Only the main thread hears of signals; a handler of somebody else's, or none, stays.
    own = threading.current_thread() is threading.main_thread() and (
        signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if own:
        signal.signal(signal.SIGINT, note_it)
    try:
        yield seen
    finally:
        if own:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if seen:
            print("interrupted", file=sys.stderr)


def say_renamed(old: str, new: str, argv: list[str]) -> None:
    """Says in a line that a command has another name now; silent under `--quiet`."""
    if "--quiet" not in argv:
        print(
            f"note: `python -m kerasmm.{old}` is now `python -m kerasmm.{new}`; the old name goes with the next version",
            file=sys.stderr,
        )


def note(text: str) -> None:
    """Says in a line what to know of files that were read; silent under `--quiet`."""
    if "--quiet" not in sys.argv:
        print(f"note: {in_a_line(text)}", file=sys.stderr)


def console(quiet: bool = False) -> Console:
    """Where a command prints for people (standard error), so that standard output stays for results."""
    from kerasmm.terminal import Terminal

    return Terminal(stderr=True, quiet=quiet)


def progress(quiet: bool = False) -> Progress:
    """A progress bar with count, speed and time left; silent under `quiet`, gone from logs of non-terminals."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        console=console(quiet),
        disable=quiet,
    )
