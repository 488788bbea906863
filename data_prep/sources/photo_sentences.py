"""Photos in a folder and a file with several clean sentences of each: what Flickr8k and Flickr30k have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from data_prep.draft import Draft, Reject
from data_prep.sources import karpathy
from data_prep.sources.grouping import Grouping, Member
from data_prep.sources.lines import lines
from data_prep.sources.places import ENDINGS, is_picture, one_case
from data_prep.sources.sentence_files import Sentence
from data_prep.sources.source import Source
from kerasmm.console import UserError
from kerasmm.data.post import Post
from kerasmm.printable import is_unicode

_PICTURE, _SPLIT, _SENTENCE = range(3)


DEFAULTS: dict[str, Any] = {
    # What is a label stays a tag: else photos of nothing but the most frequent things would have no tags left.
    "annotate": {"nouns_as_tags": True, "labels_from_tags": 80, "keep_in_tags": True},
    "needs": ["image", "sentences"],
    "split": {"method": "published", "validation": 0.1},
}
"""Build configuration of data sets of photos with sentences: every photo of a published split, for every system."""


class PhotoSentences(Source):
    """One post a photo; its id is the file name without the ending.

    The split is that of `lists` or else that of Karpathy's split file, whose sentences are taken where no other file has
    any. Without either there is no split of its own: choose one with `--split`. A photo that the split file names and
    that is not there is bad input, because that file speaks of the whole data set.

    Class attributes:
        photo_folders: Where photos may lie; the first folder that holds one is taken.
        sentence_files: Names of files with sentences and how each is read; the first that is there is taken.
        split_file: Name of Karpathy's file.
    """

    photo_folders: ClassVar[tuple[str, ...]]
    sentence_files: ClassVar[dict[str, Callable[[Path], Iterator[Sentence]]]]
    split_file: ClassVar[str]
    defaults: ClassVar[dict[str, Any]] = DEFAULTS

    def open(self) -> None:
        super().open()
        folders = self.photo_places(*self.photo_folders)
        if not folders:
            raise self.missing(*(f"{name}/" for name in self.photo_folders))
        self.photos = next(filter(_holds_photos, folders), folders[0])
        self.sentences = self._beside_photos(*self.sentence_files)
        self.karpathy = self._beside_photos(self.split_file)
        if self.sentences is None and self.karpathy is None:
            raise self.missing(*self.sentence_files, self.split_file)
        self.lists: dict[str, Path] = {}

    def posts(self) -> Iterator[Draft | Reject]:
        with Grouping(self.scratch) as grouping:
            yield from self._gather_photos(grouping)
            self._gather_lists(grouping)
            if self.karpathy is not None:
                yield from self._gather_karpathy(grouping, self.karpathy)
            if self.sentences is not None:
                yield from self._gather_sentences(grouping, self.sentences)
            for name, members in grouping.groups():
                yield self._post(str(name), list(members))

    def _beside_photos(self, *names: str) -> Path | None:
        places = (self.folder, self.photos.parent, self.photos)
        return next((self.own(path) for name in names for place in places if (path := place / name).is_file()), None)

    def _gather_photos(self, grouping: Grouping) -> Iterator[Reject]:
        found = False
        for path in self.photos.iterdir():
            if not is_picture(path):
                continue
            found = True
            if is_unicode(path.name):
                grouping.add(one_case(path.name), _PICTURE, str(path))
            else:
                yield self.reject(ascii(path.name), "file name is not valid Unicode", f"in {self.photos.name}/")
        if not found:
            raise UserError(f"{self.photos}: holds no photo ({', '.join(ENDINGS)})")

    def _gather_lists(self, grouping: Grouping) -> None:
        for split, path in self.lists.items():
            for line in lines(path):
                if name := line.text.strip():
                    grouping.add(one_case(name), _SPLIT, split)

    def _gather_karpathy(self, grouping: Grouping, path: Path) -> Iterator[Reject]:
        if self.lists and self.sentences is not None:
            return
        for photo in karpathy.photos(path):
            if photo.fault:
                yield self.reject(photo.where, photo.fault, photo.detail)
                continue
            if not self.lists:
                grouping.add(one_case(photo.name), _SPLIT, karpathy.SPLITS[photo.split])
            if self.sentences is None:
                for number, sentence in enumerate(photo.sentences):
                    grouping.add(one_case(photo.name), _SENTENCE, sentence, order=number)

    def _gather_sentences(self, grouping: Grouping, path: Path) -> Iterator[Reject]:
        for sentence in self.sentence_files[path.name](path):
            if sentence.fault:
                yield self.reject(sentence.where, sentence.fault, sentence.detail)
            else:
                grouping.add(one_case(sentence.photo), _SENTENCE, sentence.text, order=sentence.number)

    def _post(self, name: str, members: list[Member]) -> Draft | Reject:
        of_kind = {kind: [m.value for m in members if m.kind == kind] for kind in (_PICTURE, _SPLIT, _SENTENCE)}
        splits = sorted(set(of_kind[_SPLIT]))
        if not of_kind[_PICTURE]:
            where = f"not in {self.photos.name}/"
            if self.karpathy is not None and splits and not self.lists:
                return self.reject(name, f"photo that {self.karpathy.name} names is absent", where)
            return self.reject(name, "no picture", where, bad=False)
        if len(splits) > 1:
            return self.reject(name, "in several split lists", ", ".join(splits))
        if (self.lists or self.karpathy) and not splits:
            return self.reject(name, "in no split list", bad=False)
        orders = [member.order for member in members if member.kind == _SENTENCE]
        if len(set(orders)) < len(orders):
            return self.reject(name, "sentence number given twice", f"numbers {orders}")
        return Draft(
            Post(id=Path(name).stem, sentences=tuple(filter(str.strip, of_kind[_SENTENCE]))),
            picture=min(of_kind[_PICTURE]),
            split=splits[0] if splits else None,
        )


def _holds_photos(folder: Path) -> bool:
    return any(map(is_picture, folder.iterdir()))
