"""Files of fitted users, as `label` and `search` read them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from tests.hostile.recipes import recipe


@recipe
def names_by_pickle(folder: Path) -> Path:
    """Names that only unpickling would give."""
    return _saved(folder, users=np.array([{"ann"}], object))


@recipe
def shapes_that_differ(folder: Path) -> Path:
    """Two names and one vector."""
    return _saved(folder, users=np.array(["ann", "bob"]))


@recipe
def vectors_of_another_size(folder: Path) -> Path:
    """A vector of five numbers."""
    return _saved(folder, vectors=np.ones((1, 5), "float32"))


@recipe
def vectors_that_are_not_finite(folder: Path) -> Path:
    """A vector of NaN."""
    return _saved(folder, vectors=np.full((1, 4), np.nan, "float32"))


@recipe
def a_name_twice(folder: Path) -> Path:
    """One user with two vectors."""
    return _saved(folder, users=np.array(["ann"] * 2), vectors=np.ones((2, 4), "float32"), posts=np.ones(2, "int64"))


@recipe
def letters_that_are_none(folder: Path) -> Path:
    """A name of numbers that no letter has."""
    return _saved(folder, users=np.array([0x7FFFFFFF, 0x110000], "uint32").view("U2"))


@recipe
def much_from_little(folder: Path) -> Path:
    """Half a megabyte that would be unpacked to half a gigabyte."""
    path = _saved(folder, leave_out="vectors")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("vectors.npy", "w") as member:
        _header(member, (1 << 25, 4))
        for _ in range(512):
            member.write(bytes(1 << 20))
    return path


@recipe
def more_than_there_is(folder: Path) -> Path:
    """A header of a billion vectors, and none of them."""
    path = _saved(folder, leave_out="vectors")
    with zipfile.ZipFile(path, "a") as archive:
        header = io.BytesIO()
        _header(header, (1_000_000_000, 4))
        archive.writestr("vectors.npy", header.getvalue())
    return path


@recipe
def an_array_less(folder: Path) -> Path:
    """Users without vectors."""
    return _saved(folder, leave_out="vectors")


@recipe
def a_cut_archive(folder: Path) -> Path:
    """The first half of a file of users."""
    path = _saved(folder)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


@recipe
def no_archive(folder: Path) -> Path:
    """A text."""
    path = folder / "users.npz"
    path.write_text("ann 0.1 0.2\n")
    return path


def _header(file: Any, shape: tuple[int, ...]) -> None:
    np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})


def _saved(folder: Path, leave_out: str = "", **changes: np.ndarray) -> Path:
    """One user with a vector of four numbers, but for the changes."""
    arrays = {"users": np.array(["ann"]), "vectors": np.ones((1, 4), "float32"), "posts": np.ones(1, "int64")}
    arrays |= {"weights": np.array("0" * 64), **changes}
    arrays.pop(leave_out, None)
    path = folder / "users.npz"
    np.savez(path, **arrays)
    return path
