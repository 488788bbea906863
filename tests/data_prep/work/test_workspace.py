"""The hidden folder in which a data set grows."""

import errno
import os
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from data_prep.work import workspace as module
from data_prep.work.workspace import check_output, publish, recover, workspace
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


def made(folder, words):
    folder.mkdir(parents=True)
    (folder / "dataset.json").write_text(words)
    return folder


def victim_of(folder):
    (folder / "victim" / "whole").mkdir(parents=True)
    (folder / "victim" / "whole" / "mine").write_text("mine")
    return folder / "victim"


def test_a_planted_link_is_not_followed(tmp_path):
    victim = victim_of(tmp_path)
    (tmp_path / ".data.building").symlink_to(victim)
    with pytest.raises(UserError, match="no build made what stands there"), workspace(tmp_path / "data"):
        pass
    assert (victim / "whole" / "mine").read_text() == "mine"
    assert (tmp_path / ".data.building").is_symlink()
    (tmp_path / ".data.building").unlink()

    # Links in what a build left are removed, not followed.
    (tmp_path / ".data.building").mkdir()
    (tmp_path / ".data.building" / "whole").symlink_to(victim)
    (tmp_path / ".data.building" / "work").mkdir()
    (tmp_path / ".data.building" / "work" / "clean").symlink_to(victim)
    with workspace(tmp_path / "data") as folder:
        assert [path.name for path in folder.iterdir()] == ["lock"]
    assert (victim / "whole" / "mine").read_text() == "mine"

    (tmp_path / ".data.building").mkdir()
    (tmp_path / ".data.building" / "lock").symlink_to(victim / "whole" / "mine")
    with pytest.raises(UserError, match="lock: is a link"), workspace(tmp_path / "data"):
        pass
    assert (victim / "whole" / "mine").read_text() == "mine"


def test_what_no_build_made_is_left_alone(tmp_path):
    (tmp_path / ".data.building" / "letters").mkdir(parents=True)
    with pytest.raises(UserError, match="no build made"), workspace(tmp_path / "data"):
        pass
    assert (tmp_path / ".data.building" / "letters").is_dir()
    (tmp_path / ".other.building").write_text("")
    with pytest.raises(UserError, match="no build made"), workspace(tmp_path / "other"):
        pass


class Killed(BaseException):
    """Ends a publication as SIGKILL would."""


@pytest.mark.parametrize("exchanges", [True, False])
@pytest.mark.parametrize("step", range(8))
def test_no_kill_loses_both_data_sets(tmp_path, monkeypatch, exchanges, step):
    output, hidden = made(tmp_path / "data", "old"), tmp_path / ".data.building"
    whole, steps = made(hidden / "whole", "new"), iter(range(100))

    def counted(do):
        def call(*arguments):
            if next(steps) == step:
                raise Killed
            return do(*arguments)

        return call

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.rename", counted(Path.rename))
        for name in ("sync_tree", "sync"):
            patch.setattr(module, name, counted(getattr(module, name)))
        patch.setattr(module, "exchange", counted(module.exchange if exchanges else lambda *_: False))
        with suppress(Killed):
            publish(whole, output, hidden / "replaced")
    told = recover(output)
    assert (output / "dataset.json").read_text() in ("old", "new")
    assert told is None or "was killed while it replaced" in told
    with workspace(output) as folder:
        assert [path.name for path in folder.iterdir()] == ["lock"]
    assert (output / "dataset.json").read_text() in ("old", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_the_old_data_set_comes_back_where_the_new_one_is_not_whole(tmp_path):
    made(tmp_path / ".data.building" / "replaced", "old")
    (tmp_path / ".data.building" / "whole").mkdir()
    assert "the old one is back" in recover(tmp_path / "data")
    assert (tmp_path / "data" / "dataset.json").read_text() == "old"
    assert recover(tmp_path / "data") is None


def test_nothing_is_recovered_through_a_link_or_from_a_running_build(tmp_path):
    made(tmp_path / "elsewhere" / "replaced", "theirs")
    (tmp_path / ".data.building").symlink_to(tmp_path / "elsewhere")
    assert recover(tmp_path / "data") is None
    with workspace(tmp_path / "other") as folder:
        made(folder / "replaced", "old")
        assert recover(tmp_path / "other") is None
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / "other").exists()


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
