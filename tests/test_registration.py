"""After `import kerasmm` alone, Keras loads a file that holds any of our classes: each case in a process of its own."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import kerasmm
from kerasmm import layers, losses, metrics
from tests.public_class import to_numpy

ROOT = Path(__file__).resolve().parents[1]

LOSSES = [getattr(losses, name) for name in losses.__all__ if name[0].isupper()]
METRICS = [getattr(metrics, name) for name in metrics.__all__]


def fresh(code: str, *arguments: object) -> str:
    """What the code prints in a process that has imported nothing yet."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["KERAS_BACKEND"] = keras.backend.backend()
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def registered() -> set[str]:
    """What stands under `register_keras_serializable` in our files."""
    found = set()
    for path in (ROOT / "kerasmm").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                decorators = " ".join(map(ast.unparse, node.decorator_list))
                if "register_keras_serializable" in decorators:
                    found.add(f"kerasmm>{node.name}")
    return found


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A file that holds every public layer, loss and metric: a loss an output, and all metrics on the first."""
    folder = tmp_path_factory.mktemp("saved")
    regions, characters = keras.Input((7, 6), name="regions"), keras.Input((5,), dtype="int32", name="characters")
    attended = layers.VisualTextualAttention(5)(regions)
    words = layers.LocallyFullyConnected(4, activation="sigmoid")(attended)
    read = layers.CharacterLSTM(3, characters=9, dimension=2, regularizer="l2")(characters)
    joint = layers.TweetBias(4)(layers.PooledGRU(3, pooling="mean")(words), read)
    user = keras.Input((), dtype="int32", name="user")
    vectors = layers.UserVectors(7, 2)(user)
    query = layers.ThreeWayTensor(4, 4, 2)(joint, vectors)
    scores = layers.TripletMLP((5,))(joint, query, vectors)
    joint = layers.SampledLogits(6, 2)(joint + query + keras.ops.mean(scores, axis=1, keepdims=True))
    heads = [keras.layers.Dense(4, name=loss.__name__)(joint) for loss in LOSSES]
    model = keras.Model([regions, characters, user], heads)
    arguments = {metrics.PrecisionAtK: (2,), metrics.RetrievalRecallAtK: (2,)}
    judged = [[metric(*arguments.get(metric, ())) for metric in METRICS], *([] for _ in heads[1:])]
    model.compile("sgd", [loss() for loss in LOSSES], metrics=judged)
    model.save(folder / "model.keras")
    model.save_weights(folder / "model.weights.h5")
    (folder / "model.json").write_text(model.to_json())
    rng = np.random.default_rng(0)
    given = [rng.normal(size=(2, 7, 6)).astype("float32"), rng.integers(0, 9, (2, 5)).astype("int32")]
    given.append(np.array([3, -1], "int32"))
    np.savez(folder / "given.npz", *given)
    np.savez(folder / "answered.npz", *(to_numpy(head) for head in model(given)))
    held = {type(layer) for layer in model.layers} | set(LOSSES) | set(METRICS)
    assert {keras.saving.get_registered_name(kind) for kind in held} >= registered()
    return folder


LOAD = """
import sys
import numpy as np
{imports}
folder = sys.argv[1]
given = list(np.load(folder + "/given.npz").values())
model = keras.models.load_model(folder + "/model.keras")
for got, expected in zip(model(given), np.load(folder + "/answered.npz").values(), strict=True):
    np.testing.assert_allclose(keras.ops.convert_to_numpy(got), expected, rtol=1e-5, atol=1e-6)
import kerasmm.layers, kerasmm.losses, kerasmm.metrics
from kerasmm.losses import PLSPLoss
assert {{type(loss).__name__ for loss in model.loss}} == {{n for n in kerasmm.losses.__all__ if n[0].isupper()}}
assert any(type(loss) is PLSPLoss for loss in model.loss)
assert {{type(layer) for layer in model.layers}} >= {{getattr(kerasmm.layers, n) for n in kerasmm.layers.__all__}}
judged = model.get_compile_config()["metrics"][0]
assert {{metric["class_name"] for metric in judged}} == set(kerasmm.metrics.__all__)
again = keras.models.model_from_json(open(folder + "/model.json").read())
again.load_weights(folder + "/model.weights.h5")
for got, expected in zip(again(given), np.load(folder + "/answered.npz").values(), strict=True):
    np.testing.assert_allclose(keras.ops.convert_to_numpy(got), expected, rtol=1e-5, atol=1e-6)
assert type(again.get_layer(index=2)) is type(model.get_layer(index=2))
again.save(folder + "/again.keras")
keras.models.load_model(folder + "/again.keras")
"""


@pytest.mark.parametrize("imports", ["import kerasmm\nimport keras", "import keras\nimport kerasmm"])
def test_a_file_with_every_class_is_loaded(saved, imports):
    fresh(LOAD.format(imports=imports), saved)


PROMISED = """
import importlib.util, inspect, json, sys
import kerasmm
ours = [finder for finder in sys.meta_path if type(finder).__module__ == "kerasmm.registration"]
assert importlib.util.find_spec("keras").name == "keras" and "keras" not in sys.modules
# Keras comes while a base class of others is being imported.
from kerasmm.losses.row_loss import RowLoss
import keras
assert len(ours) == 1 and not set(ours) & set(sys.meta_path)
assert inspect.getsource(keras) and keras.__spec__.origin == keras.__file__
parts = ("kerasmm.layers.", "kerasmm.losses.", "kerasmm.metrics.")
imported = {name for name in sys.modules if name.startswith(parts)}
assert not {name for name in imported if "precision" in name.replace("single_precision", "") or "lsep" in name}
found = keras.saving.get_registered_object("kerasmm>PrecisionAtK")(k=3)
assert type(found) is kerasmm.metrics.PrecisionAtK and found.k == 3
assert keras.saving.get_registered_object("kerasmm>PrecisionAtK") is kerasmm.metrics.PrecisionAtK
written = {"class_name": "LSEPLoss", "registered_name": "kerasmm>LSEPLoss", "config": {"negatives": 3}}
loss = keras.losses.deserialize(written)
assert type(loss) is kerasmm.losses.LSEPLoss and loss.negatives == 3
print(json.dumps([name for name in keras.saving.get_custom_objects() if name.startswith("kerasmm>")]))
"""


def test_every_class_of_ours_is_promised_and_kept_when_it_is_asked_for():
    assert set(json.loads(fresh(PROMISED))) == registered()


def test_keras_may_be_imported_by_another_thread():
    fresh(
        "import threading, time, sys\n"
        "thread = threading.Thread(target=__import__, args=('keras',))\n"
        "thread.start()\n"
        "while 'keras' not in sys.modules: time.sleep(0.001)\n"
        "import kerasmm\n"
        "thread.join()\n"
        "import keras\n"
        "assert 'kerasmm>PLSPLoss' in keras.saving.get_custom_objects()"
    )


def test_a_class_that_is_imported_already_keeps_its_place():
    kept = losses.PLSPLoss
    kerasmm.registration.register()
    assert keras.saving.get_registered_object("kerasmm>PLSPLoss") is kept
