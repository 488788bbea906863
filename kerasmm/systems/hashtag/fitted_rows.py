"""Users fitted inside a graph: a row holds the posts of one, and is answered for itself, some pictures at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import tensorflow as tf

from kerasmm.systems.signatures import never_empty

if TYPE_CHECKING:
    from kerasmm.systems.hashtag.fitted_users import UserFitter

AT_A_TIME = 16
"""Pictures that are decoded and embedded together, whatever a request holds."""

Embed = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def fitted_rows(fitter: UserFitter, embed: Embed, pictures: tf.Tensor, own: tf.Tensor) -> dict[str, tf.Tensor]:
    """The vectors of users.

    Users are fitted one after another, so that memory is that of one user's posts: D · E numbers a post beside the request.

    Args:
        fitter: How.
        embed: Some pictures of those below → their embeddings `(some, F)`, and which are pictures `(some,)`.
        pictures: `(n, posts, …)`, bytes filled up with "", or vectors filled up with anything.
        own: `(n, posts, tags)` ids, -1 where a tag is unknown or fills up. A post without a known one isn't looked at.

    Returns:
        `embedding` `(n, E)`; `posts` `(n,)`, how many it is fitted to; `valid` `(n,)`, whether there are any, and the vector is
        finite.
    """

    def one(given: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        shown, tags = given
        told = tf.where(tf.reduce_any(tags >= 0, axis=1))[:, 0]
        images, good = _embedded(embed, tf.gather(shown, told), fitter.kernel.shape[1])
        # An embedding may overflow; as a post without tags it takes no part.
        good &= tf.reduce_all(tf.math.is_finite(images), axis=1)
        images = tf.where(good[:, None], images, 0.0)
        tags = tf.where(good[:, None], tf.gather(tags, told), -1)
        found = fitter(images, tags, tf.zeros_like(told, tf.int32), tf.constant(1))
        return found[0], tf.reduce_sum(tf.cast(good, tf.int32))

    def every(given: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        spec = tf.TensorSpec(fitter.mean.shape, tf.float32), tf.TensorSpec((), tf.int32)
        rows = given["pictures"], given["own"]
        vectors, posts = tf.map_fn(one, rows, fn_output_signature=spec, parallel_iterations=1)
        return {"embedding": vectors, "posts": posts}

    # Refused where there are other numbers of tags and of pictures.
    own = tf.reshape(own, tf.concat([tf.shape(pictures)[:2], tf.shape(own)[2:]], axis=0))
    # A loop without a turn knows no shapes.
    found = never_empty(every, {"pictures": pictures, "own": each_once(own)})
    finite = tf.reduce_all(tf.math.is_finite(found["embedding"]), axis=1)
    return {**found, "valid": (found["posts"] > 0) & finite}


def each_once(ids: tf.Tensor) -> tf.Tensor:
    """Ids along the last axis, each of them once, largest first; -1 where they repeat.

    Example:

    >>> each_once(tf.constant([[2, 5, 2, -1]])).numpy().tolist()
    [[5, 2, -1, -1]]
    """
    ordered = tf.sort(ids, axis=-1, direction="DESCENDING")
    again = tf.concat([tf.zeros_like(ordered[..., :1], tf.bool), ordered[..., 1:] == ordered[..., :-1]], axis=-1)
    return tf.where(again, -1, ordered)


def _embedded(embed: Embed, pictures: tf.Tensor, size: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Embeddings `(posts, size)` of all, and which are pictures."""
    count = tf.shape(pictures)[0]

    def more(start: tf.Tensor, images: tf.Tensor, good: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        found, valid = embed(pictures[start : start + AT_A_TIME])
        return start + AT_A_TIME, tf.concat([images, found], axis=0), tf.concat([good, valid], axis=0)

    _, images, good = tf.while_loop(
        lambda start, *_: start < count,
        more,
        (tf.constant(0), tf.zeros((0, size), tf.float32), tf.zeros((0,), tf.bool)),
        shape_invariants=(tf.TensorShape([]), tf.TensorShape([None, size]), tf.TensorShape([None])),
        parallel_iterations=1,
    )
    return images, good
