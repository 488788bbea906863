"""Vectors of tags that may have several senses, by the Chinese restaurant process and skip-gram."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

from kerasmm.console import progress
from kerasmm.tag_vectors.contexts import Contexts
from kerasmm.tag_vectors.flat_posts import Post
from kerasmm.tag_vectors.seating import Restaurant
from kerasmm.tag_vectors.skip_gram import SkipGram

MOST = 127


@dataclasses.dataclass(frozen=True)
class MultiSenseVectors:
    """Global vectors of tags, and those of their senses.

    Args:
        vectors: `(tags, dimension)` float32, a tag's global vector; zeros for a tag that no post has beside another one.
        sense_vectors: `(all senses, dimension)` float32, tag after tag, each tag's largest sense first.
        occurrences: `(all senses,)`, how many posts have the tag in that sense, beside another tag.
        number: `(tags,)`, how many senses each tag has; none where its vector is zeros.
    """

    vectors: np.ndarray
    sense_vectors: np.ndarray
    occurrences: np.ndarray
    number: np.ndarray

    def senses(self, tag: int) -> np.ndarray:
        """Vectors `(number[tag], dimension)` of a tag's senses, the most frequent one first."""
        return self.sense_vectors[self._of(tag)]

    def shares(self, tag: int) -> np.ndarray:
        """Shares `(number[tag],)` of a tag's senses, which sum to one."""
        occurrences = self.occurrences[self._of(tag)]
        return occurrences / max(occurrences.sum(), 1)

    def _of(self, tag: int) -> slice:
        if not 0 <= tag < len(self.number):
            raise IndexError(f"`tag` must be from 0 to {len(self.number) - 1}. Received: tag={tag}")
        start = int(self.number[:tag].sum())
        return slice(start, start + int(self.number[tag]))


