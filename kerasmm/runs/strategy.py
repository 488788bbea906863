"""Which devices train."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING

from kerasmm.console import UserError

if TYPE_CHECKING:
    import tensorflow as tf

NAMES = ("auto", "single", "mirrored", "multi_worker")


def check_name(name: str) -> None:
    """Refuses a name that is no strategy's."""
    if name not in NAMES:
        raise UserError(f"--strategy {name}: expected one of {', '.join(NAMES)}")


def check_cluster(name: str) -> None:
    """Refuses a `TF_CONFIG` that no cluster can be made of, for `multi_worker`, which alone reads it.

    Raises:
        UserError: When it is no JSON of the expected form, a host is unknown or the task isn't in the cluster.
    """
    given = os.environ.get("TF_CONFIG", "")
    if name != "multi_worker" or not given:
        return
    expected = (
        'expected e.g. {"cluster": {"worker": ["host:2222", "other:2222"]}, "task": {"type": "worker", "index": 0}}'
    )
    try:
        content = json.loads(given)
        cluster, task = content["cluster"], content["task"]
        addresses = [(kind, one) for kind, own in cluster.items() for one in _listed(own)]
        of_kind, place = [one for kind, one in addresses if kind == task["type"]], task["index"]
        # JSON's true is no index, though Python counts with it.
        if not isinstance(place, int | str) or isinstance(place, bool):
            raise ValueError(f"`task.index` is {place!r}")
        if not 0 <= int(place) < len(of_kind):
            raise ValueError(f"`task` is not one of the {len(of_kind)} of {task['type']!r} in `cluster`")
        hosts = [_host(one) for _, one in addresses]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        why = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise UserError(f"TF_CONFIG: {why[:200]}; {expected}") from error
    for host in dict.fromkeys(hosts):
        try:
            socket.getaddrinfo(host, None)
        except (OSError, UnicodeError) as error:
            raise UserError(f"TF_CONFIG: unknown host {host[:100]!r}") from error


def _listed(own: object) -> list[str]:
    if not isinstance(own, list) or not own or not all(isinstance(one, str) for one in own):
        raise ValueError(f"`cluster` holds {str(own)[:80]!r} where a list of addresses belongs")
    return own


def _host(address: str) -> str:
    host, colon, port = address.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 1 << 16):
        raise ValueError(f"{address[:80]!r} is no host:port")
    return host.strip("[]")


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
