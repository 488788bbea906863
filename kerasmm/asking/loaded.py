"""An export as a client meets it: loaded by the loader that TensorFlow Serving uses, without the model's code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasmm.console import UserError
from kerasmm.faults import machine_fault
from kerasmm.files.reading import read_text
from kerasmm.files.within import within
from kerasmm.serving.about import read_about
from kerasmm.serving.check import SIGNATURES_FILE, newest

if TYPE_CHECKING:
    import numpy as np

    from kerasmm.serving.posts import PostStore


ANSWERED = {
    **dict.fromkeys(("ids", "texts", "labels"), ("O", 2)),
    **dict.fromkeys(("scores", "embedding"), ("f", 2)),
    "score": ("f", 1),
    "map": ("f", 3),
    "posts": ("i", 1),
    **dict.fromkeys(("valid", "known"), ("b", 1)),
}
"""Outputs by name: kind and rank of their arrays, as docs/serving.md has them."""


class LoadedExport:
    """Answers from `saved_models/<name>`, its newest version, or from a version's folder.

    What the export offers is read at once; the model is loaded with the first question.

    Args:
        folder: A base folder of versions, or one version.
        quiet: Don't say that a graph that wasn't seen before was audited.

    Raises:
        UserError: When there is no export, or it is damaged; the message names the file.

    Example:

    >>> export = LoadedExport(Path("saved_models/dman"))  # doctest: +SKIP
    >>> export.answer("search_by_tags", {"tags": np.array([["red"]], object), "k": np.array([5])})  # doctest: +SKIP
    {'ids': array([[b'17', …
    """

    def __init__(self, folder: Path, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self.folder = newest(Path(folder))
        self.about = read_about(self.folder)
        self.signatures: dict[str, Any] = self.about["signatures"]
        self._vocabularies: set[str] = set(self.about["vocabularies"])
        self.inputs = {name: dict(one["inputs"]) for name, one in self.signatures.items()}
        self.outputs = {name: dict(one["outputs"]) for name, one in self.signatures.items()}
        self._words: dict[str, list[str]] = {}
        self._session: Any = None
        self._defs: Any = None

    def vocabulary(self, name: str) -> list[str]:
        """The words of a vocabulary, in the order of their ids; empty when the export has none of that name."""
        if name not in self._vocabularies:
            return []
        if name in self._words:
            return list(self._words[name])
        # By name, not by what the JSON says: a file's content must not choose which file is read.
        path = within(self.folder / "assets", f"{Path(name).name}.txt", self.folder / SIGNATURES_FILE)
        self._words[name] = read_text(path, what="vocabulary of the export").split("\n")[:-1]
        return list(self._words[name])

    def posts(self) -> PostStore:
        """The posts that it can find."""
        from kerasmm.serving.posts import POSTS_FILE, PostStore

        path = self.folder / "assets.extra" / POSTS_FILE
        if not path.is_file():
            raise UserError(f"{path}: missing; export again")
        return PostStore(path)

    def answer(self, signature: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Runs a signature on a batch.

        Args:
            signature: Its name.
            inputs: Arrays by input name, each with the batch as its first dimension; strings as objects.

        Returns:
            Arrays by output name.

        Raises:
            UserError: When the export can't be loaded, has no such signature, or the signature takes other inputs.
        """
        if signature not in self.inputs:
            raise UserError(
                f"{self.folder}: has no signature {signature!r}{self.why_missing(signature)} ({self.offered()})"
            )
        if self._session is None:
            self._load()
        if set(inputs) != set(self.inputs[signature]):
            received = " and ".join(sorted(inputs)) or "nothing"
            expected = " and ".join(self.inputs[signature])
            raise UserError(f"{self.folder}: {signature} takes {expected}. Received: {received}")
        tensors = self._defs.get(signature)
        if (
            tensors is None
            or set(tensors.inputs) != set(inputs)
            or not set(tensors.outputs) >= set(self.outputs[signature])
        ):
            raise UserError(f"{self.folder / SIGNATURES_FILE}: {signature} is not what the graph answers; export again")
        feeds = {tensors.inputs[name].name: array for name, array in inputs.items()}
        fetches = {name: tensor.name for name, tensor in tensors.outputs.items()}
        answer = self._run(signature, fetches, feeds)
        rows = len(next(iter(inputs.values()), ()))
        for name, array in answer.items():
            kinds, rank = ANSWERED.get(name, ("", 0))
            odd = kinds and (array.dtype.kind not in kinds or array.ndim != rank)
            if not array.ndim or len(array) != rows or odd:
                raise UserError(
                    f"{self.folder}: {signature} answers {name} of {array.dtype} {array.shape} to {rows} questions; export again"
                )
        return answer

    def _run(self, signature: str, fetches: dict[str, str], feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        import numpy as np
        import tensorflow as tf

        try:
            found = self._session.run(fetches, feeds)
        except (tf.errors.OpError, ValueError, TypeError) as error:
            if machine_fault(error):
                raise
            first = str(error).strip().split("\n")[0][:200]
            raise UserError(f"{self.folder}: {signature} can't be answered ({first})") from error
        return {
            name: np.asarray(value, None if isinstance(value, np.ndarray) else object) for name, value in found.items()
        }

    def why_missing(self, signature: str) -> str:
        """`: its training posts have no labels`, where the export says why it doesn't answer a signature; else nothing."""
        missing = self.about.get("missing")
        why = missing.get(signature) if isinstance(missing, dict) else None
        return f": {why}" if isinstance(why, str) else ""

    def offered(self) -> str:
        """What the export answers, in a line for people."""
        return "it has: " + "; ".join(
            f"{name} takes {', '.join(inputs)}" for name, inputs in sorted(self.inputs.items())
        )

    def close(self) -> None:
        """Frees the model; another question loads it again."""
        if self._session is not None:
            self._session.close()
        self._session = self._defs = None

    def _load(self) -> None:
        import tensorflow as tf
        from google.protobuf.message import DecodeError

        from kerasmm.serving.checkpoint import Checkpoint
        from kerasmm.serving.harmless import require_harmless
        from kerasmm.serving.session_check import TEXT_OPS, load_text_ops

        # The loader calls itself deprecated; it is the one that servers use.
        tf.get_logger().setLevel("ERROR")
        # A graph is a program: one with other ops than exports have (to read files, say) is not run.
        kinds = require_harmless(self.folder, self._quiet)
        try:
            if kinds & TEXT_OPS:
                load_text_ops()
            Checkpoint(self.folder)
            session = tf.compat.v1.Session(graph=tf.Graph())
            with session.graph.as_default(), _without_chatter():
                loaded = tf.compat.v1.saved_model.load(session, [tf.saved_model.SERVING], str(self.folder))
        except (tf.errors.OpError, OSError, RuntimeError, ValueError, IndexError, DecodeError) as error:
            first = str(error).strip().split("\n")[0][:200]
            raise UserError(f"{self.folder}: can't be loaded ({first}); export again") from error
        self._session, self._defs = session, loaded.signature_def


@contextlib.contextmanager
def _without_chatter() -> Iterator[None]:
    """The C++ runtime greets a first session with lines that no log level hides; what fails still raises."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
