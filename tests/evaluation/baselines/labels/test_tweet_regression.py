import math

import numpy as np
import pytest
from scipy.optimize import minimize

from kerasmm.evaluation.annotation import annotation_figures
from kerasmm.evaluation.baselines.labels import tweet_regression
from kerasmm.evaluation.baselines.labels.tweet_regression import ALWAYS, NEVER, TweetRegression, choose_tweet_regression
from tests.public_class import check_examples

WORDS = ["snow", "ice", "sun", "sand", "rain", "wind", "fog", "sea"]


def drawn(rng, posts=60):
    """Tweets of a few words; label l stands for word l, with exceptions."""
    texts, labels = [], np.zeros((posts, 4), int)
    for post in range(posts):
        chosen = rng.choice(8, rng.integers(1, 6))
        texts.append(" ".join(WORDS[word] for word in chosen))
        labels[post] = [(label in chosen) != (rng.random() < 0.1) for label in range(4)]
    return texts, labels


def inputs_by_loop(texts, known_from, unit=1):
    """TF-IDF of words and pairs that two texts or more have, by its formula."""

    def grams(text):
        words = text.split()
        return words + [" ".join(pair) for pair in zip(words, words[1:], strict=False)]

    own = [grams(text) for text in known_from]
    counts = {gram: sum(gram in one for one in own) for one in own for gram in one}
    known = sorted(gram for gram, count in counts.items() if count >= 2)
    rows = []
    for text in texts:
        values = []
        for gram in known:
            times = grams(text).count(gram)
            idf = 1 + math.log((1 + len(own)) / (1 + counts[gram]))
            values.append((1 + math.log(times)) * idf if times else 0.0)
        length = math.sqrt(sum(value * value for value in values))
        rows.append([value / length if length else 0.0 for value in values])
    return np.array(rows)


def test_scores_minimise_the_objective(rng):
    """Another minimiser, on inputs computed by the formula."""
    texts, labels = drawn(rng)
    unseen = [*drawn(rng, 10)[0], "", "nothing known"]
    got = TweetRegression(strength=3.0).fit(texts, labels).scores(unseen)
    x, z = inputs_by_loop(texts, texts), inputs_by_loop(unseen, texts)
    for label in range(4):
        signs = 2 * labels[:, label] - 1

        def objective(w, signs=signs):
            return (
                0.5 * w[:-1] @ w[:-1]
                + 0.5 * (w[-1] / 10) ** 2
                + 3.0 * np.logaddexp(0, -signs * (x @ w[:-1] + w[-1])).sum()
            )

        w = minimize(objective, np.zeros(x.shape[1] + 1), options={"gtol": 1e-6}).x
        np.testing.assert_allclose(got[:, label], z @ w[:-1] + w[-1], atol=0.01, rtol=0.01)


def test_no_labels_all_labels_and_texts_without_words(rng):
    texts, labels = drawn(rng)
    labels[:, 1], labels[:, 2] = 0, 1
    for row in range(0, 60, 9):
        texts[row] = ""
    got = TweetRegression().fit(texts, labels).scores(["", "🙂", "snow ice", "x" * 5000])
    assert (got[:, 1] == NEVER).all()
    assert (got[:, 2] == ALWAYS).all()
    assert np.isfinite(got).all()
    assert (np.argmax(got, axis=1) == 2).all() and (np.argmin(got, axis=1) == 1).all()
    # What holds no known word is given labels by what the model knows of their frequency.
    assert (got[0] == got[1]).all() and (got[0] == got[3]).all()


@pytest.mark.parametrize("analyser", ["words", "characters"])
def test_without_any_word_scores_are_the_log_odds_of_frequency(analyser):
    labels = np.array([[1, 0], [1, 0], [1, 1], [0, 0]])
    got = TweetRegression(analyser).fit(["", " ", "", "…"], labels).scores(["", "word"])
    np.testing.assert_allclose(got, [[math.log(3), -math.log(3)]] * 2, atol=0.01)


