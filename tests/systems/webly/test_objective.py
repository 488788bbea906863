"""Equations 1 to 4, as loops."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tests.losses.by_loop import bidirectional_ranking
from tests.systems.webly.world import (
    made,
)


def unit(rng, rows):
    vectors = rng.normal(size=(rows, 5))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype("float32")


PICTURES = [1, 2, 1, 3, 4, 4]
"""Rows 0 and 2 show one picture, rows 4 and 5 another."""


TAG_TEXTS = [7, 8, 8, -1, 9, 7]
"""Rows 1 and 2, and 0 and 5, have the same tags; row 3 has none."""


def by_loop(images, others, neither, margin, negatives):
    """Pairs are the diagonal; what `neither` says is no negative of a row is left out of it and of its column."""
    size = len(images)
    truth = [[1 if i == j else -1 if neither(i, j) else 0 for j in range(size)] for i in range(size)]
    similarity = [[float(np.dot(images[i], others[j])) for j in range(size)] for i in range(size)]
    return sum(bidirectional_ranking(margin, negatives)(truth, similarity))


@pytest.mark.parametrize("negatives", ["sum", "hardest"])
@pytest.mark.parametrize("warm", [False, True])
def test_the_objective_is_the_papers_sum(clean, rng, negatives, warm):
    webly, _ = made(clean, f"loss.negatives={negatives}", "loss.margin=0.3")
    outputs = {name: unit(rng, 6) for name in ("image", "sentence", "tags")}
    targets = {"picture": PICTURES, "tag_text": TAG_TEXTS, "hardest": [int(not warm)] * 6}
    got = webly.objective(
        {name: tf.constant(values) for name, values in targets.items()},
        {name: tf.constant(values) for name, values in outputs.items()},
        sentence_weight=0.7,
        tag_weight=2.0,
    )
    which = "sum" if warm else negatives

    def same_picture(i, j):
        return PICTURES[i] == PICTURES[j]

    sentences = by_loop(outputs["image"], outputs["sentence"], same_picture, 0.3, which)
    # Without row 3, which has no tags.
    there = [0, 1, 2, 4, 5]
    tags = by_loop(
        outputs["image"][there],
        outputs["tags"][there],
        lambda i, j: same_picture(there[i], there[j]) or TAG_TEXTS[there[i]] == TAG_TEXTS[there[j]],
        0.3,
        which,
    )
    assert set(got) == {"sentence_loss", "tag_loss"}
    assert float(got["sentence_loss"]) == pytest.approx(0.7 * sentences, rel=1e-4)
    assert float(got["tag_loss"]) == pytest.approx(2.0 * tags, rel=1e-4)
    only = webly.objective(
        {name: tf.constant(values) for name, values in targets.items()}, outputs, sentence_weight=0.0, tag_weight=1.0
    )
    assert set(only) == {"tag_loss"}


def test_a_batch_without_tags_or_of_one_picture_has_no_loss_and_a_gradient_of_zero(clean, rng):
    webly, _ = made(clean)
    outputs = {name: tf.constant(unit(rng, 4)) for name in ("image", "sentence", "tags")}
    for targets in (
        {"picture": [5, 5, 5, 5], "tag_text": [1, 2, 3, 4], "hardest": [1] * 4},
        {"picture": [1, 2, 3, 4], "tag_text": [-1, -1, -1, -1], "hardest": [1] * 4},
    ):
        with tf.GradientTape() as tape:
            tape.watch(outputs)
            weights = (1.0, 1.0) if targets["picture"][0] == 5 else (0.0, 1.0)
            terms = webly.objective({name: tf.constant(v) for name, v in targets.items()}, outputs, *weights)
            total = sum(terms.values())
        assert float(total) == 0.0
        for gradient in tape.gradient(total, list(outputs.values())):
            assert gradient is None or not np.asarray(gradient).any()
