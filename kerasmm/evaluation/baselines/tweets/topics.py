"""Topics of tweets by latent Dirichlet allocation: the text of CCA-LDA."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np
import tensorflow as tf
from gensim.corpora import Dictionary
from gensim.models import LdaModel

from kerasmm.text import split_words

ROWS = 4096


class Topics:
    """Shares of topics in a text (section 5.2.3): LDA by online variational Bayes.

    Words are those of `kerasmm.text.split_words`. Very rare ones, and those in so many posts that they tell none apart,
    are left out. Training reads the posts `passes` times.

    Args:
        topics: How many; the paper's are 50.
        seed: Of the topics that learning starts from.
        fewest: A word must stand in so many training posts.
        largest_share: And in no larger share of them: in short texts a tenth leaves out what only joins words.
        most_words: Of these, so many are known, the commonest.
        passes: Over the training posts.

    Raises:
        ValueError: For numbers that aren't positive.

    Example:

    >>> model = Topics(topics=2, largest_share=0.5).fit(["snow ice snow", "sun sand sun", "ice snow ice", "sand sun sand"])
    >>> snow, ice, sun, unknown = model.transform(["snow", "ice", "sun", "something else"])
    >>> bool(snow.argmax() == ice.argmax() != sun.argmax()), unknown.tolist()
    (True, [0.5, 0.5])

    Reference:
        Blei, Ng and Jordan (2003), "Latent Dirichlet allocation"; Hoffman, Blei and Bach (2010), "Online learning for
        latent Dirichlet allocation".
    """

    def __init__(
        self,
        topics: int = 50,
        seed: int = 0,
        fewest: int = 2,
        largest_share: float = 0.1,
        most_words: int = 20_000,
        passes: int = 10,
    ) -> None:
        for name, value in {
            "topics": topics,
            "fewest": fewest,
            "largest_share": largest_share,
            "most_words": most_words,
            "passes": passes,
        }.items():
            if not value > 0:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}")
        self.topics, self.seed, self.passes = topics, seed, passes
        self.fewest, self.largest_share, self.most_words = fewest, largest_share, most_words

    def fit(self, texts: Sequence[str]) -> Self:
        """Learns the topics of training posts."""
        self._words = Dictionary(_words(texts))
        self._words.filter_extremes(self.fewest, self.largest_share, self.most_words)
        # Without a known word there is nothing to learn, and all texts are alike.
        self._model = self._learn(texts) if len(self._words) else None
        return self

    def transform(self, texts: Sequence[str]) -> np.ndarray:
        """Shares `(n, topics)`, float32, that sum to one; of a text without a known word they are equal."""
        shares = np.ones((len(texts), self.topics), "float32")
        if self._model is not None:
            for start in range(0, len(texts), ROWS):
                shares[start : start + ROWS], _ = self._model.inference(self._bags(texts[start : start + ROWS]))
        return shares / shares.sum(axis=1, keepdims=True)

    def _learn(self, texts: Sequence[str]) -> LdaModel:
        model = LdaModel(
            self._bags(texts),
            num_topics=self.topics,
            id2word=self._words,
            passes=self.passes,
            random_state=self.seed,
            eval_every=None,
        )
        model.random_state = _EvenStart()
        return model

    def _bags(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        return [self._words.doc2bow(words) for words in _words(texts)]


class _EvenStart:
    """In place of the random numbers that inference starts from: the shares of a text depend on that text alone."""

    def gamma(self, shape: float, scale: float, size: tuple[int, int]) -> np.ndarray:
        return np.full(size, shape * scale)


def _words(texts: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(texts), ROWS):
        # A string that isn't valid Unicode is a text too; its stray bytes are no words.
        raw = [text.encode("utf-8", "replace") for text in texts[start : start + ROWS]]
        for words in split_words(tf.constant(raw, tf.string)).to_list():
            yield [word.decode("utf-8", "replace") for word in words]
