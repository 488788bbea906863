from __future__ import annotations

import doctest

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasmm.models import cmem, cmem_branch, cmem_model
from tests.layers.by_loop import lstm_by_loop

TEXTS = np.array([[3, 4, 1, 0, 0], [1, 0, 0, 0, 0], [5, 6, 7, 3, 1]], "int32")
"""Characters with the padding that batches bring: the second text has none but its end."""


def made(**arguments):
    small = {"labels": 7, "characters": 9, "features": (4,), "dimension": 6, "character_dimension": 3, "units": 5}
    return cmem(**{**small, **arguments})


def randomised(model, rng):
    for layer in model.layers:
        if not isinstance(layer, keras.layers.Normalization):
            layer.set_weights([rng.normal(size=weight.shape) for weight in layer.get_weights()])
    return model


def inputs_of(rng, model=None):
    inputs = {"features": rng.normal(size=(3, 4)).astype("float32"), "characters": TEXTS}
    return inputs if model is None else {name: inputs[name] for name in model.input}


def weights_of(model, layer):
    return [weight.astype("float64") for weight in model.get_layer(layer).get_weights()]


def check(outputs, wanted):
    assert set(outputs) == set(wanted)
    for name, value in wanted.items():
        assert keras.backend.standardize_dtype(outputs[name].dtype) == "float32"
        np.testing.assert_allclose(outputs[name], value, atol=2e-5, err_msg=name)


def test_is_the_papers_equations_by_hand(rng):
    model = randomised(made(), rng)
    inputs = inputs_of(rng)
    state = lstm_by_loop(TEXTS, model.get_layer("character_lstm").get_weights())
    of_image, of_text = weights_of(model, "tweet_bias")
    (connotations,) = weights_of(model, "connotations")
    assert connotations.shape == (6, 7)
    image, text = inputs["features"] @ of_image, state @ of_text
    scores = np.zeros((3, 7))
    for row in range(3):
        for label in range(7):
            scores[row, label] = sum((image + text)[row, n] * connotations[n, label] for n in range(6))
    wanted = {"embedding": image + text, "image": image, "text": text, "state": state, "scores": scores}
    check(model(inputs, training=False), wanted)


def test_the_image_only_model_by_hand(rng):
    model = randomised(made(inputs="image"), rng)
    assert list(model.input) == ["features"]
    features = inputs_of(rng)["features"]
    embedding = features @ weights_of(model, "image_projection")[0]
    scores = embedding @ weights_of(model, "connotations")[0]
    check(model({"features": features}), {"embedding": embedding, "image": embedding, "scores": scores})


def test_the_tweet_only_model_by_hand(rng):
    model = randomised(made(inputs="text"), rng)
    assert list(model.input) == ["characters"]
    state = lstm_by_loop(TEXTS, model.get_layer("character_lstm").get_weights())
    embedding = state @ weights_of(model, "text_projection")[0]
    scores = embedding @ weights_of(model, "connotations")[0]
    wanted = {"embedding": embedding, "text": embedding, "state": state, "scores": scores}
    check(model({"characters": TEXTS}), wanted)


@pytest.mark.parametrize("inputs", ["both", "image", "text"])
def test_a_branch_alone_is_the_model_and_shares_its_weights(rng, tmp_path, inputs):
    model = randomised(made(inputs=inputs), rng)
    model.save(tmp_path / "m.keras")
    given = inputs_of(rng, model)
    whole = model(given)
    for one in (model, keras.saving.load_model(tmp_path / "m.keras")):
        for name, key, outputs in (("image", "features", {"image"}), ("text", "characters", {"text", "state"})):
            if inputs not in ("both", name):
                with pytest.raises(ValueError, match=f"`name` must be one of .'{inputs}'.. Received: '{name}'"):
                    cmem_branch(one, name)
                continue
            branch = cmem_branch(one, name)
            assert list(branch.input) == [key]
            check(branch({key: given[key]}), {output: whole[output] for output in outputs})
            assert {id(v) for v in branch.variables} <= {id(v) for v in one.variables}


@pytest.mark.parametrize("name", ["scores", "both", ""])
def test_there_is_no_other_branch(name):
    with pytest.raises(ValueError, match=r"`name` must be one of \['image', 'text'\]. Received: "):
        cmem_branch(made(), name)


def test_padding_changes_nothing(rng):
    model = randomised(made(), rng)
    inputs = inputs_of(rng)
    longer = {**inputs, "characters": np.pad(TEXTS, [[0, 0], [0, 4]])}
    check(model(longer), {name: np.asarray(value) for name, value in model(inputs).items()})


