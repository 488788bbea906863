"""Fields that a post must have, and the posts that no vocabulary could save."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from data_prep.clean.duplicates import SAME_ID
from data_prep.config import BuildConfig
from data_prep.draft import Draft, Reject
from data_prep.pruning.post_text import unshared
from data_prep.pruning.prune import pruned
from data_prep.work.chunks import Work


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
    extra = ("user", "time") if config.split.method == "time" else ()
    return tuple(dict.fromkeys((*config.needs, *extra)))


def candidates(work: Work, number: int, config: BuildConfig) -> Iterator[Draft | Reject]:
    """The clean drafts of a chunk that no vocabulary could save are rejects: `comparable`'s, and near duplicates."""
    verdicts: Mapping[str, str] = work.note("near_duplicates", number, {})
    for index, candidate in enumerate(comparable(work, number, config)):
        reason = verdicts.get(str(index))
        if isinstance(candidate, Draft) and reason is not None:
            yield pruned(candidate, reason)
        elif isinstance(candidate, Draft) and config.prune.fold_retweets:
            yield unshared(candidate)
        else:
            yield candidate


def comparable(work: Work, number: int, config: BuildConfig) -> Iterator[Draft | Reject]:
    """The clean drafts of a chunk, each in its place; duplicates and posts without a needed field are rejects."""
    verdicts: Mapping[str, str] = work.note("duplicates", number, {})
    # Labels may yet come from tags.
    needs = [field for field in needed(config) if field != "labels" or not config.annotate.labels_from_tags]
    # Nothing was annotated where the source has no sentences.
    kind = "annotated" if work.path("annotated", number).is_file() else "clean"
    for index, draft in enumerate(work.drafts(kind, number)):
        reason, field = verdicts.get(str(index)), lacking(draft, needs)
        if reason is not None:
            yield Reject(draft.post.id, "duplicates", reason, bad=reason == SAME_ID)
        elif field is not None:
            yield Reject(draft.post.id, "needs", f"no {field}", bad=False)
        else:
            yield draft
