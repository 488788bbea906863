"""What a System is: one paper's data, model and stages, declared in one file, and what says how it is measured and served.

A system file declares; training, evaluation and serving carry out. They hand a system what it needs to answer
(`Evaluator`, `Services`), so that nothing here imports them.
"""

from __future__ import annotations

import abc
import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from kerasmm.systems.protocol import Arrays, Choice
from kerasmm.systems.protocol import Protocol as PaperProtocol
from kerasmm.systems.signatures import Services, Signature
from kerasmm.systems.signatures import Signatures as SystemSignatures

if TYPE_CHECKING:
    from pathlib import Path

    import keras
    import tensorflow as tf

    from kerasmm.data.dataset import Dataset
    from kerasmm.systems.config import SystemConfig
    from kerasmm.systems.pictures import Pictures
    from kerasmm.systems.sheets import Sheet


class TrainedRun(Protocol):
    """Another run that a stage begins with."""

    folder: Path
    system: System
    model: keras.Model

    def load_weights(self, name: str = "best") -> None:
        """Gives its model the weights of that name."""


@dataclasses.dataclass(frozen=True)
class Stage:
    """One training: what is compiled and fitted.

    Args:
        name: Names the stage in logs, e.g. `train`.
        model: From the inputs to the outputs of a batch.
        objective: `(targets, outputs)` of a whole batch → terms of the loss by name; their sum is minimised. Pure
            `keras.ops`. Under several replicas it sees the batch of all of them, so that negatives may come from any.
        batches: `(epoch, skip)` → dataset of `(inputs, targets)`, without the first `skip` batches of the epoch.
        steps: Epoch → its batches.
        terms: Names of the terms that `objective` returns.
        epochs: How many epochs.
        optimizer: Made when the stage starts, under the strategy's scope.
        clip_norm: Global norm to clip the summed gradient to.
        weights: Name of the run's weights file that keeps its best epoch; `best` is what is evaluated and exported.
        start: Name of the weights file that it begins with.
        other: Folder of another run, opened when the stage begins, not when it is resumed.
        take: Called with that run before `prepare`: gives the model what it takes from there, or refuses it.
        offered: Where no stage keeps `best`, it becomes a copy of the best one that is offered, the earliest of equals.
        prepare: Called when it begins, not when it is resumed: gives the model what it starts from beside random weights,
            e.g. word vectors.
        watch: `(epoch, figures)` → what is wrong with the training, in a line; None where all is well.
    """

    name: str
    model: keras.Model
    objective: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]
    batches: Callable[[int, int], tf.data.Dataset]
    steps: Callable[[int], int]
    terms: tuple[str, ...]
    epochs: int
    optimizer: Callable[[], keras.optimizers.Optimizer]
    clip_norm: float | None = None
    weights: str = "best"
    start: str | None = None
    other: Path | None = None
    take: Callable[[TrainedRun], None] = lambda run: None
    offered: bool = False
    prepare: Callable[[], None] = lambda: None
    watch: Callable[[int, dict[str, float]], str | None] = lambda epoch, figures: None


@dataclasses.dataclass(frozen=True)
class Facts:
    """What a model must know of its data set; kept with the run, so that the model can be built without the data.

    Args:
        vocabularies: Words by vocabulary, in the order of their ids.
        features: The stored image features as in the manifest, or None.
        measured: What the system measured on the training split, e.g. the means that standardise features.
    """

    vocabularies: dict[str, list[str]]
    features: dict[str, Any] | None
    measured: dict[str, Any]


