from __future__ import annotations

import keras
import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from kerasmm.evaluation.classification import classifier_scores
from kerasmm.evaluation.label_classifier import train_label_classifier

pytestmark = pytest.mark.usefixtures("whole_exports")


def posts(rng, count=300, size=12):
    vectors = (rng.random((count, size)) ** 3).astype("float32")
    vectors[:, 0] = 0.25  # never varies
    return vectors, (vectors[:, 1:4] > 0.3).astype("float32")


def test_is_the_classifier_of_the_protocol(rng, seed):
    """Written out once more, with scikit-learn to standardise: the same seed gives the same scores."""
    vectors, labels = posts(rng)
    test = posts(rng, 40)[0]
    seed %= 1000
    order = np.random.default_rng(seed).permutation(300)
    held, fit = np.sort(order[:30]), np.sort(order[30:])
    scaler = StandardScaler().fit(vectors[fit].astype("float64"))
    sizes = ((512, "relu"), (256, "relu"), (3, "sigmoid"))
    model = keras.Sequential(
        [
            keras.layers.Dense(
                units, activation, kernel_initializer=keras.initializers.GlorotUniform(seed=seed + number)
            )
            for number, (units, activation) in enumerate(sizes)
        ]
    )
    model.compile("adam", "binary_crossentropy")
    stop = keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)
    held_out = (scaler.transform(vectors[held]), labels[held])
    keras.utils.set_random_seed(seed)
    model.fit(
        scaler.transform(vectors[fit]),
        labels[fit],
        128,
        60,
        verbose=0,
        validation_data=held_out,
        callbacks=[stop],
    )
    expected = model.predict(scaler.transform(test), verbose=0)
    keras.utils.set_random_seed(seed)
    # Adam makes much of rounding.
    np.testing.assert_allclose(classifier_scores(vectors, labels, test, seed), expected, atol=0.02)


def test_the_standardisation_is_inside(rng):
    vectors, labels = posts(rng)
    keras.utils.set_random_seed(1)
    plain = train_label_classifier(vectors, labels, 1).predict(vectors, verbose=0)
    keras.utils.set_random_seed(1)
    moved = train_label_classifier(vectors * 32 + 5, labels, 1).predict(vectors * 32 + 5, verbose=0)
    np.testing.assert_allclose(moved, plain, atol=0.02)
    assert np.mean((plain > 0.5) == (labels > 0)) > 0.9


def test_tells_of_each_epoch_and_survives_a_file(rng, tmp_path):
    vectors, labels = posts(rng, 40)
    epochs = []
    told = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(epoch))
    model = train_label_classifier(vectors, labels, callbacks=[told])
    assert epochs == list(range(len(epochs))) and 6 <= len(epochs) <= 60
    model.save(tmp_path / "classifier.keras")
    revived = keras.saving.load_model(tmp_path / "classifier.keras")
    np.testing.assert_allclose(revived.predict(vectors, verbose=0), model.predict(vectors, verbose=0), atol=1e-6)
    assert model.output_shape == (None, 3) and model.output.dtype == "float32"


def test_one_row_is_enough_and_none_is_refused():
    scores = train_label_classifier(np.ones((1, 4), "float32"), np.ones((1, 2), "float32")).predict(
        np.zeros((2, 4), "float32"), verbose=0
    )
    assert scores.shape == (2, 2) and np.isfinite(scores).all()
    for vectors, labels in (((0, 4), (0, 2)), ((3, 4), (3, 0)), ((3, 4), (2, 2)), ((3,), (3, 1))):
        with pytest.raises(ValueError, match=r"`vectors` must be \(n, d\).*Received: "):
            train_label_classifier(np.ones(vectors), np.ones(labels))
