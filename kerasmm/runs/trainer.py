"""One training step for every System: whole-batch objectives, gradients aggregated and then clipped."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from kerasmm.systems.system import Stage

PENALTY = "penalty"
"""Name of the sum of the regularisers, beside the terms of the objective."""


class Trainer(keras.Model):
    """Trains a stage's model on its objective.

    Outputs and targets are gathered over the replicas before the objective sees them, so that negatives may come from
    any part of the batch and N replicas take the same step as one. Gradients are summed over the replicas first and
    clipped afterwards: Keras' own `global_clipnorm` clips on each replica and would clip something else.

    Args:
        stage: What to train.

    Example:

    >>> trainer = Trainer(stage)  # doctest: +SKIP
    >>> trainer.compile(optimizer=stage.optimizer())  # doctest: +SKIP
    >>> trainer.fit(stage.batches(0, 0))  # doctest: +SKIP
    """

    def __init__(self, stage: Stage) -> None:
        super().__init__(name=f"{stage.name}_trainer")
        self.network = stage.model
        self.objective = stage.objective
        self.clip_norm = stage.clip_norm
        names = (*stage.terms, PENALTY) if stage.model.losses else stage.terms
        self.means = {name: keras.metrics.Mean(name=name) for name in names}
        self.built = True

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self.means.values())

    def call(self, inputs: dict[str, Any], training: bool | None = None) -> Any:
        return self.network(inputs, training=training)

    def train_step(self, data: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
        inputs, targets = data
        context = tf.distribute.get_replica_context()
        replicas = context.num_replicas_in_sync if context else 1

        def whole(values: dict[str, Any]) -> dict[str, Any]:
            if replicas == 1:
                return values
            return {name: context.all_gather(value, axis=0) for name, value in values.items()}

        targets = whole(targets)
        with tf.GradientTape() as tape:
            outputs = whole(self.network(inputs, training=True))
            terms = self.objective(targets, outputs)
            if self.network.losses:
                terms = {**terms, PENALTY: sum(self.network.losses)}
            scaled = self.optimizer.scale_loss(sum(terms.values()))
        variables = self.network.trainable_variables
        gradients = tape.gradient(scaled, [variable.value for variable in variables])
        # A parameter that the objective doesn't touch stays; embedding gradients become dense.
        gradients = [
            tf.zeros_like(variable.value) if gradient is None else tf.convert_to_tensor(gradient)
            for gradient, variable in zip(gradients, variables, strict=True)
        ]
        if replicas > 1:
            # Every replica differentiates the loss of the whole batch, so the sum holds it `replicas` times.
            gradients = [g / replicas for g in context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)]
        if self.clip_norm:
            # Under loss scaling the gradients are scaled too, so the threshold must be.
            limit = self.optimizer.scale_loss(tf.constant(self.clip_norm))
            gradients, _ = tf.clip_by_global_norm(gradients, limit)
        # The optimizer sums over the replicas once more.
        self.optimizer.apply([g / replicas for g in gradients], variables)
        for name, value in terms.items():
            self.means[name].update_state(value)
        return {metric.name: metric.result() for metric in self.metrics}
