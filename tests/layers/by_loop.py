"""The printed equations of the layers, slowly, one number at a time."""

import math

import numpy as np


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def gru_by_loop(inputs, weights, pooling="last", present=None):
    """The equations of the docstring, one number at a time."""
    kernel, recurrent, bias = (np.asarray(weight, "float64") for weight in weights)
    batch, steps, _ = inputs.shape
    units = len(recurrent)
    pooled = np.zeros((batch, units))
    for row in range(batch):
        h, states = [0.0] * units, []
        for t in range(steps):
            if present is not None and not present[row][t]:
                continue
            w = [
                sum(inputs[row, t, m] * kernel[m, g] for m in range(len(kernel))) + bias[0, g] for g in range(3 * units)
            ]
            u = [sum(h[m] * recurrent[m, g] for m in range(units)) + bias[1, g] for g in range(3 * units)]
            after = []
            for j in range(units):
                z = sigmoid(w[j] + u[j])
                r = sigmoid(w[units + j] + u[units + j])
                n = math.tanh(w[2 * units + j] + r * u[2 * units + j])
                after.append(z * h[j] + (1 - z) * n)
            h = after
            states.append(h)
        if states:
            pooled[row] = pooled_by_loop(states, pooling)
    return pooled


def maxima_are_clear(loop, inputs, weights, present=None):
    """Whether rounding makes no other step the maximum, and not every maximum is in the first: it has met no state."""
    lead, step = (loop(inputs, weights, pooling, present) for pooling in ("lead", "step"))
    # Rows without steps have zeros.
    return bool((lead[lead != 0] > 1e-5).all() and step.any())


def pooled_by_loop(states, pooling):
    pool = {
        "last": lambda own: own[-1],
        "mean": lambda own: sum(own) / len(own),
        "max": max,
        # Of the maximum, where it is, and by how much.
        "step": lambda own: own.index(max(own)),
        "lead": lambda own: max(own) - max([-9, *sorted(own)[:-1]]),
    }[pooling]
    return [pool(own) for own in zip(*states, strict=True)]


def lstm_by_loop(ids, weights, pooling="last", present=None):
    """The pooled states of `CharacterLSTM`, by the equations of its docstring; Keras' columns are i, f, g, o."""
    embeddings, kernel, recurrent, bias = (np.asarray(weight, "float64") for weight in weights)
    units = len(recurrent)
    pooled = np.zeros((len(ids), units))
    for row, text in enumerate(ids):
        h, c, states = [0.0] * units, [0.0] * units, []
        for t, character in enumerate(text):
            if character == 0 or (present is not None and not present[row][t]):
                continue
            x = embeddings[character]
            before = [
                sum(x[m] * kernel[m, gate] for m in range(len(x)))
                + sum(h[m] * recurrent[m, gate] for m in range(units))
                + bias[gate]
                for gate in range(4 * units)
            ]
            for j in range(units):
                i, f, g, o = (before[place * units + j] for place in range(4))
                c[j] = sigmoid(f) * c[j] + sigmoid(i) * math.tanh(g)
                h[j] = sigmoid(o) * math.tanh(c[j])
            states.append(list(h))
        if states:
            pooled[row] = pooled_by_loop(states, pooling)
    return pooled


def of_mean_square_one(vector):
    root = (sum(float(x) ** 2 for x in vector) / len(vector) + 1e-6) ** 0.5
    return [float(x) / root for x in vector]


def mlp_by_loop(weights, image, tag, user):
    """What each layer of `TripletMLP` has before its activation, of one triplet: the layers of the concatenation."""
    x, inside = [*tag, *image, *user], []
    for kernel, bias in zip(weights[::2], weights[1::2], strict=True):
        sums = [
            sum(float(x[m]) * float(kernel[m, g]) for m in range(len(kernel))) + float(bias[g])
            for g in range(len(bias))
        ]
        inside.append(sums)
        x = [max(0.0, s) for s in sums]
    return inside


def units_are_clear(weights, images, tags, users):
    """Whether rounding switches no hidden unit on or off; a single user goes with every image."""
    return all(
        abs(s) > 1e-4
        for row, image in enumerate(images)
        for tag in tags
        for sums in mlp_by_loop(weights, image, tag, users[row % len(users)])[:-1]
        for s in sums
    )
