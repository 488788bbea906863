"""Selection: the words of the vocabularies stay, and the posts that then have what the configuration needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import apache_beam as beam

from data_prep.annotators.frequent_hashtags import WithoutHashtags
from data_prep.draft import Draft, Reject
from data_prep.route import SELECTED, Route, lacking, needed
from data_prep.users.spammers import Spam
from data_prep.vocabulary.vocabulary import VOCABULARIES, Vocabularies
from data_prep.work.chunks import Ticker


class Select:
    """Applies vocabularies to one draft after the other, and drops posts left without a needed field."""

    def __init__(self, vocabularies: Vocabularies, needs: Iterable[str]) -> None:
        self._tags, self._labels = frozenset(vocabularies.tags), frozenset(vocabularies.labels)
        self._from_tags, self._needs = frozenset(vocabularies.from_tags), tuple(needs)
        self._without = WithoutHashtags(vocabularies.labels) if vocabularies.hidden else None

    def __call__(self, draft: Draft) -> Draft | Reject:
        post = draft.post
        promoted = (tag for tag in post.tags if tag in self._from_tags)
        labels = tuple(word for word in dict.fromkeys((*post.labels, *promoted)) if word in self._labels)
        tags = tuple(tag for tag in post.tags if tag in self._tags)
        text = post.text
        if self._without is not None and text is not None:
            text = self._without(text, labels) or None
        kept = draft.with_post(text=text, tags=tags, labels=labels)
        field = lacking(kept, self._needs)
        if field is None:
            return kept
        reason = f"no {field[:-1]} in the vocabulary" if field in ("tags", "labels") else f"no {field}"
        return Reject(post.id, "vocabulary", reason, bad=False)


class SelectPosts(beam.PTransform):
    """Numbers of clean chunks → selected chunks; lists what was dropped, counts published splits and given links.

    Args:
        route: Where the posts are; its work folder holds the vocabularies.
    """

    def __init__(self, route: Route) -> None:
        super().__init__()
        self._route = route

    def expand(self, numbers: beam.PCollection[int]) -> beam.PCollection[None]:
        return numbers | beam.Map(_select, self._route)


def _select(number: int, route: Route) -> None:
    work, config = route.work, route.config
    select = Select(Vocabularies.read(work.folder / VOCABULARIES), needed(config))
    spam = Spam(route, number)
    splits: Counter[str] = Counter()
    links = 0
    rejects: list[Reject] = []

    def kept_lines() -> Iterator[str]:
        nonlocal links
        with Ticker(work, "select", number) as tick:
            for candidate in route.qualified(number):
                tick()
                done = select(candidate) if isinstance(candidate, Draft) else candidate
                if isinstance(done, Draft):
                    done = spam(done)
                if isinstance(done, Draft) and config.split.method == "published" and done.split is None:
                    done = Reject(done.post.id, "split", "in no published split", bad=False)
                if isinstance(done, Reject):
                    rejects.append(done)
                else:
                    splits[done.split or ""] += 1
                    links += len(done.post.links)
                    yield done.to_json()

    work.write_lines(work.path(SELECTED, number), kept_lines())
    work.write_rejects("select", number, rejects)
    work.write_note("selected", number, {"splits": splits, "links": links})
