"""What the machine does on plain work: a large matrix product, a copy in memory, decoding of JPEGs."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence

ORDER = 2048
COPIED_BYTES = 1 << 28


def best_seconds(work: Callable[[], object], times: int = 3) -> float:
    """The shortest of a few runs: what the machine can do, not what it did meanwhile."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def matmul_and_copy() -> Callable[[], dict[str, float]]:
    """A measurement of `gflops` (float32 matrix product) and `gbytes` (copying, a byte read and a byte written are two)."""
    import tensorflow as tf

    square = tf.random.normal((ORDER, ORDER))
    flat = tf.random.normal((COPIED_BYTES // 4,))
    # An addition reads one array and writes another; TensorFlow, because its threads are those of the benchmark.
    product, copy = tf.function(lambda: tf.matmul(square, square)), tf.function(lambda: flat + 1.0)

    def measure() -> dict[str, float]:
        return {
            "gflops": 2e-9 * ORDER**3 / best_seconds(product),
            "gbytes": 2e-9 * COPIED_BYTES / best_seconds(copy),
        }

    measure()
    return measure


def decode(pictures: Sequence[bytes]) -> float:
    """Seconds to decode pictures with libjpeg, as Pillow calls it, and do nothing else."""
    from PIL import Image

    def work() -> None:
        for picture in pictures:
            Image.open(io.BytesIO(picture)).load()

    return best_seconds(work, 1)
