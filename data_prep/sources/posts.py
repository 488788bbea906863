"""People's own posts: a JSON-lines or CSV file beside a folder of pictures."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from data_prep.draft import SPLITS, Draft, Reject
from data_prep.sources.grouping import Seen
from data_prep.sources.places import ENDINGS, leads_away, on_disk
from data_prep.sources.post_fields import FIELDS, LISTS, Faulty, identifier, received, seconds, string, strings
from data_prep.sources.post_records import Records
from data_prep.sources.source import Source
from kerasmm.console import UserError
from kerasmm.data.post import MAX_LINKS, Post
from kerasmm.files.reading import is_regular

_FILES = ("posts.jsonl", "posts.csv")
_MISSING = "missing picture"


class Posts(Source):
    """Posts in the fields of the Post schema. Other columns are ignored, and named with the field that may be meant.

    | field | JSON | CSV |
    |---|---|---|
    | `text` | string | text |
    | `id`, `user` | string or integer | text |
    | `image` | path of the picture, relative to the file's folder | the same |
    | `sentences` | list of strings | items separated by `|` |
    | `tags`, `labels`, `links` | list of strings, or text as in CSV | items separated by `|`, or as found |
    | `time` | integer, Unix seconds, or ISO 8601 | the same |
    | `split` | `"train"`, `"validation"` or `"test"` | the same |

    None is required, except that a post needs `id` or `image`: without `id`, the id is the image's path without its
    ending. Without `image`, the picture is `images/ID.jpg` (or another picture's ending) if there is one.
    With `--pictures DIR`, pictures are looked for below that folder first. A missing field,
    `null` and an empty text are the same. A CSV file starts with a header line. The setting `read.columns` names the columns
    of fields that are called otherwise, `read.separator` what separates items; see `data_prep.sources.separators` for what
    is found without it.
    """

    name: ClassVar[str] = "posts"
    summary: ClassVar[str] = "your own posts: a JSON-lines or CSV file beside a folder of pictures"
    layout: ClassVar[str] = (
        f"posts.jsonl or posts.csv (or the path of such a file) with any of the fields {', '.join(FIELDS)}; `image` is "
        "a path relative to the file's folder, images/ID.jpg when left out"
    )
    defaults: ClassVar[dict[str, Any]] = {
        "needs": ["image", "tags"],
        "split": {"method": "random", "test": 0.2, "validation": 0.1},
    }

    names_columns: ClassVar[bool] = True

    def open(self) -> None:
        if self.folder.is_dir():
            found = [self.folder / name for name in _FILES if (self.folder / name).is_file()]
            if not found:
                raise self.missing(*_FILES)
            if len(found) > 1:
                raise UserError(f"{self.folder}: has both {' and '.join(_FILES)}; give the path of the one to read")
            self.file = self.own(found[0])
        else:
            self.file, self.folder = self.folder, self.folder.parent
            if self.file.suffix.lower() not in (".jsonl", ".csv"):
                raise UserError(f"{self.file}: must be a folder or a file that ends in .jsonl or .csv")
        if not is_regular(self.file):
            raise UserError(f"{self.file}: is no regular file; expected one post a line")
        if self.file.stat().st_size == 0:
            raise UserError(f"{self.file}: is empty; expected one post a line")

    def posts(self) -> Iterator[Draft | Reject]:
        self.records = Records(self.file, self.columns, self.separator, self.reading)
        found = False
        with Seen(self.scratch) as seen:
            for record in self.records:
                found = True
                where = f"{self.file.name}:{record.number}"
                try:
                    if record.fault:
                        raise Faulty(record.fault)
                    draft = self._draft(record.fields)
                    if earlier := seen.before(draft.post.id, where):
                        raise Faulty("id given twice", f"{received(draft.post.id)}, which stands at {earlier} already")
                    yield draft
                except Faulty as fault:
                    yield self.reject(where, fault.reason, fault.detail)
        if not found:
            raise UserError(f"{self.file}: holds no post; expected one a line")

    def advice(self) -> str:
        return self.records.columns.advice()

    def _draft(self, content: dict[str, Any]) -> Draft:
        image, split = string("image", content.get("image")), string("split", content.get("split"))
        lists = {name: strings(name, content.get(name)) for name in LISTS}
        picture = self._picture(image) if image else None
        post_id = identifier("id", content.get("id")) or (Path(image).with_suffix("").as_posix() if image else "")
        if not post_id.strip():
            raise Faulty("`id` is empty", "expected a string, or an `image` to name the post by")
        if split is not None and split not in SPLITS:
            raise Faulty(f"`split` must be one of {', '.join(SPLITS)}", received(split))
        if len(lists["links"]) > MAX_LINKS:
            raise Faulty(f"`links` must hold at most {MAX_LINKS} ids", f"Received: {len(lists['links'])} ids")
        post = Post(
            id=post_id,
            text=string("text", content.get("text")),
            sentences=lists["sentences"],
            tags=lists["tags"],
            labels=lists["labels"],
            user=identifier("user", content.get("user")),
            time=seconds(content.get("time")),
            links=lists["links"],
        )
        picture = picture or self._picture_of(post_id)
        return Draft(post, picture=None if picture is None else str(picture), split=split)

    def _picture(self, image: str) -> Path:
        """The picture file that a post names; it must lie inside the folder, links followed."""
        if Path(image).is_absolute() or ".." in Path(image).parts:
            raise Faulty("`image` leaves the folder", received(image))
        try:
            found = next(filter(None, (on_disk(place / image) for place in self.photo_places("."))), None)
            away = None if found is None or self.follow_links else leads_away(found, self.roots)
        except (OSError, ValueError, RuntimeError) as error:  # names too long, with a NUL, or links in a circle
            raise Faulty(_MISSING, f"{received(image)}: {type(error).__name__}") from error
        if found is None:
            raise Faulty(_MISSING, received(image))
        if away is not None:
            raise Faulty("`image` leaves the folder", f"{received(image)}, a link to elsewhere (see `--follow-links`)")
        return found.resolve()

    def _picture_of(self, post_id: str) -> Path | None:
        """The picture that lies under the post's id, if any; an id with a slash names none."""
        if Path(post_id).name != post_id or "\0" in post_id:
            return None
        folders = ("images", ".") if self.elsewhere is not None else ("images",)
        for folder, ending in itertools.product(folders, ENDINGS):
            try:
                return self._picture(f"{folder}/{post_id}{ending}")
            except Faulty as fault:
                if fault.reason != _MISSING:
                    raise
        return None
