"""Words and texts: which are Unicode, and which are there once."""

from __future__ import annotations

from collections.abc import Iterable


def is_unicode(text: str) -> bool:
    """Whether UTF-8 can hold the text; names of files and JSON may have halves of surrogate pairs."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def distinct(words: Iterable[str]) -> tuple[str, ...]:
    """The non-empty words, each once, in order of first appearance."""
    return tuple(dict.fromkeys(word for word in words if word))
