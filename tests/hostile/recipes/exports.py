"""Exports that somebody else made: edits of the graph, the files and the folder of a small whole one.

The recipes whose names begin with `writes` write a file `OWNED` in the folder of the recipe, if they are run.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

from tests.hostile.recipes import recipe
from tests.hostile.recipes.small_export import (
    OWNED,
    Edit,
    by_name,
    call_with,
    copied,
    edited,
    run_when_loaded,
    text,
    vector,
    write_file,
)


def graph_recipe(edit: Edit) -> Edit:
    """Registers an edit as a recipe."""

    def write(folder: Path) -> Path:
        return edited(folder, edit)

    write.__name__, write.__doc__, write.__module__ = edit.__name__, edit.__doc__, edit.__module__
    recipe(write)
    GRAPHS[edit.__name__] = edit
    return edit


GRAPHS: dict[str, Edit] = {}


@graph_recipe
def writes_by_an_op(message: Any, folder: Path) -> None:
    """A graph with WriteFile."""
    write_file(message.meta_graphs[0], folder)


@graph_recipe
def writes_in_a_second_graph(message: Any, folder: Path) -> None:
    """Two graphs: the first is harmless, the loader takes the second."""
    second = message.meta_graphs.add()
    second.CopyFrom(message.meta_graphs[0])
    message.meta_graphs[0].meta_info_def.tags[:] = ["harmless"]
    write_file(second, folder)


@graph_recipe
def writes_by_printing(message: Any, folder: Path) -> None:
    """PrintV2 into a file."""
    meta = message.meta_graphs[0]
    nodes = meta.graph_def.node
    node = nodes.add(name="evil", op="PrintV2", input=[text(nodes, "evil/x", "x")])
    node.attr["output_stream"].s = f"file://{folder / OWNED}".encode()
    run_when_loaded(meta, "evil")


@graph_recipe
def writes_a_checkpoint(message: Any, folder: Path) -> None:
    """SaveV2 into another file."""
    meta = message.meta_graphs[0]
    nodes = meta.graph_def.node
    names = [text(nodes, "evil/prefix", str(folder / OWNED)), vector(nodes, "evil/names", "x")]
    names += [vector(nodes, "evil/slices", ""), text(nodes, "evil/x", "x")]
    nodes.add(name="evil", op="SaveV2", input=names).attr["dtypes"].list.type.append(7)
    run_when_loaded(meta, "evil")


@graph_recipe
def writes_in_a_function(message: Any, folder: Path) -> None:
    """MergeV2Checkpoints, which moves and deletes files, inside the function that fills the table."""
    meta = message.meta_graphs[0]
    function = next(one for one in meta.graph_def.library.function if "initializer" in one.signature.name)
    prefix = str(folder / "found" / "1" / "variables" / "variables")
    nodes = function.node_def
    vector(nodes, "evil_from", prefix)
    text(nodes, "evil_to", str(folder / OWNED))
    nodes.add(name="evil", op="MergeV2Checkpoints", input=["evil_from:output:0", "evil_to:output:0"])
    function.control_ret["evil"] = "evil"


def with_saver_prefix(meta: Any, folder: Path) -> None:
    """Gives the saver's function a constant for its placeholder."""
    saver = meta.saver_def
    save = by_name(meta, saver.save_tensor_name.removesuffix(":0"))
    save.input[0] = text(meta.graph_def.node, "evil/prefix", str(folder / OWNED))


@graph_recipe
def writes_when_loaded(message: Any, folder: Path) -> None:
    """The saver's own writing node, with another prefix, run when the graph is loaded."""
    meta = message.meta_graphs[0]
    with_saver_prefix(meta, folder)
    run_when_loaded(meta, meta.saver_def.save_tensor_name.removesuffix(":0"))


@graph_recipe
def writes_as_an_answer(message: Any, folder: Path) -> None:
    """The saver's own writing node, as the output of a signature."""
    meta = message.meta_graphs[0]
    with_saver_prefix(meta, folder)
    meta.signature_def["search_by_tags"].outputs["ids"].name = meta.saver_def.save_tensor_name


