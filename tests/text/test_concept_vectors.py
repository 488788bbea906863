"""Concept vectors: wiki2vec's and wikipedia2vec's files, as a stream."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors

from kerasmm.console import UserError
from kerasmm.text import concept_key, read_concept_vectors
from kerasmm.text.vector_files import VectorFile

TITLES = ["stock market", "european union", "labour party (uk)", "brexit"]


@pytest.fixture
def vectors(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=(5, 6)).astype("float32")


NAMES = ["DBPEDIA_ID/Stock_market", "DBPEDIA_ID/European_Union", "market", "DBPEDIA_ID/Labour_Party_(UK)", "Ünion"]


def _by_gensim(path: Path, names: list[str], vectors: np.ndarray, binary: bool) -> Path:
    made = KeyedVectors(vectors.shape[1])
    made.add_vectors(names, vectors)
    made.save_word2vec_format(str(path), binary=binary)
    return path


PACKED = {".gz": gzip.compress, ".bz2": bz2.compress}


@pytest.mark.parametrize("name", ["v.txt", "v.bin", "v.txt.gz", "v.bin.gz", "v.txt.bz2", "v.bin.bz2"])
def test_reads_what_gensim_writes(name: str, tmp_path: Path, vectors: np.ndarray) -> None:
    path = tmp_path / name
    plain = _by_gensim(tmp_path / "plain", NAMES, vectors, ".bin" in name).read_bytes()
    path.write_bytes(PACKED.get(path.suffix, bytes)(plain))
    read = read_concept_vectors(path, TITLES, 6)
    assert read.found.tolist() == [True, True, True, False]
    np.testing.assert_allclose(read.vectors[:3], vectors[[0, 1, 3]], rtol=1e-6)
    assert not read.vectors[3].any()
    assert (read.duplicates, read.notices) == (0, ())


def test_title_goes_before_the_word_of_its_spelling(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_text("4 2\nbrexit 1 1\nENTITY/Brexit 2 2\nBrexit 3 3\nENTITY/BREXIT 4 4\n", encoding="utf-8")
    read = read_concept_vectors(path, ["brexit"], 2)
    assert read.vectors.tolist() == [[2.0, 2.0]]
    # The second title of this spelling; a word after its title is none.
    assert read.duplicates == 1


def test_one_vector_for_all_labels_of_a_key(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_text("1 2\nENTITY/Stock_market 1 2\n", encoding="utf-8")
    read = read_concept_vectors(path, ["stock market", "Stock_Market", "bond"], 2)
    assert read.found.tolist() == [True, True, False]


def test_bad_lines_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_bytes(b"6 2\nbrexit 1\nbrexit 1 x\nbrexit 1 nan\nbr\xff 1 2\nbrexit 5 6\n\nunion 1 2 3\n")
    read = read_concept_vectors(path, ["brexit"], 2)
    assert read.vectors.tolist() == [[5.0, 6.0]]
    # Of what is `union 1`, the last two cells are the vector.
    assert (read.duplicates, read.notices) == (0, ("3 lines were no vector of 2 numbers",))


@pytest.mark.parametrize(
    ("content", "found", "notices"),
    [
        ("2 3\nENTITY/New York 4 5 6\nindia 7 8 9", {"new york": [4, 5, 6], "india": [7, 8, 9]}, ()),
        (
            "5 3\nbrexit 1 2 3\nindia 7 8 9",
            {"brexit": [1, 2, 3], "india": [7, 8, 9]},
            ("its first line says 5 vectors, it has 2",),
        ),
        # GloVe's files have no first line, and words with spaces.
        ("the 1 2 3\n. . . 4 5 6\nindia 7 8 9\n", {"india": [7, 8, 9]}, ()),
        ("the\t1\t2\t3\nindia\t7\t8\t9\n", {"india": [7, 8, 9]}, ()),
        # fastText's end their lines with a space.
        ("2 3\nthe 1 2 3 \nindia 7 8 9 \n", {"india": [7, 8, 9]}, ()),
        # A control character in a name is no sign of a binary file.
        ("2 3\nth\x01e 1 2 3\nindia 7 8 9\n", {"india": [7, 8, 9]}, ()),
        ("th\x01e 1 2 3\nindia 7 8 9\n", {"india": [7, 8, 9]}, ()),
        ("\ufeffindia 7 8 9\nthe 1 2 3\n", {"india": [7, 8, 9]}, ()),
        ("\ufeff1 3\nindia 7 8 9\n", {"india": [7, 8, 9]}, ()),
        ("india 7 8 9\nindia 7 8 1_0\n", {"india": [7, 8, 9]}, ("1 lines were no vector of 3 numbers",)),
        ("2 3\r\nthe 1 2 3\r\n2014 7 8 9\r\n", {"2014": [7, 8, 9]}, ()),
    ],
)
def test_the_last_cells_are_the_vector(content: str, found: dict, notices: tuple, tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_text(content, newline="", encoding="utf-8")
    read = read_concept_vectors(path, list(found), 3)
    assert read.vectors.tolist() == list(found.values())
    assert read.notices == notices


def test_random_names_come_back(tmp_path: Path, rng: np.random.Generator) -> None:
    """With spaces, digits and signs in them; read by their own code again."""
    width = int(rng.integers(1, 9))
    letters = [*"aé日7.-,_"]
    names = {" ".join("".join(rng.choice(letters, 3)) for _ in range(rng.integers(1, 4))) + "x" for _ in range(30)}
    vectors = {name: rng.normal(size=width).astype("float32") for name in sorted(names)}
    path = tmp_path / "v.txt"
    lines = [" ".join([name, *map(repr, vector.tolist())]) for name, vector in vectors.items()]
    path.write_text("\n".join([f"{len(lines)} {width}", *lines]), encoding="utf-8")
    with VectorFile(path) as file:
        read = {name: file.numbers(values) for name, values in file}
        assert file.notices() == [] and file.entries == len(names)
    assert list(read) == list(vectors)
    for name, vector in vectors.items():
        np.testing.assert_array_equal(read[name], vector)


def test_cut_binary_file(tmp_path: Path, vectors: np.ndarray) -> None:
    path = _by_gensim(tmp_path / "v.bin", NAMES, vectors, True)
    path.write_bytes(path.read_bytes()[:-9])
    read = read_concept_vectors(path, TITLES, 6)
    assert read.found.tolist() == [True, True, True, False]
    assert read.notices == ("1 lines were no vector of 6 numbers",)


@pytest.mark.parametrize("ending", ["", "\n"])
def test_binary_file_out_of_step(ending: str, tmp_path: Path) -> None:
    """After a name with a space, numbers are where a name should be: it and the next one are set aside."""
    path = tmp_path / "v.bin"
    vectors = np.full((50, 100), -1.5, "<f4") + np.arange(50, dtype="<f4")[:, None] / 1000
    names = [f"w{number}" for number in range(50)]
    names[7] = "new york"

    def write(names: list[str]) -> None:
        records = zip(names, vectors, strict=False)
        path.write_bytes(
            b"%d 100\n" % len(names)
            + b"".join(f"{name} ".encode() + row.tobytes() + ending.encode() for name, row in records)
        )

    write(names)
    with VectorFile(path) as file:
        read = {name: file.numbers(values) for name, values in file}
    assert list(read) == [*names[:7], *names[9:]] and (file.entries, file.bad) == (48, 2)
    np.testing.assert_array_equal(read["w49"], vectors[49])
    assert file.notices()[-1].startswith("1 times no name was where a vector should begin; in word2vec's")
    write(["x"] * 20)
    with VectorFile(path) as file:
        assert [name for name, _ in file] == ["x"] * 20 and not file.notices()


def test_no_names_for_long(tmp_path: Path) -> None:
    path = tmp_path / "v.bin.bz2"
    path.write_bytes(bz2.compress(b"9 3\n" + bytes(3 << 20)))
    with pytest.raises(UserError, match="no name is where vector 1 should begin"), VectorFile(path) as file:
        list(file)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "expected a first line `words dimension`"),
        (b"the one two\n", "expected a first line `words dimension`"),
        (b"\x80\x04gensim pickle\n", "expected a first line `words dimension`"),
        (b"3 4\na 1 2 3 4\n", "has vectors of 4 dimensions, `network.dimension` is 2"),
    ],
)
def test_refused(content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_bytes(content)
    with pytest.raises(UserError, match=says) as refused:
        read_concept_vectors(path, ["a"], 2)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_missing_file_and_no_gzip(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_concept_vectors(tmp_path / "none.txt", ["a"], 2)
    (tmp_path / "v.txt.gz").write_bytes(b"1 2\na 1 2\n")
    with pytest.raises(UserError, match="can't be read"):
        read_concept_vectors(tmp_path / "v.txt.gz", ["a"], 2)


def test_key() -> None:
    assert concept_key("ENTITY/Straße_(Berlin)") == "strasse (berlin)"
    assert concept_key("  A__b ") == "a b"
