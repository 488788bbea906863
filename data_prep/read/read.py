"""Reading: a source's posts stream into raw chunks, and what is no post into a list."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

from data_prep.draft import Draft, Reject
from data_prep.read.chunked import Chunked
from data_prep.route import RAW
from data_prep.sources.source import Source
from data_prep.split.plan import TRAIN
from data_prep.work.chunks import Work
from kerasmm.console import progress

REJECTED = "rejects/source"


@dataclasses.dataclass(frozen=True)
class Read:
    """What a source had.

    Args:
        chunks: Numbers of the raw chunks.
        drafts: Posts in them.
        seen: Posts and broken lines.
        training: Posts of a published training split.
        has_sentences: Whether any post has sentences.
    """

    chunks: range
    drafts: int
    seen: int
    training: int
    has_sentences: bool


def read(source: Source, work: Work, size: int, quiet: bool) -> Read:
    """Streams a source into raw chunks of `size` posts and lists what is no post as rejects of the step `source`."""
    drafts, rejects = Chunked(work, RAW, size), Chunked(work, REJECTED, size)
    with progress(quiet) as shown:
        bar = shown.add_task("read", total=None, note="")
        return written(map(source.inside, source.posts()), drafts, rejects, lambda: shown.advance(bar))


def written(posts: Iterable[Draft | Reject], drafts: Chunked, rejects: Chunked, tick: Callable[[], None]) -> Read:
    """Writes posts to the one, what is none to the other."""
    training, has_sentences = 0, False
    for post in posts:
        (drafts if isinstance(post, Draft) else rejects).add(post.to_json())
        training += isinstance(post, Draft) and post.split == TRAIN
        has_sentences |= isinstance(post, Draft) and bool(post.post.sentences)
        tick()
    rejects.close()
    return Read(range(drafts.close()), drafts.lines, drafts.lines + rejects.lines, training, has_sentences)
