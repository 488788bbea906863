"""Names and texts of others reach a terminal without steering it."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import signal
from pathlib import Path

import pytest
from rich.table import Table

from kerasmm.console import UserError, guarded, show
from kerasmm.printable import printable
from kerasmm.terminal import Terminal

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("snow é雪 ☃ 👩\u200d🚀 a\u00a0b", None),
        ("می\u200cخواهم", None),
        ("two\nlines\tand a tab", None),
        ("\x1b]0;owned\x07", "\\u001b]0;owned\\u0007"),
        ("\x9b2J\r\x7f", "\\u009b2J\\r\\u007f"),
        ("\u202eexe.gpj\u2066\u200f", "\\u202eexe.gpj\\u2066\\u200f"),
        ("\ud800 \U000e0001", "\\ud800 \\udb40\\udc01"),
        ("a[/x][bold]b[/bold]:smiley:", None),
    ],
)
def test_what_steers_a_terminal_is_written_out(text, wanted, capsys):
    """In texts, on both streams, in Rich's tables and in progress bars; what is only unusual stays."""
    wanted = text if wanted is None else wanted
    assert printable(text) == wanted
    show(text)
    assert capsys.readouterr().out == f"{wanted}\n"
    if "\t" in text:
        return  # Rich widens tabs
    file = io.StringIO()
    printer = Terminal(file=file, width=200, force_terminal=True, color_system=None)
    printer.print(text, soft_wrap=True)
    table = Table(title=text)
    table.add_column(text)
    table.add_row(text)
    printer.print(table)
    shown = file.getvalue()
    assert shown.count(wanted) == 4 and not set(shown) & set("\x1b\x07\x9b\r\u202e\ud800")


def test_results_in_json_stay_json(capsys):
    names = ["\x9b\u202e\x1b", "\ud800", "\U000e0001", "é雪"]
    show(json.dumps(names, ensure_ascii=False))
    out = capsys.readouterr().out
    assert json.loads(out) == names and not set(out) & set("\x1b\x9b\u202e")


def test_only_one_place_prints():
    """What anybody's files may say reaches a terminal through `show`, `note`, `console` and `Terminal` only."""
    allowed = {"kerasmm/console.py", "kerasmm/terminal.py", "kerasmm/serving/session_check.py"}
    for path in [*(ROOT / "kerasmm").rglob("*.py"), *(ROOT / "data_prep").rglob("*.py")]:
        if (name := path.relative_to(ROOT).as_posix()) in allowed:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            assert not (isinstance(called, ast.Name) and called.id in ("print", "Console")), f"{name}:{node.lineno}"
            assert not (isinstance(called, ast.Attribute) and ast.unparse(called) == "sys.stdout.write"), name


@pytest.fixture
def interruptible():
    """Workers of pytest may ignore a Ctrl-C, as no terminal does."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler, "left as it was found"
    signal.signal(signal.SIGINT, before)


def interrupted():
    signal.raise_signal(signal.SIGINT)
    raise AssertionError("not interrupted")


def swallowing(argv):
    with contextlib.suppress(KeyboardInterrupt):
        interrupted()
    return 0


def wrapping(argv):
    """As Beam and TensorFlow make an error of what a step raised."""
    try:
        interrupted()
    except KeyboardInterrupt as error:
        raise RuntimeError("KeyboardInterrupt [while running 'Clean']") from error
    return 0


def refusing(argv):
    try:
        interrupted()
    except KeyboardInterrupt:
        raise UserError("the export can't be checked") from None
    return 0


@pytest.mark.parametrize("main", [lambda argv: interrupted(), swallowing, wrapping, refusing])
def test_an_interrupt_is_one_line_whatever_became_of_it(main, interruptible, capsys):
    assert guarded(main, []) == 130
    assert capsys.readouterr() == ("", "interrupted\n")
    assert guarded(lambda argv: 0, []) == 0