def multi_sense_vectors(
    posts: Iterable[Post],
    tags: int,
    dimension: int = 300,
    *,
    gamma: float = 1.0,
    beta: float = 150.0,
    most_senses: int = 5,
    least_share: float = 0.05,
    fewest: int = 10,
    sweeps: int = 8,
    restarts: int = 3,
    negatives: float = 5.0,
    epochs: int = 10,
    batch: int = 1024,
    rate: float = 1.0,
    seed: int = 0,
    quiet: bool = True,
) -> MultiSenseVectors:
    """Vectors of tags, learnt with as many senses as their contexts speak for; a tag's context is the other tags of its post.

    First every occurrence of a tag gets a sense by the Chinese restaurant process, see `Restaurant`:

        P(z | context) ∝ N_z Π_{c ∈ context} P(c | z), a new sense ∝ γ Π_{c ∈ context} P(c)

    then skip-gram with negative sampling has the vector v_z of the sense foretell the global vectors g_c of its context:

        max Σ_{occurrences} Σ_{c ∈ context} log σ(v_z · g_c) + k E_{n ~ P^¾} log σ(-v_z · g_n)

    Returned are g_c less their mean over all occurrences. Negative sampling pushes all g_c to one side; what they share says
    nothing of a tag, but makes the sum of a post's vectors point at it (Mu and Viswanath 2018). Of MovieLens' taggings, where
    most posts have one tag, a ridge regression of features on such sums then had a right tag among ten for 17 % of posts, 1 %
    with the mean left in.

    **Differs from Li and Jurafsky** in what P(c | z) is. Their published code takes a sigmoid of the product of two means of
    context vectors, in turn with the training of vectors. It lies in a narrow range, so that the numbers of customers
    decide, which hundreds of millions of words make up for. Here P(c | z) are the table's own counts, with β contexts of
    anybody in advance, which has a few hundred occurrences tell whether a tag has two senses. So senses don't depend on how
    far vectors are trained, and what stands beside a tag must be the very same tags to speak for one sense, not only
    similar ones.

    Seen in 50 worlds of the source `shapes`, 3,000 posts each: its planted tag `cool`, which each of three groups uses for
    something else, came out with two senses in 45 and three in 5; the groups' own words with one in all; of the other tags,
    most of which two or three groups use, 6 on average and 14 at most with two.

    A sense is a group of contexts that differs from the tag's others: besides meanings these may be circles of users
    with words of their own.

    Cost: posts are read once and held: 13 bytes an occurrence, 4 for each pair of tags in each post, 24 + 4 `most_senses`
    for each different pair. Time is O(P `most_senses`) a sweep for P pairs in posts, `restarts` (`sweeps` + 1) of them;
    training O(`epochs` P `dimension`), and O(512 `dimension`) for each sense of a batch.

    Args:
        posts: Tag ids of each post, from 0 to `tags` - 1; read once. A tag that a post has twice counts once.
        tags: Size of the vocabulary.
        dimension: Of the vectors.
        gamma: γ, positive: how readily a new sense is opened.
        beta: β, positive: the larger, the more occurrences it takes to find a sense.
        most_senses: Of a tag, up to 127.
        least_share: A sense with a smaller share of its tag's occurrences is none,
        fewest: and neither is one with fewer occurrences.
        sweeps: How often all senses are drawn anew before what is left is merged.
        restarts: Of each tag the most probable senses of so many tries are kept.
        negatives: k.
        epochs: Of skip-gram.
        batch: Occurrences in a step.
        rate: Length of a vector's first step; see `SkipGram`.
        seed: The same seed gives the same vectors.
        quiet: No progress bar.

    Raises:
        ValueError: For ids that aren't in the vocabulary, or settings out of their range.

    Example:

    >>> posts = [[0, 1, 2], [0, 3, 4]] * 200  # 0 stands with 1 and 2, or with 3 and 4
    >>> found = multi_sense_vectors(posts, tags=6, dimension=8, beta=10.0)
    >>> found.vectors.shape, found.number.tolist(), found.senses(0).shape, found.shares(0).tolist()
    ((6, 8), [2, 1, 1, 1, 1, 0], (2, 8), [0.5, 0.5])

    Reference:

    - Li and Jurafsky (2015), [Do Multi-Sense Embeddings Improve Natural Language Understanding?](
      https://arxiv.org/abs/1506.01070)
    - Mu and Viswanath (2018), [All-but-the-Top: Simple and Effective Postprocessing for Word Representations](
      https://arxiv.org/abs/1702.01417)
    """
    for name, value in (
        ("dimension", dimension),
        ("fewest", fewest),
        ("sweeps", sweeps),
        ("restarts", restarts),
        ("epochs", epochs),
        ("batch", batch),
        ("gamma", gamma),
        ("beta", beta),
        ("negatives", negatives),
        ("rate", rate),
    ):
        if not 0 < value < np.inf:
            raise ValueError(f"`{name}` must be positive. Received: {name}={value}")
    if not 1 <= most_senses <= MOST:
        raise ValueError(f"`most_senses` must be from 1 to {MOST}. Received: most_senses={most_senses}")
    if not 0 <= least_share <= 1:
        raise ValueError(f"`least_share` must be from 0 to 1. Received: least_share={least_share}")
    rng = np.random.default_rng(seed)
    contexts = Contexts.of(posts, tags, quiet)
    restaurant = Restaurant(gamma, beta, most_senses, least_share, fewest, sweeps, restarts)
    with progress(quiet) as bar:
        task = bar.add_task("senses", total=restarts * (sweeps + 1), note="")
        table = restaurant.seat(contexts, rng, bar, task)
        occurrences = np.zeros((tags, most_senses), "int64")
        np.add.at(occurrences, (contexts.tag, table), 1)
        number = (occurrences > 0).sum(axis=1)
        sense = (np.cumsum(number) - number)[contexts.tag] + table
        model = SkipGram(contexts, sense, np.repeat(np.arange(tags), number), dimension, negatives, rate, rng)
        task = bar.add_task("skip-gram", total=epochs * -(-len(sense) // batch), note="")
        for _ in range(epochs):
            model.epoch(batch, bar, task)
    weights = contexts.occurrences() / max(len(contexts.tag), 1)
    vectors = np.where(number[:, None] > 0, model.tags - weights @ model.tags, 0).astype("float32")
    return MultiSenseVectors(vectors, model.senses, occurrences[occurrences > 0], number)
