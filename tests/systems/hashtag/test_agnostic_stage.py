"""The first stage's losses, as loops over the printed equations."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kerasmm.systems.hashtag.agnostic_stage import tag_logits
from tests.systems.hashtag.world import stages_of


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def test_the_softmax_is_equation_1(world, rng):
    hashtag, model, _, stages = stages_of(world, "network.agnostic=mcll")
    table = rng.normal(size=(6, 8)).astype("float32")
    model.get_layer("agnostic_tags").set_weights([table])
    image, tag = rng.normal(size=(5, 8)).astype("float32"), np.array([0, 5, 2, -1, 2], "int32")
    got = stages[0].objective({"tag": tf.constant(tag)}, {"image": tf.constant(image)})
    wanted = []
    for f, t in zip(image, tag, strict=True):
        if t >= 0:
            exponentials = [np.exp(float(f @ h)) for h in table]
            wanted.append(-np.log(exponentials[t] / sum(exponentials)))
    assert float(got["softmax_loss"]) == pytest.approx(np.mean(wanted), rel=1e-4)


def test_the_sampled_softmax_is_that_of_the_drawn_tags(world, rng):
    """The expected counts of Zipf's law taken off, and what is the true tag itself left out."""
    sampled = 5
    hashtag, model, _, stages = stages_of(world, "network.agnostic=mcll", f"loss.sampled={sampled}")
    table = rng.normal(size=(6, 8)).astype("float32")
    model.get_layer("agnostic_tags").set_weights([table])
    image, tag = rng.normal(size=(4, 8)).astype("float32"), np.array([0, 5, -1, 1], "int32")
    seen = set()
    for seed in rng.integers(0, 1 << 30, (4, 2)):
        draw = tf.constant(seed, tf.int32)
        layer = tag_logits(hashtag, model)
        layer.seed_generator.give(draw)
        drawn = layer.draw().numpy().tolist()
        seen.add(tuple(drawn))

        def corrected(f, c):
            chance = np.log((c + 2) / (c + 1)) / np.log(6 + 1)
            return np.exp(float(f @ table[c]) - np.log(sampled * chance))

        wanted = []
        for f, t in zip(image, tag, strict=True):
            if t >= 0:
                others = [corrected(f, c) for c in drawn if c != t]
                wanted.append(-np.log(corrected(f, t) / (corrected(f, t) + sum(others))))
        targets = {"tag": tf.constant(tag), "draw": tf.tile(draw[None], [4, 1])}
        loss = stages[0].objective(targets, {"image": tf.constant(image)})["softmax_loss"]
        assert float(loss) == pytest.approx(np.mean(wanted), rel=1e-4)
    # Four times the same five of six tags: less than once in 10⁷ (the likeliest such draw has a chance of 0.006).
    assert len(seen) > 1


def test_the_cosine_is_equation_2(world, rng):
    _, model, _, stages = stages_of(world)
    table = rng.normal(size=(6, 8)).astype("float32")
    table[4] = 0
    model.get_layer("agnostic_tags").set_weights([table])
    image = tf.constant(rng.normal(size=(4, 8)).astype("float32"))
    tags = np.array([[0, 1, 5], [2, -1, -1], [-1, -1, -1], [4, -1, -1]], "int32")
    with tf.GradientTape() as tape:
        tape.watch(image)
        loss = stages[0].objective({"tags": tf.constant(tags)}, {"image": image})["cosine_loss"]
    sums = [sum(table[t] for t in row if t >= 0) for row in tags[:2].tolist()]
    cosines = [unit(h) @ unit(f) for h, f in zip(sums, image.numpy()[:2], strict=True)]
    assert float(loss) == pytest.approx(-sum(cosines) / 4, rel=1e-4)
    gradient = tape.gradient(loss, image).numpy()
    assert np.isfinite(gradient).all() and not gradient[2:].any()
    assert not stages[0].model.get_layer("agnostic_tags").trainable
