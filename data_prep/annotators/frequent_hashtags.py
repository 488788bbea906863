"""Frequent hashtags as labels, and texts without them."""

from __future__ import annotations

import bisect
from collections.abc import Collection, Iterable
from typing import ClassVar

from data_prep.annotators.annotator import Annotator
from data_prep.draft import Draft
from data_prep.sources.hashtags import UNSEEN, in_word, spans

_CUT = ("…", "...")
_CLOSING = tuple(",.;:!?")


class FrequentHashtags(Annotator):
    """The hashtags of a post's text are its labels; `labels.minimum` and `labels.most` decide which stay.

    Those that stay leave the tags and the texts, see `WithoutHashtags`; the others remain where they are.

    Example:

    >>> from pathlib import Path
    >>> from data_prep.config import Connotations
    >>> from kerasmm.data.post import Post
    >>> annotator = FrequentHashtags(Connotations(method="hashtags"), Path("annotator"))
    >>> annotator.labels(Draft(Post(id="1", text="Out at last! #Brexit #EU", labels=("positive",))))
    ('Brexit', 'EU')
    """

    hides_hashtags: ClassVar[bool] = True

    def labels(self, draft: Draft) -> tuple[str, ...]:
        return tuple(word for word, _, _, is_cut in spans(draft.post.text or "") if not is_cut)


class WithoutHashtags:
    """Takes hashtags that are labels out of texts, so that the text doesn't give the answer away.

    What goes is every hashtag that is one of the labels, and one that a shared post cut off (`#brex…`) when a label
    begins like it. All else stays, a label's name without the sign included.

    Args:
        labels: The labels, normalised.

    Example:

    >>> without = WithoutHashtags(["brexit", "eu"])
    >>> without("i vote #brexit, not #remain #brexitnow rt: #brex...", own=["brexit"])
    'i vote, not #remain #brexitnow rt: ...'
    """

    def __init__(self, labels: Iterable[str]) -> None:
        self._labels = sorted(labels)
        self._known = frozenset(self._labels)

    def __call__(self, text: str, own: Collection[str]) -> str:
        """The text without them.

        Args:
            text: A normalised text.
            own: The labels that the post has. They go even where the rules see no hashtag (`&#brexit`), and where
                normalising ran it into what follows (`#brexit™` became `#brexittm`).
        """
        kept, end, gone = "", 0, set()
        for word, start, stop, is_cut in spans(text):
            if word in self._known or ((is_cut or text.startswith(_CUT, stop)) and self._begins_label(word)):
                kept, end = _joined(kept + text[end:start], text[stop:]), stop
                gone.add(word)
        kept += text[end:]
        for label in sorted(own, key=len, reverse=True):
            kept = _without(kept, f"#{label}", anywhere=label not in gone)
        return " ".join(kept.split())

    def _begins_label(self, word: str) -> bool:
        place = bisect.bisect_left(self._labels, word)
        return place < len(self._labels) and self._labels[place].startswith(word)


def _joined(before: str, after: str) -> str:
    """What stands before a gap, without its last space where a comma or full stop comes next."""
    return before.rstrip() if after.startswith(_CLOSING) and not after.startswith(_CUT) else before


def _without(text: str, hashtag: str, anywhere: bool) -> str:
    """The text without a hashtag where no word goes on after it, or `anywhere`."""
    first, *others = text.split(hashtag)
    for other in others:
        first += f" {other}" if anywhere or not in_word(other.lstrip(UNSEEN)[:1]) else hashtag + other
    return first
