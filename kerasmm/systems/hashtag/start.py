"""A second stage of hashtag that begins with the first one of another run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerasmm.console import UserError

if TYPE_CHECKING:
    import keras

    from kerasmm.systems.hashtag.system import Hashtag
    from kerasmm.systems.system import TrainedRun

OF_USERS = frozenset({"users", "tags", "tensor", "mlp", "stage"})
"""Layers that the first stage doesn't train."""


def take_agnostic(system: Hashtag, model: keras.Model, other: TrainedRun) -> None:
    """Gives the model what the other run's first stage learned.

    Args:
        system: Of the model.
        model: The model.
        other: The run.

    Raises:
        UserError: Where the first stage there isn't one of this run's.
    """
    theirs = other.system
    if not isinstance(theirs, type(system)):
        raise UserError(f"user_specific.start: {other.folder} is a run of {theirs.name}, not of {system.name}")
    for what, own, have in (
        ("tags", system.vocabularies["tags"], theirs.vocabularies["tags"]),
        ("image features", system.facts.features, theirs.facts.features),
    ):
        if own != have:
            raise UserError(f"user_specific.start: {other.folder} was trained on other {what}")
    for key in ("agnostic", "dimension", "hidden", "projection", "standardise"):
        own, have = getattr(system.config.network, key), getattr(theirs.config.network, key)
        if own != have:
            raise UserError(
                f"user_specific.start: the first stage of {other.folder} has network.{key}={have}, this run {own}"
            )
    out, theirs_out = system.config.user_specific.left_out, theirs.config.user_specific.left_out
    if out > theirs_out:
        # A smaller share leaves out some of those whom a larger one does.
        raise UserError(
            f"user_specific.start: the first stage of {other.folder} was trained on users whom this run leaves out "
            f"(user_specific.left_out={theirs_out} there, {out} here)"
        )
    if theirs.config.user_specific.start is not None:
        raise UserError(
            f"user_specific.start: {other.folder} has no first stage of its own; name {theirs.config.user_specific.start}, "
            "which it began with"
        )
    # Without users the first stage is all there is.
    other.load_weights(*theirs.other_weights)
    for layer in model.layers:
        if layer.name not in OF_USERS and layer.variables:
            layer.set_weights(other.model.get_layer(layer.name).get_weights())
