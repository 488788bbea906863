"""A trained model and its posts to `<output>/<version>/`, a SavedModel that a stock TensorFlow Serving answers from."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

import kerasmm
from kerasmm.console import progress
from kerasmm.data.dataset import Dataset
from kerasmm.data.post import Post
from kerasmm.serving.base import ORIGIN, check_base, chosen_splits, refuse_another
from kerasmm.serving.check import SIGNATURES_FILE, check_export, versions
from kerasmm.serving.encoded import POSTS, Encoded, encode, fitted_classifier
from kerasmm.serving.examples import example_inputs, to_json
from kerasmm.serving.indexes.exact import ExactIndex
from kerasmm.serving.posts import POSTS_FILE, post_of, write_posts
from kerasmm.serving.server_files import write_server_files
from kerasmm.serving.services import ExportServices
from kerasmm.serving.signatures import Traced, captured_variables, trace
from kerasmm.serving.warmup import write_warmup

if TYPE_CHECKING:
    import keras

    from kerasmm.systems.system import System

_ASIDE = ".partial-"
NO_LABELS = "its training posts have no labels"
_STALE_SECONDS = 24 * 3600.0


class ExportError(RuntimeError):
    """The export was written, but didn't answer in a fresh process as it does here."""


def export(
    system: System,
    model: keras.Model,
    dataset: Dataset,
    output: Path,
    *,
    splits: Sequence[str] | None = None,
    thumbnails: bool = True,
    origin: Mapping[str, str] | None = None,
    force: bool = False,
    quiet: bool = False,
) -> Path:
    """Exports.

    Written aside, checked in a fresh process, then renamed to the next free version: a server that polls `output` sees
    a whole version or none.

    Args:
        system: What the model is; has `signatures`, `Signatures`, `kinds`, `outputs`, `from_pixels`, `vocabularies`, `choices`,
            `seed`, `image_size` and `resize`.
        model: The trained model.
        dataset: What is indexed: its posts, and their sentences where the system embeds them.
        output: Base folder of the versions; its name is the model's name in requests.
        splits: Which splits are indexed; all by default.
        thumbnails: Keep small pictures of the posts, so that search can show them.
        origin: What the export is made of, as `kerasmm.serving.base.origin_of` says it; kept in it.
        force: Become the next version also where the newest one has another origin.
        quiet: No progress bar.

    Returns:
        The version's folder.

    Raises:
        UserError: For a base folder that is a file, whose name can't stand in a request or whose newest version was made of
            another run or data set, an unknown split, or splits without what a signature searches.
        ExportError: When the fresh process found a problem; nothing is left behind.
        RuntimeError: When TensorFlow already uses a GPU: what is traced there can't run on a CPU server.
    """
    hide_gpus()
    name = check_base(output)
    if origin is not None and not force:
        refuse_another(output, origin, system.vocabularies)
    chosen = chosen_splits(dataset, splits)
    with _aside(output) as scratch:
        encoded = encode(system, model, dataset, chosen, scratch / "rows", quiet)
        classifier = fitted_classifier(encoded, system.seed, quiet)
        assets = scratch / "assets"
        assets.mkdir()
        services = ExportServices(
            system.image_size,
            system.resize,
            system.vocabularies,
            {
                kind: ExactIndex(rows.vectors, rows.ids, texts=rows.texts, scales=rows.scales)
                for kind, rows in encoded.rows.items()
            },
            assets,
            # Not the Keras model itself: a module that holds one leaves variables uninitialised in a server.
            classifier and functools.partial(classifier, training=False),
        )
        traced = trace(system.signatures(system.from_pixels(model), services))
        module = tf.Module(name=name)
        module.services = services
        module.weights = captured_variables(traced)
        functions = {key: one.function for key, one in traced.items()}
        tf.saved_model.save(module, str(scratch / "saved"), signatures=functions)

        extra = scratch / "saved" / "assets.extra"
        extra.mkdir()
        examples = {key: example_inputs(one.inputs, system.vocabularies) for key, one in traced.items()}
        write_warmup(extra, name, examples)
        about = {
            "format": 1,
            "name": name,
            "system": system.name,
            **({ORIGIN: dict(origin)} if origin is not None else {}),
            "made_by": {"kerasmm": kerasmm.__version__, "tensorflow": tf.__version__},
            **{kind: len(rows.ids) for kind, rows in encoded.rows.items()},
            "splits": chosen,
            "vocabularies": {key: f"assets/{key}.txt" for key in system.vocabularies},
            **({"missing": {"classify": NO_LABELS}} if system.Signatures.classifies and classifier is None else {}),
            "choices": {key: dataclasses.asdict(one) for key, one in system.choices.items() if key in traced},
            "signatures": {key: _described(key, one, examples[key]) for key, one in traced.items()},
        }
        path = scratch / "saved" / SIGNATURES_FILE
        path.write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        write_posts(extra / POSTS_FILE, _posts(dataset, chosen, _post_ids(encoded), quiet), thumbnails)

        # Moved before the check: an export that still reads from where it was written would pass there.
        moved = (scratch / "saved").rename(scratch / "checked")
        shutil.rmtree(assets)
        if problems := check_export(moved)["problems"]:
            raise ExportError(f"{output}: {'; '.join(problems)}")
        write_server_files(output, name)
        return _publish(moved, output)


