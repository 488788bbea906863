"""A run's folder: the resolved configuration, what the model knows of its data, weights and metrics."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, Field

import kerasmm
from kerasmm.console import UserError, listed
from kerasmm.data.dataset import Dataset, check_words, vocabulary_digest
from kerasmm.data.manifest import FILE_NAME, Features, sha256_of
from kerasmm.files.json_file import checked, read_json, shortened
from kerasmm.files.reading import is_regular
from kerasmm.files.within import require_within
from kerasmm.files.writing import make_folder, write_whole
from kerasmm.runs.choices import CHOICES, choices_text, read_choices
from kerasmm.runs.diverged import all_finite
from kerasmm.runs.same_data import DIGESTS, OTHERS, other_digests, split_digests
from kerasmm.runs.weights import write_weights
from kerasmm.settings import read_yaml, validated
from kerasmm.systems import Facts, System, names, system

if TYPE_CHECKING:
    import keras

    from kerasmm.systems.protocol import Choice

CONFIG, FACTS, CARD, FIGURES = "config.yaml", "run.json", "MODEL_CARD.md", "evaluation.json"
BEST = "best"
"""Name of the weights that are evaluated and exported."""
FORMAT = 1


@dataclasses.dataclass
class Run:
    """A training and what came of it.

    Args:
        folder: `runs/<name>`.
        system: The system, with its configuration and facts.
        data: The data set that it was trained on.
        model: The model with the best weights; None until `open_run` or the training made it.
    """

    folder: Path
    system: System
    data: Path
    model: keras.Model

    @property
    def name(self) -> str:
        return self.folder.name

    def weights_file(self, name: str = BEST) -> Path:
        """Where weights of that name lie."""
        return _weights_file(self.folder, name)

    def save_weights(self, name: str = BEST) -> None:
        """Keeps the present weights under a name.

        Raises:
            UserError: When they can't be written; those that were kept before stay.
        """
        write_weights(self.model, self.weights_file(name))

    def load_weights(self, name: str = BEST) -> None:
        """Loads the weights of that name.

        Raises:
            UserError: When there are none yet, they don't fit the model, or some are no numbers.
        """
        path = require_trained(self.folder, name)
        try:
            self.model.load_weights(path)
        except (ValueError, OSError, KeyError) as error:
            raise UserError(f"{path}: does not fit the model or is damaged ({str(error).splitlines()[0]})") from error
        if not all_finite(self.model.variables):
            raise UserError(
                f"{path}: holds weights that are no numbers, since its training diverged; train anew with a lower "
                "training.optimizer.learning_rate"
            )


def _weights_file(folder: Path, name: str) -> Path:
    return folder / f"{name}.weights.h5"


def require_trained(folder: Path, name: str = BEST) -> Path:
    """The weights file of a run.

    Raises:
        UserError: When the training hasn't kept any yet.
    """
    path = _weights_file(folder, name)
    if not is_regular(path):
        raise UserError(
            f"{path}: no trained weights; finish the training with `python -m kerasmm.fit --resume --run {folder}`"
        )
    return path


def check_vocabularies(made: System, dataset: Dataset) -> None:
    """Refuses a data set whose words have other ids than the model's."""
    for name in made.vocabulary_names:
        words, have = made.vocabularies[name], dataset.vocabulary(name)
        if vocabulary_digest(have) != vocabulary_digest(words):
            raise UserError(
                f"{dataset.folder}: the vocabulary of {name} ({len(have)} words) is not the model's ({len(words)} words); "
                "use the data set that the run was trained on, or one built with its vocabularies"
            )
    stored, here = made.facts.features, dataset.manifest.features
    if stored and here and stored != here.model_dump(mode="json"):
        raise UserError(
            f"{dataset.folder}: stored features of {here.encoder} {here.shape} are not the model's ({stored['encoder']})"
        )


def refuse_used(folder: Path) -> None:
    """Refuses a folder that already holds a run, or that can't be one."""
    there = next((one for one in (folder, *folder.parents) if one.exists()), None)
    if there is not None and not there.is_dir():
        raise UserError(f"{there}: is a file; expected a folder for the run")
    if (folder / FACTS).exists():
        raise UserError(f"{folder}: already holds a run; use --resume to go on with it, or another --run")


