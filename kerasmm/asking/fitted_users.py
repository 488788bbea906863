"""Vectors of users who were fitted to their posts: the file of them, and whose vector an export is asked by."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasmm.asking.words import nearest_words
from kerasmm.console import UserError, console
from kerasmm.files.reading import is_regular
from kerasmm.files.writing import written_whole

if TYPE_CHECKING:
    import numpy as np

    from kerasmm.asking.loaded import LoadedExport

SIGNATURE = "tags_for_user_vector"
"""One that takes such a vector."""
ENDING = ".npz"
MOST_LETTERS = 256
"""Of a user's name: each name has as much room in the file as the longest."""
_MOST_BYTES = 1 << 31
_ARRAYS = ("users", "vectors", "posts", "weights")


class FittedUsers(Mapping[str, "np.ndarray"]):
    """Users by name, each with a vector `(E,)`.

    Args:
        path: The file that holds them.
        names: Whose they are.
        vectors: `(n, E)`.
        posts: `(n,)`, how many posts each was fitted to.

    Example:

    >>> import numpy as np
    >>> users = FittedUsers(Path("users.npz"), ["ann"], np.ones((1, 2), "float32"), np.array([7]))
    >>> users["ann"].tolist(), users.posts["ann"]
    ([1.0, 1.0], 7)
    """

    def __init__(self, path: Path, names: Sequence[str], vectors: np.ndarray, posts: np.ndarray) -> None:
        self.path, self._vectors = path, vectors
        self._rows = {name: row for row, name in enumerate(names)}
        self.posts: dict[str, int] = dict(zip(names, posts.tolist(), strict=True))

    def __repr__(self) -> str:
        return f"FittedUsers({str(self.path)!r}, {len(self):,} users)"

    def __getitem__(self, name: str) -> np.ndarray:
        vector: np.ndarray = self._vectors[self._rows[name]]
        return vector

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, name: str) -> np.ndarray:
        """The vector of a user.

        Raises:
            UserError: When there is none of the name; names the nearest ones.
        """
        if name in self._rows:
            return self[name]
        near = ", ".join(map(repr, nearest_words(name, list(self._rows))))
        raise UserError(
            f"{name!r} is not among the {len(self):,} users of {self.path}.{f' Nearest: {near}.' if near else ''}"
        )


def read_users(path: Path, export: LoadedExport) -> FittedUsers:
    """Reads what `python -m kerasmm.users` wrote.

    Args:
        path: The file.
        export: What is to be asked by the vectors.

    Raises:
        UserError: When it isn't there, is damaged, is of other weights than those of the export, or this takes no vectors.
    """
    from kerasmm.data.npz import UNREADABLE, load_npz

    size = vector_size(export)
    if not is_regular(path):
        raise UserError(f"{path}: no such file; expected users as `python -m kerasmm.users` writes them")
    try:
        arrays = load_npz(path, _ARRAYS, _MOST_BYTES)
        names = _checked(arrays, size)
    except UNREADABLE as error:
        first = str(error).strip().split("\n")[0][:200]
        raise UserError(f"{path}: can't be read as fitted users ({first})") from error
    if str(arrays["weights"]) != weights_of(export):
        raise UserError(
            f"{path}: its users were fitted to other weights than those of {export.folder}; fit them again, by "
            f"`python -m kerasmm.users --model {export.folder}`"
        )
    return FittedUsers(path, names, arrays["vectors"], arrays["posts"])


def _checked(arrays: dict[str, np.ndarray], size: int) -> list[str]:
    """The names; ValueError where an array isn't what it should be."""
    import numpy as np

    users = arrays["users"]
    expected = {"users": ("U", 1), "vectors": ("f", 2), "posts": ("iu", 1), "weights": ("U", 0)}
    for name, (kinds, rank) in expected.items():
        array = arrays[name]
        if array.dtype.kind not in kinds or array.ndim != rank:
            raise ValueError(f"`{name}` is {array.dtype} {array.shape}")
    if arrays["vectors"].shape != (len(users), size) or arrays["posts"].shape != users.shape:
        shapes = ", ".join(f"`{name}` {arrays[name].shape}" for name in ("users", "vectors", "posts"))
        raise ValueError(f"{shapes}; expected a name, a vector of {size} numbers and a count a user")
    if not np.isfinite(arrays["vectors"]).all():
        raise ValueError("`vectors` must be finite")
    # NumPy lets numbers stand that no letter has.
    if (np.ascontiguousarray(users.astype(users.dtype.newbyteorder("="))).view("uint32") > sys.maxunicode).any():
        raise ValueError("`users` holds what is no letter")
    names: list[str] = users.tolist()
    if len(set(names)) < len(names):
        raise ValueError("a name stands twice in `users`")
    return names


def write_users(path: Path, users: Mapping[str, tuple[np.ndarray, int]], export: LoadedExport) -> None:
    """Writes users for `read_users`, whole or not at all.

    Args:
        path: Ends in `.npz`.
        users: Vector and number of posts by name; one at least.
        export: Whose they are.
    """
    import numpy as np

    vectors, posts = zip(*users.values(), strict=True)
    with written_whole(path) as temporary, temporary.open("wb") as file:
        # Not packed: names are mostly room for the longest, and an archive that grows by much is refused.
        np.savez(
            file,
            users=np.array(list(users)),
            vectors=np.stack(vectors).astype("float32"),
            posts=np.array(posts, "int64"),
            weights=np.array(weights_of(export)),
        )


def weights_of(export: LoadedExport) -> str:
    """The digest of an export's weights.

    Raises:
        UserError: When it says none.
    """
    digest = export.about.get("weights", {}).get("sha256")
    if not digest:
        raise UserError(f"{export.folder}: says no digest of its weights; export again")
    return str(digest)


def vector_size(export: LoadedExport) -> int:
    """E, how many numbers the vector of a user has.

    Raises:
        UserError: When the export can't be asked by one.
    """
    shape = export.inputs.get(SIGNATURE, {}).get("user_vector", {}).get("shape", [])
    if len(shape) != 2 or shape[1] is None:
        raise UserError(f"{export.folder}: can't be asked by users' vectors{export.why_missing(SIGNATURE)}")
    return int(shape[1])


def asked_user(export: LoadedExport, users: Path | None, user: str | None) -> dict[str, Any]:
    """Who a question is asked for, as `Export.label` and `search` take it: `user`, or `user_vector` where there is a file."""
    if users is None:
        return {} if user is None else {"user": user}
    if user is None:
        raise UserError(f"--users {users} holds the vectors of users; say whose with --user")
    return {"user_vector": read_users(users, export).find(user)}


def say_unknown_user(export: LoadedExport, user: str, quiet: bool) -> None:
    """Says in a line that somebody isn't known, so that everybody's answer was given."""
    users = len(export.vocabulary("users"))
    told = f"{user!r} is not among the {users:,} users of {export.folder}: answered for the mean user"
    console(quiet).print(told, soft_wrap=True)
