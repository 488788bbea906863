import numpy as np
import pytest
import tensorflow as tf

from kerasmm.serving.indexes.exact import ExactIndex
from tests.peak_memory import growth, in_own_process


def by_argsort(vectors, ids, queries, k):
    """Every score at once; ties by the lower row, because the sort is stable."""
    scores = queries @ vectors.T
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.array(ids, object)[best], np.take_along_axis(scores, best, axis=1)


@pytest.mark.parametrize("case", range(40))
def test_finds_what_argsort_finds(rng, case):
    rows, width, count = rng.integers(1, 40), rng.integers(1, 5), rng.integers(1, 6)
    chunk = int(rng.choice([1, 3, rows, rows + 5, max(rows - 1, 1)]))
    # Small whole numbers: inner products are exact and often equal.
    vectors = rng.integers(-2, 3, (rows, width)).astype("float32")
    queries = rng.integers(-2, 3, (count, width)).astype("float32")
    wanted = rng.integers(-1, rows + 4, count).astype("int32")
    ids = [f"é{number}" for number in rng.permutation(rows)]
    k = int(np.clip(wanted.max(), 1, rows))
    want_ids, want_scores = by_argsort(vectors, ids, queries, k)
    index = ExactIndex(vectors, ids, chunk)
    search = index.search if case % 2 else tf.function(index.search)
    found = search(tf.constant(queries), tf.constant(wanted))
    assert found["ids"].shape == found["scores"].shape == (count, k)
    decoded = np.vectorize(bytes.decode, otypes=[object])(found["ids"].numpy())
    # A row has as many as it wants, and nothing behind them.
    for row, own in enumerate(np.clip(wanted, 0, rows)):
        assert found["scores"][row].numpy().tolist() == [*want_scores[row, :own], *[0.0] * (k - own)]
        assert decoded[row].tolist() == [*want_ids[row, :own], *[""] * (k - own)]


