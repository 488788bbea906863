"""Pruning, post by post: CMEM's section 4.1.1, "to eliminate junk, tweets without words, English only tweets"."""

from __future__ import annotations

import re

from data_prep.config import Prune
from data_prep.draft import Draft, Reject
from data_prep.pruning import post_text
from data_prep.pruning.languages import is_in
from data_prep.pruning.topics import Topics

MOST_HASHTAGS = 10
MOST_MENTIONS = 5
_RUN = re.compile(r"(\S)\1{3,}")
_FEW_WORDS = 6


def pruned(draft: Draft, reason: str) -> Reject:
    """A post that is dropped by choice."""
    return Reject(draft.post.id, "prune", reason, bad=False)


class Pruner:
    """Says of one post after the other why it is dropped, if it is; the first reason in this order counts.

    | key | reason | dropped are posts |
    |---|---|---|
    | `topics` | `no topic word` | that name none of the topics, see `Topics` |
    | `words` | `no words`, `fewer than N words` | with fewer words when links, mentions, numbers and punctuation are gone |
    | `junk` | `only links, mentions and hashtags` | in which no word stands outside of those |
    | `junk` | `more than 10 hashtags` | that want to be found, whatever they show |
    | `junk` | `more than 5 mentions` | that call on people, whatever they show |
    | `junk` | `mostly repeated` | half of whose letters repeat the one before them three times or more, or two thirds of whose six or more words repeat another one |
    | `language` | `not in LANGUAGE` | in another language, see `is_in` |

    A post without any text is only dropped by `topics` and `words`. What a shared post says counts, not `RT @name:`.

    Args:
        config: The section `prune`.
    """

    def __init__(self, config: Prune) -> None:
        self._config = config
        self._topics = Topics(config.topics) if config.topics else None

    def __call__(self, draft: Draft) -> Reject | None:
        """Why the post, as its publisher wrote it, is dropped; None when it stays."""
        reason = self._reason(draft, post_text.said(draft.post))
        return None if reason is None else pruned(draft, reason)

    def _reason(self, draft: Draft, text: str) -> str | None:
        config = self._config
        if self._topics is not None and not self._topics(text, draft.post.tags):
            return "no topic word"
        if config.words and len(post_text.without_numbers(post_text.words(text))) < config.words:
            return f"fewer than {config.words} words" if config.words > 1 else "no words"
        if config.junk and text.strip() and (reason := _junk(text)):
            return reason
        if config.language is not None and not is_in(text, config.language, draft.language):
            return f"not in {config.language}"
        return None


def _junk(text: str) -> str | None:
    words = post_text.words(text, hashtags=False)
    if not words:
        return "only links, mentions and hashtags"
    if post_text.count_hashtags(text) > MOST_HASHTAGS:
        return f"more than {MOST_HASHTAGS} hashtags"
    if post_text.count_mentions(text) > MOST_MENTIONS:
        return f"more than {MOST_MENTIONS} mentions"
    letters = "".join(words).lower()
    repeated = 2 * len(_RUN.sub(r"\1", letters)) < len(letters)
    if repeated or (len(words) >= _FEW_WORDS and 3 * len({word.lower() for word in words}) <= len(words)):
        return "mostly repeated"
    return None
