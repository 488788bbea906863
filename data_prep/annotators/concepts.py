"""Lists of concepts: titles with the names that people use for them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from data_prep.sources.lines import lines
from data_prep.sources.post_fields import SEPARATOR
from kerasmm.console import UserError
from kerasmm.printable import is_unicode

COLUMNS = ("title", "aliases", "count", "description")
_JSON = (".jsonl", ".json")
# As the lists that Wikipedia publishes begin, and people's own.
_TITLES = ("title", "titles", "page_title", "page title", "wikipedia_title", "article_title")
_PLAIN_TITLES = ("article", "concept", "entity", "name", "page")
_NAMESPACE = "page_namespace"
_DIGITS = 15
_QUALIFIER = re.compile(r"\s*\(([^()]*)\)\s*$")


class Concept(NamedTuple):
    """One line of a list.

    Args:
        title: What the label will be.
        aliases: Further names.
        frequency: How often the concept is meant, compared with others; 0 where unknown. In a file, `count`.
        description: Words that go with it.
    """

    title: str
    aliases: tuple[str, ...] = ()
    frequency: int = 0
    description: str = ""

    def name(self) -> str:
        """The title without its qualifier: `Apple` of `Apple (fruit)`."""
        return _QUALIFIER.sub("", self.title) or self.title

    def qualifier(self) -> str:
        """What stands in parentheses after the title: `fruit` of `Apple (fruit)`."""
        found = _QUALIFIER.search(self.title)
        return found[1] if found and self.name() != self.title else ""


def read_concepts(path: Path) -> Iterator[Concept]:
    """Streams a list of concepts.

    The file may be compressed (`.gz`). One that ends in `.jsonl` or `.json` has an object a line with `title` and, if known, `aliases` (a list), `count`
    and `description`. Any other has the same columns, separated by tabs, with `|` between aliases; columns at the end may
    be left out, and a first line `title<TAB>…` is a header, as is `page_title` of Wikipedia's own lists; of one that begins with
    `page_namespace<TAB>page_title`, the articles are taken:

        Brexit<TAB>British exit|UK withdrawal<TAB>1200<TAB>withdrawal of the United Kingdom from the European Union

    Underscores are spaces. A title may stand on several lines, so that titles and redirects of a Wikipedia dump are a
    list as they are: names add up, and so do counts and descriptions. Of a list of titles, and of one of
    `REDIRECT<TAB>TITLE`:

        awk -F'\\t' 'NR == FNR {print $1; next} {print $2 "\\t" $1}' titles.txt redirects.tsv > concepts.tsv

    Raises:
        UserError: For a line that is no concept, with file and line; for a file without any.
    """
    read, found = _from_json if path.name.lower().removesuffix(".gz").endswith(_JSON) else _from_columns, False
    namespaced = False
    for line in lines(path):
        where = f"{path}:{line.number}"
        if line.fault:
            raise UserError(f"{where}: {line.fault}")
        text = line.text
        if line.number == 1 and _is_header(text):
            namespaced = text.strip().lower().startswith(_NAMESPACE)
            continue
        if namespaced and text.strip(" "):
            namespace, _, text = text.partition("\t")
            # Zero has the articles; talk, users and files are no concepts.
            text = text if namespace.strip() == "0" else ""
        if not text.strip(" "):
            continue
        found = True
        yield read(where, text)
    if not found:
        raise UserError(f"{path}: holds no concept; expected one a line: {'<TAB>'.join(COLUMNS)}")


def _is_header(text: str) -> bool:
    """Whether a first line names columns; words that are titles themselves only where they are written small."""
    first = text.split("\t")[0].strip().strip('"')
    return first.lower() in (*_TITLES, _NAMESPACE) or first in _PLAIN_TITLES


def _from_columns(where: str, text: str) -> Concept:
    cells = [cell.strip() for cell in text.split("\t")]
    if len(cells) > len(COLUMNS):
        raise UserError(f"{where}: must be {'<TAB>'.join(COLUMNS)}. Received: {len(cells)} columns")
    title, aliases, count, description = (*cells, *[""] * (len(COLUMNS) - len(cells)))
    if count and not (count.isascii() and count.isdigit() and len(count) <= _DIGITS):
        raise UserError(
            f"{where}: `count` must be a whole number of at most {_DIGITS} digits. Received: {count[:80]!r}"
        )
    return _concept(where, title, aliases.split(SEPARATOR), int(count or 0), description)


def _from_json(where: str, text: str) -> Concept:
    try:
        content: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: not valid JSON ({error})") from error
    if not isinstance(content, dict):
        raise UserError(f"{where}: must be an object with {', '.join(COLUMNS)}. Received: {text[:80]}")
    title, aliases, count, description = (content.get(name) for name in COLUMNS)
    if not isinstance(aliases or [], list) or not all(isinstance(alias, str) for alias in aliases or []):
        raise UserError(f"{where}: `aliases` must be a list of strings. Received: {str(aliases)[:80]}")
    if not isinstance(count or 0, int) or not 0 <= (count or 0) < 10**_DIGITS:
        raise UserError(
            f"{where}: `count` must be a whole number of at most {_DIGITS} digits. Received: {str(count)[:80]}"
        )
    for name, value in (("title", title), ("description", description)):
        if not isinstance(value or "", str):
            raise UserError(f"{where}: `{name}` must be a string. Received: {str(value)[:80]}")
    return _concept(where, title or "", aliases or [], count or 0, description or "")


def _concept(where: str, title: str, aliases: list[str], count: int, description: str) -> Concept:
    title = " ".join(title.replace("_", " ").split())
    if not title:
        raise UserError(f"{where}: `title` is empty")
    if not all(map(is_unicode, (title, description, *aliases))):
        raise UserError(f"{where}: is not valid Unicode (half a surrogate pair)")
    names = tuple(name for alias in aliases if (name := " ".join(alias.replace("_", " ").split())))
    return Concept(title, names, count, description)
