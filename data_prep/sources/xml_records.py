"""Records of XML files of unknown health, one after the other: no DOCTYPE, no entities, bounded size and depth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from data_prep.sources.post_fields import Faulty

MAX_RECORD_BYTES = 1 << 20
"""Longer records are nobody's photo."""

_MAX_DEPTH = 100
_BLOCK = 1 << 16


def records(path: Path, name: str) -> Iterator[Element]:
    """The outermost elements `name` of a file, each as soon as it is whole.

    Without a DOCTYPE nothing can define an entity, so nothing expands and nothing is fetched.

    Raises:
        Faulty: Where the file is no well-formed XML, has a DOCTYPE, a record longer than `MAX_RECORD_BYTES`, or
            elements nested without end.
    """
    reader = _Reader(name)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield from reader.feed(block)
        yield from reader.feed(b"", last=True)


class _Reader:
    def __init__(self, name: str) -> None:
        self._name, self._fed, self._depth, self._began, self._top = name, 0, 0, 0, 0
        self._builder: TreeBuilder | None = None
        self._whole: list[Element] = []
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def feed(self, block: bytes, last: bool = False) -> list[Element]:
        """The records that end in the block."""
        try:
            self._parser.Parse(block, last)
        except expat.ExpatError as error:
            raise Faulty("not well-formed XML", f"line {error.lineno}: {expat.ErrorString(error.code)}") from error
        except (LookupError, ValueError) as error:  # an encoding that nobody knows, or of several bytes
            raise Faulty("not well-formed XML", str(error)) from error
        self._fed += len(block)
        # A token that doesn't end is held by the parser, a record that doesn't end by us.
        since = self._parser.CurrentByteIndex if self._builder is None else self._began
        if self._fed - since > MAX_RECORD_BYTES + _BLOCK:
            raise Faulty(f"XML record longer than {MAX_RECORD_BYTES} bytes", f"line {self._parser.CurrentLineNumber}")
        whole, self._whole = self._whole, []
        return whole

    def _doctype(self, *_: object) -> None:
        raise Faulty("XML with a DOCTYPE", f"line {self._parser.CurrentLineNumber}")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise Faulty("XML elements nested too deep", f"line {self._parser.CurrentLineNumber}")
        if self._builder is None and tag == self._name:
            self._builder, self._top, self._began = TreeBuilder(), self._depth, self._parser.CurrentByteIndex
        if self._builder is not None:
            self._builder.start(tag, attributes)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        if self._builder is not None:
            self._builder.end(tag)
            if self._depth < self._top:
                self._whole.append(self._builder.close())
                self._builder = None

    def _text(self, text: str) -> None:
        if self._builder is not None:
            self._builder.data(text)
