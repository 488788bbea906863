"""What the graph of an export may do: a graph is a program, and may be a stranger's.

Every graph and every function of `saved_model.pb` is read before TensorFlow loads any of it. Ops are those of
`allowed_ops.json`. Three kinds of them touch files, and each is allowed in its own place only:

- The saver writes checkpoints in a function that nothing but its own node calls, and nothing uses that node.
- The saver reads the checkpoint that the loader names: the prefix is the saver's placeholder, nothing else.
- A table reads the asset that the loader names: a placeholder, perhaps by way of a variable of which nobody else knows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from kerasmm.console import UserError

ALLOWED_OPS = Path(__file__).with_name("allowed_ops.json")
SAVER, TABLES = "the saver's own", "tables from assets"
"""Groups of `allowed_ops.json` whose ops touch files."""
_WRITES = {"SaveV2", "MergeV2Checkpoints", "ShardedFilename"}
_MAKES_VALUES = {"Const": "dtype", "ParseTensor": "out_type", "RestoreV2": "dtypes"}
"""Ops that make tensors out of bytes, by the attribute of their type: bytes could forge the handle of a variable."""
_CALLS = {"PartitionedCall", "StatefulPartitionedCall"}
_MAIN_OP = "saved_model_main_op"
_SHOWN = 5


def graph_problems(content: bytes) -> list[str]:
    """What a graph holds that no export does, a line each; empty when it is harmless.

    Args:
        content: The bytes of `saved_model.pb`.
    """
    try:
        graphs = parsed(content).meta_graphs
        if len(graphs) != 1 or list(graphs[0].meta_info_def.tags) != ["serve"]:
            tags = [", ".join(graph.meta_info_def.tags) for graph in graphs[:_SHOWN]]
            return [f"holds {len(graphs)} graphs, for {tags!r:.200}; expected one, for 'serve'"]
        return sorted(set(_Graph(graphs[0]).problems()))
    except UserError as error:
        return [str(error)]


def asset_names(content: bytes) -> list[str]:
    """The files of `assets/` that a graph reads."""
    return sorted({asset.filename for graph in parsed(content).meta_graphs for asset in graph.asset_file_def})


def op_kinds(content: bytes) -> tuple[int, set[str]]:
    """How many ops all graphs and functions hold, and their kinds; a call of their own functions is none."""
    count, kinds = 0, set[str]()
    for graph in parsed(content).meta_graphs:
        library = graph.graph_def.library.function
        nodes = [*graph.graph_def.node, *(node for function in library for node in function.node_def)]
        count += len(nodes)
        kinds |= {node.op for node in nodes} - {function.signature.name for function in library}
    return count, kinds


def parsed(content: bytes) -> Any:
    """The `SavedModel` message of some bytes.

    Raises:
        UserError: When they are none.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    try:
        return saved_model_pb2.SavedModel.FromString(content)
    except DecodeError as error:
        raise UserError("damaged: no graph can be read from it; export again") from error


