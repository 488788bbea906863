"""The three-way tensor as one writes it down in TensorFlow: scores by three readings of equations 3 to 5, and a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import tensorflow as tf

if TYPE_CHECKING:
    from three_way_tensor import Arrays

TRIPLETS = 256
"""How many triplets go into one product."""

Work = Callable[[], Any]


def einsum(given: Arrays) -> Work:
    """Equation 3 in one call; TensorFlow chooses in which order it contracts."""

    @tf.function(autograph=False)
    def scores(tensor: tf.Tensor, tags: tf.Tensor, images: tf.Tensor, users: tf.Tensor) -> tf.Tensor:
        return tf.einsum("dfe,kd,bf,be->bk", tensor, tags, images, users)

    constants = [tf.constant(given[name]) for name in ("tensor", "tags", "images", "users")]
    return lambda: scores(*constants)


def rows(given: Arrays) -> Work:
    """Equations 4 and 5 for one user and image after the other: a matrix of the user, its product with the image, the tags'."""

    @tf.function(autograph=False)
    def of_row(tensor: tf.Tensor, tags: tf.Tensor, image: tf.Tensor, user: tf.Tensor) -> tf.Tensor:
        return tf.linalg.matvec(tags, tf.linalg.matvec(tf.linalg.matvec(tensor, user), image))

    tensor, tags = tf.constant(given["tensor"]), tf.constant(given["tags"])
    pairs = list(zip(tf.unstack(given["images"]), tf.unstack(given["users"]), strict=True))
    return lambda: tf.stack([of_row(tensor, tags, image, user) for image, user in pairs])


def triplets(given: Arrays) -> Work:
    """Equation 3 of each triplet, as a function of triplets has it: nothing is known of what they share."""

    @tf.function(autograph=False)
    def of_triplets(tensor: tf.Tensor, tags: tf.Tensor, images: tf.Tensor, users: tf.Tensor) -> tf.Tensor:
        return tf.einsum("dfe,nd,nf,ne->n", tensor, tags, images, users)

    tensor, images, users = (tf.constant(given[name]) for name in ("tensor", "images", "users"))

    def scores() -> tf.Tensor:
        columns = []
        for tag in tf.unstack(tf.constant(given["tags"])):
            parts = []
            for start in range(0, len(images), TRIPLETS):
                few = images[start : start + TRIPLETS], users[start : start + TRIPLETS]
                parts.append(of_triplets(tensor, tf.broadcast_to(tag, (len(few[0]), len(tag))), *few))
            columns.append(tf.concat(parts, 0))
        return tf.stack(columns, 1)

    return scores


def matrices(given: Arrays) -> Work:
    """A training step: the users' matrices of equation 4, scores along three axes, six hinges a row, gradients."""
    variables = [tf.Variable(given[name]) for name in ("tensor", "tags", "images", "users")]
    y_true = tf.constant(given["y_true"])

    @tf.function(autograph=False)
    def step() -> tuple[tf.Tensor, list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            tensor, tags, images, users = variables
            of_user = tf.einsum("dfe,be->bdf", tensor, users)
            queries = (
                (tf.einsum("bdf,bd->bf", of_user, tags), images),
                (tf.einsum("bdf,bf->bd", of_user, images), tags),
                (tf.einsum("dfe,bd,bf->be", tensor, tags, images), users),
            )
            scores = tf.stack([tf.matmul(query, others, transpose_b=True) for query, others in queries], 1)
            value = tf.reduce_mean(_six_hinges(y_true, scores))
        return value, tape.gradient(value, variables)

    return step


def _six_hinges(y_true: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
    negative = y_true == 0
    itself = tf.reduce_sum(tf.where(y_true == 1, scores, 0.0), 2)
    hardest = tf.reduce_max(tf.where(negative, scores, -1e9), 2)
    chances = tf.reshape(tf.where(negative, 0.0, -1e9), (-1, y_true.shape[2]))
    drawn = tf.reshape(tf.random.categorical(chances, 1), (-1, 3))
    drawn = tf.gather(scores, drawn, axis=2, batch_dims=2)
    return tf.reduce_sum(tf.nn.relu(1.0 + hardest - itself) + tf.nn.relu(1.0 + drawn - itself), 1)
