"""Logistic regression from the words of a tweet to its labels: what a model of pictures and tweets must beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from kerasmm.console import progress
from kerasmm.evaluation.annotation import annotation_figures
from kerasmm.evaluation.baselines.labels.frequency import label_counts
from kerasmm.evaluation.baselines.labels.label_baseline import LabelBaseline, check_posts

_ANALYSERS: dict[str, dict[str, Any]] = {
    # A word, perhaps with an apostrophe inside, or one symbol: emoji say much in tweets.
    "words": {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"\w+(?:['’]\w+)*|[^\w\s\x00-\x7f]"},
    "characters": {"analyzer": "char_wb", "ngram_range": (2, 5)},
}
NEVER, ALWAYS = float(np.finfo("float32").min), float(np.finfo("float32").max)
INTERCEPT_SCALING = 10.0
ROWS = 4096


class TweetRegression(LabelBaseline):
    """One logistic regression a label, from TF-IDF of the tweet's words and pairs of words, or of its character n-grams.

    Formula, with n_g the number of times that an n-gram stands in a tweet, and N_g of the N training tweets having it; x
    is scaled to length 1, and y_il = ±1:

        x_g ∝ (1 + ln n_g) (1 + ln((1 + N) / (1 + N_g)))        score_l(x) = w_lᵀ x + b_l
        min ½ ‖w_l‖² + ½ (b_l / 10)² + c Σ_i ln(1 + exp(-y_il score_l(x_i)))

    The intercept is hardly held back, so a tweet without any known n-gram is given the labels by their frequency. A label
    that no training post has scores `NEVER`, one that all have `ALWAYS`. Known are n-grams that two training tweets or
    more have, the `most_features` commonest of them.

    Costs K solutions by liblinear, whose tolerance goes with how rare a label is, each linear in the n-grams of all posts:
    some 0.1 s a label for 20,000 tweets of twenty words. The weights take 4 K `most_features` bytes.

    Args:
        analyser: `"words"`, one and two together; or `"characters"`, two to five within a word.
        strength: c, positive: the larger, the less the weights are held back.
        most_features: How many n-grams are known at most.
        quiet: No progress bar.

    Raises:
        ValueError: For another analyser, or numbers that aren't positive.

    Example:

    >>> texts = ["snow and ice", "ice on snow", "sun on sand", "warm sand and sun"]
    >>> labels = np.array([[1, 0], [1, 0], [0, 1], [0, 1]])
    >>> (TweetRegression().fit(texts, labels).scores(["deep snow"]) > 0).tolist()
    [[True, False]]
    """

    grid: ClassVar[tuple[dict[str, Any], ...]] = tuple(
        {"analyser": analyser, "strength": strength} for analyser in _ANALYSERS for strength in (1.0, 10.0, 100.0)
    )
    """Settings to choose from on validation; see `choose_tweet_regression`."""

    def __init__(
        self, analyser: str = "words", strength: float = 10.0, most_features: int = 20_000, quiet: bool = True
    ) -> None:
        if analyser not in _ANALYSERS:
            raise ValueError(f"`analyser` must be one of {tuple(_ANALYSERS)}. Received: analyser={analyser!r}")
        if not 0.0 < strength < np.inf:
            raise ValueError(f"`strength` must be positive. Received: strength={strength}")
        if most_features < 1:
            raise ValueError(f"`most_features` must be positive. Received: most_features={most_features}")
        self.analyser, self.strength, self.most_features, self.quiet = analyser, strength, most_features, quiet

    def fit(self, texts: Sequence[str], labels: np.ndarray) -> Self:
        check_posts(texts, labels)
        inputs = self._learn_inputs(texts)
        posts = label_counts(labels)
        self.weights = np.zeros((inputs.shape[1], labels.shape[1]), "float32")
        self.intercepts = np.where(posts > 0, ALWAYS, NEVER).astype("float32")
        learnt = np.flatnonzero((posts > 0) & (posts < len(texts)))
        with progress(self.quiet) as bar:
            task = bar.add_task(f"regression, {self.analyser}, {self.strength:g}", total=len(learnt), note="")
            for label in learnt:
                model = LogisticRegression(
                    C=self.strength, solver="liblinear", intercept_scaling=INTERCEPT_SCALING, max_iter=1000
                )
                model.fit(inputs, np.asarray(labels[:, label]) > 0)
                self.weights[:, label], self.intercepts[label] = model.coef_[0], model.intercept_[0]
                bar.advance(task)
        return self

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Scores `(m, K)` of tweets, float32: the log-odds of each label."""
        out = np.empty((len(texts), len(self.intercepts)), "float32")
        for start in range(0, len(texts), ROWS):
            out[start : start + ROWS] = self._inputs(texts[start : start + ROWS]) @ self.weights + self.intercepts
        return out

    def _learn_inputs(self, texts: Sequence[str]) -> csr_matrix:
        self._vectoriser: TfidfVectorizer | None = TfidfVectorizer(
            **_ANALYSERS[self.analyser],
            sublinear_tf=True,
            min_df=min(2, len(texts)),
            max_features=self.most_features,
        )
        try:
            return self._vectoriser.fit_transform(texts)
        except ValueError:
            # No n-gram that two tweets have: nothing can be learnt but how frequent labels are.
            self._vectoriser = None
            return self._inputs(texts)

    def _inputs(self, texts: Sequence[str]) -> csr_matrix:
        if self._vectoriser is None:
            return csr_matrix((len(texts), 1))
        return self._vectoriser.transform(texts)


def choose_tweet_regression(
    texts: Sequence[str],
    labels: np.ndarray,
    validation_texts: Sequence[str],
    validation_labels: np.ndarray,
    grid: Sequence[dict[str, Any]] = TweetRegression.grid,
    quiet: bool = True,
) -> TweetRegression:
    """The regression, fitted to the training posts, whose setting does best on the validation posts.

    Best is the largest R@10, then the smallest coverage, then the setting that comes first; without a validation post
    that has a label, the first.

    Args:
        texts: n tweets of the training posts.
        labels: `(n, K)` multi-hot.
        validation_texts: m tweets.
        validation_labels: `(m, K)`.
        grid: Settings, one or more.
        quiet: No progress bar.

    Raises:
        ValueError: Without a setting; else as `TweetRegression`.
    """
    best: tuple[tuple[float, float], TweetRegression] | None = None
    for setting in grid:
        model = TweetRegression(**setting, quiet=quiet).fit(texts, labels)
        figures = annotation_figures(validation_labels, model.scores(validation_texts), (10,))
        merit = (figures.get("R@10", 0.0), -figures.get("coverage", 0.0))
        if best is None or merit > best[0]:
            best = merit, model
    if best is None:
        raise ValueError("`grid` must hold a setting. Received: none")
    return best[1]
