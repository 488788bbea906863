"""PASCAL VOC: Flickr photos with 20 classes as labels, boxes, and the tags of their authors."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar
from xml.etree.ElementTree import Element

from data_prep.draft import Draft, Reject
from data_prep.sources.grouping import Grouping, Member
from data_prep.sources.lines import lines
from data_prep.sources.post_fields import Faulty
from data_prep.sources.source import Source
from data_prep.sources.voc_annotation import Annotation, read_annotation
from data_prep.sources.xml_records import records
from data_prep.words import distinct
from kerasmm.console import UserError
from kerasmm.data.boxes import BOXES_FILE, Box, write_boxes
from kerasmm.data.post import Post
from kerasmm.files.reading import is_regular
from kerasmm.printable import is_unicode

_LISTS = {"train": "train.txt", "validation": "val.txt", "test": "test.txt"}
_PICTURE, _ANNOTATION, _SPLIT = range(3)
_TAG, _DRAFT = range(2)


class Voc(Source):
    """One post a photo; its id is the file name without the ending, `000005`.

    The unit is the year. VOC publishes no tags: they come from the metadata of Flickr in `photos*.xml` beside
    `VOCdevkit/`, as McAuley and Leskovec (2012) published them for VOC2007 (`photosPASCAL.xml`) and as Flickr's method
    `flickr.photos.getInfo` gives them: elements `<photo id="…">` with `<tags><tag>word</tag>…</tags>`. They belong to
    the photo whose annotation has that `<flickrid>`; annotations since 2008 have none, there the id is the file name.

    Boxes go into `boxes.jsonl`. `--split published` follows `ImageSets/Main/{train,val,test}.txt`. The defaults are
    those of DMAN, section 4.1: posts with a label and one of the 1,000 most frequent tags, 4:1.
    """

    name: ClassVar[str] = "voc"
    summary: ClassVar[str] = "PASCAL VOC with Flickr's tags: 20 classes and boxes (Everingham et al. 2007, 2012)"
    layout: ClassVar[str] = (
        "VOCdevkit/VOC2007/JPEGImages/NAME.jpg, Annotations/NAME.xml and ImageSets/Main/{train,val,test}.txt (the last "
        "for --split published), and beside VOCdevkit/ photosPASCAL.xml (or photos*.xml) with Flickr's tags: "
        '<photo id="FLICKRID"><tags><tag>WORD</tag></tags></photo>'
    )
    units: ClassVar[tuple[str, ...]] = ("2007", "2012")
    # The rest of section 4.1 (1,000 tags, 4:1, at most 50 links) are the builder's own defaults.
    defaults: ClassVar[dict[str, Any]] = {"needs": ["image", "tags", "labels"]}

    def open(self) -> None:
        super().open()
        names = (f"VOCdevkit/VOC{self.unit}", f"VOC{self.unit}")
        years = [self.folder / name for name in names if (self.folder / name).is_dir()]
        if not years:
            raise self.missing(*(f"{name}/" for name in names))
        places = self.photo_places(f"{years[0].relative_to(self.folder)}/JPEGImages", "JPEGImages")
        self.pictures, self.annotations = [*places, years[0] / "JPEGImages"][0], years[0] / "Annotations"
        for path in (self.pictures, self.annotations):
            if not path.is_dir():
                raise self.missing(f"{path.relative_to(self.folder)}/")
        lists = {split: years[0] / "ImageSets" / "Main" / name for split, name in _LISTS.items()}
        self.lists = {split: self.own(path) for split, path in lists.items() if path.is_file()}
        folders = {self.folder, years[0].parent}
        self.photos = sorted(self.own(path) for folder in folders for path in folder.glob("photos*.xml"))
        if not self.photos:
            raise self.missing("photosPASCAL.xml", "photos*.xml")

    def posts(self) -> Iterator[Draft | Reject]:
        with Grouping(self.scratch) as by_name, Grouping(self.scratch) as by_photo:
            yield from self._gather_files(by_name)
            yield from self._gather_lists(by_name)
            for name, members in by_name.groups():
                yield from self._gather_draft(by_photo, str(name), list(members))
            self._gather_tags(by_photo)
            for _, members in by_photo.groups():
                tags: list[str] = []
                for member in members:
                    if member.kind == _TAG:
                        tags.append(member.value)
                    else:
                        draft = Draft.from_json(member.value)
                        yield dataclasses.replace(draft, post=dataclasses.replace(draft.post, tags=distinct(tags)))

    def extras(self) -> list[Path]:
        path = self.scratch / BOXES_FILE
        write_boxes(path, self._boxes())
        return [path]

    def _boxes(self) -> Iterator[tuple[str, tuple[tuple[str, Box], ...]]]:
        for path in sorted(self.annotations.glob("*.xml")):
            try:
                boxes = self._annotation(path).boxes
            except Faulty:  # listed as a reject where posts are read
                continue
            if boxes:
                yield path.stem, boxes

    def _annotation(self, path: Path) -> Annotation:
        if not is_regular(path):
            raise Faulty("annotation is not a file", path.name)
        if self.away(path):
            raise Faulty("annotation leaves the folder", f"{path.name}, a link to elsewhere (see `--follow-links`)")
        return read_annotation(path)

    def _gather_files(self, by_name: Grouping) -> Iterator[Reject]:
        for kind, folder, ending in ((_PICTURE, self.pictures, ".jpg"), (_ANNOTATION, self.annotations, ".xml")):
            found = False
            for path in folder.iterdir():
                if path.suffix.lower() != ending:
                    continue
                found = True
                if is_unicode(path.name):
                    by_name.add(path.stem, kind, str(path))
                else:
                    yield self.reject(ascii(path.name), "file name is not valid Unicode", f"in {folder.name}/")
            if not found:
                raise UserError(f"{folder}: holds no file NAME{ending}")

    def _gather_lists(self, by_name: Grouping) -> Iterator[Reject]:
        for split, path in self.lists.items():
            for line in lines(path):
                if line.fault:
                    yield self.reject(f"{path.name}:{line.number}", line.fault)
                elif name := line.text.strip():
                    by_name.add(name, _SPLIT, split)

    def _gather_draft(self, by_photo: Grouping, name: str, members: list[Member]) -> Iterator[Reject]:
        of_kind = {kind: [m.value for m in members if m.kind == kind] for kind in (_PICTURE, _ANNOTATION, _SPLIT)}
        if not of_kind[_PICTURE]:
            yield self.reject(name, "no picture", f"not in {self.pictures.name}/", bad=False)
        elif not of_kind[_ANNOTATION]:
            yield self.reject(name, "no annotation", f"not in {self.annotations.name}/", bad=False)
        elif len(set(of_kind[_SPLIT])) > 1:
            yield self.reject(name, "in several split lists", ", ".join(sorted(set(of_kind[_SPLIT]))))
        else:
            try:
                found = self._annotation(Path(of_kind[_ANNOTATION][0]))
            except Faulty as fault:
                yield self.reject(f"{name}.xml", fault.reason, fault.detail)
                return
            post = Post(id=name, labels=found.labels, user=found.owner)
            draft = Draft(post, picture=of_kind[_PICTURE][0], split=next(iter(of_kind[_SPLIT]), None))
            by_photo.add(found.flickr or name, _DRAFT, draft.to_json())

    def _gather_tags(self, by_photo: Grouping) -> None:
        """One fault in these files hides the tags of all photos after it, so it stops the build."""
        for path in self.photos:
            found = False
            try:
                for photo in records(path, "photo"):
                    found = True
                    for tag in _tags(photo):
                        by_photo.add(photo.get("id", ""), _TAG, tag)
            except Faulty as fault:
                raise UserError(f"{path}: {fault.reason} ({fault.detail})") from fault
            if not found:
                raise UserError(f'{path}: holds no <photo id="FLICKRID">; source {self.name} expects {self.layout}')


def _tags(photo: Element) -> Iterator[str]:
    for tag in photo.iterfind("tags/tag"):
        if word := (tag.text or "").strip():
            yield word
