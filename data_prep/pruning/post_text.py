"""What a post says in words: its text without links, mentions and the mark of a shared post."""

from __future__ import annotations

import dataclasses
import re

from data_prep.draft import Draft
from kerasmm.data.post import Post

_CUT = r"(?:…|\.\.\.)"
# A link; also one that was cut off at the end of a shared post, be it after its first letter: `http://t…`, `htt…`.
_LINK = re.compile(
    rf"(?:https?://|www\.|(?<![\w.])(?:pic\.twitter\.com|t\.co)/)\S*|(?<!\w)h(?:t(?:t(?:ps?(?::/?)?)?)?)?{_CUT}\s*$",
    re.I,
)
_MENTION = re.compile(r"(?<!\w)[@＠]\w+")
_HASHTAG = re.compile(r"(?<!\w)[#＃]\w+")
_SHARED = re.compile(r"\A\s*(?:rt\s+[@＠]\w+\s*:\s*)+", re.I)
_ENDS_CUT = re.compile(rf"{_CUT}\s*$")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
# A shared post is cut to 140 characters. Names may have been replaced by shorter ones; a shorter text ends in dots
# because its author wrote so.
_CUT_FROM = 100


def said(post: Post) -> str:
    """The text and the sentences."""
    return " ".join(filter(None, (post.text, *post.sentences)))


def is_shared(text: str) -> bool:
    """Whether the text is somebody else's, shared by hand or by an older interface: `RT @name: …`."""
    return _SHARED.match(text) is not None


def is_cut(text: str) -> bool:
    """Whether a shared text is only the beginning of what was shared: its last word, or link, may be a part of one."""
    return is_shared(text) and len(text) >= _CUT_FROM and _ENDS_CUT.search(text) is not None


def unshared(draft: Draft) -> Draft:
    """The draft without `RT @name:` before its text, and before the sentence that is its text."""
    text = draft.post.text or ""
    begin = _SHARED.match(text)
    if begin is None:
        return draft
    own = text[begin.end() :]
    sentences = tuple(own if sentence == text else sentence for sentence in draft.post.sentences)
    post = dataclasses.replace(draft.post, text=own or None, sentences=tuple(filter(None, sentences)))
    return dataclasses.replace(draft, post=post)


def bare(text: str, hashtags: bool = True) -> str:
    """The text without `RT @name:`, links and mentions, and on demand without hashtags.

    Example:

    >>> bare("RT @ann: Snow in #Vienna http://t.co/x @bob")
    'Snow in #Vienna'
    """
    text = _MENTION.sub(" ", _LINK.sub(" ", _SHARED.sub("", text)))
    return " ".join((text if hashtags else _HASHTAG.sub(" ", text)).split())


def words(text: str, hashtags: bool = True) -> list[str]:
    """Words and numbers of the bare text in order, the words of hashtags among them on demand.

    Example:

    >>> words("RT @ann: It’s snow_flakes in #Vienna, 2 of 3! http://t.co/x")
    ['It’s', 'snow', 'flakes', 'in', 'Vienna', '2', 'of', '3']
    """
    return _WORD.findall(bare(text, hashtags))


def without_numbers(found: list[str]) -> list[str]:
    """The words that have no digit."""
    return [word for word in found if not any(map(str.isdigit, word))]


def count_hashtags(text: str) -> int:
    return len(_HASHTAG.findall(_LINK.sub(" ", text)))


def count_mentions(text: str) -> int:
    return len(_MENTION.findall(_SHARED.sub("", text)))