@graph_recipe
def writes_instead_of_reading(message: Any, folder: Path) -> None:
    """A saver whose node that reads is the one that writes."""
    meta = message.meta_graphs[0]
    with_saver_prefix(meta, folder)
    meta.saver_def.restore_op_name = meta.saver_def.save_tensor_name.removesuffix(":0")


@graph_recipe
def writes_by_the_savers_function(message: Any, folder: Path) -> None:
    """A second call of the function that writes checkpoints."""
    meta = message.meta_graphs[0]
    save = by_name(meta, meta.saver_def.save_tensor_name.removesuffix(":0"))
    evil = meta.graph_def.node.add()
    evil.CopyFrom(save)
    evil.name = "evil"
    evil.input[0] = text(meta.graph_def.node, "evil/prefix", str(folder / OWNED))
    run_when_loaded(meta, "evil")


@graph_recipe
def reads_a_file(message: Any, folder: Path) -> None:
    """ReadFile as the answer."""
    meta = message.meta_graphs[0]
    nodes = meta.graph_def.node
    nodes.add(name="evil", op="ReadFile", input=[text(nodes, "evil/name", str(folder / "secret.txt"))])
    meta.signature_def["search_by_tags"].outputs["ids"].name = "evil:0"


@graph_recipe
def reads_an_asset_outside(message: Any, folder: Path) -> None:
    """An asset whose name leads out: another file's lines become words."""
    message.meta_graphs[0].asset_file_def[0].filename = "../../../secret.txt"


@graph_recipe
def reads_an_absolute_asset(message: Any, folder: Path) -> None:
    """An asset with an absolute name."""
    message.meta_graphs[0].asset_file_def[0].filename = str(folder / "secret.txt")


@graph_recipe
def reads_a_constant_name(message: Any, folder: Path) -> None:
    """A table filled from a file that a constant names."""
    meta = message.meta_graphs[0]
    evil = text(meta.graph_def.node, "evil/name", str(folder / "secret.txt"))
    call_with(meta, "InitializeTableFromTextFileV2").input[0] = evil


@graph_recipe
def reads_a_variable_set_twice(message: Any, folder: Path) -> None:
    """The variable of an asset's name is assigned another name as well."""
    meta = message.meta_graphs[0]
    nodes = meta.graph_def.node
    assign = next(node for node in nodes if node.op == "AssignVariableOp")
    evil = nodes.add()
    evil.CopyFrom(assign)
    evil.name = "evil"
    evil.input[1] = text(nodes, "evil/name", str(folder / "secret.txt"))
    call_with(meta, "InitializeTableFromTextFileV2").input.append("^evil")


@graph_recipe
def reads_a_variable_of_two_handles(message: Any, folder: Path) -> None:
    """As before, by a second handle of the same name."""
    meta = message.meta_graphs[0]
    reads_a_variable_set_twice(message, folder)
    handle = by_name(meta, by_name(meta, "evil").input[0])
    second = meta.graph_def.node.add()
    second.CopyFrom(handle)
    second.name = "evil/handle"
    second.attr["shared_name"].s = handle.attr["shared_name"].s or handle.name.encode()
    by_name(meta, "evil").input[0] = "evil/handle"


@graph_recipe
def reads_by_a_forged_handle(message: Any, folder: Path) -> None:
    """As before, by a constant that is the variable's handle."""
    meta = message.meta_graphs[0]
    reads_a_variable_set_twice(message, folder)
    evil = by_name(meta, "evil")
    forged = meta.graph_def.node.add(name="evil/handle", op="Const")
    forged.attr["dtype"].type = forged.attr["value"].tensor.dtype = 20
    forged.attr["value"].tensor.tensor_shape.SetInParent()
    forged.attr["value"].tensor.resource_handle_val.add(name=evil.input[0], container="localhost")
    evil.input[0] = "evil/handle"


@graph_recipe
def reads_another_checkpoint(message: Any, folder: Path) -> None:
    """Weights are read from a constant prefix."""
    meta = message.meta_graphs[0]
    restore = by_name(meta, meta.saver_def.restore_op_name)
    restore.input[0] = text(meta.graph_def.node, "evil/prefix", str(folder / "another" / "variables"))


