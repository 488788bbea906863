import json
import os
import shutil

import keras
import pytest
import tensorflow as tf
from tensorflow.python.framework import op_def_registry

from kerasmm.console import UserError
from kerasmm.serving.check import ALLOWED_OPS, SIGNATURES_FILE, check_export, newest, versions
from kerasmm.serving.examples import example_inputs
from kerasmm.serving.warmup import write_warmup
from tests.serving.fake import exported


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(exported(), tmp_path / "a copy" / "1")


def small_export(folder, module, answer):
    """An export of one signature, with all that the check reads and whatever `answer` does inside."""
    function = tf.function(answer).get_concrete_function(x=tf.TensorSpec((None, 2), tf.float32, name="x"))
    tf.saved_model.save(module, str(folder), signatures={"serving_default": function})
    (folder / "assets.extra").mkdir()
    inputs = example_inputs({"x": tf.TensorSpec((None, 2), tf.float32)}, {})
    write_warmup(folder / "assets.extra", "m", {"serving_default": inputs})
    wanted = {key: value.numpy().tolist() for key, value in function(x=tf.constant(inputs["x"])).items()}
    about = {"signatures": {"serving_default": {"example": {"answer": wanted}}}}
    (folder / SIGNATURES_FILE).write_text(json.dumps(about))
    return folder


@pytest.mark.usefixtures("whole_exports")
def test_a_good_export_passes_wherever_it_lies(copy, tmp_path, monkeypatch):
    # A package of our name that can't be imported: the fresh process must not even try.
    (tmp_path / "path" / "kerasmm").mkdir(parents=True)
    (tmp_path / "path" / "kerasmm" / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'path'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    report = check_export(copy)
    assert report["problems"] == []
    assert sorted(report["signatures"]) == [
        "attend",
        "classify",
        "search_by_image",
        "search_by_tags",
        "serving_default",
    ]
    assert report["ops"] > 100


def test_a_different_answer_is_a_problem(copy):
    path = copy / SIGNATURES_FILE
    about = json.loads(path.read_text(encoding="utf-8"))
    answers = {name: one["example"]["answer"] for name, one in about["signatures"].items()}
    answers["serving_default"]["embedding"][0][0] += 0.05
    answers["search_by_image"]["valid"] = [False]
    answers["search_by_tags"]["ids"][0][0] = "another"
    path.write_text(json.dumps(about), encoding="utf-8")
    problems = " | ".join(check_export(copy)["problems"])
    assert "serving_default: output 'embedding' differs in 1 of 3 values" in problems
    assert "search_by_image: output 'valid' is [True] instead of [False]" in problems
    assert "search_by_tags: output 'ids'" in problems


@pytest.mark.usefixtures("whole_exports")
def test_damaged_weights_are_a_problem(copy):
    path = copy / "variables" / "variables.data-00000-of-00001"
    path.write_bytes(path.read_bytes()[:20])
    assert check_export(copy)["problems"]


def test_ops_that_a_server_lacks_are_named(tmp_path):
    def answer(x):
        return {"y": tf.ensure_shape(tf.numpy_function(lambda a: a, [x], tf.float32), (None, 2))}

    (problem,) = check_export(small_export(tmp_path / "1", tf.Module(), answer))["problems"]
    assert "holds ops that no export has: PyFunc" in problem


@pytest.mark.usefixtures("whole_exports")
def test_a_keras_model_in_the_module_is_a_problem(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    module = tf.Module()
    module.model = model
    assert check_export(small_export(tmp_path / "1", module, lambda x: {"y": model(x)}))["problems"]
    module = tf.Module()
    module.variables_of_the_model = [variable.value for variable in model.variables]
    assert check_export(small_export(tmp_path / "2", module, lambda x: {"y": model(x)}))["problems"] == []


def test_rows_that_disturb_each_other_are_a_problem(tmp_path):
    def answer(x):
        return {"y": x + tf.cast(tf.shape(x)[0], tf.float32)}

    problems = check_export(small_export(tmp_path / "1", tf.Module(), answer))["problems"]
    assert any("beside rows of junk" in problem for problem in problems)


def test_an_answer_without_a_row_for_each_question_is_a_problem(tmp_path):
    def answer(x):
        return {"y": tf.reduce_sum(x, axis=1)[:1]}

    problems = check_export(small_export(tmp_path / "1", tf.Module(), answer))["problems"]
    assert "serving_default: output 'y' has shape (1,) for a batch of 7" in problems


def test_allowed_ops_are_ops_of_tensorflow_and_harmless():
    groups = json.loads(ALLOWED_OPS.read_text())
    ops = [op for group in groups.values() for op in group]
    assert len(ops) == len(set(ops))
    # What the runtime registers lazily starts with an underscore.
    unknown = [op for op in ops if not op.startswith("_") and op_def_registry.get(op) is None]
    assert unknown == []
    harmful = ("PyFunc", "Cudnn", "Scann", "ReadFile", "WriteFile", "WriteGraph", "MatchingFiles", "Xla", "TPU", "Nccl")
    assert not [op for op in ops if any(word in op for word in harmful)]
    datasets = {"TensorDataset", "MapDataset", "IgnoreErrorsDataset", "ConcatenateDataset", "TakeDataset"}
    assert {op for op in ops if "Dataset" in op and "Iterator" not in op} == datasets | {"DatasetToSingleElement"}


def test_versions_are_the_folders_that_a_server_sees(tmp_path):
    # Digits of other scripts, numbers that a server can't hold, and names that another number has.
    odd = ("\N{ARABIC-INDIC DIGIT THREE}", "9" * 19, "9" * 200, "007", "-1")
    for name in ("1", "10", "9", "x", ".partial-1", "2.5", *odd):
        (tmp_path / name).mkdir()
    (tmp_path / "11").write_text("a file")
    assert versions(tmp_path) == [1, 9, 10]
    assert versions(tmp_path / "nowhere") == []


def test_newest_version_or_the_version_itself():
    assert newest(exported().parent) == exported()
    assert newest(exported()) == exported()


@pytest.mark.parametrize(
    ("missing", "message"),
    [("saved_model.pb", "saved_model.pb is missing"), (str(SIGNATURES_FILE), "signatures.json is missing")],
)
def test_a_folder_that_is_no_export_is_refused(copy, missing, message):
    (copy / missing).unlink()
    with pytest.raises(UserError, match=message):
        check_export(copy)
    with pytest.raises(UserError, match=message):
        newest(copy.parent)
    with pytest.raises(UserError, match="no such folder"):
        newest(copy.parent / "7")
