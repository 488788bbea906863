"""COCO: photos with at least five clean sentences each, in Karpathy's split or the publisher's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from data_prep.draft import Draft, Reject
from data_prep.sources import karpathy
from data_prep.sources.grouping import Grouping, Member
from data_prep.sources.json_records import records
from data_prep.sources.karpathy import RESTVAL, file_name, sentence, whole_number
from data_prep.sources.photo_sentences import DEFAULTS
from data_prep.sources.places import on_disk
from data_prep.sources.post_fields import Faulty, received
from data_prep.sources.source import Source
from kerasmm.console import UserError
from kerasmm.data.post import Post

_YEARS = ("2014", "2017")
_PARTS = ("train", "val")
_SPLIT_FILE = "dataset_coco.json"
_SPLIT_FOLDERS = (".", "annotations", "karpathy", "caption_datasets")
_CAPTION_FOLDERS = ("annotations", ".")
_PHOTO_ROOTS = (".", "images")
_PHOTO, _SENTENCE = range(2)


class Coco(Source):
    """One post a photo; its id is COCO's own, `391895`.

    With `dataset_coco.json` (Karpathy and Fei-Fei 2015) the split is Karpathy's: 5,000 photos for validation, 5,000 for
    test, and `restval`, the other 30,504 of the publisher's validation photos, joins training; the unit `train` leaves
    them out. Photos may lie under their names of 2014 or of 2017.

    Without that file, posts are those of `captions_train2014.json` and `captions_val2014.json` (or 2017). The second is
    the test, and validation is left to be carved out of training. With one of the two there is no split: choose one with
    `--split`. A photo that a file names and that is not there is bad input.
    """

    name: ClassVar[str] = "coco"
    summary: ClassVar[str] = "COCO: 123,287 photos with five sentences each (Lin et al. 2014; Chen et al. 2015)"
    layout: ClassVar[str] = (
        "train2014/COCO_train2014_N.jpg and val2014/COCO_val2014_N.jpg (or below images/, or train2017/ and val2017/), "
        "dataset_coco.json (or annotations/captions_{train,val}2014.json, or 2017)"
    )
    units: ClassVar[tuple[str, ...]] = (RESTVAL, "train")
    defaults: ClassVar[dict[str, Any]] = DEFAULTS

    def open(self) -> None:
        super().open()
        names = [f"{part}{year}" for year in _YEARS for part in _PARTS]
        if not self.photo_places(*(f"{root}/{name}" for root in _PHOTO_ROOTS for name in names)):
            raise self.missing(*(f"{name}/" for name in names))
        self.karpathy = self._found(_SPLIT_FILE, _SPLIT_FOLDERS)
        found = {
            year: {
                part: path for part in _PARTS if (path := self._found(f"captions_{part}{year}.json", _CAPTION_FOLDERS))
            }
            for year in _YEARS
        }
        self.year = max(_YEARS, key=lambda year: len(found[year]))
        self.captions = found[self.year]
        if self.karpathy is None and not self.captions:
            raise self.missing(_SPLIT_FILE, *(f"annotations/captions_{name}.json" for name in names))
        if self.karpathy is None and self.unit != RESTVAL:
            raise UserError(f"{self.folder}: the unit {self.unit!r} is of {_SPLIT_FILE}, which is not there")

    def posts(self) -> Iterator[Draft | Reject]:
        with Grouping(self.scratch) as grouping:
            if self.karpathy is not None:
                yield from self._gather_karpathy(grouping, self.karpathy)
            else:
                for part, path in self.captions.items():
                    yield from self._gather_captions(grouping, part, path)
            for number, members in grouping.groups():
                yield self._post(int(number), list(members))

    def _found(self, name: str, folders: tuple[str, ...]) -> Path | None:
        return next((self.own(path) for folder in folders if (path := self.folder / folder / name).is_file()), None)

    def _gather_karpathy(self, grouping: Grouping, path: Path) -> Iterator[Reject]:
        for photo in karpathy.photos(path):
            if photo.fault:
                yield self.reject(photo.where, photo.fault, photo.detail)
            elif photo.coco is None:
                yield self.reject(photo.where, "`cocoid` must be a whole number", f"{photo.name} has none")
            else:
                newer = [f"{part}2017/{photo.coco:012d}.jpg" for part in _PARTS]
                places = ["/".join(filter(None, (photo.folder, photo.name))), photo.name, *newer]
                grouping.add(photo.coco, _PHOTO, json.dumps([path.name, photo.split, *places]))
                for order, text in enumerate(photo.sentences):
                    grouping.add(photo.coco, _SENTENCE, text, order)

    def _gather_captions(self, grouping: Grouping, part: str, path: Path) -> Iterator[Reject]:
        split = {"train": "train", "val": "test"}[part] if len(self.captions) == len(_PARTS) else None

        def image(item: dict[str, Any]) -> None:
            name = file_name("file_name", item.get("file_name"))
            places = [path.name, split, f"{part}{self.year}/{name}", name]
            grouping.add(whole_number("id", item.get("id")), _PHOTO, json.dumps(places))

        def annotation(item: dict[str, Any]) -> None:
            number, order = (whole_number(name, item.get(name)) for name in ("image_id", "id"))
            grouping.add(number, _SENTENCE, sentence("caption", item.get("caption")), order)

        take: dict[str, Callable[[dict[str, Any]], None]] = {"images": image, "annotations": annotation}
        counts = dict.fromkeys(take, 0)
        for name, item in records(path, *take):
            counts[name] += 1
            try:
                if not isinstance(item, dict):
                    raise Faulty("must be an object", received(item))
                take[name](item)
            except Faulty as fault:
                yield self.reject(f"{path.name}, {name} {counts[name]}", fault.reason, fault.detail)

    def _post(self, number: int, members: list[Member]) -> Draft | Reject:
        photos = [json.loads(member.value) for member in members if member.kind == _PHOTO]
        sentences = [member for member in members if member.kind == _SENTENCE]
        if not photos:
            return self.reject(str(number), "sentence of an image that is not listed", sentences[0].value[:200])
        file, split, *places = photos[0]
        if len(photos) > 1:
            splits = sorted({str(photo[1]) for photo in photos})
            reason = "in several splits" if len(splits) > 1 else "id given twice"
            return self.reject(str(number), reason, ", ".join(splits if len(splits) > 1 else [p[2] for p in photos]))
        if split == RESTVAL and self.unit != RESTVAL:
            return self.reject(str(number), "restval is left out", bad=False)
        if len({member.order for member in sentences}) < len(sentences):
            return self.reject(str(number), "sentence id given twice", f"ids {[member.order for member in sentences]}")
        picture = self._picture(places)
        if picture is None:
            return self.reject(str(number), f"photo that {file} names is absent", places[0])
        texts = tuple(member.value for member in sentences if member.value.strip())
        return Draft(Post(id=str(number), sentences=texts), picture=picture, split=karpathy.SPLITS.get(split, split))

    def _picture(self, places: list[str]) -> str | None:
        """The photo's file; no name in `places` leads out of the folder."""
        roots = self.photo_places(*_PHOTO_ROOTS)
        found = (_found(root / place) for place in places for root in roots)
        return next((str(path) for path in found if path), None)


def _found(path: Path) -> Path | None:
    try:
        return on_disk(path)
    except OSError:  # names too long
        return None
