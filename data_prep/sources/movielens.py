"""MovieLens: film posters, tags that people gave to films, genres as labels."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

from data_prep.draft import Draft, Reject
from data_prep.sources.decoding import encoding_of
from data_prep.sources.grouping import Grouping, Member
from data_prep.sources.lines import Row, lines, rows
from data_prep.sources.places import ENDINGS, is_picture
from data_prep.sources.source import Source
from kerasmm.console import UserError
from kerasmm.data.post import Post

_NO_GENRE = "(no genres listed)"
_HEADERS = {"movies": ["movieId", "title", "genres"], "tags": ["userId", "movieId", "tag", "timestamp"]}
_TITLE, _GENRES, _POSTER, _ACT = range(4)
_NUMBER = re.compile(r"[0-9]{1,18}")


class MovieLens(Source):
    """Films or tag acts, in the layout of MovieLens-10M (`.dat`) or of the later releases (`.csv`).

    The unit `film` is one post a poster with all its tags, the frequent ones first. The unit `act` is one post a user
    and film: that user's tags on it, in the order given, at the time of the last one; all posts on a film are one
    group, so its poster stays on one side of a random split. Tags keep their case: `Pixar` and `pixar` meet later.
    """

    name: ClassVar[str] = "movielens"
    summary: ClassVar[str] = (
        "MovieLens with posters: tags by users on films, genres as labels (Harper and Konstan 2015)"
    )
    layout: ClassVar[str] = (
        "posters/MOVIEID.jpg, movies.dat and tags.dat of MovieLens-10M (or movies.csv and tags.csv of later releases)"
    )
    units: ClassVar[tuple[str, ...]] = ("film", "act")
    defaults: ClassVar[dict[str, Any]] = {
        "needs": ["image", "tags", "labels"],
        "split": {"method": "random", "test": 0.2, "validation": 0.1},
    }

    @classmethod
    def defaults_for(cls, unit: str | None) -> dict[str, Any]:
        return {**cls.defaults, "needs": ["image", "tags", "user"]} if unit == "act" else cls.defaults

    def open(self) -> None:
        super().open()
        posters = self.photo_places("posters")
        if not posters:
            raise self.missing("posters/")
        self.posters = posters[0]
        self.files = {}
        for name in ("movies", "tags"):
            found = [path for ending in (".dat", ".csv") if (path := self.folder / f"{name}{ending}").is_file()]
            if not found:
                raise self.missing(f"{name}.dat", f"{name}.csv")
            self.files[name] = self.own(found[0])

    def posts(self) -> Iterator[Draft | Reject]:
        with Grouping(self.scratch) as grouping:
            self._gather_posters(grouping)
            yield from self._gather_movies(grouping)
            yield from self._gather_tags(grouping)
            for film, members in grouping.groups():
                yield from self._posts_of(str(film), members)

    def _gather_posters(self, grouping: Grouping) -> None:
        found = False
        for path in self.posters.iterdir():
            if _NUMBER.fullmatch(path.stem) and is_picture(path):
                grouping.add(int(path.stem), _POSTER, str(path), order=ENDINGS.index(path.suffix.lower()))
                found = True
        if not found:
            raise UserError(f"{self.posters}: holds no poster named MOVIEID.jpg")

    def _gather_movies(self, grouping: Grouping) -> Iterator[Reject]:
        for where, cells in self._records("movies"):
            if isinstance(cells, Reject):
                yield cells
            elif not _NUMBER.fullmatch(cells[0]):
                yield self.reject(where, "movie id must be a number", f"Received: {cells[0][:80]!r}")
            else:
                grouping.add(int(cells[0]), _TITLE, cells[1])
                grouping.add(int(cells[0]), _GENRES, cells[2])

    def _gather_tags(self, grouping: Grouping) -> Iterator[Reject]:
        for where, cells in self._records("tags"):
            if isinstance(cells, Reject):
                yield cells
                continue
            user, film, tag, time = cells
            if not (_NUMBER.fullmatch(user) and _NUMBER.fullmatch(film)):
                yield self.reject(where, "user and movie id must be numbers", f"Received: {user[:80]!r}, {film[:80]!r}")
            elif not _NUMBER.fullmatch(time):
                yield self.reject(where, "timestamp must be Unix seconds", f"Received: {time[:80]!r}")
            elif not tag.strip():
                yield self.reject(where, "empty tag")
            else:
                grouping.add(int(film), _ACT, f"{int(time)}:{tag}", order=int(user))

    def _records(self, name: str) -> Iterator[tuple[str, list[str] | Reject]]:
        """`file:line` and the cells of each record, or what was wrong with it."""
        path, header = self.files[name], _HEADERS[name]
        encoding = encoding_of(path)
        self.reading.encodings[encoding] += 1
        found = rows(path, encoding) if path.suffix == ".csv" else _dat(path.name, lines(path, encoding), len(header))
        for row in found:
            where = f"{path.name}:{row.number}"
            if row.fault:
                yield where, self.reject(where, row.fault)
            elif path.suffix == ".csv" and row.number == 1:
                if row.cells != header:
                    raise UserError(
                        f"{path}:1: must be the header `{','.join(header)}`. Received: {','.join(row.cells)[:200]!r}"
                    )
            elif len(row.cells) != len(header):
                yield where, self.reject(where, f"not {len(header)} fields", str(row.cells)[:200])
            else:
                yield where, row.cells

    def _posts_of(self, film: str, members: Iterator[Member]) -> Iterator[Draft | Reject]:
        """The posts of one film. Its acts are read as a stream, since they are the part without a bound."""
        known: dict[int, str] = {}
        acts: Iterator[Member] = iter(())
        for member in members:
            if member.kind == _ACT:
                acts = itertools.chain([member], members)
                break
            known.setdefault(member.kind, member.value)
        genres = known.get(_GENRES, "")
        about: dict[str, Any] = {
            "text": known.get(_TITLE, "").strip() or None,
            "labels": () if genres == _NO_GENRE else tuple(filter(None, genres.split("|"))),
        }
        poster = known.get(_POSTER)
        if self.unit == "film":
            if poster is None:
                yield self.reject(film, "no picture", f"no posters/{film}.jpg", bad=False)
            else:
                counts = Counter(_tag(act) for act in acts)
                yield Draft(Post(id=film, tags=tuple(tag for tag, _ in counts.most_common()), **about), picture=poster)
            return
        for user, by_user in itertools.groupby(acts, key=lambda act: act.order):
            post_id = f"{user}-{film}"
            if poster is None:
                yield self.reject(post_id, "no picture", f"no posters/{film}.jpg", bad=False)
                continue
            own = list(by_user)
            time = max(_time(act) for act in own)
            tags = tuple(dict.fromkeys(_tag(act) for act in sorted(own, key=_time)))
            yield Draft(Post(id=post_id, tags=tags, user=str(user), time=time, **about), picture=poster, group=film)


def _dat(name: str, found: Iterator[Any], fields: int) -> Iterator[Row]:
    """Records of a `::` file. Only the text field, the one before the last, may itself hold `::`."""
    for line in found:
        if line.fault or not line.text.strip():
            if line.fault:
                yield Row(line.number, [], line.fault)
            continue
        cells = line.text.split("::")
        if len(cells) > fields:
            cells = [*cells[: fields - 2], "::".join(cells[fields - 2 : -1]), cells[-1]]
        yield Row(line.number, cells)


def _tag(act: Member) -> str:
    return act.value.partition(":")[2]


def _time(act: Member) -> int:
    return int(act.value.partition(":")[0])
