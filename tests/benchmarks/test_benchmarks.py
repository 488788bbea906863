"""The benchmarks compare what is the same: counts by hand, losses and records of both sides on small sizes."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kerasmm.data.post import Post

FOLDER = Path(__file__).parents[2] / "benchmarks"
needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is in the extra `benchmarks`")


@pytest.fixture
def benchmark_module(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


def run(*arguments):
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize(
    "name",
    [
        "dman_step",
        "webly_step",
        "pairwise_losses",
        "images",
        "batches",
        "memory_of_training",
        "yfcc_read",
        "tag_vectors",
    ],
)
def test_help_shows_an_example(name):
    done = run(FOLDER / f"{name}.py", "--help")
    assert done.returncode == 0, done.stderr
    assert f"python benchmarks/{name}.py" in done.stdout


def test_operations_and_bytes_of_a_step(benchmark_module):
    dman_step = benchmark_module("dman_step")
    operations, moved = dman_step.counted(argparse.Namespace(batch=3, words=5, features=7, regions=4))
    # 6 pictures. Scores and sums over regions: 4·7·5 products, each forward and for one gradient; three kernels a word
    # of 7·128, 128·32 and 32·1, forward and for two gradients; a product is a multiplication and an addition.
    kernels = 5 * (7 * 128 + 128 * 32 + 32)
    assert operations == 6 * 2 * (2 * 2 * 140 + 3 * kernels)
    # Kernels eight times; what goes into and out of the layers, 7 + 128 + 32 + 1 a word and picture, five times.
    assert moved == 4 * (8 * (35 + kernels) + 5 * 6 * 5 * 168)


def test_operations_and_bytes_of_a_step_on_sentences(benchmark_module):
    webly_step = benchmark_module("webly_step")
    sizes = argparse.Namespace(batch=3, units=5, dimension=7, features=11, words=13)
    operations, moved = webly_step.counted(sizes, 20)
    # 20 words meet 3·5 gates from 300 numbers and 5 units; 3 sentences 5·7, all forward and for two gradients. 3 images
    # 11·7 and 3 tags 300·7 forward and for one, because features and tags' vectors are data. Twice 3·3 similarities of 7.
    assert operations == 2 * (3 * 20 * 15 * 305 + 3 * 3 * 35 + 2 * 3 * (77 + 2100) + 2 * 3 * 9 * 7)
    # 13 words' vectors and the kernels nine times, the kernels twice more; 5 units of 20 words eighteen times.
    kernels = 15 * 305 + 35 + 77 + 2100
    assert moved == 4 * (9 * (13 * 300 + kernels) + 2 * kernels + 18 * 20 * 5)


def test_operations_and_bytes_of_pairwise_losses(benchmark_module):
    counted = benchmark_module("pairwise_losses").counted
    # 3 rows of 8 labels: 3 comparisons and 3 more for each; 4; 8 for each of 2 positives. Two arrays read, one written.
    wanted = {"ranking": 6, "warp": 6, "lsep": 4, "plsp": 16}
    assert {name: counted(name, 3, 8, 2) for name in wanted} == {name: (24 * n, 288) for name, n in wanted.items()}


def test_posts_of_tags_are_as_described(benchmark_module):
    posts = [set(post.tolist()) for post in benchmark_module("tag_vectors").generated(70_000, 100_000, seed=1)]
    sizes = np.array([len(post) for post in posts])
    assert len(posts) == 70_000
    assert (sizes.min(), sizes.max() > 30) == (1, True)
    assert abs(sizes.mean() - 4.7) < 0.1
    assert {tag for post in posts for tag in post} <= set(range(100_000))


def test_both_sides_count_the_same_pairs_and_find_the_same_vectors(benchmark_module):
    module = benchmark_module("tag_vectors")
    ours, plain = (make(2_000, 3_000, 5) for make in (module.ours, module.plain))
    assert ours["counts"]() == plain["counts"]()
    assert ours["generate"]() > 4_000
    assert ours["vectors"]() == pytest.approx(plain["vectors"](), rel=1e-2)


def test_operations_and_bytes_of_the_three_way_tensor(benchmark_module):
    counted = benchmark_module("three_way_tensor").counted
    sizes = argparse.Namespace(batch=3, tags=11, tag=7, image=5, user=2)
    # 3 queries of 7·5·2, then 33 scores of 7 products; W, 11 tags of 7 numbers, 33 scores.
    assert counted(sizes, "scores") == (2 * (3 * 70 + 33 * 7), 4 * (70 + 77 + 33))
    # Two products of 3 rows with W, and 9 scores along axes of 7, 5 and 2, each forward and for two gradients. W five
    # times; what a row has of 5·2 numbers, of two products and their gradients, written and read.
    assert counted(sizes, "step") == (2 * 3 * (2 * 3 * 70 + 9 * 14), 4 * (5 * 70 + 2 * 2 * 2 * 3 * 10))


THREE_WAY = [("scores", "einsum"), ("scores", "rows"), ("scores", "triplets"), ("step", "matrices")]


@pytest.mark.parametrize(("task", "peer"), [*THREE_WAY, pytest.param("step", "pytorch", marks=needs_torch)])
def test_the_three_way_tensor_and_its_peers_compute_the_same(benchmark_module, task, peer):
    module = benchmark_module("three_way_tensor")
    given = module.arrays(argparse.Namespace(batch=5, tags=9, tag=6, image=4, user=3), task, one_unobserved=True)
    own, theirs = (module.work_of(side, task, given, 9)() for side in ("ours", peer))
    if task == "scores":
        wanted = np.einsum("dfe,kd,bf,be->bk", *(given[name] for name in ("tensor", "tags", "images", "users")))
        np.testing.assert_allclose(own, wanted, rtol=1e-4, atol=1e-4)
    for got, wanted in (
        zip([theirs[0], *theirs[1]], [own[0], *own[1]], strict=True) if task == "step" else [(theirs, own)]
    ):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)


@needs_torch
def test_all_pairwise_losses_have_the_same_values_and_gradients():
    done = run(FOLDER / "pairwise_losses.py", "--check", "--batch", 4, "--labels", 30, "--positives", 3)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "same losses and gradients\n"


@pytest.fixture
def sentences(benchmark_module, tmp_path):
    """A round of 6 batches of 8 sentences."""
    module, path = benchmark_module("webly_sentences"), tmp_path / "drawn.npz"
    sizes = {"steps": 6, "batch": 8, "words": 40, "units": 3, "dimension": 4, "features": 5, "pool": 3}
    module.write_sentences(path, argparse.Namespace(**sizes, lengths=[6, 2, 3, 9]))
    return dict(np.load(path))


def test_lengths_of_sentences_are_as_asked(benchmark_module, rng):
    drawn = benchmark_module("webly_sentences").lengths(100_000, [11.8, 4, 3, 30], rng)
    assert (drawn.min(), drawn.max()) == (3, 30)
    assert abs(drawn.mean() - 11.8) < 0.1
    assert abs(drawn.std() - 4.0) < 0.1


def test_a_round_of_sentences(sentences, benchmark_module):
    lengths, ends = sentences["lengths"], np.cumsum(sentences["lengths"])
    assert set(lengths) <= set(range(4, 11))
    texts = [sentences["words"][end - length : end] for length, end in zip(lengths, ends, strict=True)]
    assert all(text[-1] == 1 and set(text[:-1]) <= set(range(3, 40)) for text in texts)
    for order in ("bucketed", "random"):
        rows = sentences[order]
        assert rows.shape == (6, 8)
        assert sorted(rows.ravel()) == list(range(48))
        longest = [max(len(texts[row]) for row in batch) for batch in rows]
        share = benchmark_module("webly_sentences").padding(sentences, order)
        assert share == pytest.approx(1 - len(sentences["words"]) / (8 * sum(longest)))
    padding = [benchmark_module("webly_sentences").padding(sentences, order) for order in ("bucketed", "random")]
    assert padding[0] < padding[1]


@needs_torch
def test_the_peer_reads_the_same_sentences(sentences, benchmark_module):
    rows = sentences["random"][2]
    batch = benchmark_module("webly_torch").collate(sentences, rows)
    ends = np.cumsum(sentences["lengths"])
    texts = {
        tuple(sentences["features"][row]): sentences["words"][: ends[row]][-sentences["lengths"][row] :] for row in rows
    }
    assert batch.lengths.tolist() == sorted(batch.lengths.tolist(), reverse=True)
    for features, words, length in zip(batch.features.numpy(), batch.words.numpy(), batch.lengths, strict=True):
        np.testing.assert_array_equal(words[:length], texts.pop(tuple(features)))
        assert not words[length:].any()
    assert not texts


@needs_torch
def test_gates_of_the_peer_stand_in_its_order(benchmark_module):
    reordered = benchmark_module("webly_torch").reordered(np.array([1, 2, 3, 4, 5, 6]))
    np.testing.assert_array_equal(reordered, [3, 4, 1, 2, 5, 6])


SMALL_WEBLY = ("--units", 16, "--dimension", 8, "--features", 12, "--batch", 8, "--steps", 4)


@needs_torch
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("dman_step", ("--features", 32, "--batch", 8)),
        ("webly_step", SMALL_WEBLY),
        ("webly_step", (*SMALL_WEBLY, "--negatives", "sum", "--pooling", "mean")),
        ("webly_step", (*SMALL_WEBLY, "--pooling", "max")),
    ],
)
def test_both_training_steps_have_the_same_losses(name, arguments):
    done = run(FOLDER / f"{name}.py", "--check", "--words", 20, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("same losses of the first steps:")


@needs_torch
def test_the_peer_reads_what_was_written(benchmark_module):
    post = Post(id="a", tags=("snow", "dog"), links=("b", "c"), features=np.arange(6, dtype="float16").reshape(2, 3))
    read = benchmark_module("batches_torch").example_class().FromString(post.to_bytes()).features.feature
    assert list(read["tags"].bytes_list.value) == [b"snow", b"dog"]
    assert list(read["links"].bytes_list.value) == [b"b", b"c"]
    np.testing.assert_array_equal(np.frombuffer(read["image/features"].bytes_list.value[0], "<f2"), np.arange(6))
