"""The hidden folder in which a data set grows."""

import errno
import os
import sqlite3
import subprocess
import sys

import pytest

from data_prep.work.workspace import check_output, publish, workspace
from kerasmm.console import UserError


def test_it_is_empty_and_gone_afterwards(tmp_path):
    output = tmp_path / "deep" / "data"
    stale = tmp_path / "deep" / ".data.building"
    (stale / "whole").mkdir(parents=True)
    (stale / "whole" / "dataset.json").write_text("{}")
    with workspace(output) as folder:
        assert [path.name for path in folder.iterdir()] == ["lock"]
        (folder / "whole").mkdir()
        (folder / "whole" / "dataset.json").write_text("{}")
        publish(folder / "whole", output, folder / "replaced")
    assert [path.name for path in output.parent.iterdir()] == ["data"]
    with pytest.raises(ZeroDivisionError), workspace(output):
        _ = 1 / 0
    assert [path.name for path in output.parent.iterdir()] == ["data"]


def test_two_builds_of_one_output_do_not_meet(tmp_path):
    with workspace(tmp_path / "data"):
        with pytest.raises(UserError, match="another build is writing it right now"), workspace(tmp_path / "data"):
            pass
        with workspace(tmp_path / "other"):
            pass
    with workspace(tmp_path / "data"):
        pass


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "data"),
        OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
        sqlite3.OperationalError("database or disk is full"),
        RuntimeError("ResourceExhaustedError: 00000.tfrecord; No space left on device [while running 'Write']"),
    ],
)
def test_a_full_disk_is_no_fault_of_ours(tmp_path, error):
    with pytest.raises(UserError, match=r"data: can't be written \("), workspace(tmp_path / "data"):
        raise error
    assert not list(tmp_path.iterdir())


def test_the_lock_of_a_dead_process_is_void(tmp_path):
    code = f"""
import os, pathlib
from data_prep.work.workspace import workspace
with workspace(pathlib.Path({str(tmp_path / "data")!r})) as folder:
    (folder / "half").mkdir()
    os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 9
    assert (tmp_path / ".data.building" / "half").is_dir()
    with workspace(tmp_path / "data") as folder:
        assert not (folder / "half").exists()


def test_a_place_that_can_not_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="can't be written"), workspace(tmp_path / "file" / "data"):
        pass


def test_outputs(tmp_path):
    check_output(tmp_path / "absent", False)
    (tmp_path / "empty").mkdir()
    check_output(tmp_path / "empty", False)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="is a file"):
        check_output(tmp_path / "file", True)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "mother.txt").write_text("")
    with pytest.raises(UserError, match="holds other files"):
        check_output(tmp_path / "letters", True)
    (tmp_path / "letters" / "dataset.json").write_text("{}")
    check_output(tmp_path / "letters", True)
    with pytest.raises(UserError, match="--overwrite"):
        check_output(tmp_path / "letters", False)
