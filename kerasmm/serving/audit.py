"""Whether anything of posts that were taken out still stands in the bytes of an export."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from kerasmm.serving.about import read_about
from kerasmm.serving.check import SIGNATURES_FILE
from kerasmm.serving.checkpoint import Checkpoint
from kerasmm.serving.graph_audit import parsed
from kerasmm.serving.harmless import GRAPH
from kerasmm.serving.posts import POSTS_FILE

SHORTEST = 12
"""Bytes from which on a string is looked for anywhere; a shorter one stands in other words by chance, so it is looked for
among whole values: rows of tensors, cells of tables, constants of the graph, answers to examples."""

_WINDOW, _BLOCK = 8, 1 << 22


def leftovers(
    version: Path,
    gone: Mapping[str, str],
    kept: Iterable[str] = (),
    pictures: Iterable[bytes] = (),
    kept_pictures: Iterable[bytes] = (),
) -> list[str]:
    """What is still there, a line each.

    Every file is searched: as UTF-8 and as JSON escapes it, and value by value where it has values.

    Args:
        version: The folder of the export.
        gone: Strings that must not be there → what they are, e.g. `"the id of a post"`.
        kept: Strings that may: what posts that stay are called and say, and words of the model. What these hold is no trace of
            the others.
        pictures: Thumbnails that must not be there.
        kept_pictures: Thumbnails that may.
    """
    rest = dict(gone)

    def said() -> Iterator[bytes]:
        for value in kept:
            rest.pop(value, None)
            yield b"\0".join((*_forms(value), b""))

    sought = {form: what for value, what in gone.items() for form in _forms(value) if len(form) >= SHORTEST}
    for form in found_in(said(), sought):
        del sought[form]
    sought = {form: what for value in rest for form in _forms(value) if (what := sought.get(form))}
    middles = {_middle(picture) for picture in pictures}
    middles = {middle for middle in middles if len(middle) >= SHORTEST}
    sought |= dict.fromkeys(middles - found_in(kept_pictures, middles), "the picture of a post")
    problems = {f"{name}: holds {rest[value]}" for name, value in values(version) if value in rest}
    for path in sorted(path for path in version.rglob("*") if path.is_file()):
        for form in found_in(_blocks(path), sought):
            problems.add(f"{path.relative_to(version)}: holds {sought[form]}")
    return sorted(problems)


def _forms(value: str) -> set[bytes]:
    return {value.encode(), json.dumps(value)[1:-1].encode()}


def _middle(picture: bytes) -> bytes:
    """Where a JPEG is like no other: its beginning is, and often its end."""
    return picture[len(picture) // 2 :][:64]


def values(version: Path) -> Iterator[tuple[str, str]]:
    """`(file, value)` of every string that the export holds as a value of its own."""
    import tensorflow as tf

    reader = Checkpoint(version)
    for key, dtype in reader.dtypes.items():
        if dtype == tf.string and not key.startswith("_"):
            for value in np.ravel(reader.tensor(key)).tolist():
                yield "variables", value.decode(errors="replace")
    where = f"{(version / 'assets.extra' / POSTS_FILE).absolute().as_uri()}?immutable=1"
    with closing(sqlite3.connect(where, uri=True)) as file:
        for row in file.execute("select id, text, tags, labels, author from posts"):
            for cell in row:
                if cell is not None:
                    yield POSTS_FILE, cell
            for words in row[2:4]:
                yield from ((POSTS_FILE, word) for word in json.loads(words))
    about = read_about(version)
    for signature in about["signatures"].values():
        for value in _strings(list(signature.get("example", {}).get("answer", {}).values())):
            yield SIGNATURES_FILE.name, value
    for constant in _constants(version / GRAPH):
        yield GRAPH, constant.decode(errors="replace")


def _constants(path: Path) -> Iterator[bytes]:
    """Strings that a graph holds as constants."""
    for graph in (meta.graph_def for meta in parsed(path.read_bytes()).meta_graphs):
        for nodes in (graph.node, *(function.node_def for function in graph.library.function)):
            for node in nodes:
                if node.op == "Const":
                    yield from node.attr["value"].tensor.string_val


def _strings(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for value in content:
            yield from _strings(value)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def found_in(blocks: Iterable[bytes], sought: Iterable[bytes]) -> set[bytes]:
    """Which of some byte strings, each of `SHORTEST` or more, stand in a stream; read once for all of them."""
    forms = list(sought)
    starts: dict[int, list[bytes]] = {}
    for form in forms:
        starts.setdefault(int.from_bytes(form[:_WINDOW], "little"), []).append(form)
    known = np.zeros(1 << 16, bool)
    known[_hash(np.array(list(starts), "uint64"))] = True
    longest, found = max(map(len, forms), default=1), set[bytes]()
    tail = bytearray()
    pending = 0

    def search() -> None:
        data = bytes(tail)
        for shift in range(_WINDOW):
            count = (len(data) - shift) // _WINDOW
            windows = np.frombuffer(data, "<u8", count, shift) if count > 0 else np.zeros(0, "<u8")
            for at in np.flatnonzero(known[_hash(windows)]).tolist():
                for form in starts.get(int(windows[at]), ()):
                    if data.startswith(form, shift + _WINDOW * at):
                        found.add(form)

    for block in blocks:
        tail += block
        pending += len(block)
        if pending >= _BLOCK:
            search()
            # What a string may have begun in goes along.
            del tail[: -(longest - 1) or None]
            pending = 0
    search()
    return found


def _hash(windows: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        mixed: np.ndarray = (windows * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(48)
    return mixed
