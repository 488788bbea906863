"""A long short-term memory over the characters of a text, with one vector a text."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasmm.layers.pooled_states import check_pooling, pooled_states
from kerasmm.layers.single_precision import drawn_in_float32


@keras.saving.register_keras_serializable(package="kerasmm")
class CharacterLSTM(keras.layers.Layer):
    """Reads the characters of a text and gives its last state at the true length, Ψ(T) of section 3.1.1, or the mean or
    maximum of its states.

    Formula, for step t with the embedding x_t of its character, the state h and the cell c before it (σ is the logistic
    function, ∘ goes by element):

        i, f, o = σ(W x_t + U h + b), each with its own columns
        g = tanh(W_g x_t + U_g h + b_g)
        c_t = f ∘ c + i ∘ g
        h_t = o ∘ tanh(c_t)

    That is what `keras.layers.Embedding` and `keras.layers.LSTM` compute, with the same weights: the gates' columns are
    i, f, g, o, and b starts with ones for f. A step that is padding keeps state and cell, wherever it stands.

    Inputs are one of few characters, so that W x + b is a table of C rows, made once a call and looked up at each step;
    its gradient is the sum of the slopes of the steps that have the character. With B texts of T steps, n units and m
    numbers an embedding, the products are 8 B T n² + 8 C m n multiplications and additions forwards and twice that
    backwards, where an LSTM behind an embedding has 8 B T n (m + n). The gradient is written out: the state's kernel gets
    its own in one product over all steps. 6 B T n numbers are kept for it, and memory holds 14 to 20 B T n.

    Args:
        units: n, positive.
        characters: C, how many ids there are, padding among them.
        dimension: m, of a character's embedding.
        regularizer: Optional regulariser of every weight.
        pooling: `"last"`, `"mean"` or `"max"`.
        embeddings_initializer: Initialiser of the embeddings.
        kernel_initializer: Initialiser of W.
        recurrent_initializer: Initialiser of U.
        **kwargs: `keras.layers.Layer`'s own.

    Call arguments:
        inputs: `(batch, steps)` ids in 0 … C - 1; 0 is padding.
        mask: Optional `(batch, steps)`; False leaves a step out.

    Returns:
        `(batch, n)`; zeros for a text of padding only.

    Raises:
        ValueError: If `units`, `characters` or `dimension` is not positive, or `pooling` is another word.

    Example:

    >>> layer = CharacterLSTM(4, characters=9, dimension=3)
    >>> ops.shape(layer(ops.array([[3, 5, 1], [1, 0, 0]])))
    (2, 4)

    Reference:
        Hochreiter and Schmidhuber (1997), "Long Short-Term Memory"; used by Mogadala et al. (2018), "Discovering
        Connotations as Labels for Weakly Supervised Image-Sentence Data", section 3.1.1.
    """

    def __init__(
        self,
        units: int,
        characters: int,
        dimension: int = 512,
        regularizer: Any = None,
        pooling: str = "last",
        embeddings_initializer: Any = "glorot_uniform",
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value in (("units", units), ("characters", characters), ("dimension", dimension)):
            if value < 1:
                raise ValueError(f"`{name}` must be positive. Received: {name}={value}")
        self.units, self.characters, self.dimension = units, characters, dimension
        self.pooling = check_pooling(pooling)
        self.regularizer = keras.regularizers.get(regularizer)
        self.embeddings_initializer = keras.initializers.get(embeddings_initializer)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)
        self.input_spec = keras.InputSpec(ndim=2)

    def build(self, inputs_shape: tuple[int | None, ...]) -> None:
        def weight(name: str, shape: tuple[int, ...], initializer: Any) -> Any:
            return self.add_weight(name=name, shape=shape, initializer=initializer, regularizer=self.regularizer)

        gates = 4 * self.units
        self.embeddings = weight("embeddings", (self.characters, self.dimension), self.embeddings_initializer)
        self.kernel = weight("kernel", (self.dimension, gates), self.kernel_initializer)
        self.recurrent_kernel = weight(
            "recurrent_kernel", (self.units, gates), drawn_in_float32(self.recurrent_initializer)
        )
        self.bias = weight("bias", (gates,), _ones_for_forgetting)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        ids = ops.transpose(ops.cast(inputs, "int32"))
        present = ops.not_equal(ids, 0)
        if mask is not None:
            present = ops.logical_and(present, ops.transpose(ops.cast(mask, "bool")))
        table = ops.cast(ops.matmul(self.embeddings, self.kernel), "float32") + ops.cast(self.bias, "float32")
        kernel = ops.cast(self.recurrent_kernel, self.compute_dtype)
        there = ops.cast(present, "float32")[..., None]
        states = _states(_tanh_last(table), _tanh_last(kernel), ids, there)
        return ops.cast(pooled_states(states, there, self.pooling), self.compute_dtype)

    def compute_output_shape(self, inputs_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return inputs_shape[0], self.units

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "characters": self.characters,
            "dimension": self.dimension,
            "regularizer": keras.regularizers.serialize(self.regularizer),
            "pooling": self.pooling,
            "embeddings_initializer": keras.initializers.serialize(self.embeddings_initializer),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "recurrent_initializer": keras.initializers.serialize(self.recurrent_initializer),
        }


def _ones_for_forgetting(shape: tuple[int, ...], dtype: Any = "float32") -> Any:
    units = shape[0] // 4
    return ops.concatenate([ops.zeros(units, dtype), ops.ones(units, dtype), ops.zeros(2 * units, dtype)])


def _tanh_last(columns: Any) -> Any:
    """Columns of i, f, g, o → i, f, o, g: those of the logistic function stand together."""
    i, f, g, o = ops.split(columns, 4, axis=-1)
    return ops.concatenate([i, f, o, g], axis=-1)


def _states(table: Any, kernel: Any, ids: Any, there: Any) -> Any:
    """States after every step `(steps, batch, n)`, float32.

    Args:
        table: W x + b of every character, `(characters, 4 n)` float32, columns i, f, o, g.
        kernel: U, `(n, 4 n)`, columns i, f, o, g.
        ids: `(steps, batch)` int32.
        there: `(steps, batch, 1)` float32, 0 for a step that is left out.
    """
    dtype, (units, _), characters = kernel.dtype, kernel.shape, table.shape[0]

    def single(values: Any) -> Any:
        return ops.cast(values, "float32")

    @ops.custom_gradient
    def states_of(table: Any, kernel: Any) -> Any:
        numbers = ops.arange(ops.shape(ids)[0])
        no_logistic = ops.zeros((ops.shape(ids)[1], 3 * units), "float32")
        nothing = no_logistic[:, :units]

        def forward(carried: tuple[Any, ...], step: Any) -> Any:
            state, cell, present = carried[0], carried[1], ops.take(there, step, axis=0)
            own = ops.take(table, ops.take(ids, step, axis=0), axis=0)
            own = own + single(ops.matmul(ops.cast(state, dtype), kernel))
            logistic, candidate = ops.split(own, [3 * units], axis=-1)
            logistic, candidate = ops.sigmoid(logistic), ops.tanh(candidate)
            in_, forget, out = ops.split(logistic, 3, axis=-1)
            new = forget * cell + in_ * candidate
            after = state + present * (out * ops.tanh(new) - state)
            all_after = (after, cell + present * (new - cell), logistic, candidate)
            return all_after, all_after

        # What a scan gives of each step has the structure of what it carries.
        start = (nothing, nothing, no_logistic, nothing)
        _, (states, cells, logistics, candidates) = ops.scan(forward, start, numbers)

        def grad(*args: Any, upstream: Any = None) -> Any:
            above, turned = args[0] if upstream is None else upstream, ops.transpose(kernel)

            def backward(carried: tuple[Any, ...], step: Any) -> Any:
                of_state, of_cell = carried[0] + ops.take(above, step, axis=0), carried[1]
                present = ops.take(there, step, axis=0)
                logistic, candidate = ops.take(logistics, step, axis=0), ops.take(candidates, step, axis=0)
                before = ops.take(cells, ops.maximum(step - 1, 0), axis=0) * single(step > 0)
                in_, forget, out = ops.split(logistic, 3, axis=-1)
                seen, slope = ops.tanh(ops.take(cells, step, axis=0)), of_state * present
                inside = of_cell * present + slope * out * (1.0 - seen * seen)
                # The slope at each gate before its activation.
                own = ops.concatenate([inside * candidate, inside * before, slope * seen], axis=-1)
                own = own * logistic * (1.0 - logistic)
                own = ops.concatenate([own, inside * in_ * (1.0 - candidate * candidate)], axis=-1)
                own = ops.cast(own, dtype)
                earlier = of_state - slope + single(ops.matmul(own, turned))
                # Only the gates' slopes are wanted of each step.
                return (earlier, of_cell * (1.0 - present) + inside * forget, own), (nothing, nothing, own)

            no_gates = ops.cast(ops.zeros((ops.shape(ids)[1], 4 * units), "float32"), dtype)
            _, (_, _, owns) = ops.scan(backward, (nothing, nothing, no_gates), numbers, reverse=True)
            seen = ops.cast(ops.reshape(states[:-1], (-1, units)), dtype)
            of_kernel = ops.matmul(ops.transpose(seen), ops.reshape(owns[1:], (-1, 4 * units)))
            rows = single(ops.reshape(owns, (-1, 4 * units)))
            return ops.segment_sum(rows, ops.reshape(ids, (-1,)), num_segments=characters), of_kernel

        return states, grad

    return states_of(table, kernel)
