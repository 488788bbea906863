"""What separates the items of a list that stands in one cell or string, e.g. the tags of a post."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence

BAR, COMMA, SEMICOLON, SPACE, BRACKETS = "|", ",", ";", "space", "brackets"
"""`brackets` are those of a JSON list, or of Python's, as tables that a program wrote have them."""

_HASHTAGS = re.compile(r"\s*#[^\s,;|]+(\s+#[^\s,;|]+)*\s*")
_LIST = re.compile(r"\s*\[.*\]\s*", re.DOTALL)
_MANY = 3
_SELDOM = 20
"""Where fewer than one cell in so many holds a separator, it is a part of the words."""
_OFTEN = 10


def separator_of(cells: Sequence[str]) -> str:
    """The separator of cells, which are some of a file's.

    Lists in brackets and runs of `#hashtags` are told by their form. Else it is the bar wherever it stands in a tenth as
    many cells as another one, since hardly anybody's tag has one; or the more frequent of comma and semicolon, where at
    least one cell in twenty has it.

    Example:

    >>> separator_of(["snow, first day", "dog", "dog, park"]), separator_of(["#dog #snow", "#park"])
    (',', 'space')
    """
    filled = [cell for cell in cells if cell.strip()]
    if not filled:
        return BAR
    for form, name in ((_LIST, BRACKETS), (_HASHTAGS, SPACE)):
        if 2 * sum(form.fullmatch(cell) is not None for cell in filled) > len(filled):
            return name
    bars, semicolons, commas = (sum(sign in cell for cell in filled) for sign in (BAR, SEMICOLON, COMMA))
    most = max(semicolons, commas)
    if _OFTEN * bars >= most or _SELDOM * most < len(filled):
        return BAR
    return SEMICOLON if semicolons >= commas else COMMA


def items(cell: str, separator: str) -> list[str]:
    """The items of a cell, without the sign of a hashtag; a list in brackets that can't be read is one item.

    Example:

    >>> items("#dog#snow #park", SPACE), items("['dog', 'snow']", BRACKETS)
    (['dog', 'snow', 'park'], ['dog', 'snow'])
    """
    if separator == SPACE:
        return [part for word in cell.split() for part in word.split("#") if part]
    if separator == BRACKETS:
        return _in_brackets(cell)
    found = [item for item in cell.split(separator) if item.strip()]
    # With a bar, items are taken as they are written.
    return found if separator == BAR else [item.strip().lstrip("#") for item in found]


def unsplit(cells: Sequence[str], separator: str) -> dict[str, int]:
    """Other separators that cells seem to have: which one, in how many cells."""
    found = {
        sign: count
        for sign in (COMMA, SEMICOLON)
        if sign != separator and separator == BAR and (count := sum(sign in cell for cell in cells))
    }
    if not found and separator == BAR:
        many = sum(len(cell.split()) >= _MANY for cell in cells if BAR not in cell)
        found = {SPACE: many} if 2 * many > len(cells) else {}
    return found


def _in_brackets(cell: str) -> list[str]:
    if not cell.strip():
        return []
    for read in (json.loads, ast.literal_eval):
        try:
            content = read(cell.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
        if isinstance(content, list) and all(isinstance(item, str | int | float) for item in content):
            return [str(item) for item in content if str(item).strip()]
    return [cell]
