"""The second stage's loss, as a loop over triplets."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kerasmm.models import hashtag_part
from tests.systems.hashtag.world import stages_of


@pytest.mark.parametrize("kind", ["tensor", "mlp"])
def test_the_loss_is_of_every_triplets_score(world, rng, kind):
    """One unobserved candidate an axis, so that nothing is left to chance: each of its two hinges is the same."""
    _, model, dataset, stages = stages_of(world, f"network.user_model={kind}", "training.batch_size=3")
    model.set_weights([rng.normal(scale=0.4, size=w.shape).astype("float32") for w in model.get_weights()])
    inputs = {
        "features": rng.normal(size=(3, 6)).astype("float32"),
        "tag": np.array([0, 3, 5], "int32"),
        "user": np.array([4, -1, 2], "int32"),
    }
    truth = np.full((3, 3, 3), -1.0, "float32")
    other = rng.integers(1, 3, (3, 3))
    for row, axis in np.ndindex(3, 3):
        truth[row, axis, row] = 1
        truth[row, axis, (row + other[row, axis]) % 3] = 0
    outputs = stages[1].model(inputs)
    got = stages[1].objective({"truth": tf.constant(truth), "draw": tf.constant([[3, 4]] * 3)}, outputs)

    image = np.asarray(hashtag_part(model, "image")({"features": inputs["features"]})["image"], "float64")
    tag = np.asarray(model.get_layer("tags").embeddings, "float64")[inputs["tag"]]
    everyone = np.asarray(model.get_layer("users").embeddings, "float64")
    user = np.stack([everyone[4], everyone.mean(0), everyone[2]])

    def score(i, t, u):
        if kind == "tensor":
            kernel = np.asarray(model.get_layer("tensor").kernel, "float64")
            return np.einsum("dfe,d,f,e->", kernel, tag[t], image[i], user[u])
        hidden = np.concatenate([one / np.sqrt(np.mean(one**2) + 1e-6) for one in (tag[t], image[i], user[u])])
        mlp = model.get_layer("mlp")
        for kernel, bias in zip(mlp.kernels[:-1], mlp.biases[:-1], strict=True):
            hidden = np.maximum(hidden @ np.asarray(kernel, "float64") + np.asarray(bias), 0)
        return float((hidden @ np.asarray(mlp.kernels[-1], "float64") + np.asarray(mlp.biases[-1]))[0])

    total = 0.0
    for row in range(3):
        for axis in range(3):
            another = (row + other[row, axis]) % 3
            parts = [another if place == axis else row for place in range(3)]
            total += 2 * max(0.0, 1 + score(*parts) - score(row, row, row))
    assert float(got["triplet_loss"]) == pytest.approx(total / 3, rel=1e-3)