def test_has_the_parameters_of_the_paper():
    model = cmem(labels=1387, characters=100, features=(2048,))
    lstm = 100 * 512 + 512 * 2048 + 512 * 2048 + 2048
    assert model.count_params() == lstm + 2048 * 512 + 512 * 512 + 512 * 1387


def penalty_by_loop(model, penalty):
    """λ ‖θ‖² of equation 2."""
    return penalty * sum(float(number) ** 2 for weight in model.trainable_weights for number in np.ravel(weight))


@pytest.mark.parametrize("inputs", ["both", "image", "text"])
def test_the_losses_of_the_model_are_the_penalty_of_equation_2(rng, inputs):
    model = randomised(made(inputs=inputs, penalty=0.3), rng)
    np.testing.assert_allclose(sum(float(loss) for loss in model.losses), penalty_by_loop(model, 0.3), rtol=1e-5)
    # Once, however often the model was called.
    model(inputs_of(rng, model))
    cmem_branch(model, "image" if inputs == "both" else inputs)
    np.testing.assert_allclose(sum(float(loss) for loss in model.losses), penalty_by_loop(model, 0.3), rtol=1e-5)


def test_without_penalty_the_model_has_no_losses():
    assert made(penalty=0.0).losses == []


def encoder():
    image = keras.Input((8, 8, 3))
    hidden = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3, 2, "same")(image))
    hidden = keras.layers.DepthwiseConv2D(3)(hidden)
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(hidden))


@pytest.mark.parametrize("train", [False, True])
def test_an_encoder_is_frozen_or_trained_and_penalised(rng, tmp_path, train):
    own = encoder()
    model = made(encoder=own, train_encoder=train, penalty=0.2)
    assert set(model.input) == {"image", "characters"}
    inputs = {"image": rng.uniform(0, 255, (3, 8, 8, 3)).astype("float32"), "characters": TEXTS}
    features = own(inputs["image"], training=False)
    wanted = np.asarray(features) @ weights_of(model, "tweet_bias")[0]
    np.testing.assert_allclose(model(inputs, training=False)["image"], wanted, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(cmem_branch(model, "image")({"image": inputs["image"]})["image"], wanted, atol=1e-3)
    # conv 2, batch normalisation 2, depthwise 2; LSTM 4, tweet bias 2, connotations 1
    assert len(model.trainable_weights) == (13 if train else 7)
    np.testing.assert_allclose(sum(float(loss) for loss in model.losses), penalty_by_loop(model, 0.2), rtol=1e-5)
    model.save(tmp_path / "m.keras")
    revived = keras.saving.load_model(tmp_path / "m.keras")
    assert len(revived.trainable_weights) == len(model.trainable_weights)
    np.testing.assert_allclose(sum(float(loss) for loss in revived.losses), penalty_by_loop(model, 0.2), rtol=1e-5)
    before = own.get_weights()
    model.compile(keras.optimizers.SGD(0.01), loss={"scores": "mse"})
    model.fit(inputs, {"scores": rng.normal(size=(3, 7))}, verbose=0)
    moved = [(old != new).any() for old, new in zip(before, own.get_weights(), strict=True)]
    assert any(moved) == train


def test_of_a_map_of_regions_the_mean_is_taken(rng):
    flat, regions = made(), made(features=(7, 4))
    regions.set_weights(flat.get_weights())
    values = rng.normal(size=(3, 7, 4)).astype("float32")
    wanted = values.mean(axis=1) @ weights_of(flat, "tweet_bias")[0]
    np.testing.assert_allclose(cmem_branch(regions, "image")({"features": values})["image"], wanted, atol=1e-5)


@pytest.mark.parametrize("inputs", ["both", "image"])
def test_features_are_standardised_by_hand(rng, inputs):
    mean, variance = rng.normal(size=4), rng.uniform(0.5, 3, 4)
    model = made(feature_mean=mean.tolist(), feature_variance=variance.tolist(), inputs=inputs)
    features = rng.normal(2, 3, size=(3, 4)).astype("float32")
    kernel = weights_of(model, "tweet_bias" if inputs == "both" else "image_projection")[0]
    wanted = (features - mean) / np.sqrt(variance) @ kernel
    np.testing.assert_allclose(cmem_branch(model, "image")({"features": features})["image"], wanted, atol=1e-5)
    np.testing.assert_allclose(sum(float(loss) for loss in model.losses), penalty_by_loop(model, 5e-5), rtol=1e-5)


def test_learns_with_a_loss_on_its_scores(rng):
    model, inputs = made(dimension=16, units=16), inputs_of(rng)
    target = np.eye(3, 7, dtype="float32")
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.05), loss={"scores": loss})
    start = [weight.copy() for weight in model.get_weights()]
    model.fit(inputs, {"scores": target}, epochs=30, verbose=0)
    assert np.argmax(model(inputs)["scores"], axis=1).tolist() == [0, 1, 2]
    assert all((old != new).any() for old, new in zip(start, model.get_weights(), strict=True))


