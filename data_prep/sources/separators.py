"""What separates the items of a list that stands in one cell or string, e.g. the tags of a post."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from data_prep.sources.bracketed import bracketed

BAR, COMMA, SEMICOLON, SPACE, BRACKETS = "|", ",", ";", "space", "brackets"
"""`brackets` are those of a JSON list, or of Python's, as tables that a program wrote have them."""

_HASHTAGS = re.compile(r"\s*#[^\s,;|]+(\s+#[^\s,;|]+)*\s*")
_HASHTAG = re.compile(r"(?:^|\s)#\S")
# `1,000` and `2,5` are numbers, `&amp;` is a sign of HTML.
_SIGNS = {
    BAR: re.compile(r"\|"),
    COMMA: re.compile(r"(?<![0-9]),|,(?![0-9]{1,3}(?![0-9]))|(?<=[0-9]{4}),"),
    SEMICOLON: re.compile(r"(?<!&[a-zA-Z]{2})(?<!&[a-zA-Z]{3})(?<!&[a-zA-Z]{4})(?<!&[a-zA-Z]{5})(?<!&[a-zA-Z]{6})"
                          r"(?<!&#[0-9]{2})(?<!&#[0-9]{3})(?<!&#[0-9]{4})(?<!&#x[0-9a-fA-F]{2})(?<!&#x[0-9a-fA-F]{4});"),
}  # fmt: skip
_MANY = 3
_SELDOM = 20
"""Where fewer than one cell in so many holds a separator, it is a part of the words."""
_OTHERS = {BAR: (COMMA, SEMICOLON), COMMA: (BAR, SEMICOLON), SEMICOLON: (BAR,)}


def separator_of(cells: Sequence[str], names: bool = False) -> str:
    """The separator of cells, which are some of a file's.

    Lists in brackets and runs of `#hashtags` are told by their form. Else it is the most frequent of bar, semicolon and
    comma, where at least one cell in twenty has it. Names may hold commas, so these separate nothing where the parts of
    cells never stand elsewhere and the cells recur.

    Args:
        cells: The cells.
        names: Whether they hold names of classes or people rather than tags. Then commas separate only what also stands
            in other cells, alone or in another place of the list.

    Example:

    >>> separator_of(["snow, first day", "dog", "dog, park"]), separator_of(["#dog #snow", "#park"])
    (',', 'space')
    >>> separator_of(["Arts, Crafts & Sewing", "Books", "Toys"], names=True)
    '|'
    """
    filled = [cell for cell in cells if cell.strip()]
    if not filled:
        return BAR
    if 2 * sum(bracketed(cell) is not None for cell in filled) > len(filled):
        return BRACKETS
    if 2 * sum(_HASHTAGS.fullmatch(cell) is not None for cell in filled) > len(filled):
        return SPACE
    bars = sum(BAR in cell for cell in filled)
    semicolons, commas = (
        sum(BAR not in cell and _SIGNS[sign].search(cell) is not None for cell in filled) for sign in (SEMICOLON, COMMA)
    )
    most = max(semicolons, commas)
    if bars >= most or _SELDOM * most < len(filled):
        return BAR
    if semicolons >= commas:
        return SEMICOLON
    return COMMA if _commas_separate(filled, names) else BAR


def items(cell: str, separator: str, given: bool = False) -> list[str]:
    """The items of a cell, without the sign of a hashtag; a list in brackets that can't be read is one item.

    Args:
        cell: The cell.
        separator: What separates them.
        given: Whether somebody said so, and it separates wherever it stands: in `1,000`, too.

    Example:

    >>> items("#dog#snow #park", SPACE), items("['dog', 'snow']", BRACKETS), items("1,000, snow", COMMA)
    (['dog', 'snow', 'park'], ['dog', 'snow'], ['1,000', 'snow'])
    """
    if separator == SPACE:
        if not given and not _HASHTAG.search(cell):
            return [cell.strip()] if cell.strip() else []
        return [part for word in cell.split() for part in word.split("#") if part]
    if separator == BRACKETS:
        found = bracketed(cell)
        return [item for item in ([cell] if found is None else found) if item.strip()]
    parts = cell.split(separator) if given or separator not in _SIGNS else _SIGNS[separator].split(cell)
    found = [item for item in parts if item.strip()]
    # With a bar, items are taken as they are written, unless they are hashtags.
    if separator == BAR and (len(found) < 2 or not all(_HASHTAGS.fullmatch(item) for item in found)):
        return found
    return [name for item in found if (name := item.strip().lstrip("#"))]


def unsplit(cells: Sequence[str], separator: str) -> dict[str, int]:
    """Other separators that cells seem to have: which one, in how many cells."""
    found = {
        sign: count
        for sign in _OTHERS.get(separator, ())
        if (count := sum((_SIGNS[sign].search(cell) is not None) for cell in cells))
    }
    if not found and separator == BAR:
        many = sum(len(cell.split()) >= _MANY for cell in cells if BAR not in cell)
        found = {SPACE: many} if 2 * many > len(cells) else {}
    return found


def _commas_separate(cells: Sequence[str], names: bool) -> bool:
    """Whether what stands between commas seems to be items, and not parts of one."""
    lists = [[part.strip() for part in _SIGNS[COMMA].split(cell) if part.strip()] for cell in cells if BAR not in cell]
    distinct = {tuple(found) for found in lists}
    several = [found for found in distinct if len(found) > 1]
    alone = {found[0] for found in distinct if len(found) == 1}
    first, later = {found[0] for found in several}, {item for found in several for item in found[1:]}
    # In `Smith, John` and `Smith, Ann`, a part recurs, but always in its place.
    items_elsewhere = alone | (first & later)
    parts = [item for found in several for item in found]
    if names:
        return len(several) > 1 and 2 * sum(item in items_elsewhere for item in parts) >= len(parts)
    cells_recur = sum(len(found) > 1 for found in lists) >= 2 * len(several)
    # Where no cell is a single item, nothing speaks against lists.
    return not cells_recur or not alone or max(Counter(parts).values(), default=0) > 1 or bool(alone & set(parts))
