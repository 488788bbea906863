"""Changes that spoil a file: of bytes, as a disk or an attacker makes them, and of values in JSON."""

from __future__ import annotations

import copy
import json
import struct
from typing import Any

import numpy as np

NUMBERS = (0, 1, -1, 127, 128, 255, 256, 32767, 65535, 2**31 - 1, -(2**31), 2**32 - 1, 2**63 - 1, 10**25)
"""Where counters and sizes turn."""

VALUES: tuple[Any, ...] = (
    *(None, True, False, "", " ", [], {}, [[]], [None], {"": {}}, 0.5, float("nan"), float("inf"), -1e308, "0", "1e5"),
    *("x" * 5000, "../../etc/passwd", "/dev/zero", "\x00", "\x1b[2J", "\ud800", "\u202e", "a[/x]b", "%s%n", "=1+1"),
    *NUMBERS,
)


def mutated_bytes(content: bytes, rng: np.random.Generator, other: bytes = b"") -> bytes:
    """Bytes changed at one to eight places: flipped, set, cut, doubled, or with a part of another file."""
    found = bytearray(content)
    for _ in range(int(rng.integers(1, 9))):
        at = int(rng.integers(len(found) + 1))
        length = int(min(rng.geometric(0.05), 4096))
        kind = rng.integers(7)
        if kind == 0 and at < len(found):
            found[at] ^= 1 << int(rng.integers(8))
        elif kind == 1 and at < len(found):
            found[at] = int(rng.integers(256))
        elif kind == 2:
            number = int(NUMBERS[rng.integers(len(NUMBERS))]) & 0xFFFFFFFF
            found[at : at + 4] = struct.pack(">I" if rng.integers(2) else "<I", number)
        elif kind == 3:
            del found[at : at + length]
        elif kind == 4:
            found[at:at] = found[at : at + length]
        elif kind == 5 and other:
            start = int(rng.integers(len(other)))
            found[at : at + length] = other[start : start + length]
        elif kind == 6 and rng.integers(4) == 0:
            del found[at:]
    return bytes(found)


def mutated_json(content: Any, rng: np.random.Generator) -> bytes:
    """A document with one to three of its values replaced, removed or put in elsewhere; sometimes its bytes are changed too."""
    found = json.loads(json.dumps(content))
    for _ in range(int(rng.integers(1, 4))):
        found = _changed(found, rng)
    text = json.dumps(found, ensure_ascii=bool(rng.integers(2))).encode(errors="surrogatepass")
    if rng.integers(20) == 0:
        depth = int(rng.integers(10, 100_000))
        text = text.replace(b"null", b"[" * depth + b"]" * depth, 1)
    return mutated_bytes(text, rng) if rng.integers(4) == 0 else text


def _changed(node: Any, rng: np.random.Generator) -> Any:
    """The node with one change somewhere in it."""
    if isinstance(node, dict | list) and node and rng.integers(6):
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = keys[rng.integers(len(keys))]
        kind = rng.integers(8)
        if kind == 0:
            del node[key]
        elif kind == 1 and isinstance(node, dict):
            node[str(_value(rng))[:50]] = node[key]
        elif kind == 2 and isinstance(node, list):
            node.extend([node[key]] * int(rng.integers(1, 100)))
        else:
            node[key] = _changed(node[key], rng)
        return node
    return _value(rng)


def _value(rng: np.random.Generator) -> Any:
    # A copy: what is put in may be changed in its turn.
    return copy.deepcopy(VALUES[rng.integers(len(VALUES))])
