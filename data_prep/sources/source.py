"""What a source is: one published layout, read into drafts as a stream."""

from __future__ import annotations

import abc
import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from data_prep.draft import Draft, Reject
from data_prep.sources.parts import Part
from data_prep.sources.places import LINKED_AWAY, leads_away
from data_prep.sources.reading import Reading
from kerasmm.console import UserError, nearest
from kerasmm.files.reading import is_regular


class Source(abc.ABC):
    """Parses one published layout. It decides nothing: texts stay as written, pictures unopened, splits as published.

    Class attributes:
        name: What `--source` takes.
        summary: One line for `python -m data_prep sources`.
        layout: The files it expects.
        synthetic: True when a program made the posts.
        needs_input: False for a source that needs no folder.
        units: What one post can be, the default first; empty when there is one way only.
        names_columns: True where the user may say which column is which field, see `columns`.
        defaults: The build configuration that suits the source, nested as in `BuildConfig`.

    Args:
        folder: Where the published files lie.
        unit: One of `units`, or None for the default.
        scratch: A folder for temporary files, there for as long as the build.
        pictures: Where the pictures lie, when they lie elsewhere: the folder that `folder` would hold, or what is in it.
        follow_links: Take pictures and read files that links lead to outside of `folder` and `pictures`.

    Attributes:
        columns: Field → the column it is read from, set by the build where `names_columns`.
        separator: What separates items of lists in one cell; found where it is None.
        reading: What it decided about its files, whole when all posts were read.

    Raises:
        UserError: When the folder or a file is missing, or the unit is unknown.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    layout: ClassVar[str]
    synthetic: ClassVar[bool] = False
    needs_input: ClassVar[bool] = True
    units: ClassVar[tuple[str, ...]] = ()
    names_columns: ClassVar[bool] = False
    defaults: ClassVar[dict[str, Any]] = {}

    def __init__(
        self,
        folder: Path | None,
        unit: str | None,
        scratch: Path,
        pictures: Path | None = None,
        follow_links: bool = False,
    ) -> None:
        if unit is not None and unit not in self.units:
            known = (
                f"must be one of {', '.join(self.units)}" if self.units else "is not known to this source: leave it out"
            )
            raise UserError(f"source {self.name}: `unit` {known}.{nearest(unit, self.units)} Received: {unit!r}")
        if self.needs_input and folder is None:
            raise UserError(f"source {self.name} needs `--input DIR`; expected there: {self.layout}")
        if not self.needs_input and folder is not None:
            raise UserError(f"source {self.name} makes its own posts: leave `--input` out. Received: {str(folder)!r}")
        if pictures is not None and not pictures.is_dir():
            raise UserError(f"{pictures}: not a folder; `--pictures` is where the pictures lie")
        self.elsewhere, self.follow_links = pictures, follow_links
        self.unit = unit or (self.units[0] if self.units else None)
        self.scratch, self.reading = scratch, Reading()
        self.columns: Mapping[str, str] = {}
        self.separator: str | None = None
        if folder is not None:
            self.folder = Path(folder)
            if not self.folder.exists():
                raise UserError(f"{self.folder}: no such folder; source {self.name} expects {self.layout}")
            self.open()

    def open(self) -> None:
        """Checks that the files are there, before anything is read or written; raises `UserError` naming the file."""
        if not self.folder.is_dir():
            raise UserError(f"{self.folder}: not a folder; source {self.name} expects {self.layout}")

    @classmethod
    def defaults_for(cls, unit: str | None) -> dict[str, Any]:
        """The build configuration that suits `unit` (None: the default unit)."""
        return cls.defaults

    @abc.abstractmethod
    def posts(self) -> Iterator[Draft | Reject]:
        """Streams the posts and what was no post. One bad line never stops it; memory doesn't grow with the input."""

    def parts(self) -> Sequence[Part]:
        """Parts of the files that workers may read apart, in reading order; none where the posts are one stream only."""
        return ()

    def posts_of(self, part: Part) -> Iterator[Draft | Reject]:
        """Streams the posts of one of the `parts`, in whichever process; of itself it may change `reading` only."""
        raise NotImplementedError(f"source {self.name} gives no parts")

    def inside(self, post: Draft | Reject) -> Draft | Reject:
        """The same, or a reject of a post whose picture a link leads to outside of the folders that were named."""
        if not isinstance(post, Draft) or post.picture is None or not self.needs_input or self.follow_links:
            return post
        try:
            away = leads_away(Path(post.picture), self.roots)
        except (OSError, RuntimeError):  # links in a circle; cleaning says that there is no file
            return post
        if away is None:
            return post
        detail = f"{post.picture} leads to {away}; `--follow-links` takes it"
        return self.reject(post.post.id, LINKED_AWAY, detail)

    def own(self, path: Path) -> Path:
        """A whole file of the layout, the same path.

        Raises:
            UserError: When it is no regular file, or a link leads to it outside of the folders that were named.
        """
        if not is_regular(path):
            raise UserError(f"{path}: is no regular file; source {self.name} expects {self.layout}")
        if self.away(path):
            raise UserError(f"{path}: a link leads out of {self.folder}; `--follow-links` reads it")
        return path

    def away(self, path: Path) -> bool:
        """Whether links, which are not to be followed, lead out of the folders that were named."""
        return not self.follow_links and leads_away(path, self.roots) is not None

    @functools.cached_property
    def roots(self) -> list[Path]:
        """The folders that were named."""
        folder = self.folder if self.folder.is_dir() else self.folder.parent
        return [path for path in (folder, self.elsewhere) if path is not None]

    def photo_places(self, *names: str) -> list[Path]:
        """Folders that may hold the pictures, of which `names` are those of the layout: `--pictures` comes first."""
        named = [self.folder / name for name in names]
        if self.elsewhere is not None:
            named = [*(self.elsewhere / name for name in names), self.elsewhere, *named]
        return [path for path in named if path.is_dir()]

    def extras(self) -> list[Path]:
        """Further files that belong into the data set."""
        return []

    def advice(self) -> str:
        """What to say, after reading, when posts turn out to lack something."""
        return ""

    def missing(self, *names: str) -> UserError:
        """The error for a folder that lacks a file: `names` are the alternatives, any of which would do."""
        return UserError(f"{self.folder}: has no {' or '.join(names)}; source {self.name} expects {self.layout}")

    def reject(self, where: str, reason: str, detail: str = "", bad: bool = True) -> Reject:
        """A reject of the step `source`."""
        return Reject(where=where, step="source", reason=reason, detail=detail, bad=bad)
