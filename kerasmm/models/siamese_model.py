"""Siamese networks: one base network on several inputs at once, with shared parameters."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops


def siamese(base: keras.Model, branches: Sequence[str], output: str) -> keras.Model:
    """Applies one base network to several branches (DMAN, figure 3).

    The branches are joined along the batch, so that the base runs once on a large batch instead of several times on
    small ones, and batch normalisation sees all of them.

    Args:
        base: A functional model with one named input and a dict of outputs.
        branches: Names of the branches, e.g. `("anchor", "positive")`.
        output: The output of `base` to return for each branch.

    Returns:
        A model from `{branch: input}` to `{branch: output}`.

    Raises:
        ValueError: If there are no branches, or `base` has several inputs or no output of that name.

    Example:

    >>> picture = keras.Input((4,), name="picture")
    >>> base = keras.Model({"picture": picture}, {"words": keras.layers.Dense(3)(picture)})
    >>> twins = siamese(base, ("anchor", "positive"), "words")
    >>> ops.shape(twins({"anchor": ops.ones((2, 4)), "positive": ops.ones((2, 4))})["anchor"])
    (2, 3)
    """
    if not branches:
        raise ValueError("`branches` must name at least one branch.")
    if len(base.inputs) != 1:
        raise ValueError(f"`base` must have one input. Received: {len(base.inputs)} inputs")
    if output not in base.output:
        raise ValueError(f"`output` must be one of {sorted(base.output)}. Received: output={output!r}")
    (name,) = base.input
    shape, dtype = base.input[name].shape[1:], base.input[name].dtype
    inputs = {branch: keras.Input(shape, dtype=dtype, name=branch) for branch in branches}
    joined = keras.layers.Concatenate(axis=0, name="join_branches")(list(inputs.values()))
    outputs = ops.split(base({name: joined})[output], len(branches), axis=0)
    return keras.Model(inputs, dict(zip(branches, outputs, strict=True)), name="siamese")
