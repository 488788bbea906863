from __future__ import annotations

import gzip
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kerasmm.console import UserError
from kerasmm.text import read_word_vectors, train_word_vectors

ROOT = Path(__file__).resolve().parents[2]
VECTORS = {"red": [1.0, -2.5, 0.25], "straße": [0.0, 4.0, 1e-3], "😀": [7.0, 8.0, 9.0]}
WANTED = ["straße", "blue", "red"]


def as_text(vectors):
    lines = [f"{len(vectors)} 3", *(" ".join([word, *map(str, vector)]) for word, vector in vectors.items())]
    return "".join(f"{line}\n" for line in lines).encode()


def as_binary(vectors):
    rows = [word.encode() + b" " + struct.pack("<3f", *vector) + b"\n" for word, vector in vectors.items()]
    return f"{len(vectors)} 3\n".encode() + b"".join(rows)


FORMATS = {
    "vectors.txt": as_text(VECTORS),
    "vectors.vec": as_text(VECTORS),
    "vectors.txt.gz": gzip.compress(as_text(VECTORS)),
    "vectors.bin": as_binary(VECTORS),
    "vectors.bin.gz": gzip.compress(as_binary(VECTORS)),
}


@pytest.mark.parametrize("name", FORMATS)
def test_reads_word2vecs_formats(tmp_path, name):
    (tmp_path / name).write_bytes(FORMATS[name])
    vectors, there = read_word_vectors(tmp_path / name, WANTED)
    assert there.tolist() == [True, False, True]
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, [VECTORS["straße"], [0, 0, 0], VECTORS["red"]], rtol=1e-6)


def test_no_words_have_the_files_dimension(tmp_path):
    (tmp_path / "vectors.txt").write_bytes(as_text(VECTORS))
    vectors, there = read_word_vectors(tmp_path / "vectors.txt", [])
    assert vectors.shape == (0, 3)
    assert there.shape == (0,)


TEXT, BINARY = as_text(VECTORS), as_binary(VECTORS)


OTHER_FORMATS = {
    "empty.txt": b"",
    "empty.bin": b"",
    "no_dimension.txt": TEXT.replace(b"3 3", b"3 0", 1),
    "negative.txt": TEXT.replace(b"3 3", b"3 -3", 1).replace(b".", b"x"),
    "negative.bin": BINARY.replace(b"3 3", b"3 -3", 1),
    "huge.txt": TEXT.replace(b"3 3", b"3 999999999999999999", 1).replace(b".", b"x"),
    "huge.bin": BINARY.replace(b"3 3", b"3 99999999999", 1),
    "text.txt": b"Some words of a text.\nAnd some more of them.\n",
    "pickle.txt": b"\x80\x04gensim",
    "fasttext.bin": b"\xba\x16\x4f\x2f\x0c\0\0\0",
    "no_gzip.txt.gz": TEXT,
    "truncated.txt.gz": gzip.compress(TEXT)[:-9],
    "damaged.bin.gz": gzip.compress(BINARY)[:20] + bytes(20),
    "no_vector.txt": b"2 9\n" + TEXT.split(b"\n", 1)[1],
}


@pytest.mark.parametrize("name", OTHER_FORMATS)
def test_a_file_of_another_format_is_said_in_one_line(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(OTHER_FORMATS[name])
    with pytest.raises(UserError) as raised:
        read_word_vectors(path, WANTED)
    message = str(raised.value)
    assert message.startswith(f"{path}:")
    assert "expected a first line `words dimension`, then a word and its vector" in message or ".vec" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("content", "there", "says"),
    [
        (TEXT.split(b"\n", 1)[1], [True, False, True], ""),
        (TEXT.replace(b"3 3", b"9 3", 1), [True, False, True], "its first line says 9 vectors, it has 3"),
        (TEXT.replace(b" -2.5", b""), [True, False, False], "1 lines were no vector of 3 numbers"),
        (TEXT.replace(b"-2.5", b"much"), [True, False, False], "1 lines were no vector of 3 numbers"),
        (BINARY[:-6], [True, False, True], "1 lines were no vector of 3 numbers"),
    ],
)
def test_one_bad_line_costs_one_vector(tmp_path, capsys, content, there, says):
    path = tmp_path / "vectors"
    path.write_bytes(content)
    assert read_word_vectors(path, WANTED, quiet=False)[1].tolist() == there
    error = capsys.readouterr().err
    assert says in error and bool(says) == bool(error)


def test_a_missing_file_is_said(tmp_path):
    for path in (tmp_path / "vectors.txt", tmp_path):
        with pytest.raises(UserError, match="no such file; expected a first line"):
            read_word_vectors(path, WANTED)


CORPUS = """
import numpy as np

ABOUT = (["dog", "cat"], ["car", "bus"])
AROUND = ([f"animal-{n}" for n in range(20)], [f"vehicle-{n}" for n in range(20)])
ALL = [*ABOUT[0], *ABOUT[1], *AROUND[0], *AROUND[1], "the"]

def corpus():
    rng = np.random.default_rng(3)
    for _ in range(1500):
        kind = int(rng.integers(2))
        yield [str(rng.choice(ABOUT[kind])), *map(str, rng.choice(AROUND[kind], 4)), "the"]
"""
SPACE: dict = {}
exec(CORPUS, SPACE)
corpus, ALL = SPACE["corpus"], SPACE["ALL"]


def test_words_of_the_same_contexts_are_near():
    """Animals stand among animals' words, vehicles among vehicles', and neither beside its like."""
    vectors = train_word_vectors(corpus, ALL, 8, seed=1)[:4]
    dog, cat, car, bus = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    others = max(dog @ car, dog @ bus, cat @ car, cat @ bus)
    assert min(dog @ cat, car @ bus) > others + 0.2


def test_words_that_never_occur_are_zeros():
    vectors = train_word_vectors(corpus, ["unicorn", "dog", "Dog", ""], 5)
    assert vectors.dtype == np.float32
    assert vectors.any(axis=1).tolist() == [False, True, False, False]
    # Nor does a corpus that has none of the words, or nothing at all, fail.
    assert not train_word_vectors(corpus, ["unicorn"], 5).any()
    assert not train_word_vectors(lambda: [], ["dog"], 5).any()
    assert train_word_vectors(corpus, [], 5).shape == (0, 5)


def test_the_same_seed_gives_the_same_vectors_in_every_process(tmp_path):
    """Python's hash of a string, which gensim seeds vectors with, is another one in each."""
    program = CORPUS + (
        "\nimport sys\nfrom kerasmm.text import train_word_vectors\n"
        "np.save(sys.argv[1], train_word_vectors(corpus, ['dog', 'bus', 'the'], 6, seed=4))\n"
    )
    found = []
    for place in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": place, "TF_CPP_MIN_LOG_LEVEL": "3"}
        subprocess.run(
            [sys.executable, "-c", program, tmp_path / f"{place}.npy"],
            cwd=ROOT,
            env=environment,
            check=True,
            timeout=300,
        )
        found.append(np.load(tmp_path / f"{place}.npy"))
    np.testing.assert_array_equal(*found)
    assert found[0].any(axis=1).all()
    assert (train_word_vectors(corpus, ["dog", "bus", "the"], 6, seed=5) != found[0]).any()
