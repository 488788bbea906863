from __future__ import annotations

import doctest
import sys

import keras
import numpy as np
import pytest

from kerasmm.models import begin_second_stage, hashtag, hashtag_part, hashtag_scores
from kerasmm.models.hashtag_model import in_second_stage


def made(**arguments):
    return hashtag(**{"tags": 7, "users": 4, "features": (6,), "dimension": 5, "user_dimension": 3, **arguments})


def randomised(model, rng):
    for layer in model.layers:
        if layer.name != "stage" and not isinstance(layer, keras.layers.Normalization):
            layer.set_weights([rng.normal(size=weight.shape) for weight in layer.get_weights()])
    return model


INPUTS = {"user": np.array([2, -1, 0], "int32"), "tag": np.array([6, 0, 3], "int32")}


def weights(model, name):
    return [weight.astype("float64") for weight in model.get_layer(name).get_weights()]


def scores_of(model, features):
    part = hashtag_part(model, "image", "vectors", "user") if "user" in model.input else hashtag_part(model, "vectors")
    inputs = {**INPUTS, "features": features}
    return np.asarray(hashtag_scores(model, part({name: inputs[name] for name in part.input})))


@pytest.mark.parametrize("cosine", [False, True])
@pytest.mark.parametrize("kind", ["tensor", "mlp", "none"])
def test_is_the_papers_equations_by_hand(rng, kind, cosine):
    model = randomised(made(user_model=kind, cosine=cosine), rng)
    features = rng.normal(size=(3, 6)).astype("float32")
    kernel, bias = weights(model, "projection")
    f = features @ kernel + bias
    (agnostic,) = weights(model, "agnostic_tags")
    wanted = f @ agnostic.T
    if cosine:
        wanted /= np.linalg.norm(f, axis=1, keepdims=True) * np.linalg.norm(agnostic, axis=1)
    assert not in_second_stage(model)
    np.testing.assert_allclose(scores_of(model, features), wanted, rtol=1e-4, atol=1e-4)
    assert model.get_layer("agnostic_tags").trainable != cosine
    if kind == "none":
        return
    begin_second_stage(model)
    assert in_second_stage(model)
    (people,) = weights(model, "users")
    users = np.stack([people[2], people.mean(axis=0), people[0]])
    if cosine:
        # Directions alone were learned: the tags begin as long as D numbers uniform in ±0.05, of mean square 0.05² / 3.
        agnostic = agnostic / np.linalg.norm(agnostic, axis=1, keepdims=True)
        agnostic *= np.sqrt(agnostic.shape[1] * 0.05**2 / 3)
    for row, column in np.ndindex(3, 7):
        # The tags begin as they were.
        h = agnostic[column]
        if kind == "tensor":
            (tensor,) = weights(model, "tensor")
            score = np.einsum("dfe,d,f,e->", tensor, h, f[row], users[row])
        else:
            score = np.concatenate([one / np.sqrt(np.mean(one**2) + 1e-6) for one in (h, f[row], users[row])])
            mlp = model.get_layer("mlp")
            for place, (own, add) in enumerate(zip(mlp.kernels, mlp.biases, strict=True)):
                score = score @ np.asarray(own, "float64") + np.asarray(add, "float64")
                score = np.maximum(score, 0) if place < 2 else score
        wanted[row, column] = np.squeeze(score)
    np.testing.assert_allclose(scores_of(model, features), wanted, rtol=1e-3, atol=1e-3)


def test_the_queries_score_the_triplet_itself(rng):
    model = randomised(made(), rng)
    outputs = {
        name: np.asarray(value) for name, value in model({**INPUTS, "features": rng.normal(size=(3, 6))}).items()
    }
    scores = [(outputs[f"toward_{part}"] * outputs[part]).sum(axis=1) for part in ("tag", "image", "user")]
    (tensor,) = weights(model, "tensor")
    wanted = np.einsum("dfe,nd,nf,ne->n", tensor, outputs["tag"], outputs["image"], outputs["user"])
    for own in scores:
        np.testing.assert_allclose(own, wanted, rtol=1e-3, atol=1e-3)


def test_without_projection_it_is_logistic_regression(rng):
    model = randomised(
        made(user_model="none", projection=False, feature_mean=[1.0] * 6, feature_variance=[4.0] * 6), rng
    )
    features = rng.normal(size=(3, 6)).astype("float32")
    (table,) = weights(model, "agnostic_tags")
    assert table.shape == (7, 7)
    wanted = (features - 1) / 2 @ table[:, :6].T + table[:, 6]
    np.testing.assert_allclose(scores_of(model, features), wanted, rtol=1e-4, atol=1e-4)


def test_the_second_stage_is_known_by_the_weights(tmp_path, rng):
    model, other = made(cosine=True), made(cosine=True)
    begin_second_stage(model)
    model.save_weights(tmp_path / "best.weights.h5")
    other.load_weights(tmp_path / "best.weights.h5")
    assert in_second_stage(other)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tags": 0}, "`tags` must be positive. Received: tags=0"),
        ({"users": 0}, "`users` must be positive"),
        ({"user_model": "cp"}, "`user_model` must be one of .* Received: user_model='cp'"),
        ({"projection": False}, "`projection` may be False only with `user_model='none'`"),
        ({"dropout": 1.0}, r"`dropout` must lie in \[0, 1\). Received: dropout=1.0"),
    ],
)
def test_refuses_what_is_no_model(arguments, message):
    with pytest.raises(ValueError, match=message):
        made(**arguments)


def test_examples_run():
    module = sys.modules[hashtag.__module__]
    found = doctest.testmod(module, extraglobs={"ops": keras.ops})
    assert found.attempted and not found.failed