class System(abc.ABC):
    """One paper, made real. Sub-classes are the files beside this one.

    Args:
        config: The system's validated configuration.
        facts: What the model must know of the data set.
        seed: Seeds the order of the data and what is sampled from it.
    """

    name: ClassVar[str]
    Config: ClassVar[type[SystemConfig]]
    Protocol: ClassVar[type[PaperProtocol]]
    """How it is evaluated."""
    Signatures: ClassVar[type[SystemSignatures]]
    """What an export answers."""
    vocabulary_names: ClassVar[tuple[str, ...]]
    """Vocabularies of the data set that the model's outputs stand for; another data set must have the same."""
    kinds: ClassVar[tuple[str, ...]] = ("posts",)
    """What is embedded and indexed: rows of `outputs` are posts, or sentences of posts."""
    needs_regions: ClassVar[bool] = False
    """Whether a picture must come as a map of regions; else as one vector."""
    samples: ClassVar[dict[str, tuple[str, ...]]] = {"data": ("data/shapes", "--source", "shapes")}
    """What is trained on where no data set is named: key (`data`, or one of the configuration) → a data set's folder and
    the arguments of `python -m data_prep build` that make it."""
    variants: ClassVar[dict[str, dict[str, Any]]] = {}
    """Rows of the paper's tables that are configurations: the row's name → values by key. The system itself first."""
    rows: ClassVar[dict[str, str]] = {}
    """What the rows of the paper's tables are, in a line each: `variants`, and the protocol's `baselines`."""
    sheets: ClassVar[tuple[type[Sheet], ...]] = ()
    """The paper's pictures of what trained runs find; see `python -m kerasmm.draw`."""

    @property
    def other_data(self) -> tuple[str, ...]:
        """Folders of the data sets that a training reads beside its own; a run knows their digests, too."""
        return ()

    @property
    def other_weights(self) -> tuple[str, ...]:
        """Names of weights beside the best that a whole run has and that are evaluated too, e.g. of an earlier stage."""
        return ()

    def __init__(self, config: Any, facts: Facts, seed: int = 0) -> None:
        self.config, self.facts, self.seed = config, facts, seed
        self.quiet = False
        """No progress bars while stages are made."""
        self.choices: dict[str, Choice] = {}
        """By signature, what was chosen for its answers when the training ended; see `Protocol.choose`."""

    @classmethod
    def gather_facts(cls, config: Any, dataset: Dataset) -> Facts:
        """Reads the vocabularies and measures the training split."""
        features = dataset.manifest.features
        return Facts(
            vocabularies={name: dataset.vocabulary(name) for name in cls.vocabulary_names},
            features=features.model_dump(mode="json") if features else None,
            measured=cls.measure(config, dataset),
        )

    @classmethod
    def measure(cls, config: Any, dataset: Dataset) -> dict[str, Any]:
        """What the model must know of the training split; JSON values. Refuses a data set without needed fields."""
        return {}

    @functools.cached_property
    def pictures(self) -> Pictures:
        """Where pictures come from: stored features or an encoder."""
        from kerasmm.systems.pictures import Pictures

        untrained = "small" if self.needs_regions else "small@pooled"
        return Pictures(self.config.encoder, self.facts.features, untrained, self.needs_regions)

    @functools.cached_property
    def protocol(self) -> PaperProtocol:
        """How it is measured."""
        return self.Protocol(self)

    @property
    def vocabularies(self) -> dict[str, list[str]]:
        """Words by vocabulary."""
        return self.facts.vocabularies

    @abc.abstractmethod
    def build(self) -> keras.Model:
        """The functional model."""

    @abc.abstractmethod
    def stages(self, model: keras.Model, dataset: Dataset) -> list[Stage]:
        """What is fitted, in order."""

    @abc.abstractmethod
    def outputs(self, model: keras.Model, dataset: Dataset, split: str, kind: str = "posts") -> Iterator[Arrays]:
        """Runs the model over a split, batch by batch.

        Every array has the rows of the kind as its first dimension, `"id"` among them. A sentence's id is `POSTID#k`;
        `post` is the row of its post in the split, `text` what it says.
        """

    def signatures(self, model: keras.Model, services: Services) -> dict[str, Signature]:
        """What the SavedModel answers; `model` is what `from_pixels` gave."""
        return self.Signatures(self, model, services).answered()

    def questions(self, export: str) -> list[str]:
        """Commands after `python -m kerasmm.` that ask a new export something; shown when a training ends."""
        return []

    def from_pixels(self, model: keras.Model) -> keras.Model:
        """The model that takes pixels: what serving needs of a model that was trained on stored features. The model itself
        where those came from elsewhere."""
        return model

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of the pixels that `from_pixels` takes; nothing where it takes none."""
        return (1, 1) if self.pictures.elsewhere else self.pictures.encoder.image_size

    @property
    def resize(self) -> str:
        """How pictures come to `image_size`; see `kerasmm.data.images`."""
        return "squash" if self.pictures.elsewhere else self.pictures.encoder.resize
