"""Logits of many classes, of which a training step computes a sample."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

PARTS = 16
NEVER = -3e4
"""A logit with no probability that every precision holds, and no infinity: that times 0 is not a number."""


@keras.saving.register_keras_serializable(package="kerasmm")
class SampledLogits(keras.layers.Layer):
    """Multi-class logits h_iᵀ f of equation 1: of all K classes, or in training of the true one and a few drawn ones.

    Formula, for an input f with the true class t and S classes c_1 … c_S, drawn once for the whole batch:

        logits    h_tᵀ f - log(S P(t)),   h_cᵀ f - log(S P(c))  for each c drawn
        P(c)      log((c + 2) / (c + 1)) / log(K + 1)

    S P(c) is how often c is drawn in the mean. Frequent classes come first, c = 0 is the most frequent: by Zipf's law P is
    then near their frequency. Draws are with replacement. Where one of them is t itself its logit is -30,000, and it has
    no probability. The softmax of these logits, with class 0 the true one, is the sampled softmax: its gradient is that of
    the whole one but for chance, at (S + 1) / K of the cost, and where the logits are those of the data its mean is 0, as
    the whole one's is. A loss is `keras.losses.SparseCategoricalCrossentropy(from_logits=True)` with zeros as classes.

    Weights: `kernel` `(K, D)`, the classes' vectors h. Corrected in float32.

    Args:
        classes: K, positive.
        sampled: S, positive.
        seed: Integer seed of the draws. None: random, or what `keras.utils.set_random_seed` makes of it.
        kernel_initializer: Initialiser of the kernel.
        regularizer: Optional regulariser of the kernel.
        **kwargs: `keras.layers.Layer`'s own.

    Call arguments:
        inputs: f, `(n, D)`.
        labels: Optional `(n,)`, t, in 0 … K - 1.

    Returns:
        `(n, K)` logits of all classes; with labels `(n, 1 + S)`, the true class first.

    Raises:
        ValueError: If `classes` or `sampled` is not positive, or the last axis of `inputs` is not known.

    Example:

    >>> layer = SampledLogits(classes=1000, sampled=20)
    >>> ops.shape(layer(ops.ones((3, 4)))), ops.shape(layer(ops.ones((3, 4)), ops.array([5, 0, 999])))
    ((3, 1000), (3, 21))

    Reference:
        Veit et al. (2018), "Separating Self-Expression and Visual Content in Hashtag Supervision", section 3.1; Jean et al.
        (2015), "On Using Very Large Target Vocabulary for Neural Machine Translation".
    """

    def __init__(
        self,
        classes: int,
        sampled: int,
        seed: int | None = None,
        kernel_initializer: Any = "glorot_uniform",
        regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value in (("classes", classes), ("sampled", sampled)):
            if value < 1:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}")
        self.classes, self.sampled, self.seed = classes, sampled, seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.regularizer = keras.regularizers.get(regularizer)

    def build(self, inputs_shape: tuple[int | None, ...], labels_shape: tuple[int | None, ...] | None = None) -> None:
        if inputs_shape[-1] is None:
            raise ValueError(f"The last axis of `inputs` must be known. Received: shape={inputs_shape}")
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.classes, inputs_shape[-1]),
            initializer=self.kernel_initializer,
            regularizer=self.regularizer,
        )

    def call(self, inputs: Any, labels: Any = None) -> Any:
        if labels is None:
            return ops.matmul(inputs, ops.transpose(self.kernel))
        labels, drawn = ops.cast(labels, "int32"), self.draw()
        true = ops.sum(inputs * ops.take(self.kernel, labels, axis=0), axis=1)
        others = ops.matmul(inputs, ops.transpose(ops.take(self.kernel, drawn, axis=0)))
        labels = ops.expand_dims(labels, 1)
        true = ops.cast(ops.expand_dims(true, 1), "float32") - self._log_expected(labels)
        others = ops.cast(others, "float32") - self._log_expected(ops.expand_dims(drawn, 0))
        others = ops.where(ops.equal(labels, drawn), NEVER, others)
        return ops.cast(ops.concatenate([true, others], axis=1), self.compute_dtype)

    def draw(self) -> Any:
        """S classes, `(sampled,)` int32, fresh in every call."""
        # (K + 1)^x of a uniform x is above c + 1 and below c + 2 with probability P(c). x = (part + rest) / 16 comes as two
        # powers, because one of a float32 would meet some of 100,000 classes an eighth too often and others too seldom.
        seed, scale = self.seed_generator, math.log(self.classes + 1) / PARTS
        part = ops.cast(keras.random.randint((self.sampled,), 0, PARTS, seed=seed), "float32")
        rest = keras.random.uniform((self.sampled,), dtype="float32", seed=seed)
        power = ops.exp(scale * part) * ops.exp(scale * rest)
        return ops.clip(ops.cast(power, "int32") - 1, 0, self.classes - 1)

    def _log_expected(self, classes: Any) -> Any:
        """How often each of these classes is drawn in the mean, its logarithm."""
        odds = ops.log1p(1.0 / (ops.cast(classes, "float32") + 1.0))
        return ops.log(odds) + math.log(self.sampled / math.log(self.classes + 1))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "classes": self.classes,
            "sampled": self.sampled,
            "seed": self.seed,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "regularizer": keras.regularizers.serialize(self.regularizer),
        }