class _Graph:
    """One MetaGraph: its nodes, its functions, and who calls whom."""

    def __init__(self, meta: Any) -> None:
        graph = meta.graph_def
        self.meta, self.saver = meta, meta.saver_def
        self.nodes = {node.name: node for node in graph.node}
        self.functions = {one.signature.name: one for one in graph.library.function}
        twice = len(self.nodes) < len(graph.node) or len(self.functions) < len(graph.library.function)
        if twice or any(_has_name_twice(one) for one in self.functions.values()):
            raise UserError("two of its nodes or functions have one name")
        self.bodies: list[tuple[str, Iterable[Any]]] = [("", graph.node)]
        self.bodies += [(name, one.node_def) for name, one in self.functions.items()]
        self.arguments = {
            name: {argument.name: place for place, argument in enumerate(one.signature.input_arg)}
            for name, one in self.functions.items()
        }
        self.assets = {_node(asset.tensor_info.name) for asset in meta.asset_file_def}
        self.prefix = _node(self.saver.filename_tensor_name)
        self.calls: Counter[str] = Counter()
        self.callers: dict[str, Any] = {}
        self.users: dict[str, list[tuple[Any, int]]] = {}
        self._count_calls(graph)
        self.shared = Counter(_shared(node) for node in graph.node if node.op == "VarHandleOp")
        self.save_is_used = self._used(_node(self.saver.save_tensor_name))

    def _count_calls(self, graph: Any) -> None:
        for _, nodes in self.bodies:
            for node in nodes:
                self.calls.update(_called(node, self.functions))
        for one in self.functions.values():
            self.calls.update(name for value in one.attr.values() for name in _named(value))
        for gradient in graph.library.gradient:
            self.calls.update((gradient.function_name, gradient.gradient_func))
        for gradient in graph.library.registered_gradients:
            self.calls.update({gradient.gradient_func} & self.functions.keys())
        for node in graph.node:
            self.callers.update(dict.fromkeys(_called(node, self.functions), node))
            for place, name in enumerate(node.input):
                self.users.setdefault(_node(name), []).append((node, place))

    def problems(self) -> Iterator[str]:
        """What it may not do."""
        from tensorflow.core.framework import types_pb2
        from tensorflow.python.framework import op_def_registry

        groups = json.loads(ALLOWED_OPS.read_text(encoding="utf-8"))
        allowed = {op for ops in groups.values() for op in ops}
        kinds = {node.op for _, nodes in self.bodies for node in nodes} - self.functions.keys()
        if unknown := sorted(kinds - allowed):
            more = ", …" if len(unknown) > _SHOWN else ""
            yield f"holds ops that no export has: {', '.join(unknown[:_SHOWN])[:200]}{more}"
        for name in self.functions:
            if name in allowed or op_def_registry.get(name) is not None:
                yield f"gives a function of its own the name of an op, {name!r}"
        if missing := sorted(self.calls.keys() - self.functions.keys()):
            yield f"calls a function {missing[0][:80]!r} that it doesn't hold"
        yield from self._entries()
        handles = {types_pb2.DT_RESOURCE, types_pb2.DT_VARIANT}
        guarded = {*groups[SAVER], *groups[TABLES]}
        for function, nodes in self.bodies:
            for node in nodes:
                if node.op in _MAKES_VALUES:
                    kind = node.attr[_MAKES_VALUES[node.op]]
                    if not handles.isdisjoint((kind.type, *kind.list.type)):
                        yield f"{node.op} makes a handle out of bytes"
                if node.op == "VarHandleOp" and function:
                    yield f"makes a variable inside of a function, {function[:80]!r}"
                if node.op in guarded:
                    yield from self._place(function, node)

    def _entries(self) -> Iterator[str]:
        """What runs when it is loaded or asked, and what is fed to it."""
        for name, collection in self.meta.collection_def.items():
            if name != _MAIN_OP or collection.WhichOneof("kind") != "node_list":
                yield f"holds a collection {name[:80]!r}, which no export has"
        fed = self.assets | ({self.prefix} if self.prefix else set())
        for name in sorted(fed):
            if name not in self.nodes or self.nodes[name].op != "Placeholder":
                yield f"has the name of a file fed to {name[:80]!r}, which is no placeholder"
        if self.prefix in self.assets:
            yield f"has two files fed to {self.prefix[:80]!r}"
        for key, signature in self.meta.signature_def.items():
            inputs = [self.nodes.get(_node(one.name)) for one in signature.inputs.values()]
            if any(node is None or node.op != "Placeholder" or node.name in fed for node in inputs):
                yield f"signature {key[:80]!r} takes what is no input of its own"
            tensors = [*signature.inputs.values(), *signature.outputs.values()]
            if signature.defaults or any(one.WhichOneof("encoding") != "name" for one in tensors):
                yield f"signature {key[:80]!r} takes or gives what is no plain tensor"

    def _place(self, function: str, node: Any) -> Iterator[str]:
        """Whether an op that touches files stands where it belongs."""
        if node.op in _WRITES:
            if not self._only_called_by(function, _node(self.saver.save_tensor_name)):
                yield f"{node.op} writes files outside of the saver"
            elif self.save_is_used:
                yield f"the node of the saver that writes files ({node.op}) is used by others"
        elif node.op == "RestoreV2":
            called = self._only_called_by(function, _node(self.saver.restore_op_name))
            if not called or not self.prefix or self._given(function, _input(node, 0)) != self.prefix:
                yield "RestoreV2 reads another file than the export's own weights"
        elif not self._reads_asset(function, _input(node, 1)):
            yield f"{node.op} reads another file than an asset of the export"

    def _only_called_by(self, function: str, caller: str) -> bool:
        """Whether a function is called once in all, by that node of the graph, and can't be put in another's place."""
        node = self.nodes.get(caller)
        return (
            bool(function)
            and self.calls[function] == 1
            and "api_implements" not in self.functions[function].attr
            and node is not None
            and node.op in _CALLS
            and node.attr["f"].func.name == function
        )

    def _given(self, function: str, argument: str) -> str:
        """The node of the graph that gives an argument to a function that is called once."""
        place = self.arguments[function].get(argument)
        return "" if place is None else _input(self.callers[function], place)

    def _used(self, name: str) -> bool:
        """Whether anything needs a node: another one, a signature, or what is run when the graph is loaded."""
        outputs = {_node(one.name) for each in self.meta.signature_def.values() for one in each.outputs.values()}
        run = {_node(entry) for one in self.meta.collection_def.values() for entry in one.node_list.value}
        return bool(self.users.get(name)) or name in outputs | run | {_node(self.saver.restore_op_name)}

    def _reads_asset(self, function: str, name: str) -> bool:
        if function:
            caller = self.callers.get(function)
            if caller is None or not self._only_called_by(function, caller.name):
                return False
            name = self._given(function, name)
        read = self.nodes.get(name)
        if name in self.assets or read is None or read.op != "ReadVariableOp":
            return name in self.assets
        handle = self.nodes.get(_input(read, 0))
        if handle is None or handle.op != "VarHandleOp" or self.shared[_shared(handle)] != 1:
            return False
        return all(self._only_holds_asset(*user) for user in self.users[handle.name])

    def _only_holds_asset(self, user: Any, place: int) -> bool:
        """Whether a use of a variable reads it, or assigns an asset to it."""
        if user.op == "AssignVariableOp":
            return place == 0 and _input(user, 1) in self.assets
        return user.op in ("ReadVariableOp", "VarIsInitializedOp")


def _shared(handle: Any) -> str:
    """What a variable is called among all graphs of a process."""
    return handle.attr["shared_name"].s.decode(errors="replace") or str(handle.name)


def _node(tensor: str) -> str:
    """`name:0` or `^name` → `name`."""
    return tensor.removeprefix("^").partition(":")[0]


def _input(node: Any, place: int) -> str:
    """What gives an input: a node by its first output, or an argument; empty for anything else."""
    name = node.input[place] if place < len(node.input) else ""
    return "" if name.startswith("^") else name.removesuffix(":0")


def _named(value: Any) -> list[str]:
    """The functions that an attribute names, at any depth."""
    found, todo = [], [value]
    while todo:
        one = todo.pop()
        for function in (*([one.func] if one.HasField("func") else []), *one.list.func):
            found.append(function.name)
            todo.extend(function.attr.values())
    return found


def _called(node: Any, functions: Collection[str]) -> list[str]:
    """The functions that a node calls: by its attributes, or as if it were an op."""
    names = [name for value in node.attr.values() for name in _named(value)]
    return [*names, node.op] if node.op in functions else names


def _has_name_twice(function: Any) -> bool:
    names = [one.name for one in (*function.signature.input_arg, *function.node_def)]
    return len(set(names)) < len(names)
