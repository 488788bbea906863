"""The posts of users, from a data set or a file of people's own, without a picture in memory."""

from __future__ import annotations

import dataclasses
import functools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasmm.asking.fitted_users import MOST_LETTERS
from kerasmm.asking.rows_of_file import inside, read_rows
from kerasmm.console import UserError, progress
from kerasmm.data.manifest import FILE_NAME

if TYPE_CHECKING:
    import numpy as np

    from kerasmm.data.dataset import Dataset

KEYS = "user, image and tags"


@dataclasses.dataclass(frozen=True)
class UserPost:
    """A post as it is fitted to.

    Args:
        name: What messages call it.
        picture: Its file, its bytes, or its features.
        tags: Its tags.
    """

    name: str
    picture: Path | bytes | np.ndarray
    tags: tuple[str, ...]


class UserPosts:
    """Posts by user, at most so many of each, the last that came.

    Args:
        most: Posts a user.

    Attributes:
        bad: What was wrong with posts that are nobody's or say nothing, by the post's name.
        left_out: How many posts of users had more.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.bad: dict[str, str] = {}
        self.left_out = 0
        self._posts: dict[str, deque[Callable[[], UserPost]]] = {}

    def __iter__(self) -> Iterator[tuple[str, list[UserPost]]]:
        """Each user with the posts, which are read when it is the user's turn."""
        return ((user, [post() for post in posts]) for user, posts in self._posts.items())

    def __len__(self) -> int:
        return len(self._posts)

    def add(self, name: str, user: str | None, post: Callable[[], UserPost]) -> None:
        """Another post; `post` reads it."""
        if problem := _problem(user):
            self.bad[name] = problem
            return
        assert user is not None
        posts = self._posts.setdefault(user, deque(maxlen=self.most))
        self.left_out += len(posts) == self.most
        posts.append(post)


def _problem(user: str | None) -> str | None:
    """What is wrong with a user's name."""
    if not user:
        return "has no user"
    if len(user) > MOST_LETTERS:
        return f"its user's name has {len(user):,} letters; expected at most {MOST_LETTERS}"
    # The file of fitted users can't hold one.
    return "its user's name holds a zero byte" if "\0" in user else None


def user_posts(
    source: Path, split: str, most: int, features: tuple[int, ...] | None = None, quiet: bool = False
) -> UserPosts:
    """Reads who posted what.

    Args:
        source: A data set's folder, or a `.jsonl` or `.csv` file with the columns user, image (a path beside the file) and
            tags (a list; in CSV separated by `|`, or by spaces where there is none).
        split: Which posts of a data set.
        most: Posts a user.
        features: The shape of the features that stand for a post's picture; else it is the picture.
        quiet: No progress bar.

    Raises:
        UserError: When nothing can be read, or it holds no post of a user.
    """
    found = UserPosts(most)
    if source.is_dir():
        _add_dataset(found, source, split, features, quiet)
    elif features is not None:
        raise UserError(
            f"{source}: pictures can't be encoded here, since the features of the export's posts were made elsewhere; "
            "expected the folder of a data set with such features"
        )
    else:
        _add_rows(found, source)
    if not found:
        first = next(iter(found.bad.items()), None)
        raise UserError(f"{source}: holds no post of a user" + (f"; {first[0]}: {first[1]}" if first else ""))
    return found


# === A data set ===


def _add_dataset(found: UserPosts, folder: Path, split: str, features: tuple[int, ...] | None, quiet: bool) -> None:
    from kerasmm.data.dataset import Dataset

    dataset = Dataset(folder)
    # First, since it says which splits there are.
    dataset.records(split)
    dataset.require(["user", "tags", "image/encoded" if features is None else "image/features"], split)
    stored = dataset.manifest.features
    if features is not None and (stored is None or stored.shape != features):
        raise UserError(
            f"{folder / FILE_NAME}: has features of {stored.shape if stored else None}; expected {features}, by the encoder "
            "that made those of the export's posts"
        )
    with progress(quiet) as bar:
        task = bar.add_task("reading users", total=dataset.manifest.records(split), note="")
        for row, post in enumerate(dataset.posts(split)):
            bar.advance(task)
            if (post.image if features is None else post.features) is None:
                found.bad[post.id] = "has no picture" if features is None else "has no features"
            else:
                found.add(post.id, post.user, functools.partial(_stored, dataset, split, row, features is None))


def _stored(dataset: Dataset, split: str, row: int, pictures: bool) -> UserPost:
    import numpy as np

    from kerasmm.data.post import Post

    records = dataset.records(split)
    post = Post.from_bytes(records.read(np.array([row]))[0], records.features_shape)
    picture = post.image if pictures else post.features
    assert picture is not None
    return UserPost(post.id, picture, post.tags)


# === A file ===


def _add_rows(found: UserPosts, path: Path) -> None:
    root = path.parent.resolve()
    for where, record in read_rows(path, "file of posts", KEYS):
        try:
            post = _of_record(where, record, root)
        except ValueError as error:
            found.bad[where] = str(error)
            continue
        found.add(where, _user(record), lambda post=post: post)  # type: ignore[misc]


def _user(record: Any) -> str | None:
    """The user of a record; a number is a name, too."""
    user = record.get("user")
    return str(user) if isinstance(user, str | int) and not isinstance(user, bool) else None


def _of_record(where: str, record: Any, root: Path) -> UserPost:
    """The post; ValueError where the record holds none."""
    if isinstance(record, str):
        raise ValueError(record)
    if "user" not in record:
        raise ValueError(f"has no 'user'; expected {KEYS}")
    image, tags = record.get("image"), record.get("tags")
    if not isinstance(image, str) or not image:
        raise ValueError(f"has no 'image'; expected {KEYS}")
    words: Iterable[Any] = _split(tags) if isinstance(tags, str) else tags if isinstance(tags, list) else ()
    said = tuple(word for word in words if isinstance(word, str))
    if not said:
        raise ValueError(f"has no 'tags'; expected {KEYS}")
    return UserPost(where, inside(root, image), said)


def _split(tags: str) -> list[str]:
    """At `|`, as `data_prep` takes posts; a tag of several words needs it, if at its end."""
    parts = (part.strip() for part in tags.split("|")) if "|" in tags else tags.split()
    return [part for part in parts if part]
