"""`make fuzz MINUTES=10`: spoilt pictures, records, manifests and requests to the functions that read them.

Each case has its own generator, of the seed and its number, so that a case which failed is given again by what is
printed. A refusal is one of the errors that the function promises; anything else is a traceback of ours.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import io
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

import numpy as np

from kerasmm.console import UserError, finite, guarded, quiet_libraries, whole
from tests.hostile.mutations import VALUES, mutated_bytes, mutated_json

LIMIT_S = 30.0
"""What a case may take; usual are milliseconds, but a decoder of another size is traced first."""

OK, REFUSED, TRACEBACK, HANG = "ok", "refused", "traceback", "hang"

Case = Callable[[np.random.Generator], None]
"""Spoils something and reads it. What is refused raises one of `REFUSALS`."""


class Hang(Exception):
    """The time of a case is over."""


def some_pictures() -> list[bytes]:
    """A small picture of each kind."""
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 255, (24, 32, 3), dtype="uint8")
    seeds = []
    for kind, options in (
        *(("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("GIF", {}), ("BMP", {}), ("WEBP", {})),
        *(("GIF", {"save_all": True, "append_images": [Image.fromarray(pixels[::-1])]}), ("WEBP", {"lossless": True})),
    ):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, kind, **options)
        seeds.append(file.getvalue())
    return seeds


def spoilt(seeds: Sequence[bytes], rng: np.random.Generator) -> bytes:
    """One of the files, with parts of another."""
    return mutated_bytes(seeds[rng.integers(len(seeds))], rng, seeds[rng.integers(len(seeds))])


def pictures(folder: Path) -> Case:
    """Pictures to what a build and the command line convert them with."""
    from kerasmm.data.opening import MAX_PIXELS
    from kerasmm.data.plain_picture import plain_picture

    seeds = some_pictures()
    for seed in seeds:
        # What is traced once is not what a case takes.
        plain_picture(seed, MAX_PIXELS)

    def case(rng: np.random.Generator) -> None:
        plain_picture(spoilt(seeds, rng), MAX_PIXELS)

    return case


def graph(folder: Path) -> Case:
    """Pictures as they are to the graph of training and serving, where a bad one must not spoil its neighbours."""
    import tensorflow as tf

    from kerasmm.data.images import decode_images

    seeds, whole_batch = some_pictures(), [tf.TensorSpec((None,), tf.string)]
    decode = tf.function(lambda batch: decode_images(batch, (8, 8)), input_signature=whole_batch, autograph=False)
    decode(tf.constant(seeds))

    def case(rng: np.random.Generator) -> None:
        images, valid = decode(tf.constant([spoilt(seeds, rng), seeds[0]]))
        if not valid[1] or not np.isfinite(images).all():
            raise AssertionError("a bad picture spoils its neighbour")

    return case


def records(folder: Path) -> Case:
    """Serialized posts to the reader of records."""
    from kerasmm.data.post import Post
    from tests.tiny import tiny_posts

    posts = tiny_posts(4, 0)
    seeds, shape = [post.to_bytes() for post in posts], posts[0].features.shape

    def case(rng: np.random.Generator) -> None:
        Post.from_bytes(spoilt(seeds, rng), shape if rng.integers(2) else None)

    return case


def manifests(folder: Path) -> Case:
    """`dataset.json` to the reader of data sets, with its vocabularies."""
    from kerasmm.data.dataset import Dataset
    from kerasmm.data.manifest import FILE_NAME
    from tests.tiny import tiny_posts, write_dataset

    data = write_dataset(folder / "data", {"train": tiny_posts(3, 0), "test": tiny_posts(2, 1)})
    content = json.loads((data / FILE_NAME).read_text(encoding="utf-8"))

    def case(rng: np.random.Generator) -> None:
        (data / FILE_NAME).write_bytes(mutated_json(content, rng))
        dataset = Dataset(data)
        for name in dataset.manifest.vocabularies:
            dataset.vocabulary(name)
        for split in dataset.manifest.splits:
            dataset.records(split)

    return case


class Offer:
    """What choosing a signature looks at, without a model behind it."""

    folder = Path("saved_models/m/1")
    inputs = {
        "search_by_tags": {
            "tags": {"dtype": "string", "shape": [None, None]},
            "k": {"dtype": "int32", "shape": [None]},
        },
        "search_by_vector": {
            "vector": {"dtype": "float32", "shape": [None, 3]},
            "k": {"dtype": "int32", "shape": [None]},
        },
    }
    outputs = {name: {"ids": {}, "scores": {}} for name in inputs}

    def vocabulary(self, name: str) -> list[str]:
        return ["red", "green", "blue"]


def requests(folder: Path) -> Case:
    """Files of pairs to their reader; words and vectors to the checks before an export is asked."""
    from typing import Any, cast

    from kerasmm.asking.pairs import read_pairs
    from kerasmm.asking.query import choose_signature, known_words, query_vector, tensors

    offer: Any = cast(Any, Offer())
    pair = {"image": "a.jpg", "text": "red and blue"}
    table = b'image,text\na.jpg,"red, and blue"\nb.jpg,green\n'

    def word(rng: np.random.Generator) -> str:
        return (mutated_bytes(b"red", rng) if rng.integers(2) else b"red").decode(errors="surrogateescape")

    def case(rng: np.random.Generator) -> None:
        kind = rng.integers(4)
        if kind == 0:
            path = folder / "pairs.jsonl"
            path.write_bytes(b"\n".join(mutated_json(pair, rng) for _ in range(3)))
            read_pairs(path, ["image", "text"])
        elif kind == 1:
            path = folder / "pairs.csv"
            path.write_bytes(mutated_bytes(table, rng, table))
            read_pairs(path, ["image", "text"])
        elif kind == 2:
            values = known_words(offer, {"tags": [word(rng) for _ in range(2)]})
            tensors(offer, choose_signature(offer, sorted(values), ("ids",)), {**values, "k": int(rng.integers(1, 9))})
        else:
            vector = [1.0, 2.0, 3.0]
            vector[rng.integers(3)] = VALUES[rng.integers(len(VALUES))]
            query_vector(offer, vector if rng.integers(4) else VALUES[rng.integers(len(VALUES))])

    return case


def fitted_users(folder: Path) -> Case:
    """A file of fitted users to its reader."""
    from typing import Any, cast

    from kerasmm.asking.fitted_users import read_users, write_users

    class Asked:
        """What is read of an export."""

        folder = Path("saved_models/m/1")
        about = {"weights": {"sha256": "0" * 64}}
        inputs = {"tags_for_user_vector": {"user_vector": {"shape": [None, 3]}}}

    asked, path = cast(Any, Asked()), folder / "users.npz"
    rng = np.random.default_rng(0)
    write_users(path, {name: (rng.normal(size=3), 2) for name in ("ann", "bob", "日本")}, asked)
    whole = path.read_bytes()

    def case(rng: np.random.Generator) -> None:
        path.write_bytes(mutated_bytes(whole, rng, whole))
        found = read_users(path, asked)
        repr([(name.encode(errors="replace"), found[name]) for name in found])

    return case


SUBJECTS = {
    "pictures": pictures,
    "graph": graph,
    "records": records,
    "manifests": manifests,
    "requests": requests,
    "users": fitted_users,
}


def refusals(subject: str) -> tuple[type[Exception], ...]:
    """The errors that the readers of a subject promise."""
    from kerasmm.data.plain_picture import BadPicture

    return {"pictures": (BadPicture,), "records": (ValueError,)}.get(subject, (UserError,))


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Ends what takes longer, at the next step of Python."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise Hang(f"longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def outcome(
    case: Case, rng: np.random.Generator, refused: tuple[type[Exception], ...], limit: float
) -> tuple[str, str]:
    """What became of a case, and what to print of it."""
    try:
        with limited(limit):
            case(rng)
    except Hang:
        return HANG, traceback.format_exc()
    except refused as error:
        # The line of a refusal is for people: one of them, and short enough to be read.
        return (REFUSED, "") if len(str(error)) < 2000 else (TRACEBACK, f"a refusal of {len(str(error)):,} characters")
    except Exception:
        return TRACEBACK, traceback.format_exc()
    return OK, ""


def fuzz(
    seed: int, seconds: float, subjects: Sequence[str], first: int = 0, cases: int | None = None, limit: float = LIMIT_S
) -> dict[str, Counter[str]]:
    """Runs cases of each subject in turn until the time is over.

    Args:
        seed: Seeds all cases.
        seconds: How long, all in all; one round is always made.
        subjects: Of `SUBJECTS`.
        first: Number of the first case.
        cases: At most so many rounds.
        limit: Seconds that a case may take.

    Returns:
        Subject → outcome → how many.
    """
    found: dict[str, Counter[str]] = {subject: Counter() for subject in subjects}
    with tempfile.TemporaryDirectory(prefix="kerasmm-fuzz-") as place:
        made = {subject: SUBJECTS[subject](Path(place)) for subject in subjects}
        refused = {subject: refusals(subject) for subject in subjects}
        ends, number = time.monotonic() + seconds, first
        while number == first or (time.monotonic() < ends and (cases is None or number < first + cases)):
            for subject in subjects:
                became, told = outcome(made[subject], np.random.default_rng([seed, number]), refused[subject], limit)
                found[subject][became] += 1
                if told:
                    print(f"{subject}: {became}; again with --only {subject} --seed {seed} --first {number} --cases 1")
                    print(told, flush=True)
            number += 1
    return found


@contextlib.contextmanager
def silent_decoders() -> Iterator[int]:
    """Standard error as it was, while what libraries in C write there goes nowhere."""
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield kept
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def main(argv: list[str]) -> int:
    """Fuzzes and prints counts; 1 where there were tracebacks or hangs."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.fuzz", description="Fuzz what reads others' files.")
    parser.add_argument("--minutes", type=finite, default=1.0, help="how long (default: 1)")
    parser.add_argument("--only", action="append", choices=list(SUBJECTS), help="just this subject; may be repeated")
    parser.add_argument("--seed", type=whole(0), help="as a run before printed it; else a fresh one")
    parser.add_argument("--first", type=whole(0), default=0, help="number of the first case")
    parser.add_argument("--cases", type=whole(1), help="at most so many of each subject")
    options = parser.parse_args(argv)
    seed = int(np.random.SeedSequence().generate_state(1)[0] >> 1) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    # What hangs outside of Python rings no alarm of its own.
    with silent_decoders() as errors:
        faulthandler.dump_traceback_later(options.minutes * 60 + 20 * LIMIT_S, exit=True, file=errors)
        found = fuzz(seed, options.minutes * 60, options.only or list(SUBJECTS), options.first, options.cases)
        faulthandler.cancel_dump_traceback_later()
    print(f"{'':12}" + "".join(f"{name:>12}" for name in (OK, REFUSED, TRACEBACK, HANG)))
    for subject, counts in found.items():
        print(f"{subject:12}" + "".join(f"{counts[name]:>12,}" for name in (OK, REFUSED, TRACEBACK, HANG)))
    return int(any(counts[TRACEBACK] or counts[HANG] for counts in found.values()))


if __name__ == "__main__":
    quiet_libraries()
    sys.exit(guarded(main))