def hide_gpus() -> None:
    """Keeps TensorFlow off every GPU, which it can be told only before it uses one.

    Raises:
        RuntimeError: When it is too late.
    """
    try:
        tf.config.set_visible_devices([], "GPU")
    except RuntimeError:
        if tf.config.list_logical_devices("GPU"):
            raise RuntimeError(
                "An export must be traced without a GPU, and this process uses one: run `python -m kerasmm.export`."
            ) from None


def _post_ids(encoded: Encoded) -> set[str]:
    """The posts that can be found, themselves or by one of their sentences."""
    return {row_id if kind == POSTS else post_of(row_id) for kind, rows in encoded.rows.items() for row_id in rows.ids}


def _posts(dataset: Dataset, splits: Sequence[str], indexed: set[str], quiet: bool) -> Iterator[tuple[str, Post]]:
    with progress(quiet) as bar:
        task = bar.add_task("storing posts", total=len(indexed), note="")
        for split in splits:
            for post in dataset.posts(split):
                if post.id in indexed:
                    yield split, post
                    bar.advance(task)


def _described(name: str, traced: Traced, example: dict[str, np.ndarray]) -> dict[str, Any]:
    answer = traced.function(**{key: tf.constant(array) for key, array in example.items()})

    def spec(tensor: Any) -> dict[str, Any]:
        return {"dtype": tensor.dtype.name, "shape": tensor.shape.as_list() if tensor.shape.rank is not None else None}

    return {
        "inputs": {key: spec(tensor) for key, tensor in traced.inputs.items()},
        "outputs": {key: spec(tensor) for key, tensor in traced.function.structured_outputs.items()},
        "example": {
            "request": {"signature_name": name, "inputs": {key: to_json(array) for key, array in example.items()}},
            "answer": {key: to_json(tensor.numpy()) for key, tensor in answer.items()},
        },
    }


@contextmanager
def _aside(output: Path) -> Iterator[Path]:
    """A scratch folder in `output`, whose name a server doesn't take for a version; gone afterwards."""
    output.mkdir(parents=True, exist_ok=True)
    for left in output.glob(f"{_ASIDE}*"):
        # What a killed export left. A younger one may be at work in another process.
        if time.time() - left.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=output))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _publish(whole: Path, output: Path) -> Path:
    """Renames to the next free version; another export may take a number at the same time."""
    for version in itertools.count(max(versions(output), default=0) + 1):
        target = output / str(version)
        if target.exists():
            continue
        try:
            whole.rename(target)
        except OSError:
            if not target.exists():
                raise
            continue
        return target
    raise AssertionError("unreachable: there is always a larger number")
