"""Tweets with a photo: MVSA's layout, with the sentiment as label and the hashtags as tags."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from data_prep.draft import Draft, Reject
from data_prep.sources.decoding import NO_ENCODING, Decoded, decoded
from data_prep.sources.grouping import Grouping, Member
from data_prep.sources.hashtags import hashtags
from data_prep.sources.lines import MAX_LINE_BYTES, lines
from data_prep.sources.places import is_picture
from data_prep.sources.post_fields import Faulty
from data_prep.sources.source import Source
from kerasmm.console import UserError
from kerasmm.data.post import Post
from kerasmm.printable import is_unicode

_FOLDER = "data"
_ONE_TAG = ("labels.txt", "train.txt")
_ANNOTATED = "labelResultAll.txt"
_NEUTRAL = "neutral"
_SENTIMENTS = ("positive", _NEUTRAL, "negative")
_NO_SENTIMENT = ("", "null")
_TEXT = ".txt"
_PICTURE, _WORDS, _SENTIMENT = range(3)
_NO_FILES = "labels of tweets whose files are not there"


class Tweets(Source):
    """One post a tweet; its id is the file name without the ending. The layout has no author and no split.

    Text is the tweet, tags are its hashtags, the label is the sentiment where there is one. `labelResultAll.txt` has a
    sentiment of the text and one of the photo by one annotator (MVSA-Single) or three (MVSA-Multiple). As in Xu and Mao
    (2017), each is decided by the majority; where both agree, or one is neutral, the post has the other one's sentiment;
    where there is no majority or they contradict, it has no label and stays. A label of a tweet without files is no post.

    The texts may each be in another encoding, see `data_prep.sources.decoding`.
    """

    name: ClassVar[str] = "tweets"
    summary: ClassVar[str] = "MVSA: tweets with a photo and their sentiment (Niu et al. 2016)"
    layout: ClassVar[str] = (
        f"{_FOLDER}/GUID.jpg and {_FOLDER}/GUID.txt with the tweet; for labels {' or '.join(_ONE_TAG)} with the columns "
        f"guid,tag or {_ANNOTATED} with the columns ID<TAB>text,image"
    )
    defaults: ClassVar[dict[str, Any]] = {
        "needs": ["image", "text"],
        "split": {"method": "random", "test": 0.2, "validation": 0.1},
    }

    def open(self) -> None:
        super().open()
        self.data = self.folder / _FOLDER
        if not self.data.is_dir():
            raise self.missing(f"{_FOLDER}/")
        files = [self.folder / name for name in (*_ONE_TAG, _ANNOTATED) if (self.folder / name).is_file()]
        self.labels = self.own(files[0]) if files else None

    def posts(self) -> Iterator[Draft | Reject]:
        with Grouping(self.scratch) as grouping:
            yield from self._gather_files(grouping)
            if self.labels is not None:
                yield from self._gather_labels(grouping, self.labels)
            for guid, members in grouping.groups():
                own = list(members)
                if all(member.kind == _SENTIMENT for member in own):
                    self.reading.notices[_NO_FILES] += 1
                    continue
                try:
                    yield self._draft(str(guid), own)
                except Faulty as fault:
                    yield self.reject(str(guid), fault.reason, fault.detail)

    def _draft(self, guid: str, members: list[Member]) -> Draft:
        pictures, texts, sentiments = (
            [member.value for member in members if member.kind == kind] for kind in (_PICTURE, _WORDS, _SENTIMENT)
        )
        for reason, found in (("several photos", pictures), ("several texts", texts)):
            if len(found) > 1:
                raise Faulty(reason, ", ".join(sorted(Path(path).name for path in found)))
        if len(set(sentiments)) > 1:
            raise Faulty("several sentiments", ", ".join(sorted(set(sentiments))))
        text = ""
        if texts:
            if self.away(path := Path(texts[0])):
                raise Faulty("text leaves the folder", f"{path.name}, a link to elsewhere (see `--follow-links`)")
            text, encoding = _read(path)
            self.reading.encodings[encoding] += 1
        labels = tuple(filter(None, sentiments[:1]))
        post = Post(id=guid, text=text or None, tags=hashtags(text), labels=labels)
        return Draft(post, picture=pictures[0] if pictures else None)

    def _gather_files(self, grouping: Grouping) -> Iterator[Reject]:
        found = False
        folders = dict.fromkeys((self.data, *self.photo_places(_FOLDER)[:1]))
        for path in itertools.chain.from_iterable(folder.iterdir() for folder in folders):
            ending = path.suffix.lower()
            if not is_picture(path) and (ending != _TEXT or path.parent != self.data):
                continue
            found = found or ending == _TEXT
            if is_unicode(path.name):
                grouping.add(path.stem, _WORDS if ending == _TEXT else _PICTURE, str(path))
            else:
                yield self.reject(ascii(path.name), "file name is not valid Unicode", f"in {_FOLDER}/")
        if not found:
            raise UserError(f"{self.data}: holds no tweet (GUID{_TEXT})")

    def _gather_labels(self, grouping: Grouping, path: Path) -> Iterator[Reject]:
        annotated = path.name == _ANNOTATED
        separator, header = ("\t", ("ID", "text,image")) if annotated else (",", ("guid", "tag"))
        for line in lines(path):
            where = f"{path.name}:{line.number}"
            guid, *cells = (cell.strip() for cell in line.text.split(separator))
            if line.number == 1:
                # Three annotators have a column each, of one name.
                if (guid, *dict.fromkeys(cells)) != header:
                    shown = separator.join(header).replace("\t", "<TAB>")
                    raise UserError(f"{path}:1: must be the header `{shown}`. Received: {line.text[:80]!r}")
            elif line.fault:
                yield self.reject(where, line.fault)
            elif line.text.strip():
                try:
                    grouping.add(guid, _SENTIMENT, _annotated(cells) if annotated else _one_tag(cells))
                except Faulty as fault:
                    yield self.reject(where, fault.reason, f"Received: {line.text[:80]!r}")


def _read(path: Path) -> Decoded:
    if not path.is_file():
        raise Faulty("text is not a file", path.name)
    with path.open("rb") as file:
        content = file.read(MAX_LINE_BYTES + 1)
    if len(content) > MAX_LINE_BYTES:
        raise Faulty(f"text longer than {MAX_LINE_BYTES} bytes", path.name)
    found = decoded(content)
    if found is None:
        raise Faulty(f"text is {NO_ENCODING}", path.name)
    return found


def _one_tag(cells: Sequence[str]) -> str:
    if len(cells) != 1:
        raise Faulty("not guid,tag")
    return "" if cells[0] in _NO_SENTIMENT else cells[0]


def _annotated(cells: Sequence[str]) -> str:
    pairs = [tuple(word.strip() for word in cell.split(",")) for cell in cells if cell]
    if not pairs or any(len(pair) != 2 or not set(pair) <= set(_SENTIMENTS) for pair in pairs):
        raise Faulty(f"not ID<TAB>text,image, each one of {', '.join(_SENTIMENTS)}")
    text, photo = map(_majority, zip(*pairs, strict=True))
    if _NEUTRAL in (text, photo):
        return photo if text == _NEUTRAL else text
    return text if text == photo else ""


def _majority(sentiments: Sequence[str]) -> str:
    """What more than half of the annotators say, or an empty string."""
    word, count = Counter(sentiments).most_common(1)[0]
    return word if 2 * count > len(sentiments) else ""