def write_run(folder: Path, made: System, dataset: Dataset, extra: dict[str, Any]) -> None:
    """Writes the folder of a new run: what `read_run` needs."""
    refuse_used(folder)
    make_folder(folder)
    write_whole(folder / CONFIG, yaml.safe_dump(made.config.model_dump(mode="json"), sort_keys=False))
    content = {
        "format": FORMAT,
        "model": made.name,
        "kerasmm": kerasmm.__version__,
        "data": str(dataset.folder),
        "data_sha256": sha256_of(dataset.folder / FILE_NAME),
        DIGESTS: split_digests(dataset.manifest),
        OTHERS: other_digests(made.other_data),
        "source": dataset.manifest.source,
        "synthetic": dataset.manifest.synthetic,
        "seed": made.seed,
        **extra,
        **dataclasses.asdict(made.facts),
    }
    # Last, because this file makes the folder a run.
    write_whole(folder / FACTS, json.dumps(content, ensure_ascii=False, indent=1))


def forget_untrained(folder: Path) -> None:
    """Takes a run back whose training was refused before its first weights: it must not stand in the way of the next."""
    if any(folder.glob("*.weights.h5")) or any((folder / "checkpoints").glob("*")):
        return
    for name in (FACTS, CONFIG):
        (folder / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def write_choices(folder: Path, choices: Mapping[str, Choice]) -> None:
    """Writes what an export of the run answers by; see `read_choices`."""
    write_whole(folder / CHOICES, choices_text(choices))


def read_run(folder: Path) -> tuple[System, dict[str, Any]]:
    """The system of a run and the content of its `run.json`, without a model.

    Raises:
        UserError: When the folder holds no run, or one that this version can't read.
    """
    path = folder / FACTS
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder}: is a file; expected the folder of a run")
    if not is_regular(path):
        raise UserError(f"{path}: no run here; train one with `python -m kerasmm.fit --run {folder}`")
    require_within(folder)
    content: dict[str, Any] = read_json(path, dict[str, Any], "run")
    known = checked(content, _Known, str(path))
    if known.format > FORMAT:
        raise UserError(f"{path}: format {known.format} is newer than this kerasmm reads ({FORMAT})")
    for name, words in known.vocabularies.items():
        check_words(words, f"{path}: `vocabularies.{name}`")
    if known.model not in names():
        raise UserError(f"{path}: `model`: expected one of {listed(names())}. Received: {shortened(repr(known.model))}")
    kind, seed = system(known.model), known.seed
    if lacking := [name for name in kind.vocabulary_names if name not in known.vocabularies]:
        raise UserError(f"{path}: `vocabularies.{lacking[0]}`: missing; {known.model} needs it")
    facts = Facts(content["vocabularies"], content["features"], content["measured"])
    config = validated(kind.Config, read_yaml(folder / CONFIG), str(folder / CONFIG))
    made = kind(config, facts, seed)
    made.choices = read_choices(folder)
    return made, content


def trained_on(folder: Path) -> str | None:
    """SHA-256 of the manifest of the data set that a run was trained on; None for a run of an earlier version."""
    found = read_run(folder)[1].get("data_sha256")
    return str(found) if found else None


def open_run(folder: Path, weights: str = BEST) -> Run:
    """Opens a trained run: builds the model and loads its best weights, or those of another name.

    Raises:
        UserError: When the folder holds no trained run, or no such weights.
    """
    folder = Path(folder)
    made, content = read_run(folder)
    run = Run(folder, made, Path(content["data"]), built(made, folder))
    run.load_weights(weights)
    return run


def built(made: System, folder: Path) -> keras.Model:
    """The model of a run, without weights.

    Raises:
        UserError: When no model can be built of what its files say.
    """
    import tensorflow as tf

    try:
        return made.build()
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, MemoryError, tf.errors.OpError) as error:
        first = shortened(" ".join(str(error).split()), 200)
        raise UserError(f"{folder / FACTS}: no model can be built of it and {CONFIG} ({first})") from error


class _Known(BaseModel):
    """What `run.json` must hold."""

    format: int = Field(ge=1)
    model: str
    seed: int = Field(ge=0, lt=1 << 32)
    data: str
    data_sha256: str = ""
    data_splits: dict[str, str] = {}
    other_data_splits: dict[str, dict[str, str]] = {}
    kerasmm: str = ""
    command: str = ""
    deterministic: bool = False
    vocabularies: dict[str, list[str]]
    features: Features | None
    measured: dict[str, Any]