@graph_recipe
def reads_what_is_asked(message: Any, folder: Path) -> None:
    """A signature whose input is the name of the asset."""
    meta = message.meta_graphs[0]
    meta.signature_def["search_by_tags"].inputs["tags"].name = meta.asset_file_def[0].tensor_info.name


@graph_recipe
def an_op_named_like_a_function(message: Any, folder: Path) -> None:
    """A function called WriteFile, so that the op of that name looks like its call."""
    meta = message.meta_graphs[0]
    write_file(meta, folder)
    function = meta.graph_def.library.function.add()
    function.signature.name = "WriteFile"


@graph_recipe
def a_function_in_anothers_place(message: Any, folder: Path) -> None:
    """The saver's function says that it implements what another does, so that an optimiser may swap them."""
    meta = message.meta_graphs[0]
    for one in meta.graph_def.library.function:
        one.attr["api_implements"].s = b"swap"


@graph_recipe
def a_collection(message: Any, folder: Path) -> None:
    """A collection that nothing of ours has."""
    message.meta_graphs[0].collection_def["queue_runners"].bytes_list.value.append(b"x")


@graph_recipe
def two_nodes_of_one_name(message: Any, folder: Path) -> None:
    """Which of them an audit sees is not which of them is run."""
    nodes = message.meta_graphs[0].graph_def.node
    nodes.add().CopyFrom(nodes[0])


@graph_recipe
def no_graph(message: Any, folder: Path) -> None:
    """A message without a graph."""
    del message.meta_graphs[:]


FOREIGN_OPS = (
    "PyFunc",
    "EagerPyFunc",
    "MatchingFiles",
    "ImmutableConst",
    "TFRecordDataset",
    "TextLineDatasetV2",
    "SaveDatasetV2",
    "LoadDataset",
    "DebugIdentityV3",
    "DebugNumericSummaryV2",
    "CreateSummaryFileWriter",
    "RemoteCall",
    "XlaLaunch",
    "Print",
    "SaveSlices",
    "WriteGraph",
    "DecodeProtoV2",
    "LMDBDataset",
    "WholeFileReaderV2",
    "RpcCall",
)


def foreign_op(message: Any, op: str, inside: bool) -> None:
    """Adds an op to the graph or to one of its functions."""
    graph = message.meta_graphs[0].graph_def
    (graph.library.function[0].node_def if inside else graph.node).add(name="evil", op=op)


@recipe
def a_second_file(folder: Path) -> Path:
    """`saved_model.pbtxt` beside the graph that is audited."""
    version = copied(folder)
    (version / "saved_model.pbtxt").write_text("")
    return version


@recipe
def a_linked_asset(folder: Path) -> Path:
    """A vocabulary that is a link to another's file."""
    version = copied(folder)
    (version / "assets" / "tags.txt").unlink()
    (version / "assets" / "tags.txt").symlink_to("../../../secret.txt")
    return version


@recipe
def linked_weights(folder: Path) -> Path:
    """Weights that are a link out of the export."""
    version = copied(folder)
    shutil.move(version / "variables", folder / "elsewhere")
    (version / "variables").symlink_to("../../elsewhere")
    return version


@recipe
def linked_posts(folder: Path) -> Path:
    """A file of posts that is a link to another's database."""
    version = copied(folder)
    with sqlite3.connect(folder / "other.sqlite") as file:
        file.execute("create table posts (id)")
    (version / "assets.extra" / "posts.sqlite").unlink()
    (version / "assets.extra" / "posts.sqlite").symlink_to(folder / "other.sqlite")
    return version


@recipe
def links_in_a_circle(folder: Path) -> Path:
    """Links that lead to one another."""
    version = copied(folder)
    (version / "assets" / "a").symlink_to("b")
    (version / "assets" / "b").symlink_to("a")
    return version


@recipe
def a_pipe(folder: Path) -> Path:
    """A vocabulary that is a pipe: who opens it waits."""
    version = copied(folder)
    (version / "assets" / "tags.txt").unlink()
    os.mkfifo(version / "assets" / "tags.txt")
    return version
