"""How often a JPEG goes over its picture: a progressive one may do so a thousand times, each time over all of it.

Programs write some ten scans. The walk is the decoder's own: bytes between segments are passed by, and what lies inside
of one (a preview, a profile) or behind the end of the picture (a film, on some phones) doesn't count. It stands here in
Python, and in the graph of operations that a stock server has.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf

MOST_SCANS = 100
MOST_SEGMENTS = 1 << 12
"""Segments that are looked at; of 64 KiB each, they are more than any picture's profiles and comments."""

_SCAN, _END = 0xDA, 0xD9
_ALONE = (0x01, 0xD8)
"""Markers that no length comes after."""

# Behind 0xFF, a zero stands for that byte itself; restarts (0xD0 … 0xD7) belong to a scan.
_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])", re.DOTALL)


def too_many_scans(content: bytes) -> bool:
    """Whether a JPEG has more than `MOST_SCANS` scans, or more segments than are looked at.

    Example:

    >>> too_many_scans(b"\\xff\\xd8" + 101 * b"\\xff\\xda\\0\\2")
    True
    """
    # No fewer than there are; a picture that passes needs no walk.
    if content.count(b"\xff\xda") <= MOST_SCANS:
        return False
    at, scans = 2, 0
    for _ in range(MOST_SEGMENTS):
        match = _MARKER.search(content, at)
        if match is None or match[1][0] == _END:
            return False
        kind, at = match[1][0], match.end()
        if kind not in _ALONE:
            if at + 2 > len(content):
                return False
            scans += kind == _SCAN
            if scans > MOST_SCANS:
                return True
            at += struct.unpack_from(">H", content, at)[0]
    return True


def too_many_scans_in_graph(encoded: tf.Tensor) -> tf.Tensor:
    """The same of a scalar string, a scalar bool."""
    import tensorflow as tf

    def walk() -> tf.Tensor:
        # Zeros behind the end, so that whatever a broken file points to can be read.
        data = tf.cast(tf.io.decode_raw(tf.strings.join([encoded, b"\0" * 4]), tf.uint8), tf.int32)
        after = data[1:]
        marked = (data[:-1] == 0xFF) & (after != 0) & (after != 0xFF) & ((after < 0xD0) | (after > 0xD7))
        places = tf.reshape(tf.where(marked), (-1,))
        length = tf.size(data, tf.int64) - 4

        def goes_on(at: tf.Tensor, scans: tf.Tensor) -> tf.Tensor:
            return (at < length) & (scans <= MOST_SCANS)

        def look(at: tf.Tensor, scans: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            index = tf.searchsorted(places, at[None], out_type=tf.int64)[0]
            there = index < tf.size(places, tf.int64)
            place = tf.where(there, tf.gather(places, tf.minimum(index, tf.size(places, tf.int64) - 1)), length - 1)
            kind, size = data[place + 1], 256 * data[place + 2] + data[place + 3]
            alone = tf.reduce_any(kind == tf.constant(_ALONE))
            ends = ~there | (kind == _END) | (~alone & (place + 4 > length))
            behind = place + 2 + tf.cast(tf.where(alone, 0, size), tf.int64)
            return tf.where(ends, length, behind), scans + tf.cast(~ends & (kind == _SCAN), tf.int32)

        start = (tf.constant(2, tf.int64), tf.constant(0))
        at, scans = tf.while_loop(goes_on, look, start, maximum_iterations=MOST_SEGMENTS)
        return (at < length) | (scans > MOST_SCANS)

    parts = tf.raw_ops.StringSplitV2(input=encoded[None], sep=b"\xff\xda")
    return tf.cond(parts.shape[1] - 1 > MOST_SCANS, walk, lambda: tf.constant(False))
