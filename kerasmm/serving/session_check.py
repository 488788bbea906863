"""Checks one export as a server would meet it. A script of its own: it imports nothing of kerasmm, and forbids it.

    python -P session_check.py EXPORT ALLOWED_OPS

Prints one line of JSON: `{"problems": [...], "signatures": [...], "ops": n}`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

FORBIDDEN = ("kerasmm", "data_prep", "keras", "tf_keras")
"""A server has neither the model's code nor Keras: an export that needs them must fail here, not there."""

JUNK = (
    b"\xff\xd8\xff junk that a server pads a batch with",
    b"",
    "\N{DOG FACE}\N{ZERO WIDTH JOINER}\N{VARIATION SELECTOR-16}".encode(),
    "\N{RIGHT-TO-LEFT OVERRIDE}كلب يجري".encode(),
    b"a dog runs on grass " * 2_000,
)
"""Strings that anyone may send: no picture and no UTF-8, nothing, an emoji, text from right to left, 10,000 words."""

TOLERANCE = 1e-2
"""Of an output's largest value: wide enough for bfloat16 and other fusions, far too narrow for a wrong variable."""

TEXT_OPS = {"CaseFoldUTF8", "NormalizeUTF8"}
"""Ops of tensorflow-text that exports have. A server has them built in; here their library is loaded."""


def load_text_ops() -> None:
    """Loads the library of `TEXT_OPS` by itself: the package would bring Keras along."""
    import importlib.util

    import tensorflow as tf

    found = importlib.util.find_spec("tensorflow_text")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("tensorflow-text is not installed; the ops of this export need it")
    tf.load_op_library(str(Path(found.origin).parent / "python" / "ops" / "_normalize_ops.so"))


def ops_of(export: Path) -> tuple[int, set[str]]:
    """How many ops the export holds, and their kinds; its own functions are none."""
    from tensorflow.core.protobuf import saved_model_pb2

    metas = saved_model_pb2.SavedModel.FromString((export / "saved_model.pb").read_bytes()).meta_graphs
    functions = [function for meta in metas for function in meta.graph_def.library.function]
    nodes = [node for meta in metas for node in meta.graph_def.node]
    nodes += [node for function in functions for node in function.node_def]
    return len(nodes), {node.op for node in nodes} - {function.signature.name for function in functions}


def differences(expected: dict[str, Any], got: dict[str, Any]) -> list[str]:
    """How an answer differs from the recorded one, which came through JSON."""
    import numpy as np

    if sorted(expected) != sorted(got):
        return [f"outputs {sorted(got)} instead of {sorted(expected)}"]
    problems = []
    for name, array in got.items():
        want = np.array(expected[name], object if array.dtype == object else array.dtype)
        if want.shape != array.shape:
            problems.append(f"output {name!r} has shape {array.shape} instead of {want.shape}")
        elif array.dtype == object:
            wrong = np.array([b != w.encode() for b, w in zip(array.flat, want.flat, strict=True)], bool)
            if (wrong.reshape(array.shape) & ~tied(expected.get("scores"), array.shape)).any():
                problems.append(f"output {name!r} is {array.tolist()} instead of {want.tolist()}")
        elif array.dtype.kind == "b":
            if (array != want).any():
                problems.append(f"output {name!r} is {array.tolist()} instead of {want.tolist()}")
        else:
            far = np.abs(array.astype("float64") - want) > TOLERANCE * max(1e-6, float(np.abs(want).max(initial=0.0)))
            if far.any() or not np.isfinite(array.astype("float64")).all():
                problems.append(f"output {name!r} differs in {int(far.sum())} of {far.size} values")
    return problems


def tied(scores: Any, shape: tuple[int, ...]) -> Any:
    """Where ids may change places: scores as near to a neighbour's as rounding; the last one's neighbour is unseen."""
    import numpy as np

    free = np.zeros(shape, bool)
    if scores is None or np.shape(scores) != shape or len(shape) != 2:
        return free
    near = np.abs(np.diff(np.array(scores, "float64"), axis=1)) <= 1e-5 * max(
        1e-6, float(np.abs(scores).max(initial=0.0))
    )
    free[:, 1:] |= near
    free[:, :-1] |= near
    free[:, -1:] = True
    return free


def batched(inputs: dict[str, Any]) -> dict[str, Any]:
    """The example, rows of junk, the example again: what a server that joins requests makes of it."""
    import numpy as np

    def between_junk(array: Any) -> Any:
        rows = np.concatenate([array] * (len(JUNK) + 2))
        if array.dtype == object:
            for place, junk in enumerate(JUNK, 1):
                rows[place : place + 1].fill(junk)
        return rows

    return {name: between_junk(array) for name, array in inputs.items()}


