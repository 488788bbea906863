"""YFCC100M: a hundred million photos and videos of Flickr with the tags of their authors."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote_plus

from data_prep.draft import Draft, Reject
from data_prep.sources.lines import lines
from data_prep.sources.parts import PACKED, PART_BYTES, Part, parts_of
from data_prep.sources.places import on_disk
from data_prep.sources.post_fields import Faulty, received
from data_prep.sources.source import Source
from kerasmm.console import UserError
from kerasmm.data.post import Post

NO_TIME = "posts without a usable time of upload: none, before 1970 or in the future"
_COLUMNS = 23
"""Of the first release; the later one puts a line number before the id and a hash behind it."""
_USER, _UPLOADED, _TITLE, _DESCRIPTION, _TAGS, _MARKER = 1, 4, 6, 7, 8, 22
_VIDEO = {"0": False, "1": True}
_FILE = re.compile(r"yfcc100m_dataset(?:-(?P<number>[0-9]{1,4}))?(?:\.tsv)?(?P<packed>\.gz|\.bz2)?", re.IGNORECASE)
_NUMBER, _HASH = re.compile(r"[0-9]{1,18}"), re.compile(r"[0-9a-f]{7,64}")
_NSID = re.compile(r"[0-9]{1,18}@N[0-9]{1,4}")
_PHOTOS = ("images", "data/images")


class Yfcc100m(Source):
    """One post a photo; its id is Flickr's, the user the owner's NSID, the time that of the upload. No labels.

    Each line of the published file is a photo or a video in 23 columns with tabs between them, or in 25: id, [hash], user,
    nickname, date taken, date uploaded, device, title, description, user tags, machine tags, longitude, latitude,
    accuracy, page, download, licence, its address, server, farm, secret, original secret, extension, and the marker: 1 for
    a video. Texts are URL-encoded, tags with commas between them. The text of a post is its title, and its description
    in the next line; machine tags, places and cameras are left out. Videos are left out, and counted.

    Which time a photo was taken, its camera said: the year 1864 is one. The time of the upload is Flickr's; a post without
    one that can be is kept without a time, and counted.

    Photos lie under their id or hash, `images/6185218911.jpg`, or as in the S3 store of Multimedia Commons,
    `data/images/4e2/f7a/4e2f7a….jpg`. Of many there is none: such posts are drafts without a picture, which a build drops
    and counts unless `image.required` is off.

    Workers read parts of the files, packed ones whole: unpack what several are to read.

    The defaults are those of Veit et al. (2018), section 4.1: no numbers and not the 10 most frequent tags, of the others
    the 100,000 most frequent; no users with more than 15 tags a photo; of each user the last tenth of the photos is
    validation and test, 1:4.
    """

    name: ClassVar[str] = "yfcc100m"
    summary: ClassVar[str] = "YFCC100M: photos of Flickr with tags and owners (Thomee et al. 2016)"
    layout: ClassVar[str] = (
        "yfcc100m_dataset, or its parts yfcc100m_dataset-0 to -9 (or with .tsv, .bz2 or .gz behind), and the photos as "
        "images/PHOTOID.jpg, images/HASH.jpg or images/HAS/H12/HASH.jpg"
    )
    defaults: ClassVar[dict[str, Any]] = {
        "needs": ["image", "tags", "user"],
        "tags": {"most": 100_000, "drop_numbers": True, "drop_most_frequent": 10, "per_post": 15},
        "users": {},
        "split": {"method": "latest", "test": 0.1, "validation": 0.2},
    }

    def open(self) -> None:
        super().open()
        found: dict[int, Path] = {}
        # Where a file lies beside what it was unpacked from, it is read once.
        for path in sorted(self.folder.iterdir(), key=lambda path: (path.suffix.lower() in PACKED, path.name)):
            if match := _FILE.fullmatch(path.name):
                found.setdefault(int(match["number"] or -1), path)
        if not found:
            raise self.missing("yfcc100m_dataset", "yfcc100m_dataset-0")
        if -1 in found and len(found) > 1:
            part = found[max(found)].name
            raise UserError(
                f"{self.folder}: has both {found[-1].name} and {part}, the same posts; leave one of them there"
            )
        self.files = [self.own(path) for _, path in sorted(found.items())]
        self.photos = self.photo_places(*_PHOTOS)
        self.now = int(time.time())

    def posts(self) -> Iterator[Draft | Reject]:
        for path in self.files:
            yield from self.posts_of(Part(path))

    def parts(self) -> Sequence[Part]:
        return [part for path in self.files for part in parts_of(path, PART_BYTES)]

    def posts_of(self, part: Part) -> Iterator[Draft | Reject]:
        for line in lines(part):
            if line.text or line.fault:
                try:
                    if line.fault:
                        raise Faulty(line.fault)
                    yield self._post(line.text.split("\t"))
                except Faulty as fault:
                    yield self.reject(f"{part.path.name}:{line.number}", fault.reason, fault.detail)

    def _post(self, cells: list[str]) -> Draft | Reject:
        photo_hash = ""
        if len(cells) == _COLUMNS + 2:
            _, photo, photo_hash, *rest = cells
            cells = [photo, *rest]
        if len(cells) != _COLUMNS:
            raise Faulty(f"not {_COLUMNS} or {_COLUMNS + 2} columns", f"Received: {len(cells)} columns")
        photo, user = cells[0], _text("user", cells[_USER])
        if not _NUMBER.fullmatch(photo):
            raise Faulty("photo id must be a number", received(photo))
        if not _NSID.fullmatch(user):
            raise Faulty("user must be an NSID such as 39019111@N00", received(user))
        if (video := _VIDEO.get(cells[_MARKER])) is None:
            raise Faulty("marker must be 0 or 1", received(cells[_MARKER]))
        if video:
            return self.reject(photo, "a video", bad=False)
        texts = [
            _text(name, cells[place]).strip() for name, place in (("title", _TITLE), ("description", _DESCRIPTION))
        ]
        # A comma within a tag is encoded.
        tags = tuple(_text("tag", tag) for tag in cells[_TAGS].split(",") if tag)
        uploaded = self._uploaded(cells[_UPLOADED])
        post = Post(id=photo, text="\n".join(filter(None, texts)) or None, tags=tags, user=user, time=uploaded)
        picture = self._picture(photo, photo_hash)
        return Draft(post, picture=None if picture is None else str(picture))

    def _uploaded(self, cell: str) -> int | None:
        if _NUMBER.fullmatch(cell) and int(cell) <= self.now:
            return int(cell)
        self.reading.notices[NO_TIME] += 1
        return None

    def _picture(self, photo: str, photo_hash: str) -> Path | None:
        """The photo's file, by its id or by its hash."""
        names = [photo]
        if _HASH.fullmatch(photo_hash):
            names += [photo_hash, f"{photo_hash[:3]}/{photo_hash[3:6]}/{photo_hash}"]
        return next(
            (found for folder in self.photos for name in names if (found := on_disk(folder / f"{name}.jpg"))), None
        )


def _text(name: str, cell: str) -> str:
    """A cell as its author wrote it."""
    if "%" not in cell:
        return cell.replace("+", " ")
    try:
        return unquote_plus(cell, errors="strict")
    except UnicodeDecodeError as error:
        raise Faulty(f"{name} is not in UTF-8", received(cell)) from error
