"""A training whose weights are no numbers any more: nothing that comes after is worth keeping."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kerasmm.console import UserError

if TYPE_CHECKING:
    import keras

    from kerasmm.systems.config import Training


def all_finite(variables: Iterable[keras.Variable]) -> bool:
    """Whether all are finite; those that aren't of floating point are.

    Example:

    >>> import keras
    >>> all_finite([keras.Variable([1.0, 2.0])]), all_finite([keras.Variable([1.0, float("nan")])])
    (True, False)
    """
    import tensorflow as tf

    return all(
        bool(tf.reduce_all(tf.math.is_finite(tf.convert_to_tensor(variable.value))))
        for variable in variables
        if "float" in str(variable.dtype)
    )


def refuse_diverged(where: str, why: str, settings: Training, kept: str = "") -> None:
    """Ends a training that diverged.

    Args:
        where: Stage and epoch.
        why: What is no number.
        settings: What it was trained with.
        kept: What the run still has, if anything.

    Raises:
        UserError: Always; says what to change.
    """
    optimizer, change = settings.optimizer, ["lower training.optimizer.learning_rate ({:g})"]
    change += [
        "set training.optimizer.clip_norm" if optimizer.clip_norm is None else "lower training.optimizer.clip_norm"
    ]
    change += [] if settings.precision == "float32" else ["set training.precision=float32"]
    advice = ", or ".join(change).format(optimizer.learning_rate)
    raise UserError(f"{where}: {why}, the training has diverged; {advice}, and train anew{kept and f'; {kept}'}")
