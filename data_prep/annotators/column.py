"""Ready-made annotations: a file that has the labels of each post id."""

from __future__ import annotations

import functools
import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from data_prep.annotators.annotator import Annotator
from data_prep.draft import Draft
from data_prep.sources.lines import lines, rows
from data_prep.sources.post_fields import SEPARATOR
from kerasmm.console import UserError, nearest
from kerasmm.printable import is_unicode

if TYPE_CHECKING:
    from data_prep.config import Connotations

ENDINGS = (".csv", ".tsv", ".jsonl")
_ID = "id"
_CACHE_KIB = 32 * 1024


class Column(Annotator):
    """Labels a post with what a file says about its id; posts without a line have no label.

    The file is CSV or TSV with a header, or JSON lines, as its ending says, each also with `.gz`. Beside `id`, the configured `column` has the
    labels: a JSON list, or names with `|` between them; in JSON lines, a list or such a string. An id may have several
    lines, each with some of its labels. Lines of ids that no post has are counted, and the manifest's statistics say how
    many such ids there are (`connotations/unknown_ids`).

    Of the file, only what belongs to posts of the source is kept, in an SQLite file in the build's work folder.

    Args:
        config: With the file as `annotations`, and the `column`.
        folder: Where the labels are kept.

    Raises:
        UserError: When the file is missing, of another kind or without one of the columns, or a line can't be read.
    """

    reads_posts: ClassVar[bool] = True

    def __init__(self, config: Connotations, folder: Path) -> None:
        super().__init__(config, folder)
        self._path, self._file = Path(config.annotations or ""), folder / "annotations.sqlite"
        if not self._path.is_file():
            raise UserError(f"connotations.annotations: {self._path}: no such file")
        self._ending = Path(self._path.name.lower().removesuffix(".gz")).suffix
        if self._ending not in ENDINGS:
            raise UserError(f"connotations.annotations: {self._path}: must end in {', '.join(ENDINGS)}")

    def prepare(self) -> None:
        if next(self._lines(), None) is None:
            raise UserError(
                f"{self._path}: holds no annotation; expected `{_ID}` and `{self.config.column}` in each line"
            )

    def learn(self, drafts: Iterable[Draft]) -> dict[str, float]:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file.unlink(missing_ok=True)
        database = sqlite3.connect(self._file, isolation_level=None)
        for setting in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{_CACHE_KIB}"):
            database.execute(f"PRAGMA {setting}")
        database.execute("CREATE TABLE post (id TEXT PRIMARY KEY) WITHOUT ROWID")
        database.execute("CREATE TABLE annotation (id TEXT, label TEXT, UNIQUE (id, label))")
        database.execute("CREATE TABLE unknown (id TEXT PRIMARY KEY) WITHOUT ROWID")
        database.execute("BEGIN")
        ids = (draft.post.id for draft in drafts)
        insert = "INSERT OR IGNORE INTO post VALUES (?)"
        database.executemany(insert, ((post_id,) for post_id in ids if is_unicode(post_id)))
        for post_id, labels in self._lines():
            if database.execute("SELECT 1 FROM post WHERE id = ?", (post_id,)).fetchone() is None:
                database.execute("INSERT OR IGNORE INTO unknown VALUES (?)", (post_id,))
            else:
                insert = "INSERT OR IGNORE INTO annotation VALUES (?, ?)"
                database.executemany(insert, ((post_id, label) for label in labels))
        (unknown,) = database.execute("SELECT count(*) FROM unknown").fetchone()
        database.execute("DROP TABLE unknown")
        database.execute("COMMIT")
        database.close()
        return {"unknown_ids": unknown}

    def labels(self, draft: Draft) -> tuple[str, ...]:
        # A post whose id is not valid Unicode is refused later.
        post_id = (draft.post.id if is_unicode(draft.post.id) else "",)
        found = self._database.execute("SELECT label FROM annotation WHERE id = ? ORDER BY rowid", post_id)
        return tuple(label for (label,) in found)

    @functools.cached_property
    def _database(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self._file.resolve().as_uri()}?mode=ro&immutable=1", uri=True)

    def _lines(self) -> Iterator[tuple[str, list[str]]]:
        """The id and the labels of each line."""
        for where, post_id, labels in self._from_json() if self._ending == ".jsonl" else self._from_table():
            # Ids of tweets are numbers to some.
            if isinstance(post_id, bool) or not isinstance(post_id, str | int) or post_id == "":
                raise UserError(f"{where}: `{_ID}` must be text. Received: {str(post_id)[:80]!r}")
            if is_unicode(str(post_id)):
                yield str(post_id), self._read(where, labels)

    def _read(self, where: str, labels: Any) -> list[str]:
        found = labels
        if isinstance(labels, str):
            found = labels.split(SEPARATOR)
            if labels.lstrip().startswith("["):
                try:
                    found = json.loads(labels)
                except (ValueError, RecursionError) as error:
                    raise UserError(f"{where}: `{self.config.column}`: not valid JSON ({error})") from error
        if found is None:
            return []
        if not isinstance(found, list) or not all(isinstance(label, str) for label in found):
            raise UserError(
                f"{where}: `{self.config.column}` must be a list of strings, or names with {SEPARATOR!r} between them. "
                f"Received: {str(labels)[:80]!r}"
            )
        return [label for label in found if label.strip() and is_unicode(label)]

    def _from_json(self) -> Iterator[tuple[str, Any, Any]]:
        for line in lines(self._path):
            where = f"{self._path}:{line.number}"
            if not line.text.strip() and not line.fault:
                continue
            try:
                content = None if line.fault else json.loads(line.text)
            except (ValueError, RecursionError) as error:
                raise UserError(f"{where}: not valid JSON ({error})") from error
            if not isinstance(content, dict):
                raise UserError(f"{where}: {line.fault or 'must be an object'}")
            if self.config.column not in content:
                raise UserError(f"{where}: has no {self.config.column!r}.{nearest(self.config.column, content)}")
            yield where, content.get(_ID), content[self.config.column]

    def _from_table(self) -> Iterator[tuple[str, Any, Any]]:
        names: list[str] = []
        for row in rows(self._path, separator="\t" if self._ending == ".tsv" else ","):
            where = f"{self._path}:{row.number}"
            if row.fault:
                raise UserError(f"{where}: {row.fault}")
            if not names:
                names = [cell.strip() for cell in row.cells]
                for wanted in (_ID, self.config.column):
                    if wanted not in names:
                        raise UserError(
                            f"{where}: has no column {wanted!r}.{nearest(wanted, names)} Received: {', '.join(names)[:200]}"
                        )
            elif len(row.cells) != len(names):
                raise UserError(f"{where}: must have {len(names)} columns. Received: {len(row.cells)}")
            else:
                yield where, row.cells[names.index(_ID)], row.cells[names.index(self.config.column)]
