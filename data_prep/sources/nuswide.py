"""NUS-WIDE: Flickr photos with the tags of their authors and 81 concepts as labels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from data_prep.draft import Draft, Reject
from data_prep.sources.decoding import encoding_of
from data_prep.sources.lines import Line, lines
from data_prep.sources.lockstep import lockstep
from data_prep.sources.places import leads_away, on_disk
from data_prep.sources.source import Source
from kerasmm.console import UserError
from kerasmm.data.post import Post

_LIST = ("ImageList/Imagelist.txt", "Imagelist.txt")
_CONCEPTS = ("ConceptsList/Concepts81.txt", "Concepts81.txt")
_LABELS = ("Groundtruth/AllLabels", "AllLabels")
_PHOTOS = ("Flickr", "images")
_TAG_FOLDERS = ("NUS_WID_Tags/", "")
_PHOTO = re.compile(r"(?:[^/]+/)*(?P<stem>[^/]+_(?P<flickr>[0-9]{1,18}))\.jpg", re.IGNORECASE)
_CONCEPT = re.compile(r"[\w-]{1,80}")


class NusWide(Source):
    """One post a photo; its id is the file name without the ending, `0001_2124494179` (number, underscore, Flickr's id).

    Line n of `Imagelist.txt`, of the tag file and of each of the 81 label files speaks of the same photo, so a file
    with a line too few or too many stops the build. A photo that isn't there is left out and counted: many are gone
    from Flickr, and the authors publish no pictures. Photos lie under the path of the list or flat in one folder.

    The unit `all_tags` takes everything that authors tagged (`All_Tags.txt`), the unit `tags1k` the publisher's own
    1,000 tags (`TagList1k.txt`, `AllTags1k.txt`).

    The defaults are those of DMAN, section 4.1: of the posts with a label and one of the 1,000 most frequent tags,
    53,844 train and 36,156 test, drawn at random; validation is a tenth of the training posts. A smaller copy needs
    `--split random`, which is 4:1.
    """

    name: ClassVar[str] = "nuswide"
    summary: ClassVar[str] = "NUS-WIDE: 269,648 Flickr photos with tags and 81 concepts (Chua et al. 2009)"
    layout: ClassVar[str] = (
        "Flickr/CLASS/N_FLICKRID.jpg (or images/N_FLICKRID.jpg), ImageList/Imagelist.txt, "
        "NUS_WID_Tags/All_Tags.txt (with --unit tags1k: NUS_WID_Tags/TagList1k.txt and AllTags1k.txt), "
        "Groundtruth/AllLabels/Labels_CONCEPT.txt, ConceptsList/Concepts81.txt"
    )
    units: ClassVar[tuple[str, ...]] = ("all_tags", "tags1k")
    defaults: ClassVar[dict[str, Any]] = {
        "needs": ["image", "tags", "labels"],
        "split": {"method": "counts", "counts": {"train": 53_844, "test": 36_156, "validation": 5_384}},
    }

    def open(self) -> None:
        super().open()
        self.list = self.own(self._found(_LIST))
        self.photos = next(iter(self.photo_places(*_PHOTOS)), self.folder / _PHOTOS[0])
        if not self.photos.is_dir():
            raise self.missing(*_PHOTOS)
        labels = self._found(_LABELS)
        self.concepts = _words(self.own(self._found(_CONCEPTS)), _CONCEPT)
        self.label_files = [labels / f"Labels_{concept}.txt" for concept in self.concepts]
        for path in self.label_files:
            if not path.is_file():
                raise self.missing(str(path.relative_to(self.folder)))
            self.own(path)
        tag_file = "All_Tags.txt" if self.unit == "all_tags" else "AllTags1k.txt"
        self.tag_file = self.own(self._found([f"{folder}{tag_file}" for folder in _TAG_FOLDERS]))
        if self.unit == "tags1k":
            words = self._found([f"{folder}TagList1k.txt" for folder in _TAG_FOLDERS])
            self.words = _words(self.own(words), re.compile(r"\S+"))

    def posts(self) -> Iterator[Draft | Reject]:
        encodings = {self.tag_file: encoding_of(self.tag_file)}
        self.reading.encodings.update(encodings.values())
        for listed, tagged, *labelled in lockstep(self.list, self.tag_file, *self.label_files, encodings=encodings):
            yield self._post(listed, tagged, labelled)

    def _post(self, listed: Line, tagged: Line, labelled: Sequence[Line]) -> Draft | Reject:
        files = (self.list, self.tag_file, *self.label_files)
        for path, line in zip(files, (listed, tagged, *labelled), strict=True):
            if line.fault:
                return self.reject(f"{path.name}:{line.number}", line.fault)
        where, name = f"{self.list.name}:{listed.number}", listed.text.strip().replace("\\", "/")
        match = _PHOTO.fullmatch(name)
        if match is None or "\0" in name:
            return self.reject(where, "not CLASS\\N_FLICKRID.jpg", f"Received: {name[:80]!r}")
        if ".." in name.split("/"):
            return self.reject(where, "path leaves the folder", f"Received: {name[:80]!r}")
        tags = self._tags(tagged.text.split(), match["flickr"])
        if isinstance(tags, str):
            return self.reject(f"{self.tag_file.name}:{tagged.number}", tags, f"Received: {tagged.text[:80]!r}")
        labels = []
        for concept, path, line in zip(self.concepts, self.label_files, labelled, strict=True):
            value = line.text.strip()
            if value not in ("0", "1"):
                return self.reject(f"{path.name}:{line.number}", "label must be 0 or 1", f"Received: {value[:80]!r}")
            if value == "1":
                labels.append(concept)
        picture = self._picture(name)
        if picture is None:
            return self.reject(match["stem"], "no picture", f"no {name} in {self.photos.name}/", bad=False)
        return Draft(Post(id=match["stem"], tags=tuple(tags), labels=tuple(labels)), picture=str(picture))

    def _tags(self, cells: list[str], flickr: str) -> list[str] | str:
        """The tags of a line, or what is wrong with it."""
        if self.unit == "all_tags":
            return cells[1:] if cells[:1] == [flickr] else "tags of another photo"
        if len(cells) != len(self.words) or not set(cells) <= {"0", "1"}:
            return f"not {len(self.words)} zeros and ones"
        return [word for word, cell in zip(self.words, cells, strict=True) if cell == "1"]

    def _picture(self, name: str) -> Path | None:
        """The photo's file, under its path or flat; links to elsewhere don't count."""
        for path in (self.photos / name, self.photos / name.rpartition("/")[2]):
            try:
                if (found := on_disk(path)) and (self.follow_links or not leads_away(found, self.roots)):
                    return found
            except (OSError, RuntimeError):  # names too long, or links in a circle
                continue
        return None

    def _found(self, names: Sequence[str]) -> Path:
        for name in names:
            if (self.folder / name).exists():
                return self.folder / name
        raise self.missing(*names)


def _words(path: Path, form: re.Pattern[str]) -> list[str]:
    """The words of a file with one a line; each decides about a whole column, so none may be wrong."""
    words: dict[str, None] = {}
    for line in lines(path):
        word = line.text.strip()
        if line.fault or (word and (not form.fullmatch(word) or word in words)):
            raise UserError(
                f"{path}:{line.number}: expected one word, each once. Received: {line.fault or word[:80]!r}"
            )
        if word:
            words[word] = None
    if not words:
        raise UserError(f"{path}: is empty; expected one word a line")
    return list(words)