def test_dropout_is_for_training_only(rng):
    plain, dropped = made(), made(image_dropout=0.5, text_dropout=0.5)
    for layer in plain.layers:
        dropped.get_layer(layer.name).set_weights(layer.get_weights())
    inputs = inputs_of(rng)
    once, training = plain(inputs), dropped(inputs, training=True)
    for name, value in dropped(inputs, training=False).items():
        np.testing.assert_array_equal(value, once[name])
    for name in ("image", "text", "embedding", "scores"):
        assert (np.asarray(training[name]) != np.asarray(once[name])).any()
    # What retrieval takes of a tweet is not dropped.
    np.testing.assert_array_equal(training["state"], once["state"])


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_is_near(rng, policy):
    full = made()
    keras.config.set_dtype_policy(policy)
    try:
        half = made()
    finally:
        keras.config.set_dtype_policy("float32")
    half.set_weights(full.get_weights())
    inputs = inputs_of(rng)
    exact = full(inputs)
    for name, value in half(inputs).items():
        assert keras.backend.standardize_dtype(value.dtype) == "float32"
        np.testing.assert_allclose(value, exact[name], atol=0.03)
    half.compile("sgd", loss={"scores": "mse"})
    before = half.get_weights()
    history = half.fit(inputs, {"scores": rng.normal(size=(3, 7))}, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert all((old != new).any() for old, new in zip(before, half.get_weights(), strict=True))


@pytest.mark.parametrize("inputs", ["both", "image", "text"])
def test_survives_saving(tmp_path, rng, inputs):
    standardise = {} if inputs == "text" else {"feature_mean": [1, 2, 3, 4], "feature_variance": [1, 4, 9, 16]}
    model = randomised(made(inputs=inputs, image_dropout=0.2, text_dropout=0.2, **standardise), rng)
    model.save(tmp_path / "m.keras")
    revived = keras.saving.load_model(tmp_path / "m.keras")
    given = inputs_of(rng, model)
    for name, value in model(given).items():
        np.testing.assert_array_equal(value, revived(given)[name])
    assert len(revived.losses) == len(model.losses) > 0


def test_lives_in_a_saved_model_that_takes_texts_of_any_length(tmp_path, rng):
    model = randomised(made(), rng)
    module = tf.Module()
    module.variables_ = [variable.value for variable in model.variables]
    spec = {"features": tf.TensorSpec((None, 4)), "characters": tf.TensorSpec((None, None), tf.int32)}
    answer = tf.function(lambda features, characters: model({"features": features, "characters": characters}))
    tf.saved_model.save(module, tmp_path / "s", signatures=answer.get_concrete_function(**spec))
    served = tf.saved_model.load(tmp_path / "s").signatures["serving_default"]
    for steps in (1, 5):
        inputs = {**inputs_of(rng), "characters": TEXTS[:, :steps]}
        got = served(**{name: tf.constant(value) for name, value in inputs.items()})
        check(got, {name: np.asarray(value) for name, value in model(inputs).items()})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"inputs": "sound"}, "`inputs` must be one of .*'both', 'image', 'text'.*inputs='sound'"),
        ({"labels": 0}, "`labels` must be positive. Received: labels=0"),
        ({"dimension": 0}, "`dimension` must be positive. Received: dimension=0"),
        ({"units": 0}, "`units` must be positive. Received: units=0"),
        ({"characters": 0}, "`characters` must be positive. Received: characters=0"),
        ({"penalty": -1.0}, "`penalty` must be non-negative. Received: penalty=-1.0"),
        ({"image_dropout": 1.0}, "`image_dropout` must lie in .*image_dropout=1.0"),
        ({"text_dropout": -0.1}, "`text_dropout` must lie in .*text_dropout=-0.1"),
        ({"feature_mean": [0, 0, 0, 0]}, "go together"),
        ({"feature_mean": [0, 0], "feature_variance": [1, 1]}, "must have 4 values. Received: 2 and 2"),
    ],
)
def test_says_what_was_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        made(**arguments)


def test_the_examples_run():
    assert doctest.testmod(cmem_model).failed == 0
