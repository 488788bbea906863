"""A gated recurrent unit over sentences, with one vector a sentence."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

POOLING = ("last", "mean", "max")


@keras.saving.register_keras_serializable(package="kerasmm")
class PooledGRU(keras.layers.Layer):
    """Reads a sequence and gives its last state at the true length, or the mean or maximum of its states.

    Formula, for step t with input x_t and the state before it h (σ is the logistic function, ∘ goes by element):

        r = σ(W_r x_t + b_r + U_r h + c_r)
        z = σ(W_z x_t + b_z + U_z h + c_z)
        n = tanh(W_n x_t + b_n + r ∘ (U_n h + c_n))
        h_t = z ∘ h + (1 - z) ∘ n

    That is what `keras.layers.GRU(reset_after=True)` and PyTorch compute; the gates' columns are z, r, n as in Keras. A
    step that the mask leaves out keeps the state, so the last one is that of the true length wherever padding stands.

    W meets all steps in one product. The gradient is written out: the state's kernel and biases get theirs in one
    product over all steps too, where automatic differentiation makes one a step and adds them up, which is most of what
    a step costs beside the state's own product. With B sequences of T steps, n units and m inputs the products are
    6 B T n (m + n) multiplications and additions forwards and twice that backwards; memory holds 6 B T n numbers.

    Args:
        units: n, positive.
        pooling: `"last"`, `"mean"` or `"max"`.
        kernel_initializer: Initialiser of W.
        recurrent_initializer: Initialiser of U.
        bias_initializer: Initialiser of b and c.
        **kwargs: `keras.layers.Layer`'s own.

    Call arguments:
        inputs: `(batch, steps, m)`.
        mask: Optional `(batch, steps)`; False leaves a step out.

    Returns:
        `(batch, n)`; zeros for a sequence without steps.

    Raises:
        ValueError: If `units` is not positive or `pooling` is another word.

    Example:

    >>> layer = PooledGRU(4)
    >>> words = keras.random.normal((2, 3, 5))
    >>> ops.shape(layer(words, mask=[[True, True, False], [True, True, True]]))
    (2, 4)

    Reference:
        Cho et al. (2014), "Learning Phrase Representations using RNN Encoder-Decoder"; used by Mithun et al. (2018),
        "Webly Supervised Joint Embedding for Cross-Modal Image-Text Retrieval", section 3.1.
    """

    def __init__(
        self,
        units: int,
        pooling: str = "last",
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if units < 1:
            raise ValueError(f"`units` must be positive. Received: units={units}")
        if pooling not in POOLING:
            raise ValueError(f"`pooling` must be one of {POOLING}. Received: pooling={pooling!r}")
        self.units, self.pooling = units, pooling
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.input_spec = keras.InputSpec(ndim=3)

    def build(self, inputs_shape: tuple[int | None, ...]) -> None:
        if inputs_shape[-1] is None:
            raise ValueError(f"The last axis of `inputs` must be known. Received: shape={inputs_shape}")
        self.input_spec = keras.InputSpec(ndim=3, axes={-1: inputs_shape[-1]})
        gates = 3 * self.units
        self.kernel = self.add_weight(
            name="kernel", shape=(inputs_shape[-1], gates), initializer=self.kernel_initializer
        )

        def in_float32(shape: tuple[int, ...], dtype: Any = None) -> Any:
            """TensorFlow has no orthogonal matrices in bfloat16."""
            return ops.cast(self.recurrent_initializer(shape, dtype="float32"), dtype or self.variable_dtype)

        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel", shape=(self.units, gates), initializer=in_float32
        )
        # As in Keras: the first row goes with the inputs, the second with the state.
        self.bias = self.add_weight(name="bias", shape=(2, gates), initializer=self.bias_initializer)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is not None:
            # What stands in a step that is left out may not even be a number.
            inputs = ops.where(ops.cast(mask, "bool")[..., None], inputs, 0.0)
        steps_first = ops.transpose(inputs, (1, 0, 2))
        projected = ops.matmul(steps_first, self.kernel) + self.bias[0]
        there = ops.ones_like(inputs[..., 0]) if mask is None else ops.cast(mask, inputs.dtype)
        there = ops.cast(ops.transpose(there)[..., None], "float32")
        kernel, bias = ops.convert_to_tensor(self.recurrent_kernel), ops.convert_to_tensor(self.bias[1])
        states = _states(projected, ops.cast(kernel, inputs.dtype), ops.cast(bias, inputs.dtype), there)
        return ops.cast(self._pooled(states, there), inputs.dtype)

    def _pooled(self, states: Any, there: Any) -> Any:
        if self.pooling == "last":
            return states[-1]
        if self.pooling == "mean":
            return ops.sum(states * there, axis=0) / ops.maximum(ops.sum(there, axis=0), 1.0)
        highest = ops.max(ops.where(there > 0.0, states, -2.0), axis=0)  # a state lies in (-1, 1)
        return ops.where(ops.max(there, axis=0) > 0.0, highest, 0.0)

    def compute_output_shape(self, inputs_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return inputs_shape[0], self.units

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "pooling": self.pooling,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "recurrent_initializer": keras.initializers.serialize(self.recurrent_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }


def _states(projected: Any, kernel: Any, bias: Any, there: Any) -> Any:
    """States after every step `(steps, batch, n)`, float32.

    Args:
        projected: What the inputs give to the gates, `(steps, batch, 3 n)`.
        kernel: U, `(n, 3 n)`.
        bias: c, `(3 n,)`.
        there: `(steps, batch, 1)` float32, 0 for a step that is left out.
    """
    dtype, units = kernel.dtype, kernel.shape[0]

    def gates_of(projected: Any, own: Any) -> tuple[Any, Any, Any]:
        """Update, reset and candidate; `own` is what the state gives to the gates."""
        both = ops.sigmoid(projected[..., : 2 * units] + own[..., : 2 * units])
        update, reset = both[..., :units], both[..., units:]
        return update, reset, ops.tanh(projected[..., 2 * units :] + reset * own[..., 2 * units :])

    @ops.custom_gradient
    def states(projected: Any, kernel: Any, bias: Any) -> Any:
        projected = ops.cast(projected, "float32")

        def forward(carried: tuple[Any, Any], step: Any) -> Any:
            before, _ = carried
            inputs, present = step[:, :-1], step[:, -1:]
            own = ops.cast(ops.matmul(ops.cast(before, dtype), kernel) + bias, "float32")
            update, _, candidate = gates_of(inputs, own)
            after = before + present * (1.0 - update) * (candidate - before)
            return (after, own), (after, own)

        start = ops.zeros_like(projected[0, :, :units])
        # One tensor of steps: with several, Keras 3.15 on TensorFlow must know how many steps there are.
        steps = ops.concatenate([projected, there], axis=-1)
        _, (after, own) = ops.scan(forward, (start, ops.zeros_like(projected[0])), steps)

        def grad(*args: Any, upstream: Any = None) -> Any:
            above = args[0] if upstream is None else upstream
            turned = ops.transpose(kernel)
            before = ops.concatenate([start[None], after[:-1]], axis=0)
            update, reset, candidate = gates_of(projected, own)
            # What one unit of slope at the state after a step is to each gate before its activation.
            of_candidate = there * (1.0 - update) * (1.0 - candidate * candidate)
            of_update = there * (before - candidate) * update * (1.0 - update)
            of_reset = of_candidate * own[..., 2 * units :] * reset * (1.0 - reset)
            of_own = ops.concatenate([of_update, of_reset, of_candidate * reset], axis=-1)
            kept = 1.0 - there * (1.0 - update)

            def backward(later: Any, step: Any) -> Any:
                above, kept, of_own = step[:, :units], step[:, units : 2 * units], step[:, 2 * units :]
                slope = later + above
                through = ops.cast(ops.concatenate([slope] * 3, axis=-1) * of_own, dtype)
                return slope * kept + ops.cast(ops.matmul(through, turned), "float32"), slope

            steps = ops.concatenate([above, kept, of_own], axis=-1)
            _, slopes = ops.scan(backward, ops.zeros_like(start), steps, reverse=True)
            slopes = ops.concatenate([slopes] * 3, axis=-1)
            of_inputs = slopes * ops.concatenate([of_update, of_reset, of_candidate], axis=-1)
            rows = ops.cast(ops.reshape(slopes * of_own, (-1, 3 * units)), dtype)
            seen = ops.cast(ops.reshape(before, (-1, units)), dtype)
            of_kernel = ops.matmul(ops.transpose(seen), rows)
            return ops.cast(of_inputs, dtype), of_kernel, ops.sum(rows, axis=0)

        return after, grad

    return states(projected, kernel, bias)
