"""A trained model and its posts to `<output>/<version>/`, a SavedModel that a stock TensorFlow Serving answers from."""

from __future__ import annotations

import dataclasses
import functools
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

import kerasmm
from kerasmm.console import progress
from kerasmm.data.dataset import Dataset
from kerasmm.data.post import Post
from kerasmm.serving.base import ORIGIN, check_base, chosen_splits, refuse_another
from kerasmm.serving.check import SIGNATURES_FILE, check_export
from kerasmm.serving.encoded import POSTS, Encoded, encode, fitted_classifier
from kerasmm.serving.examples import example_inputs, to_json
from kerasmm.serving.indexes.exact import ExactIndex
from kerasmm.serving.posts import POSTS_FILE, post_of, say_undecodable, write_posts
from kerasmm.serving.publish import aside, publish
from kerasmm.serving.recipe import MODEL_FILE, recipe, weights_digest
from kerasmm.serving.server_files import write_server_files
from kerasmm.serving.services import ExportServices
from kerasmm.serving.signatures import Traced, trace, weights_beside
from kerasmm.serving.warmup import write_warmup

if TYPE_CHECKING:
    import keras

    from kerasmm.systems.system import System

NO_LABELS = "its training posts have no labels"


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
    trained_on: str | None = None,
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
        trained_on: SHA-256 of the manifest of the data set that the model learned from, where it is known.
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
    with aside(output) as scratch:
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
        of_pictures = system.from_pixels(model)
        traced = trace(system.signatures(of_pictures, services))
        module = tf.Module(name=name)
        module.services = services
        module.weights = weights_beside(services, traced, model)
        functions = {key: one.function for key, one in traced.items()}
        tf.saved_model.save(module, str(scratch / "saved"), signatures=functions)

        extra = scratch / "saved" / "assets.extra"
        extra.mkdir()
        examples = {key: example_inputs(one.inputs, system.vocabularies) for key, one in traced.items()}
        write_warmup(extra, name, examples)
        missing = system.Signatures.missing(system, model)
        if system.Signatures.classifies and classifier is None:
            missing["classify"] = NO_LABELS
        about = {
            "format": 1,
            "name": name,
            "system": system.name,
            **({ORIGIN: dict(origin)} if origin is not None else {}),
            "made_by": {"kerasmm": kerasmm.__version__, "tensorflow": tf.__version__},
            **{kind: len(rows.ids) for kind, rows in encoded.rows.items()},
            "splits": chosen,
            "weights": {"sha256": weights_digest(scratch / "saved"), "trained_on": trained_on},
            "vocabularies": {key: f"assets/{key}.txt" for key in system.vocabularies},
            **({"missing": missing} if missing else {}),
            "choices": {key: dataclasses.asdict(one) for key, one in system.choices.items() if key in traced},
            "signatures": {key: _described(key, one, examples[key]) for key, one in traced.items()},
        }
        path = scratch / "saved" / SIGNATURES_FILE
        path.write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        if made_of := recipe(system, model, module.weights, "image" in of_pictures.input):
            text = json.dumps(made_of, ensure_ascii=False)
            (scratch / "saved" / MODEL_FILE).write_text(text + "\n", encoding="utf-8")
        bad = write_posts(extra / POSTS_FILE, _posts(dataset, chosen, _post_ids(encoded), quiet), thumbnails)
        say_undecodable(0 if quiet else bad)

        # Moved before the check: an export that still reads from where it was written would pass there.
        moved = (scratch / "saved").rename(scratch / "checked")
        shutil.rmtree(assets)
        if problems := check_export(moved)["problems"]:
            raise ExportError(f"{output}: {'; '.join(problems)}")
        write_server_files(output, name)
        return publish(moved, output)


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
