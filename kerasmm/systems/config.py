"""Configurations of systems: the typed sections that every system shares."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from kerasmm.settings import Section, assigned, merged, read_yaml, validated

MOST_UNITS = 1 << 14
"""Of a layer: two such layers in a row are a gigabyte."""
MOST_EPOCHS = 1_000_000

Units = Annotated[int, Field(ge=1, le=MOST_UNITS)]


class Optimizer(Section):
    """How the parameters move."""

    name: Literal["sgd", "adam", "adamw", "adagrad"] = "sgd"
    """The algorithm. `adamw` decays the weights even where `weight_decay` is empty; `adagrad`
    divides a step by the root of all squared gradients so far, so that a rare word's vector moves less than with `adam`."""
    learning_rate: float = Field(default=0.01, gt=0)
    """The size of a step, the first where a schedule lets it fall."""
    schedule: Literal["constant", "cosine", "step"] = "constant"
    """`cosine` lets the learning rate fall to nothing over the epochs of the training; `step` lets it fall by
    `step_factor` every `step_epochs`."""
    step_epochs: int = Field(default=10, ge=1, le=MOST_EPOCHS)
    """With `step` only: epochs between two falls."""
    step_factor: float = Field(default=0.1, gt=0, le=1)
    """With `step` only: what the learning rate is multiplied by."""
    weight_decay: float | None = Field(default=None, ge=0)
    """Decoupled: each step takes this share of the learning rate off every parameter. Not the L2 penalty of a loss."""
    momentum: float = Field(default=0.9, ge=0, lt=1)
    """SGD only: share of the last step that the next one keeps."""
    nesterov: bool = True
    """SGD only: the gradient where momentum leads, not where the parameters are."""
    initial_accumulator: float = Field(default=0.1, ge=0)
    """Adagrad only: the sum of squared gradients that it begins with."""
    clip_norm: float | None = Field(default=None, gt=0)
    """Global norm that the gradient, summed over all replicas, is clipped to."""


class Training(Section):
    """What every training has."""

    epochs: int = Field(default=10, ge=1, le=MOST_EPOCHS)
    """How often the training posts are gone through."""
    batch_size: int = Field(default=32, ge=1, le=1 << 16)
    """Posts a step, over all replicas."""
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    """What layers compute in. Weights and losses stay in float32; the mixed ones are for GPUs that are fast in them."""
    optimizer: Optimizer = Optimizer()
    checkpoint_seconds: float = Field(default=120.0, ge=0)
    """A checkpoint at the end of each epoch, and in mid-epoch when the last one is older than this."""
    patience: int | None = Field(default=None, ge=1)
    """Stop after so many epochs without a better validation metric."""
    monitor: str = ""
    """The validation metric that picks the best model; empty: the system's own, or one that is like it where the validation
    split has fewer than ten queries for that."""


class Encoder(Section):
    """Where picture features come from."""

    name: str | None = None
    """An encoder of `kerasmm.encoders`, e.g. `efficientnet_lite0` or `keras_hub:PRESET`. Empty: the one whose features the data set holds, else
    `small`, trained from scratch."""
    weights: str | None = None
    """Path of a weights file, of a preset of keras-hub its folder; empty: the encoder's usual ones. `none`: none, it is trained from scratch."""
    resize: Literal["squash", "crop"] = "squash"
    """How pictures come to the encoder's size, where no stored features say it: `crop` brings the shorter side to 8/7 of
    it and takes the centre. A preset of keras-hub says it itself."""
    trainable: bool | None = None
    """Fine-tune the encoder. Empty: only `small` is trained."""


class SystemConfig(Section):
    """What the configuration of every system has."""

    training: Training = Training()
    encoder: Encoder = Encoder()


C = TypeVar("C", bound=SystemConfig)


def load_config(kind: type[C], path: Path | None = None, changes: list[str] | None = None) -> C:
    """Makes a configuration from defaults, a YAML file and `key=value` changes, the later the stronger.

    Args:
        kind: The system's configuration class.
        path: YAML file; keys as in the class.
        changes: `training.epochs=5` …; values are read as YAML.

    Raises:
        UserError: For an unreadable file, an unknown key (with the nearest known one) or a wrong value.
    """
    # Laid over the system's own defaults: a section that names one key keeps the others.
    content = merged(kind().model_dump(), read_yaml(path) if path else {}, *map(assigned, changes or []))
    where = " with ".join([*([str(path)] if path else []), *(["--set"] if changes else [])])
    return validated(kind, content, where or "configuration")
