"""Duplicates: a second post of the same id, or of the same picture, texts, tags and author. The first one stays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import apache_beam as beam

from data_prep.draft import Draft
from data_prep.route import SAME_CONTENT, SAME_ID
from data_prep.work.chunks import Position, Work
from data_prep.work.hashing import fingerprint

Keys = tuple[bytes, tuple[Position, bytes]]
"""Hash of the id → where the post stands and the hash of its content."""


def keys_of(draft: Draft, position: Position) -> Keys:
    """What is compared. One poster tagged by two users is two posts: the author is part of the content."""
    post = draft.post
    texts = (post.text, "\n".join(post.sentences), "\n".join(post.tags), post.user)
    return fingerprint(post.id), (position, fingerprint(draft.digest, *texts))


class Duplicates(beam.PTransform):
    """Keys → verdicts: `duplicates/NNNNN.json` maps the index of each dropped post of a chunk to the reason.

    Args:
        work: The work folder.
    """

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work

    def expand(self, keys: beam.PCollection[Keys]) -> beam.PCollection[None]:
        by_id = keys | "same id" >> beam.GroupByKey() | beam.FlatMap(_first_of_id).with_outputs("dropped", main="kept")
        same_content = by_id.kept | "same content" >> beam.GroupByKey() | "other copies" >> beam.FlatMap(_copies)
        dropped = (by_id.dropped, same_content) | beam.Flatten()
        return dropped | "by chunk" >> beam.GroupByKey() | beam.Map(_write_verdicts, self._work)


def _first_of_id(group: tuple[bytes, Iterable[tuple[Position, bytes]]]) -> Iterator[object]:
    (first, content), *others = sorted(group[1])
    # Only posts that stay may make another one a copy.
    yield content, first
    for (number, index), _ in others:
        yield beam.pvalue.TaggedOutput("dropped", (number, (index, SAME_ID)))


def _copies(group: tuple[bytes, Iterable[Position]]) -> Iterator[tuple[int, tuple[int, str]]]:
    _, *others = sorted(group[1])
    for number, index in others:
        yield number, (index, SAME_CONTENT)


def _write_verdicts(group: tuple[int, Iterable[tuple[int, str]]], work: Work) -> None:
    work.write_note("duplicates", group[0], {str(index): reason for index, reason in sorted(group[1])})