def replay(session: Any, signature: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    """Runs one signature."""
    feeds = {signature.inputs[name].name: array for name, array in inputs.items()}
    return dict(session.run({name: tensor.name for name, tensor in signature.outputs.items()}, feeds))


def check_signature(session: Any, signature: Any, inputs: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """Replays the example alone, between junk, and as an empty batch."""
    import numpy as np

    problems = differences(expected, replay(session, signature, inputs))
    rows = replay(session, signature, batched(inputs))
    empty = replay(session, signature, {name: array[:0] for name, array in inputs.items()})
    last = len(JUNK) + 1
    for size, answer in ((last + 1, rows), (0, empty)):
        for name, array in answer.items():
            if not array.ndim or len(array) != size:
                problems.append(f"output {name!r} has shape {array.shape} for a batch of {size}")
            elif array.dtype.kind not in "Ob" and not np.isfinite(array.astype("float64")).all():
                # JSON has no way to say it.
                problems.append(f"output {name!r} is not finite for junk")
    if not problems:
        for row in (0, last):
            found = differences(expected, {name: array[row : row + 1] for name, array in rows.items()})
            problems += [f"beside rows of junk, {problem}" for problem in found]
    return problems


def requests(export: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Signature and inputs of each warm-up request."""
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2

    warmup = str(export / "assets.extra" / "tf_serving_warmup_requests")
    for record in tf.compat.v1.io.tf_record_iterator(warmup):
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        inputs = {key: tf.make_ndarray(tensor) for key, tensor in request.inputs.items()}
        yield request.model_spec.signature_name, inputs


def example_answers(export: Path, signatures: Collection[str]) -> dict[str, dict[str, Any]]:
    """What signatures answer to their warm-up requests."""
    import tensorflow as tf

    # The readers of models and of records call themselves deprecated.
    tf.get_logger().setLevel("ERROR")
    if ops_of(export)[1] & TEXT_OPS:
        load_text_ops()
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
        meta = tf.compat.v1.saved_model.load(session, [tf.saved_model.SERVING], str(export))
        return {
            name: replay(session, meta.signature_def[name], inputs)
            for name, inputs in requests(export)
            if name in signatures
        }


def check(export: Path, allowed: set[str]) -> dict[str, Any]:
    """Everything that must hold before an export is called done."""
    import tensorflow as tf

    ops, kinds = ops_of(export)
    report: dict[str, Any] = {"ops": ops, "signatures": [], "problems": []}
    if unknown := sorted(kinds - allowed):
        # Not loaded: an op that a server doesn't have, or that reads files, has no business being run.
        report["problems"].append(f"ops that are not on the allow-list: {', '.join(unknown)}")
        return report
    if kinds & TEXT_OPS:
        load_text_ops()
    recorded = json.loads((export / "assets.extra" / "signatures.json").read_text(encoding="utf-8"))["signatures"]
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
        meta = tf.compat.v1.saved_model.load(session, [tf.saved_model.SERVING], str(export))
        handles = [op.outputs[0] for op in graph.get_operations() if op.type == "VarHandleOp"]
        ready = session.run([tf.raw_ops.VarIsInitializedOp(resource=handle) for handle in handles])
        empty = [handle.op.name for handle, initialised in zip(handles, ready, strict=True) if not initialised]
        if empty:
            report["problems"].append(f"uninitialised variables: {', '.join(empty[:3])} ({len(empty)} in all)")
            return report
        for name, inputs in requests(export):
            expected = recorded[name]["example"]["answer"]
            problems = check_signature(session, meta.signature_def[name], inputs, expected)
            report["problems"] += [f"{name}: {problem}" for problem in problems]
            report["signatures"].append(name)
    silent = sorted(set(recorded) - set(report["signatures"]))
    if silent:
        report["problems"].append(f"no warm-up request for: {', '.join(silent)}")
    return report


def report_of(export: Path, allowed_ops: Path) -> dict[str, Any]:
    """The report of `check`, given the file of allowed ops; what raises is a problem too."""
    groups = json.loads(allowed_ops.read_text(encoding="utf-8"))
    try:
        return check(export, {op for ops in groups.values() for op in ops})
    except Exception as error:
        # Whatever the loader raises is a finding about the export, and the caller reads only JSON.
        return {"problems": [f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"]}


def main(arguments: list[str]) -> int:
    """Prints the report; 1 when there are problems."""
    for package in FORBIDDEN:
        sys.modules[package] = None  # type: ignore[assignment]
    report = report_of(Path(arguments[0]), Path(arguments[1]))
    print(json.dumps(report))
    return 1 if report["problems"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
