"""MIRFLICKR-25000: Flickr photos with the tags of their authors and annotated topics as labels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from data_prep.draft import Draft, Reject
from data_prep.sources.decoding import NO_ENCODING, decoded
from data_prep.sources.grouping import Grouping
from data_prep.sources.lines import MAX_LINE_BYTES, lines
from data_prep.sources.source import Source
from kerasmm.console import UserError
from kerasmm.data.post import Post

_ANNOTATIONS = ("mirflickr25k_annotations_v080", "annotations", "mirflickr/annotations")
_RELEVANT = (
    "baby", "bird", "car", "clouds", "dog", "female", "flower", "male", "night", "people", "portrait", "river", "sea",
    "tree",
)  # fmt: skip
_POTENTIAL = (
    *_RELEVANT, "animals", "food", "indoor", "lake", "plant_life", "sky", "structures", "sunset", "transport", "water",
)  # fmt: skip
_PHOTO = re.compile(r"im(?P<number>[1-9][0-9]{0,8})\.jpg", re.IGNORECASE)
_NUMBER = re.compile(r"0*(?P<number>[1-9][0-9]{0,8})")
_PICTURE, _LABEL = range(2)


class MirFlickr(Source):
    """One post a photo; its id is the file name without the ending, `im1`.

    The unit `relevant` takes the 14 topics for which an annotator found the topic salient (`baby_r1.txt` …), as DMAN
    and most others do; the unit `potential` takes the 24 topics that can be seen at all (`baby.txt` …). Labels are named
    as the files are. Tags are the publisher's normalised ones (`meta/tags`: lower case, without spaces).

    The defaults are those of DMAN, section 4.1: posts with a label and one of the 1,000 most frequent tags, 4:1.
    """

    name: ClassVar[str] = "mirflickr"
    summary: ClassVar[str] = "MIRFLICKR-25000: Flickr photos with tags and annotated topics (Huiskes and Lew 2008)"
    layout: ClassVar[str] = (
        "mirflickr/imN.jpg, mirflickr/meta/tags/tagsN.txt, mirflickr25k_annotations_v080/TOPIC_r1.txt "
        "(with --unit potential: TOPIC.txt)"
    )
    units: ClassVar[tuple[str, ...]] = ("relevant", "potential")
    # The rest of section 4.1 (1,000 tags, 4:1, at most 50 links) are the builder's own defaults.
    defaults: ClassVar[dict[str, Any]] = {"needs": ["image", "tags", "labels"]}

    def open(self) -> None:
        super().open()
        photos = [*self.photo_places("mirflickr"), self.folder / "mirflickr"]
        self.photos, self.tags = photos[0], self.folder / "mirflickr" / "meta" / "tags"
        for path in (self.photos, self.tags):
            if not path.is_dir():
                raise self.missing(f"{path.relative_to(self.folder)}/")
        annotations = [self.folder / name for name in _ANNOTATIONS if (self.folder / name).is_dir()]
        if not annotations:
            raise self.missing(*(f"{name}/" for name in _ANNOTATIONS))
        topics, ending = (_RELEVANT, "_r1") if self.unit == "relevant" else (_POTENTIAL, "")
        self.topics = {topic: annotations[0] / f"{topic}{ending}.txt" for topic in sorted(topics)}
        for path in self.topics.values():
            if not path.is_file():
                raise self.missing(str(path.relative_to(self.folder)))
            self.own(path)

    def posts(self) -> Iterator[Draft | Reject]:
        with Grouping(self.scratch) as grouping:
            self._gather_photos(grouping)
            for topic, path in self.topics.items():
                yield from self._gather_topic(grouping, topic, path)
            for number, members in grouping.groups():
                of_kind: dict[int, list[str]] = {_PICTURE: [], _LABEL: []}
                for member in members:
                    of_kind[member.kind].append(member.value)
                if of_kind[_PICTURE]:
                    yield from self._post(int(number), of_kind[_PICTURE][0], of_kind[_LABEL])
                else:
                    yield self.reject(f"im{number}", "no picture", f"not in {self.photos.name}/", bad=False)

    def _gather_photos(self, grouping: Grouping) -> None:
        found = False
        for path in self.photos.iterdir():
            if match := _PHOTO.fullmatch(path.name):
                grouping.add(int(match["number"]), _PICTURE, str(path))
                found = True
        if not found:
            raise UserError(f"{self.photos}: holds no photo named imN.jpg")

    def _gather_topic(self, grouping: Grouping, topic: str, path: Path) -> Iterator[Reject]:
        for line in lines(path):
            where, text = f"{path.name}:{line.number}", line.text.strip()
            match = _NUMBER.fullmatch(text)
            if line.fault:
                yield self.reject(where, line.fault)
            elif match:
                grouping.add(int(match["number"]), _LABEL, topic)
            elif text:
                yield self.reject(where, "not the number of a photo", f"Received: {text[:80]!r}")

    def _post(self, number: int, picture: str, labels: list[str]) -> Iterator[Draft | Reject]:
        path, tags = self.tags / f"tags{number}.txt", list[str]()
        if path.is_file():
            if self.away(path):
                yield self.reject(f"im{number}", "tags leave the folder", f"{path} is a link (see `--follow-links`)")
                return
            if path.stat().st_size > MAX_LINE_BYTES:
                yield self.reject(f"im{number}", f"tags longer than {MAX_LINE_BYTES} bytes", str(path))
                return
            content = path.read_bytes()
            # The whole file says more about its encoding than a line of it, but a broken line costs itself alone.
            parts = [content] if decoded(content) else content.split(b"\n")
            for place, found in enumerate(map(decoded, parts), 1):
                if found is None:
                    yield self.reject(f"{path.name}:{place}", f"tag is {NO_ENCODING}")
                    continue
                self.reading.encodings[found.encoding] += len(parts) == 1
                tags += [tag for line in found.text.split("\n") if (tag := line.strip())]
        yield Draft(Post(id=f"im{number}", tags=tuple(tags), labels=tuple(labels)), picture=picture)
