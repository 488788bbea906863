"""A gated recurrent unit over sentences, with one vector a sentence."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasmm.layers.pooled_states import check_pooling, pooled_states
from kerasmm.layers.single_precision import drawn_in_float32


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

    W meets all steps in one product, and the first state, which is nothing, meets U in none. The gradient is written out:
    the state's kernel gets its own in one product over all steps too, where automatic differentiation makes one a step
    and adds them up; what goes by element is done a step at a time, while the step's numbers are in the cache. With B
    sequences of T steps, n units and m inputs the products are 6 B T n (m + n) multiplications and additions forwards
    and twice that backwards; memory holds 12 B T n numbers.

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
        self.units, self.pooling = units, check_pooling(pooling)
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
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel",
            shape=(self.units, gates),
            initializer=drawn_in_float32(self.recurrent_initializer),
        )
        # As in Keras: the first row goes with the inputs, the second with the state.
        self.bias = self.add_weight(name="bias", shape=(2, gates), initializer=self.bias_initializer)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is not None:
            # What stands in a step that is left out may not even be a number.
            inputs = ops.where(ops.cast(mask, "bool")[..., None], inputs, 0.0)
        steps_first = ops.transpose(inputs, (1, 0, 2))
        projected = ops.matmul(steps_first, self.kernel)
        there = ops.ones_like(inputs[..., 0]) if mask is None else ops.cast(mask, inputs.dtype)
        there = ops.cast(ops.transpose(there)[..., None], "float32")
        kernel, biases = ops.convert_to_tensor(self.recurrent_kernel), ops.convert_to_tensor(self.bias)
        states = _states(projected, ops.cast(kernel, inputs.dtype), ops.cast(biases, inputs.dtype), there)
        return ops.cast(pooled_states(states, there, self.pooling), inputs.dtype)

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


def _states(projected: Any, kernel: Any, biases: Any, there: Any) -> Any:
    """States after every step `(steps, batch, n)`, float32.

    Args:
        projected: W x, what the inputs give to the gates, `(steps, batch, 3 n)`.
        kernel: U, `(n, 3 n)`.
        biases: b and c, `(2, 3 n)`.
        there: `(steps, batch, 1)` float32, 0 for a step that is left out.
    """
    dtype, units = kernel.dtype, kernel.shape[0]

    def single(values: Any) -> Any:
        return ops.cast(values, "float32")

    @ops.custom_gradient
    def states(projected: Any, kernel: Any, biases: Any) -> Any:
        # z and r add both biases; r multiplies the candidate's c, so that its b stands apart.
        b, c = biases[0], biases[1]
        together = c + ops.concatenate([b[: 2 * units], ops.zeros_like(b[2 * units :])])
        no_state = single(ops.zeros_like(projected[0, :, :units]))
        no_pair = ops.concatenate([no_state, no_state], axis=-1)
        no_gates = ops.zeros_like(projected[0])
        numbers = ops.arange(ops.shape(projected)[0])

        def forward(carried: tuple[Any, ...], step: Any) -> Any:
            before = carried[0]
            inputs, present = single(ops.take(projected, step, axis=0)), ops.take(there, step, axis=0)
            own = ops.cond(
                step > 0,
                lambda: ops.matmul(ops.cast(before, dtype), kernel) + together,
                lambda: no_gates + together,
            )
            gates = ops.sigmoid(inputs[:, : 2 * units] + single(own[:, : 2 * units]))
            own = single(own[:, 2 * units :])
            candidate = ops.tanh(inputs[:, 2 * units :] + single(b[2 * units :]) + gates[:, units:] * own)
            after = before + present * (1.0 - gates[:, :units]) * (candidate - before)
            return (after, gates, candidate, own), (after, gates, candidate, own)

        # What a scan gives of each step has the structure of what it carries.
        _, (after, both, candidates, owns) = ops.scan(forward, (no_state, no_pair, no_state, no_state), numbers)

        def grad(*args: Any, upstream: Any = None) -> Any:
            above = args[0] if upstream is None else upstream
            turned = ops.transpose(kernel)

            def backward(carried: tuple[Any, ...], step: Any) -> Any:
                present, gates = ops.take(there, step, axis=0), ops.take(both, step, axis=0)
                candidate, own = ops.take(candidates, step, axis=0), ops.take(owns, step, axis=0)
                update, reset = gates[:, :units], gates[:, units:]
                before = ops.take(after, ops.maximum(step - 1, 0), axis=0) * single(step > 0)
                slope = carried[0] + ops.take(above, step, axis=0)
                # The slope at each gate before its activation.
                moved = slope * present * (1.0 - update)
                of_candidate = moved * (1.0 - candidate * candidate)
                of_update = moved * (before - candidate) * update
                of_reset = of_candidate * own * reset * (1.0 - reset)
                of_inputs = ops.cast(ops.concatenate([of_update, of_reset, of_candidate], axis=-1), dtype)
                of_own = ops.cast(ops.concatenate([of_update, of_reset, of_candidate * reset], axis=-1), dtype)
                kept = slope - moved
                earlier = ops.cond(step > 0, lambda: kept + single(ops.matmul(of_own, turned)), lambda: kept)
                return (earlier, of_inputs, of_own), (earlier, of_inputs, of_own)

            start = (no_state, no_gates, no_gates)
            _, (_, of_inputs, of_own) = ops.scan(backward, start, numbers, reverse=True)
            seen = ops.cast(ops.reshape(after[:-1], (-1, units)), dtype)
            of_kernel = ops.matmul(ops.transpose(seen), ops.reshape(of_own[1:], (-1, 3 * units)))
            return of_inputs, of_kernel, ops.stack([ops.sum(of_inputs, axis=(0, 1)), ops.sum(of_own, axis=(0, 1))])

        return after, grad

    return states(projected, kernel, biases)