def test_real_valued_vectors_in_several_chunks(rng):
    vectors, queries = rng.normal(size=(1000, 16)), rng.normal(size=(8, 16))
    ids = [str(number) for number in range(1000)]
    want_ids, want_scores = by_argsort(vectors, ids, queries, 25)
    found = ExactIndex(vectors, ids, chunk=128).search(tf.constant(queries), tf.fill((8,), 25))
    np.testing.assert_allclose(found["scores"], want_scores, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(found["ids"].numpy().astype(str), want_ids.astype(str))


@pytest.mark.parametrize("case", range(12))
def test_other_rankings_are_those_of_a_loop(rng, case):
    rows, count = int(rng.integers(1, 40)), int(rng.integers(1, 4))
    # Whole numbers and powers of two: products are exact and often equal.
    vectors, queries = (
        rng.integers(-2, 3, (rows, 3)).astype("float32"),
        rng.integers(-2, 3, (count, 3)).astype("float32"),
    )
    scales = 2.0 ** rng.integers(-1, 3, rows)
    wanted = rng.integers(1, rows + 2, count).astype("int32")
    index = ExactIndex(vectors, [str(row) for row in range(rows)], chunk=7, scales=scales)
    for ranking in ("scaled", "rank_sum"):
        search = index.search if case % 2 else tf.function(index.search)
        found = search(tf.constant(queries), tf.constant(wanted), ranking)
        for row, query in enumerate(queries):
            inner = [float(vector @ query) for vector in vectors]
            scaled = [scale * one for scale, one in zip(scales, inner, strict=True)]
            score = scaled
            if ranking == "rank_sum":
                orders = [sorted(range(rows), key=lambda place, s=s: -s[place]) for s in (inner, scaled)]
                score = [1 - sum(order.index(place) for order in orders) / (2 * rows) for place in range(rows)]
            best = sorted(range(rows), key=lambda place, s=score: -s[place])[: wanted[row]]
            assert [int(one) for one in found["ids"][row].numpy() if one] == best
            np.testing.assert_allclose(found["scores"][row][: len(best)], [score[place] for place in best], rtol=1e-6)
        empty = search(tf.zeros((0, 3)), tf.zeros((0,), tf.int32), ranking)
        assert empty["ids"].shape[0] == empty["scores"].shape[0] == 0


def test_a_ranking_needs_what_it_ranks_by():
    with pytest.raises(ValueError, match="`ranking` must be one of .* Received: ranking='scaled'"):
        ExactIndex(np.eye(2), ["a", "b"]).search(tf.eye(2), tf.constant([1, 1]), "scaled")
    with pytest.raises(ValueError, match="`scales` must be 2 finite numbers"):
        ExactIndex(np.eye(2), ["a", "b"], scales=np.array([1.0, np.nan]))


def test_texts_come_with_their_rows(rng):
    vectors, queries = rng.normal(size=(60, 4)), rng.normal(size=(5, 4))
    ids = [f"p#{number}" for number in range(60)]
    # Many rows say the same.
    texts = [f"é {number % 7}" * (number % 3) for number in range(60)]
    want_ids, _ = by_argsort(vectors, ids, queries, 9)
    index = ExactIndex(vectors, ids, chunk=16, texts=[text.encode() for text in texts])
    found = tf.function(index.search)(tf.constant(queries), tf.fill((5,), 9))
    np.testing.assert_array_equal(found["ids"].numpy().astype(str), want_ids.astype(str))
    said = dict(zip(ids, texts, strict=True))
    got = [[text.decode() for text in row] for row in found["texts"].numpy()]
    assert got == [[said[row_id] for row_id in row] for row in want_ids]
    fewer = index.search(tf.constant(queries[:2]), tf.constant([1, 2]))["texts"].numpy()
    assert [[text.decode() for text in row] for row in fewer] == [[got[0][0], ""], got[1][:2]]
    assert "texts" not in ExactIndex(vectors, ids).search(tf.constant(queries), tf.fill((5,), 1))
    with pytest.raises(ValueError, match="`texts` must be as many as `ids`. Received: 1 for 60 ids"):
        ExactIndex(vectors, ids, texts=[b"x"])


def test_empty_batch():
    index = ExactIndex(np.eye(3), ["a", "b", "c"])
    for search in (index.search, tf.function(index.search)):
        found = search(tf.zeros((0, 3)), tf.zeros((0,), tf.int32))
        assert found["ids"].shape[0] == found["scores"].shape[0] == 0


def test_a_row_that_is_not_finite_disturbs_no_other(rng):
    vectors = rng.normal(size=(50, 4)).astype("float32")
    ids = [str(number) for number in range(50)]
    index = ExactIndex(vectors, ids, chunk=8)
    queries = rng.normal(size=(3, 4)).astype("float32")
    want_ids, _ = by_argsort(vectors, ids, queries, 6)
    queries[1] = [np.nan, np.inf, -np.inf, 0]
    found = index.search(tf.constant(queries), tf.fill((3,), 6))
    np.testing.assert_array_equal(found["ids"].numpy()[[0, 2]].astype(str), want_ids[[0, 2]].astype(str))
    assert np.isfinite(found["scores"]).all()


def memory_of_searching():
    """MiB that 512 queries take among 200,000 rows, in chunks and all at once."""
    rng = np.random.default_rng()
    vectors, ids = rng.normal(size=(200_000, 2)).astype("float32"), [str(number) for number in range(200_000)]
    queries, found = tf.constant(rng.normal(size=(512, 2)).astype("float32")), {}
    for chunk in (2048, 200_000):
        search = tf.function(ExactIndex(vectors, ids, chunk).search)
        search(queries[:1], tf.constant([3]))
        results = []
        found[str(chunk)] = growth(lambda s=search, kept=results: kept.append(s(queries, tf.fill((512,), 3))))
        assert results[0]["ids"].shape == (512, 3)
    return found


def test_memory_does_not_hold_all_scores():
    taken = in_own_process(memory_of_searching)
    assert taken["2048"] < 150
    # All scores take 410 MB, which shows here, and sorting them more.
    assert taken["200000"] > 380


@pytest.mark.parametrize(
    ("vectors", "ids", "chunk", "message"),
    [
        (np.zeros((0, 3)), [], 4, r"shape \(0, 3\)"),
        (np.zeros(3), ["a", "b", "c"], 4, r"shape \(3,\)"),
        (np.zeros((2, 3)), ["a"], 4, "Received: 1, 1 different"),
        (np.zeros((2, 3)), ["a", "a"], 4, "Received: 2, 1 different"),
        (np.array([[0.0, np.nan]]), ["a"], 4, "1 values"),
        (np.zeros((1, 3)), ["a"], 0, "chunk=0"),
    ],
)
def test_says_what_was_wrong(vectors, ids, chunk, message):
    with pytest.raises(ValueError, match=message):
        ExactIndex(vectors, ids, chunk)


@pytest.mark.parametrize("ranking", ["inner", "scaled", "rank_sum"])
def test_no_question_gets_more_than_the_command_line_may_ask(rng, ranking):
    # More rows than the 1,000 that docs/serving.md promises, in several chunks.
    vectors = rng.normal(size=(1500, 2)).astype("float32")
    index = ExactIndex(vectors, [str(row) for row in range(1500)], chunk=400, scales=np.ones(1500, "float32"))
    asked = tf.constant([2**31 - 1, 3, -(2**31)], tf.int32)
    found = tf.function(index.search)(tf.constant(vectors[:3]), asked, ranking)
    assert found["ids"].shape == found["scores"].shape == (3, 1000)
    assert [int((row != b"").sum()) for row in found["ids"].numpy()] == [1000, 3, 0]
    if ranking == "inner":
        best = np.argsort(-(vectors[0].astype("float64") @ vectors.T.astype("float64")), kind="stable")
        assert found["ids"][0, 0].numpy().decode() == str(best[0])
