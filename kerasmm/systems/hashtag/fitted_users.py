"""A user's vector from a few posts, with everything else of a trained model as it is; stock ops of TensorFlow only."""

from __future__ import annotations

import dataclasses
from typing import Any

import tensorflow as tf

WAYS = {"ridge": "ridge regression of the scores", "steps": "steps on the ranking loss"}


@dataclasses.dataclass(frozen=True)
class UserFit:
    """How users are fitted.

    Args:
        way: One of `WAYS`.
        pull: λ, how strongly a user is held at the mean user.
        own: c, how much more one of a post's own tags weighs than all others, by the root of their number; ridge only.
        steps: Steps of `steps`.
        rate: Size of the first step; it falls to nothing in equal parts.
    """

    way: str = "ridge"
    pull: float = 1.0
    own: float = 0.25
    steps: int = 50
    rate: float = 0.01


class UserFitter:
    """Finds u, the vector of a user, from posts of that user.

    Formula, with posts j of the user, their pictures f_j and own tags H_j, G_j = Σ_f W_·f· f_jf `(D, E)` (eq. 3 without tag
    and user, so that s(h, j, u) = hᵀ G_j u), and the mean user ū:

        ridge   min_u Σ_j [ Σ_h (hᵀ G_j u)² + c √K Σ_{h ∈ H_j} (1 - hᵀ G_j u)² ] + λ A ‖u - ū‖²

        steps   min_u 1/n Σ_j 1/|H_j| Σ_{h ∈ H_j} Σ_{h⁻} max(0, 1 + h⁻ᵀ G_j u - hᵀ G_j u) + λ/2 ‖u - ū‖²

    A is what a post adds to the squares: 1/(n E) Σ_j of the trace of G_jᵀ [HᵀH + c √K Σ_{h ∈ H_j} h hᵀ] G_j, so that λ is a number
    of posts. h⁻ are the hardest tag that isn't the post's own and one drawn of those: the paper's loss along the axis of tags, the only
    one on which a single user has negatives. The first sum of the ridge runs over all K tags and costs none of them, as it is
    uᵀ G_jᵀ (HᵀH) G_j u: O(n D² E + E³) a user. The steps cost O(n D K) each. Both hold n D E numbers.

    Args:
        kernel: W `(D, F, E)`.
        tags: `(K, D)`.
        mean: ū `(E,)`.
        fit: How.

    Raises:
        ValueError: For an unknown way.
    """

    def __init__(self, kernel: Any, tags: Any, mean: Any, fit: UserFit) -> None:
        if fit.way not in WAYS:
            raise ValueError(f"`way` must be one of {tuple(WAYS)}. Received: way={fit.way!r}")
        self.kernel, self.tags, self.mean = (tf.convert_to_tensor(one, tf.float32) for one in (kernel, tags, mean))
        self.fit = fit
        # Here, so that a graph which asks again and again has it once.
        self._all_tags = tf.matmul(self.tags, self.tags, transpose_a=True)

    def __call__(self, images: tf.Tensor, own: tf.Tensor, users: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        """The vectors.

        Args:
            images: `(n, F)`, pictures of posts.
            own: `(n, m)` ids of each post's own tags, each once, filled up with -1. A post without any says nothing.
            users: `(n,)`, whose each is, in 0 … `number` - 1.
            number: How many users.

        Returns:
            `(number, E)`; the mean user where no post says anything.
        """
        there = tf.cast(own >= 0, tf.float32)
        said = tf.cast(tf.reduce_any(own >= 0, axis=1), tf.float32)
        posts = tf.math.unsorted_segment_sum(said, users, number)
        # Each post of a user weighs as much as the others.
        weight = said / tf.gather(tf.maximum(posts, 1.0), users)
        between = tf.einsum("nf,dfe->nde", images, self.kernel)
        answer = self._ridge if self.fit.way == "ridge" else self._steps
        found = answer(between, tf.maximum(own, 0), there, weight, users, number)
        return tf.where(posts[:, None] > 0, found, self.mean)

    def _ridge(
        self,
        between: tf.Tensor,
        own: tf.Tensor,
        there: tf.Tensor,
        weight: tf.Tensor,
        users: tf.Tensor,
        number: tf.Tensor,
    ) -> tf.Tensor:
        fit = self.fit
        vectors = tf.gather(self.tags, own) * there[..., None]
        # `(n, m, E)`: how the score of each own tag goes with u.
        rows = tf.matmul(vectors, between)
        squares = tf.einsum("nda,dc,ncb->nab", between, self._all_tags, between)
        weight_of_own = fit.own * tf.sqrt(tf.cast(tf.shape(self.tags)[0], tf.float32))
        squares += weight_of_own * tf.matmul(rows, rows, transpose_a=True)
        wanted = weight_of_own * tf.reduce_sum(rows, axis=1)
        left = tf.math.unsorted_segment_sum(weight[:, None, None] * squares, users, number)
        right = tf.math.unsorted_segment_sum(weight[:, None] * wanted, users, number)
        # Of one post's size, so that it fades with their number.
        posts = tf.maximum(tf.math.unsorted_segment_sum(tf.cast(weight > 0, tf.float32), users, number), 1.0)
        size = tf.cast(tf.shape(self.mean)[0], tf.float32)
        pull = (fit.pull * tf.linalg.trace(left) / size / posts)[:, None]
        # Not `solve`, which refuses all users where one has a matrix that rounding made singular, or that isn't finite.
        finite = tf.reduce_all(tf.math.is_finite(left), axis=[1, 2])
        values, bases = tf.linalg.eigh(tf.where(finite[:, None, None], left, 0.0))
        along = tf.linalg.matvec(bases, right + pull * self.mean, transpose_a=True)
        found = tf.linalg.matvec(bases, along / (tf.maximum(values, 0.0) + pull))
        return tf.where(finite[:, None], found, float("nan"))

    def _steps(
        self,
        between: tf.Tensor,
        own: tf.Tensor,
        there: tf.Tensor,
        weight: tf.Tensor,
        users: tf.Tensor,
        number: tf.Tensor,
    ) -> tf.Tensor:
        fit = self.fit
        tags = tf.shape(self.tags)[0]
        posts = tf.tile(tf.range(tf.shape(own)[0])[:, None], [1, tf.shape(own)[1]])
        places = tf.stack([posts, tf.cast(own, tf.int32)], axis=-1)
        theirs = tf.scatter_nd(places, there, (tf.shape(own)[0], tags)) > 0
        share = weight[:, None] * there / tf.maximum(tf.reduce_sum(there, axis=1, keepdims=True), 1.0)
        vectors = tf.gather(self.tags, own)
        # A post that has all tags has no negative.
        share *= tf.cast(tf.reduce_any(~theirs, axis=1), tf.float32)[:, None]

        def step(number_of_step: tf.Tensor, found: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            queries = tf.einsum("nde,ne->nd", between, tf.gather(found, users))
            scores = tf.where(theirs, -float("inf"), tf.matmul(queries, self.tags, transpose_b=True))
            noise = tf.random.stateless_uniform(tf.shape(scores), tf.stack([0, number_of_step]))
            drawn = tf.argmax(tf.where(theirs, -1.0, noise), axis=1)
            positive = tf.einsum("nmd,nd->nm", vectors, queries)
            gradient = fit.pull * (found - self.mean)
            for negative in (tf.argmax(scores, axis=1), drawn):
                score = tf.gather(scores, negative, batch_dims=1)
                paid = tf.where((1.0 + score[:, None] - positive > 0) & (share > 0), share, 0.0)
                away = tf.reduce_sum(paid, axis=1)[:, None] * tf.gather(self.tags, negative)
                towards = tf.einsum("nm,nmd->nd", paid, vectors)
                moves = tf.einsum("nde,nd->ne", between, away - towards)
                gradient += tf.math.unsorted_segment_sum(moves, users, number)
            rate = fit.rate * (1.0 - tf.cast(number_of_step, tf.float32) / fit.steps)
            return number_of_step + 1, found - rate * gradient

        start = tf.tile(self.mean[None], [number, 1])
        return tf.while_loop(lambda done, found: done < fit.steps, step, (tf.constant(0), start))[1]
