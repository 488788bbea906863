"""An index of concepts by name, in an SQLite file: memory is a page cache, however long the list is."""

from __future__ import annotations

import functools
import sqlite3
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from data_prep.annotators.concepts import Concept
from data_prep.annotators.mentions import forms, meaning, name_words, stop_words
from kerasmm.data.spelling import normalise

LONGEST = 8
"""Words of the longest name that is found."""

_TABLES = """
CREATE TABLE concept (id INTEGER PRIMARY KEY, key TEXT UNIQUE, title TEXT, frequency INTEGER, words TEXT);
CREATE TABLE given (name TEXT, concept INTEGER, kind INTEGER);
CREATE TABLE name (name TEXT, concept INTEGER, kind INTEGER, PRIMARY KEY (name, concept)) WITHOUT ROWID;
CREATE TABLE word (word TEXT PRIMARY KEY, longest INTEGER DEFAULT 0, spoken INTEGER DEFAULT 0, described INTEGER DEFAULT 0)
    WITHOUT ROWID;
"""
_READING_KIB, _BUILDING_KIB = 32 * 1024, 256 * 1024
_SINGULAR, _ALIAS, _OWN = range(3)
_HELD = 1 << 18
_MEANINGS = 64
_MOST_LETTERS = 1 << 14
"""Of the words that go with a concept, from all of its lines: hundreds of redirects, and no square of a million."""


class Candidate(NamedTuple):
    """A concept that a name may mean.

    Args:
        concept: Its number.
        title: Its title.
        frequency: How often it is meant.
        words: The words that go with it, and how often each occurs.
    """

    concept: int
    title: str
    frequency: int
    words: Counter[str]


def build(path: Path, concepts: Iterable[Concept]) -> int:
    """Writes an index; returns how many titles it has. Spellings of one title that differ in case are one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    database = _open(path, _BUILDING_KIB)
    database.executescript(_TABLES)
    database.execute("BEGIN")
    names = _Tally(database, "spoken")
    for concept in concepts:
        number = _add(database, concept)
        for place, name in enumerate((concept.name(), *concept.aliases)):
            words = name_words(name)
            # A text that says `the` or `it` means nobody's album.
            if 0 < len(words) <= LONGEST and not stop_words().issuperset(words):
                for form, kind in zip(forms(words), (_ALIAS if place else _OWN, _SINGULAR), strict=False):
                    database.execute("INSERT INTO given VALUES (?, ?, ?)", (form, number, kind))
                database.execute(
                    "INSERT INTO word (word, longest) VALUES (?, ?) "
                    "ON CONFLICT DO UPDATE SET longest = max(longest, excluded.longest)",
                    (words[0], len(words)),
                )
                names.add(words)
    names.close()
    # Sorted first, then written in order.
    database.execute("INSERT INTO name SELECT name, concept, max(kind) FROM given GROUP BY name, concept")
    database.execute("DROP TABLE given")
    described = _Tally(database, "described")
    for (words,) in database.execute("SELECT words FROM concept"):
        described.add(set(words.split()))
    described.close()
    (count,) = database.execute("SELECT count(*) FROM concept").fetchone()
    database.execute("COMMIT")
    database.close()
    return int(count)


def _add(database: sqlite3.Connection, concept: Concept) -> int:
    about = f"{concept.name()} {concept.qualifier()} {concept.description}"
    row = (normalise(concept.title), concept.title, concept.frequency, " ".join(meaning(name_words(about))))
    (number,) = database.execute(
        "INSERT INTO concept (key, title, frequency, words) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE "
        "SET frequency = frequency + excluded.frequency, words = CASE WHEN length(words) < "
        f"{_MOST_LETTERS} THEN words || ' ' || excluded.words ELSE words END RETURNING id",
        row,
    ).fetchone()
    return int(number)


def add_spoken(path: Path, texts: Iterable[Iterable[str]]) -> None:
    """Adds the words of texts to what is known of words."""
    database = _open(path, _BUILDING_KIB)
    database.execute("BEGIN")
    spoken = _Tally(database, "spoken")
    for words in texts:
        spoken.add(words)
    spoken.close()
    database.execute("COMMIT")
    database.close()


def _open(path: Path, cache: int) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None)
    for setting in ("journal_mode=OFF", "synchronous=OFF", "temp_store=FILE", f"cache_size=-{cache}"):
        database.execute(f"PRAGMA {setting}")
    return database


class _Tally:
    """Counts words into a column of the table `word`, a bounded number of them at a time."""

    def __init__(self, database: sqlite3.Connection, column: str) -> None:
        self._database, self._counts = database, Counter[str]()
        self._add = (
            f"INSERT INTO word (word, {column}) VALUES (?, ?) "
            f"ON CONFLICT DO UPDATE SET {column} = {column} + excluded.{column}"
        )

    def add(self, words: Iterable[str]) -> None:
        self._counts.update(words)
        if len(self._counts) > _HELD:
            self.close()

    def close(self) -> None:
        self._database.executemany(self._add, sorted(self._counts.items()))
        self._counts.clear()


class ConceptIndex:
    """Reads an index; any number of processes may read one.

    Args:
        path: What `build` wrote.
    """

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        self._database.execute(f"PRAGMA cache_size=-{_READING_KIB}")
        self.concepts, self.spoken = (
            int(self._database.execute(f"SELECT {what}").fetchone()[0] or 0)
            for what in ("count(*) FROM concept", "sum(spoken) FROM word")
        )
        self.word = functools.lru_cache(maxsize=1 << 16)(self._word)
        self.candidates = functools.lru_cache(maxsize=1 << 12)(self._candidates)

    def _word(self, word: str) -> tuple[int, int, int]:
        """Words of the longest name that begins with it, how often it is spoken, how many concepts it goes with."""
        found = self._database.execute("SELECT longest, spoken, described FROM word WHERE word = ?", (word,)).fetchone()
        return found or (0, 0, 0)

    def _candidates(self, name: str) -> tuple[Candidate, ...]:
        """The concepts of that name, most common first; those that share but its singular when there is no other."""
        rows = self._database.execute(
            "SELECT kind > 0, id, title, frequency, words FROM name JOIN concept ON id = concept WHERE name = ? "
            f"ORDER BY kind > 0 DESC, frequency DESC, kind DESC, id LIMIT {_MEANINGS}",
            (name,),
        ).fetchall()
        return tuple(Candidate(row[1], row[2], row[3], Counter(row[4].split())) for row in rows if row[0] == rows[0][0])
