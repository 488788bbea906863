import math

import numpy as np
import pytest

from kerasmm.console import progress
from kerasmm.tag_vectors import skip_gram
from kerasmm.tag_vectors.contexts import Contexts
from kerasmm.tag_vectors.skip_gram import SkipGram
from tests.tag_vectors.test_cooccurrence import some_posts
from tests.tag_vectors.test_seating import listed


def objective(senses, tags, positives, of_sense, of_tag):
    """The formula, in a loop."""
    found = 0.0
    for s in range(len(senses)):
        for c in range(len(tags)):
            score = sum(float(a) * float(b) for a, b in zip(senses[s], tags[c], strict=True))
            found -= positives[s][c] * math.log1p(math.exp(-score)) + of_sense[s] * of_tag[c] * math.log1p(
                math.exp(score)
            )
    return found


def model(posts, tags, rng, **changes):
    contexts = Contexts.of(posts, tags)
    settings = {"dimension": 4, "negatives": 3.0, "rate": 0.5, **changes}
    sense = contexts.tag * 2 + rng.integers(2, size=len(contexts.tag))
    return SkipGram(contexts, sense, np.repeat(np.arange(tags), 2), **settings, rng=rng)


def test_gradients_are_those_of_the_formula(rng):
    made = model(some_posts(rng), 12, rng)
    batch = made.batch(rng.permutation(len(made.sense))[:20])
    senses, tags = rng.normal(size=(len(batch.senses), 4)), rng.normal(size=(len(batch.tags), 4))
    got = batch.gradients(senses, tags)
    given = batch.positives.toarray().tolist(), *(part.tolist() for part in batch.negatives)
    for vectors, gradients in ((senses, got[0]), (tags, got[1])):
        for place in map(tuple, rng.integers(0, vectors.shape, size=(6, 2))):
            kept, found = vectors[place], []
            for step in (1e-5, -1e-5):
                vectors[place] = kept + step
                found.append(objective(senses, tags, *given))
            vectors[place] = kept
            # Differences of numbers around 1,000 in double precision, and the sums' own float32 weights.
            assert gradients[place] == pytest.approx((found[0] - found[1]) / 2e-5, rel=1e-4, abs=1e-3)


def test_a_batch_counts_what_stands_beside_its_senses(rng):
    made = model(some_posts(rng), 12, rng)
    chosen = rng.permutation(len(made.sense))[:25]
    batch, everybody = made.batch(chosen), listed(made.contexts)
    wanted = np.zeros((24, 12))
    for place in chosen:
        np.add.at(wanted[made.sense[place]], everybody[place][1], 1)
    got = np.zeros((24, 12))
    got[np.ix_(batch.senses, batch.tags)] = batch.positives.toarray()
    np.testing.assert_array_equal(got, wanted)
    assert set(batch.senses) == set(made.sense[chosen])


@pytest.mark.parametrize("drawn", [5, 100])
def test_negatives_come_as_the_noise_says(rng, drawn, monkeypatch):
    """Each sense has k for every tag beside it, in shares of occurrences ** 0.75."""
    monkeypatch.setattr(skip_gram, "DRAWN", drawn)
    made = model(some_posts(rng), 12, rng)
    occurrences = np.bincount(made.contexts.tag, minlength=12) ** 0.75
    everybody, found, rounds = np.arange(len(made.sense)), np.zeros(12), 300 if drawn < 12 else 1
    for _ in range(rounds):
        batch = made.batch(everybody)
        np.testing.assert_allclose(batch.negatives[0], 3 * batch.positives.sum(axis=1))
        found[batch.tags] += batch.negatives[1] / rounds
    # 1,500 draws: six deviations of a share of at most ¼.
    np.testing.assert_allclose(
        found, occurrences / occurrences.sum(), atol=6 * math.sqrt(0.25 * 0.75 / 1_500) if rounds > 1 else 1e-6
    )


def test_training_nears_the_optimum(rng):
    """log σ is largest where v·g = log(n_sc / (k P_sc)) (Levy and Goldberg 2014); vectors as wide as the vocabulary can be that."""
    made = model(some_posts(rng, 300), 12, rng, dimension=12)
    with progress(quiet=True) as bar:
        task = bar.add_task("", note="")
        for _ in range(60):
            made.epoch(64, bar, task)
    batch = made.batch(np.arange(len(made.sense)))
    positives, negatives = batch.positives.toarray(), np.outer(*batch.negatives)
    senses, tags = made.senses[batch.senses], made.tags[batch.tags]

    def worth(scores):
        return -(positives * np.logaddexp(0, -scores) + negatives * np.logaddexp(0, scores)).sum() / positives.sum()

    with np.errstate(divide="ignore"):
        best = worth(np.maximum(np.log(positives / negatives), -30))
    assert worth(0 * senses @ tags.T) < best - 0.5
    assert worth(senses @ tags.T) > best - 0.05
