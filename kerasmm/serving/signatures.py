"""Signatures of a system to functions with named inputs and outputs, held to what TensorFlow Serving can answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from kerasmm.systems.signatures import Signature

if TYPE_CHECKING:
    import keras

DEFAULT = "serving_default"
"""The signature that a request without a name gets."""

VALID = "valid"
"""The output that says of each row whether it could be answered; a row that couldn't has no answer."""


@dataclasses.dataclass(frozen=True)
class Traced:
    """A signature as a graph.

    Args:
        inputs: Named specs.
        function: The concrete function; its structured outputs are a dict.
    """

    inputs: dict[str, tf.TensorSpec]
    function: Any


def trace(signatures: Mapping[str, Signature]) -> dict[str, Traced]:
    """Traces each signature to a concrete function.

    Args:
        signatures: By name; `serving_default` among them.

    Returns:
        Graphs by name, with inputs and outputs named as the signature names them. Where an output `valid` is False, the
        others are `""`, 0 or False in that row.

    Raises:
        ValueError: When the server couldn't answer: no `serving_default`, an input whose dimension 0 is not free, an
            output without a batch dimension, or a string output named `…_bytes`, which REST would send as base64.
    """
    if DEFAULT not in signatures:
        raise ValueError(f"`signatures` must hold {DEFAULT!r}. Received: {sorted(signatures)}")
    return {name: _traced(name, signature) for name, signature in signatures.items()}


def _traced(name: str, signature: Signature) -> Traced:
    specs = {key: tf.TensorSpec(spec.shape, spec.dtype, name=key) for key, spec in signature.inputs.items()}
    for key, spec in specs.items():
        if not spec.shape.rank or spec.shape[0] is not None:
            raise ValueError(f"`{name}`: dimension 0 of input {key!r} must be free. Received: shape {spec.shape}")

    def answer(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return _without_invalid_rows(signature.answer(**inputs))

    function = tf.function(answer, autograph=False).get_concrete_function(**specs)
    outputs = function.structured_outputs
    if not isinstance(outputs, dict) or not outputs:
        raise ValueError(f"`{name}` must answer a dict of outputs. Received: {type(outputs).__name__}")
    for key, output in outputs.items():
        if output.shape.rank == 0 or (output.shape.rank and output.shape[0] is not None):
            raise ValueError(
                f"`{name}`: dimension 0 of output {key!r} must be the batch. Received: shape {output.shape}"
            )
        if output.dtype == tf.string and key.endswith("_bytes"):
            raise ValueError(f"`{name}`: string output {key!r} must not end in '_bytes': REST would send it as base64.")
    return Traced(specs, function)


def _without_invalid_rows(outputs: Any) -> Any:
    """Outputs whose rows say nothing where `valid` is False: `""`, 0 and False, whatever a system's signature answered."""
    if not isinstance(outputs, dict) or VALID not in outputs:
        return outputs
    valid = outputs[VALID]

    def said(output: tf.Tensor) -> tf.Tensor:
        if not output.shape.rank:
            return output
        rows = tf.reshape(valid, [-1] + [1] * (output.shape.rank - 1))
        return tf.ensure_shape(tf.where(rows, output, tf.zeros_like(output)), output.shape)

    return {name: output if name == VALID else said(output) for name, output in outputs.items()}


def weights_beside(services: tf.Module, traced: Mapping[str, Traced], model: keras.Model) -> list[tf.Variable]:
    """The variables that the graphs read and the model's own, each once, without those of `services`; as `tf.Variable`s.

    A module that holds these saves and loads everywhere; one that holds a Keras model, or its Keras variables, saves
    too, but leaves variables uninitialised in a server. What no graph reads is kept, too: whoever embeds more posts needs
    the whole model.
    """
    own = {id(variable) for variable in services.variables}
    captured = [variable for one in traced.values() for variable in one.function.graph.variables]
    found = {id(one): one for one in (*captured, *(weight.value for weight in model.weights)) if id(one) not in own}
    return list(found.values())
