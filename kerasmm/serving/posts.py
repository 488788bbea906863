"""The posts that an export can find, to show them: id → thumbnail, text, tags, labels, in one SQLite file."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from kerasmm.console import UserError, console
from kerasmm.data.opening import BadPicture, opened
from kerasmm.data.post import Post
from kerasmm.faults import machine_fault
from kerasmm.files.reading import is_regular
from kerasmm.files.sqlite_file import SqliteFile

POSTS_FILE = "posts.sqlite"
THUMBNAIL_SIDE = 256
"""Larger than it need be to be shown: heat maps are computed from what is kept. From 128 pixels, the largest weight of
fewer than half of the posters and photos we tried lay in the same cell of the map as from the whole picture."""

_QUALITY = 90
_KEPT_BYTES = 1 << 16
_PRIVATE = {"exif", "xmp", "photoshop", "comment"}
"""What a JPEG may tell of its author (where the photo was taken, say); such a file is not kept as it is."""

_SCHEMA = """
    create table posts (
        id text primary key, split text not null, text text, tags text not null, labels text not null, thumbnail blob,
        author text
    ) without rowid
"""

ADDED = "added"
"""The split of posts that came to the index later: no training saw them."""


@dataclasses.dataclass(frozen=True)
class StoredPost:
    """What is kept of a post. `thumbnail` is a JPEG of at most `THUMBNAIL_SIDE` pixels a side, or None."""

    id: str
    split: str
    text: str | None
    tags: tuple[str, ...]
    labels: tuple[str, ...]
    thumbnail: bytes | None = dataclasses.field(repr=False)


def post_of(sentence_id: str) -> str:
    """The id of the post that a sentence belongs to: what stands before the last `#`, which ids of posts may hold too.

    Example:

    >>> post_of("photo#7#0")
    'photo#7'
    """
    return sentence_id.rpartition("#")[0]


def thumbnail(encoded: bytes, side: int = THUMBNAIL_SIDE) -> bytes | None:
    """A JPEG that fits a square of `side` pixels, or None when the bytes are no JPEG or PNG that can be decoded.

    A JPEG that fits already is kept byte for byte: what a model makes of it stays the same.
    """
    try:
        with opened(encoded) as image:
            small_already = max(image.size) <= side and len(encoded) <= _KEPT_BYTES and image.mode in ("RGB", "L")
            # A JPEG is decoded at a fraction of its size, which is most of the time it takes.
            image.draft("RGB", (side, side))
            image.load()
            if image.format == "JPEG" and small_already and not _PRIVATE & set(image.info):
                return encoded
            small = image.convert("RGB")
            small.thumbnail((side, side))
            # Pillow would carry it over.
            small.info.pop("comment", None)
            file = io.BytesIO()
            small.save(file, "JPEG", quality=_QUALITY)
            return file.getvalue()
    except BadPicture:
        return None


def author_digest(user: str) -> str:
    """What is kept of an author: enough to forget them by their name, and no name."""
    return hashlib.sha256(user.encode()).hexdigest()


def write_posts(
    path: Path,
    posts: Iterable[tuple[str, Post]],
    thumbnails: bool = True,
    *,
    of: Path | None = None,
    without: Iterable[str] = (),
) -> int:
    """Writes `(split, post)` pairs, one at a time; returns how many of their pictures can't be decoded.

    Args:
        path: The new file.
        posts: What is written. A post that is there, too, in `of` keeps its split: whether training saw it doesn't change.
        thumbnails: Keep small pictures.
        of: A file like it whose posts are kept.
        without: Ids of posts of that file that aren't. None of their bytes are in the new one.
    """
    bad = 0
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, uri=True)) as connection:
        # The file is written aside and renamed when it is whole, so it needs no journal.
        connection.execute("pragma journal_mode = off")
        connection.execute("pragma synchronous = off")
        connection.execute(_SCHEMA)
        if of is not None:
            with _damage(of):
                _copy(connection, of, without)
        connection.execute("begin")
        for split, post in posts:
            small = thumbnail(post.image) if thumbnails and post.image is not None else None
            bad += thumbnails and post.image is not None and small is None
            text = post.text if post.text is not None else next(iter(post.sentences), None)
            tags, labels = (json.dumps(list(words), ensure_ascii=False) for words in (post.tags, post.labels))
            author = None if post.user is None else author_digest(post.user)
            connection.execute(
                "insert into posts values (?, ?, ?, ?, ?, ?, ?) on conflict do update set text = excluded.text, "
                "tags = excluded.tags, labels = excluded.labels, thumbnail = excluded.thumbnail, author = excluded.author",
                (post.id, split, text, tags, labels, small, author),
            )
        connection.execute("commit")
        if of is not None:
            # A page that a longer row has left may still hold its bytes.
            connection.execute("vacuum")
    return bad


def say_undecodable(pictures: int) -> None:
    """Tells of pictures that have no thumbnail, where there are any."""
    if pictures:
        console().print(f"{pictures:,} pictures can't be decoded: their posts have no thumbnail", soft_wrap=True)


def _copy(connection: sqlite3.Connection, of: Path, without: Iterable[str]) -> None:
    """All posts of another file but some."""
    connection.execute("pragma temp_store = memory")
    connection.execute("create temp table gone (id text primary key)")
    connection.executemany("insert or ignore into gone values (?)", ((post_id,) for post_id in without))
    connection.execute("attach ? as before", (f"{of.absolute().as_uri()}?immutable=1",))
    author = "author" if _has_authors(connection, "before") else "null"
    connection.execute(
        f"insert into posts select id, split, text, tags, labels, thumbnail, {author} from before.posts "
        "where id not in (select id from gone)"
    )
    connection.execute("detach before")


def _has_authors(connection: sqlite3.Connection, schema: str = "main") -> bool:
    return "author" in {row[1] for row in connection.execute(f"pragma {schema}.table_info(posts)")}


@contextlib.contextmanager
def _damage(path: Path) -> Iterator[None]:
    """What reading a damaged file raises, in a line; a full disk is no damage."""
    try:
        yield
    except (sqlite3.Error, ValueError, OverflowError) as error:
        if machine_fault(error):
            raise
        raise UserError(f"{path}: damaged ({' '.join(str(error).split())[:200]}); export again") from error


def _stored(post_id: object, split: object, text: object, tags: object, labels: object, small: object) -> StoredPost:
    """A post of a row, of which SQLite promises no types.

    Raises:
        ValueError: When they are others.
    """
    if not isinstance(post_id, str) or not isinstance(split, str) or not isinstance(text, str | None):
        raise ValueError("an id, split or text is no string")
    if not isinstance(small, bytes | None):
        raise ValueError(f"the thumbnail of {post_id[:80]!r} is no picture")
    return StoredPost(post_id, split, text, _words(tags), _words(labels), small)


def _words(cell: object) -> tuple[str, ...]:
    """A list of words as the file keeps it.

    Raises:
        ValueError: When it is none.
    """
    try:
        words = json.loads(cell) if isinstance(cell, str) else None
    except RecursionError as error:
        raise ValueError("tags or labels lie too deep") from error
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError("tags or labels are no list of strings")
    return tuple(words)


class PostStore:
    """Reads what `write_posts` wrote.

    Raises:
        UserError: When the file can't be read, or holds something else.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if not is_regular(path):
            raise UserError(f"{path}: missing; export again")
        with _damage(path):
            self._file = SqliteFile(path, "posts")

    def __len__(self) -> int:
        with _damage(self._path), self._file.asked() as connection:
            return int(connection.execute("select count(*) from posts").fetchone()[0])

    def find(self, ids: Sequence[str]) -> dict[str, StoredPost]:
        """The posts of these ids; unknown ids are left out."""
        found = {}
        with _damage(self._path):
            for post_id in ids:
                with self._file.asked() as connection:
                    row = connection.execute(
                        "select id, split, text, tags, labels, thumbnail from posts where id = ?", (post_id,)
                    ).fetchone()
                if row is not None:
                    found[post_id] = _stored(*row)
        return found

    def __iter__(self) -> Iterator[StoredPost]:
        """All posts, one at a time, in the order of their ids."""
        with _damage(self._path), self._file.asked() as connection:
            for row in connection.execute("select id, split, text, tags, labels, thumbnail from posts order by id"):
                yield _stored(*row)

    def of_author(self, user: str) -> list[str] | None:
        """Ids of the posts of an author; None where the file, of an earlier version, doesn't know the authors."""
        with _damage(self._path), self._file.asked() as connection:
            if not _has_authors(connection):
                return None
            rows = connection.execute("select id from posts where author = ?", (author_digest(user),))
            return [row[0] for row in rows]

    def close(self) -> None:
        """Closes the file."""
        self._file.connection.close()