def test_characters_know_parts_of_words():
    texts = ["snowing", "snowy", "sunny", "sunshine"]
    labels = np.array([[1, 0], [1, 0], [0, 1], [0, 1]])
    assert np.argmax(TweetRegression("characters").fit(texts, labels).scores(["snowfall", "sunset"]), 1).tolist() == [
        0,
        1,
    ]


def test_emoji_are_words():
    texts, labels = ["❤️ a b", "❤️ c d", "a c", "b d"], np.array([[1], [1], [0], [0]])
    got = TweetRegression().fit(texts, labels).scores(["❤️", "a"])
    assert got[0, 0] > 0 > got[1, 0]


def test_one_post():
    got = TweetRegression().fit(["snow"], np.array([[1, 0]])).scores(["snow", "sun"])
    assert got.tolist() == [[ALWAYS, NEVER]] * 2


def test_chunks_of_texts_and_memory_maps_change_nothing(rng, monkeypatch, tmp_path):
    texts, labels = drawn(rng)
    wanted = TweetRegression().fit(texts, labels).scores(texts)
    np.save(tmp_path / "labels.npy", labels.astype("uint8"))
    monkeypatch.setattr(tweet_regression, "ROWS", 7)
    got = TweetRegression().fit(texts, np.load(tmp_path / "labels.npy", mmap_mode="r")).scores(texts)
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)
    assert TweetRegression().fit(texts, labels).scores([]).shape == (0, 4)


def test_knows_no_more_features_than_allowed(rng):
    texts, labels = drawn(rng)
    assert TweetRegression(most_features=5).fit(texts, labels).weights.shape == (5, 4)


def test_the_setting_that_ranks_validation_best_is_chosen(rng):
    """Twelve labels, so that R@10 tells settings apart; the choice is the one that a loop over the grid finds."""
    words = [f"word{place}" for place in range(12)]
    chosen = [rng.choice(12, 3, replace=False) for _ in range(90)]
    texts = [" ".join(words[word] for word in one) for one in chosen]
    labels = np.array([[(place in one) != (rng.random() < 0.3) for place in range(12)] for one in chosen])
    grid = [{"strength": strength, "most_features": most} for strength in (1e-3, 1.0, 1e3) for most in (1, 100)]
    best = choose_tweet_regression(texts[:60], labels[:60], texts[60:], labels[60:], grid)
    merits = []
    for setting in grid:
        scores = TweetRegression(**setting).fit(texts[:60], labels[:60]).scores(texts[60:])
        figures = annotation_figures(labels[60:], scores)
        merits.append((-figures["R@10"], figures["coverage"]))
    wanted = grid[merits.index(min(merits))]
    assert (best.strength, best.most_features) == (wanted["strength"], wanted["most_features"])


def test_coverage_breaks_ties_and_without_labels_the_first_setting_is_taken(rng):
    """Four labels: R@10 is 1 for all. One word is not enough to tell them apart."""
    texts, labels = drawn(rng, 120)
    grid = ({"most_features": 1}, {"most_features": 100})
    assert choose_tweet_regression(texts[:90], labels[:90], texts[90:], labels[90:], grid).most_features == 100
    for posts in (30, 0):
        none = np.zeros((posts, 4))
        assert choose_tweet_regression(texts, labels, texts[:posts], none, grid).most_features == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"analyser": "letters"}, r"`analyser` must be one of \('words', 'characters'\). Received: analyser='letters'"),
        ({"strength": 0.0}, "`strength` must be positive. Received: strength=0.0"),
        ({"strength": float("nan")}, "`strength` must be positive. Received: strength=nan"),
        ({"most_features": 0}, "`most_features` must be positive. Received: most_features=0"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        TweetRegression(**arguments)


def test_wrong_posts():
    for texts, labels in ((["a"], np.zeros((2, 3))), ([], np.zeros((0, 3))), (["a"], np.zeros(1))):
        with pytest.raises(ValueError, match="`labels` must have shape"):
            TweetRegression().fit(texts, labels)
    with pytest.raises(ValueError, match="`grid` must hold a setting"):
        choose_tweet_regression(["a"], np.ones((1, 1)), [], np.ones((0, 1)), ())


def test_example():
    check_examples(TweetRegression)
