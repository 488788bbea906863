"""JSON is bounded and typed; an error names file and key."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pydantic import BaseModel

from kerasmm.console import UserError
from kerasmm.files.json_file import DEPTH, checked_json, loaded_json, read_json
from tests.files.drawn import drawn_value


class Shelf(BaseModel):
    name: str
    sizes: dict[str, list[int]]


def said(text, kind=Shelf):
    with pytest.raises(UserError) as caught:
        checked_json(text, kind, "shelf.json")
    message = str(caught.value)
    assert message.startswith("shelf.json: ") and len(message) < 500
    return message


def test_what_is_valid_is_read(tmp_path):
    path = tmp_path / "shelf.json"
    path.write_text('{"name": "ä", "sizes": {"a": [1, 2]}}', encoding="utf-8")
    assert read_json(path, Shelf, "shelf") == Shelf(name="ä", sizes={"a": [1, 2]})


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[]", "valid dictionary"),
        ('{"name": "a"}', "`sizes`: Field required"),
        ('{"name": "a", "sizes": {"b": [1, "x"]}}', "`sizes.b.1`"),
        ('{"name": "a", "sizes": {"b": [1' + "0" * 25 + "]}}", "`sizes.b.0`: must lie within 64 bits"),
        ('{"name": "a", "sizes": {"b": [1' + "0" * 5000 + "]}}", "not valid JSON"),
        ('{"name": "\\ud800", "sizes": {}}', "`name`: holds half a character"),
        ('{"name": "a", "sizes": {"\\udc00": [1]}}', "`sizes.…`: holds half a character"),
        ('{"name": "a", "sizes": {"' + "k" * 5000 + '": 1}}', "valid list"),
        ("", "not valid JSON"),
        ('{"name"', "not valid JSON"),
    ],
    ids=range(10),
)
def test_the_key_is_named(text, key):
    assert key in said(text)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [DEPTH + 1, 900, 100_000])
def test_what_lies_too_deep_is_refused(opening, depth):
    closing = "]" if opening == "[" else "}"
    assert "deep" in said(opening * depth + "1" + closing * depth, list)
    loaded_json(opening * DEPTH + "1" + closing * DEPTH, "x")


def test_any_json_is_read_as_json_reads_it(rng):
    content = drawn_value(rng, 6, (0, 0xD7FF))
    assert loaded_json(json.dumps(content), "x") == content


def test_a_damaged_text_is_a_line(rng):
    text = bytearray(b'{"name": "abc", "sizes": {"a": [1, 2], "b": [3]}}')
    for _ in range(200):
        damaged = bytearray(text)
        for place in rng.integers(0, len(text), rng.integers(1, 4)):
            damaged[place] = rng.choice(np.frombuffer(b'{}[]":,0129eE.-ntfN\\u', "uint8"))
        try:
            assert isinstance(checked_json(damaged.decode(), Shelf, "x"), Shelf)
        except UserError as error:
            assert str(error).startswith("x: ")
