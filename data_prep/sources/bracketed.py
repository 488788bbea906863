"""Lists in brackets as programs print them: JSON's, Python's, NumPy's, which has no commas, and ones without quotes."""

from __future__ import annotations

import ast
import json
import re

_QUOTED = re.compile(r"""'((?:[^'\\]|\\.|'')*+)'|"((?:[^"\\]|\\.|"")*+)\"""", re.DOTALL)
_PLAIN = re.compile(r"""[^,'"\[\]{}\s][^,\[\]{}]*""")
_SPACE = re.compile(r"\s*")


def bracketed(cell: str) -> list[str] | None:
    """The items of a list in brackets; None where a cell is none, or holds more than texts and numbers.

    Example:

    >>> bracketed("['dog' 'snow']"), bracketed('["dog", 7]'), bracketed("[dog, new york]"), bracketed("dog")
    (['dog', 'snow'], ['dog', '7'], ['dog', 'new york'], None)
    """
    text = cell.strip()
    if not (text.startswith("[") and text.endswith("]")):
        return None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return _printed(text[1:-1])
    fits = isinstance(content, list) and all(isinstance(item, str | int | float) for item in content)
    return [str(item) for item in content] if fits else None


def _printed(text: str) -> list[str] | None:
    """Items between commas; between white space where they are quoted."""
    found, at, quoted = list[str](), _after_space(text, 0), True
    while at < len(text):
        if match := _QUOTED.match(text, at):
            found.append(_unquoted(match[1], "'") if match[1] is not None else _unquoted(match[2], '"'))
            quoted = True
        elif match := _PLAIN.match(text, at):
            found.append(match[0].strip())
            quoted = False
        else:
            return None
        end = match.end()
        at = _after_space(text, end)
        if at < len(text) and text[at] == ",":
            at = _after_space(text, at + 1)
        elif at < len(text) and not (quoted and at > end and text[at] in "'\""):
            return None
    return found


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _unquoted(text: str, quote: str) -> str:
    """What stands between quotes, of which one within is written twice or after a backslash."""
    text = text.replace(quote * 2, quote)
    if "\\" not in text:
        return text
    try:
        return str(ast.literal_eval('"' + re.sub(r'(?<!\\)"', r"\"", text).replace("\n", r"\n") + '"'))
    except (ValueError, SyntaxError, MemoryError):
        return text
