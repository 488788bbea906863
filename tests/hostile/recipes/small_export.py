"""A small whole export, and how its graph is edited."""

from __future__ import annotations

import atexit
import functools
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

OWNED = "owned"
SECRET = "a line of another's file"
TAGS = ["red", "green", "blue"]

Edit = Callable[[Any, Path], object]
"""Changes a `SavedModel` message; takes the folder of the recipe, too."""


@functools.cache
def whole() -> Path:
    """A version of an export that finds posts by tags, made once; read only."""
    import numpy as np
    import tensorflow as tf

    from kerasmm.data.post import Post
    from kerasmm.serving.indexes.exact import ExactIndex
    from kerasmm.serving.posts import write_posts
    from kerasmm.serving.warmup import write_warmup

    base = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, base, ignore_errors=True)
    (base / "tags.txt").write_text("".join(f"{tag}\n" for tag in TAGS))
    module = tf.Module()
    module.services = tf.Module()
    module.services.indexes = {"posts": ExactIndex(np.eye(3, dtype="float32"), TAGS)}
    whole_line, line_number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
    lines = tf.lookup.TextFileInitializer(str(base / "tags.txt"), tf.string, whole_line, tf.int64, line_number)
    module.table = tf.lookup.StaticHashTable(lines, -1)

    def search_by_tags(tags: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        found = module.table.lookup(tags)
        query = tf.reduce_sum(tf.one_hot(found, 3), axis=1)
        return {**module.services.indexes["posts"].search(query, k), "valid": tf.reduce_any(found >= 0, axis=1)}

    specs = {
        "tags": tf.TensorSpec((None, None), tf.string, "tags"),
        "k": tf.TensorSpec((None,), tf.int32, "k"),
    }
    function = tf.function(search_by_tags).get_concrete_function(**specs)
    version = base / "found" / "1"
    tf.saved_model.save(module, str(version), signatures={"search_by_tags": function})
    extra = version / "assets.extra"
    extra.mkdir()
    inputs = {"tags": np.array([["red"]], object), "k": np.array([2], "int32")}
    write_warmup(extra, "found", {"search_by_tags": inputs})
    answer = {
        name: value.numpy().tolist()
        for name, value in function(tags=tf.constant(inputs["tags"]), k=tf.constant(inputs["k"])).items()
    }
    answer["ids"] = [[one.decode() for one in row] for row in answer["ids"]]
    kinds = {name: {"dtype": spec.dtype.name, "shape": spec.shape.as_list()} for name, spec in specs.items()}
    outputs = {name: {"dtype": "float32", "shape": [None, None]} for name in ("ids", "scores", "valid")}
    request = {"signature_name": "search_by_tags", "inputs": {"tags": [["red"]], "k": [2]}}
    about = {
        "format": 1,
        "name": "found",
        "system": "dman",
        "posts": 3,
        "splits": ["train"],
        "vocabularies": {"tags": "assets/tags.txt"},
        "signatures": {
            "search_by_tags": {"inputs": kinds, "outputs": outputs, "example": {"request": request, "answer": answer}}
        },
    }
    (extra / "signatures.json").write_text(json.dumps(about))
    write_posts(extra / "posts.sqlite", (("train", Post(id=tag, text=tag, tags=(tag,))) for tag in TAGS))
    return version


def copied(folder: Path) -> Path:
    """The whole one, to be changed."""
    version = folder / "found" / "1"
    shutil.copytree(whole(), version)
    (folder / "secret.txt").write_text(f"{SECRET}\n")
    return version


def edited(folder: Path, edit: Edit) -> Path:
    """The whole one with another graph."""
    from tensorflow.core.protobuf import saved_model_pb2

    version = copied(folder)
    path = version / "saved_model.pb"
    message = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    edit(message, folder)
    path.write_bytes(message.SerializeToString())
    return version


def run_when_loaded(meta: Any, name: str) -> None:
    """Makes a node run with the tables' initialisers."""
    main = meta.collection_def["saved_model_main_op"].node_list.value[0]
    next(node for node in meta.graph_def.node if node.name == main).input.append(f"^{name}")


def text(nodes: Any, name: str, *values: str) -> str:
    """Adds a constant: one string, or a vector of several."""
    node = nodes.add(name=name, op="Const")
    node.attr["dtype"].type = 7
    node.attr["value"].tensor.dtype = 7
    node.attr["value"].tensor.string_val.extend(value.encode() for value in values)
    if len(values) > 1:
        node.attr["value"].tensor.tensor_shape.dim.add(size=len(values))
    else:
        node.attr["value"].tensor.tensor_shape.SetInParent()
    return name


def vector(nodes: Any, name: str, value: str) -> str:
    """Adds a constant vector of one string."""
    text(nodes, name, value)
    nodes[-1].attr["value"].tensor.tensor_shape.dim.add(size=1)
    return name


def write_file(meta: Any, folder: Path) -> None:
    """Adds a node that writes, run when the graph is loaded."""
    nodes = meta.graph_def.node
    nodes.add(
        name="evil", op="WriteFile", input=[text(nodes, "evil/name", str(folder / OWNED)), text(nodes, "evil/x", "x")]
    )
    run_when_loaded(meta, "evil")


def by_name(meta: Any, name: str) -> Any:
    return next(node for node in meta.graph_def.node if node.name == name)


def call_with(meta: Any, op: str) -> Any:
    """The node that calls the function that holds an op."""
    names = {
        one.signature.name for one in meta.graph_def.library.function if any(node.op == op for node in one.node_def)
    }
    return next(node for node in meta.graph_def.node if node.attr["f"].func.name in names)
