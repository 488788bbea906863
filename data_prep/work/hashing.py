"""Hashes that decide: the same for the same seed on every machine, unlike Python's own."""

from __future__ import annotations

import hashlib

BITS = 63
"""Bits of a rank: a positive 64-bit integer, so that any runner can sort and sum it."""


def rank(seed: int, purpose: str, key: str) -> int:
    """A random-looking, reproducible place of `key` among all others, in `[0, 2**63)`."""
    digest = hashlib.blake2b(f"{seed}\0{purpose}\0{key}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - BITS)


def fingerprint(*parts: str | None) -> bytes:
    """16 bytes that differ when any part differs, with `None` unlike the empty string."""
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        content = b"" if part is None else part.encode("utf-8", "surrogatepass")
        state.update(b"-" if part is None else f"{len(content)}:".encode())
        state.update(content)
    return state.digest()
