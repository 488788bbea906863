"""Which devices train."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerasmm.console import UserError

if TYPE_CHECKING:
    import tensorflow as tf

NAMES = ("auto", "single", "mirrored", "multi_worker")


def check_name(name: str) -> None:
    """Refuses a name that is no strategy's."""
    if name not in NAMES:
        raise UserError(f"--strategy {name}: expected one of {', '.join(NAMES)}")


def make_strategy(name: str = "auto", batch_size: int | None = None) -> tf.distribute.Strategy:
    """The distribution strategy.

    Args:
        name: `auto` takes MirroredStrategy when there is more than one GPU or more than one logical CPU, else one
            device; `single`, `mirrored`; `multi_worker` reads the cluster from `TF_CONFIG`.
        batch_size: Posts a step over all replicas; must divide by their number.

    Raises:
        UserError: For an unknown name, or a batch size that the replicas can't share evenly.
    """
    import tensorflow as tf

    check_name(name)
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if name == "multi_worker":
        strategy: tf.distribute.Strategy = tf.distribute.MultiWorkerMirroredStrategy()
    elif name == "mirrored" or (name == "auto" and len(devices) > 1):
        strategy = tf.distribute.MirroredStrategy([device.name for device in devices])
    else:
        strategy = tf.distribute.get_strategy()
    replicas = strategy.num_replicas_in_sync
    if batch_size is not None and batch_size % replicas:
        raise UserError(f"training.batch_size: {batch_size} does not divide by the {replicas} replicas")
    return strategy
