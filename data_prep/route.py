"""The way of the posts through the work folder: what each pass reads, decided once and not by which file is there."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from data_prep.config import BuildConfig
from data_prep.draft import Draft, Reject
from data_prep.pruning.post_text import unshared
from data_prep.pruning.prune import pruned
from data_prep.work.chunks import Work
from data_prep.write.vectors import Vectors, is_vector_file

RAW, CONNOTED, CLEAN, ANNOTATED, MATCHED, SELECTED = "raw", "connoted", "clean", "annotated", "matched", "selected"
"""Kinds of chunks, each written by one pass."""

SAME_ID, SAME_CONTENT = "id seen before", "same picture, texts, tags and author as another post"
TAKEN = ""
"""The verdict of collecting on a post that is taken; others are the reason why it is not."""


def lacking(draft: Draft, needs: Iterable[str]) -> str | None:
    """The first field of `needs` that the draft does not have."""
    for field in needs:
        value = draft.picture if field == "image" else getattr(draft.post, field)
        # Zero is a time, an empty text is no text.
        if value is None or value in ("", ()):
            return field
    return None


def needed(config: BuildConfig) -> tuple[str, ...]:
    """`needs`, and what the split can't do without."""
    extra = {"time": ("user", "time"), "latest": ("user",)}.get(config.split.method, ())
    return tuple(dict.fromkeys((*config.needs, *extra)))


@dataclasses.dataclass(frozen=True)
class Route:
    """Which passes a build has, and what each of them reads; given to the passes, in whichever process they run.

    | pass                | is there    | reads                                   | writes             |
    |---------------------|-------------|-----------------------------------------|--------------------|
    | connote             | `connotes`  | raw                                     | connoted           |
    | clean               | always      | `drafts`: connoted, else raw            | clean, duplicates  |
    | annotate            | `annotates` | clean                                   | annotated          |
    | compare             | `compares`  | `comparable`: annotated, else clean     | near_duplicates    |
    | collect             | `collects`  | `candidates`: what was compared         | matched, collected |
    | spammers            | `spammers`  | `qualified`: matched, else `candidates` | spammers           |
    | count, select       | always      | `qualified`                             | counts, selected   |
    | split, links, write | always      | selected                                | shards             |
    | users               | `users`     | selected                                | users, tag_users   |

    Args:
        work: The work folder.
        config: The build configuration.
        has_sentences: Whether the source had any.
    """

    work: Work
    config: BuildConfig
    has_sentences: bool = False

    @property
    def connotes(self) -> bool:
        return self.config.connotations.method is not None

    @property
    def annotates(self) -> bool:
        annotate = self.config.annotate
        from_text = annotate.sentences != "given"
        return from_text or (self.has_sentences and (annotate.nouns_as_tags or annotate.sentence_tags))

    @property
    def compares(self) -> bool:
        return self.config.prune.near_duplicates is not None or self.config.prune.fold_retweets

    @property
    def collects(self) -> bool:
        return self.config.collect.clean is not None

    @property
    def spammers(self) -> bool:
        return self.config.tags.per_post is not None

    @property
    def users(self) -> bool:
        return self.config.users is not None

    def drafts(self, number: int) -> Iterator[Draft]:
        """The drafts of a chunk as they go into cleaning: with their connotations where an annotator names any."""
        return self.work.drafts(CONNOTED if self.connotes else RAW, number)

    def comparable(self, number: int) -> Iterator[Draft | Reject]:
        """The clean drafts of a chunk, each in its place; duplicates and posts without a needed field are rejects."""
        verdicts: Mapping[str, str] = self.work.note("duplicates", number, {})
        # Labels may yet come from tags.
        from_tags = self.config.annotate.labels_from_tags
        needs = [field for field in needed(self.config) if field != "labels" or not from_tags]
        vectors = Vectors.of(self.work) if is_vector_file(self.config.features.encoder) else None
        for index, draft in enumerate(self.work.drafts(ANNOTATED if self.annotates else CLEAN, number)):
            reason, field = verdicts.get(str(index)), lacking(draft, needs)
            if reason == SAME_CONTENT and self.config.vocabularies_of is not None:
                # A copy teaches nothing, but it can be looked for.
                reason = None
            if reason is not None:
                yield Reject(draft.post.id, "duplicates", reason, bad=reason == SAME_ID)
            elif field is not None:
                yield Reject(draft.post.id, "needs", f"no {field}", bad=False)
            elif vectors is not None and draft.post.id not in vectors:
                detail = f"the file has ids like {vectors.first_id!r}"
                yield Reject(draft.post.id, "needs", "no features in the file", detail, bad=False)
            else:
                yield draft

    def candidates(self, number: int) -> Iterator[Draft | Reject]:
        """The clean drafts that some vocabulary could save; rejects are those of `comparable`, and near duplicates."""
        verdicts: Mapping[str, str] = self.work.note("near_duplicates", number, {}) if self.compares else {}
        for index, candidate in enumerate(self.comparable(number)):
            reason = verdicts.get(str(index))
            if isinstance(candidate, Draft) and reason is not None:
                yield pruned(candidate, reason)
            elif isinstance(candidate, Draft) and self.config.prune.fold_retweets:
                yield unshared(candidate)
            else:
                yield candidate

    def qualified(self, number: int) -> Iterator[Draft | Reject]:
        """What vocabularies are counted of and cut for: the drafts that qualify, and the rejects among them."""
        if not self.collects:
            yield from self.candidates(number)
            return
        full = f"beyond {self.config.collect.per_keyword} posts of each of its keywords"
        verdicts: Mapping[str, str] = self.work.note("collected", number, {})
        for index, draft in enumerate(self.work.drafts(MATCHED, number)):
            reason = verdicts.get(str(index), full)
            yield draft if reason == TAKEN else Reject(draft.post.id, "collect", reason, bad=False)
