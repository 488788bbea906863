"""What the machine refuses is one line that names the place; what is our fault isn't hidden."""

import errno
import os
import sqlite3

import pytest

from kerasmm.console import guarded
from kerasmm.faults import machine_fault


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EMFILE])
def test_a_full_disk_is_told_with_the_place_or_without(number):
    words = os.strerror(number)
    assert machine_fault(OSError(number, words, "a/b")).casefold() == f"a/b: {words}".casefold()
    assert words[1:] in machine_fault(OSError(number, words))


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOTDIR])
def test_a_missing_file_is_told_by_its_name_only(number):
    words = os.strerror(number)
    assert machine_fault(OSError(number, words, b"a/b")).startswith("a/b: ")
    assert machine_fault(OSError(number, words)) is None


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyError("No space left"), BrokenPipeError(errno.EPIPE, "Broken pipe"), OSError("odd")]
)
def test_other_errors_are_none_of_the_machine(error):
    assert machine_fault(error) is None


def test_the_words_of_libraries():
    assert machine_fault(sqlite3.OperationalError("database or disk is full")) == (
        "a file can't be read or written: database or disk is full"
    )
    tf = pytest.importorskip("tensorflow")
    full = tf.errors.ResourceExhaustedError(None, None, "/runs/x/ckpt-1.data; No space left on device")
    assert machine_fault(full) == "/runs/x/ckpt-1.data: no space left on device"
    gone = tf.errors.NotFoundError(None, None, "runs/x/ckpt-1.index.tmp12; No such file or directory [Op:SaveV2]")
    assert machine_fault(gone) == "runs/x/ckpt-1.index.tmp12: no such file or directory"
    assert machine_fault(tf.errors.InvalidArgumentError(None, None, "shapes differ; 3 and 4")) is None
    h5 = OSError("Unable to create file (errno = 28, error message = 'No space left on device', flags = 13)")
    assert "no space left on device" in machine_fault(h5)
    worker = RuntimeError("OSError: [Errno 28] No space left on device: '/w/00001.jsonl' [while running 'clean']")
    assert machine_fault(worker) == "/w/00001.jsonl: no space left on device"


def test_what_an_error_was_raised_from_tells_it():
    try:
        try:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), "data")
        except OSError as error:
            raise RuntimeError("the pass failed") from error
    except RuntimeError as error:
        assert machine_fault(error) == "data: read-only file system"


def test_a_command_ends_in_one_line(capsys):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "runs/a/best.weights.h5")

    assert guarded(full, []) == 2
    assert capsys.readouterr().err == "error: runs/a/best.weights.h5: no space left on device\n"

    def ours(_):
        raise ZeroDivisionError

    assert guarded(ours, []) == 1
    assert "Traceback" in capsys.readouterr().err
