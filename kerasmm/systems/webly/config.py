"""The configuration of webly."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kerasmm.settings import Section
from kerasmm.systems.config import MOST_EPOCHS, MOST_UNITS, Optimizer, SystemConfig, Training


class Network(Section):
    """The three branches (section 3.1)."""

    dimension: int = Field(default=1024, ge=1, le=MOST_UNITS)
    """D, of the joint space."""
    word_dimension: int = Field(default=300, ge=1, le=MOST_UNITS)
    """Of the words' vectors, which are trained."""
    gru_units: int = Field(default=1024, ge=1, le=MOST_UNITS)
    """Of the sentence's GRU."""
    pooling: Literal["last", "mean", "max"] = "mean"
    """What the GRU gives of its states; the paper's is the last one."""
    image_layers: int = Field(default=1, ge=0, le=2)
    """Layers from picture features to the joint space."""
    sentence_layers: int = Field(default=1, ge=0, le=2)
    """Layers from the GRU to the joint space. The paper has W⁽ˢ⁾, the public VSE++ none."""
    tag_layers: int = Field(default=1, ge=0, le=2)
    """Layers from the tags' word vectors to the joint space."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    """On picture features, words' vectors and the sentence's state. The paper has none."""
    standardise: bool = True
    """Standardise stored picture features with the means and variances of the training split. The paper doesn't."""


class Text(Section):
    """Words of sentences and of tags."""

    minimum: int = Field(default=4, ge=1)
    """Words of sentences that training has so often; others are unknown words."""
    most_words: int = Field(default=64, ge=1, le=10_000)
    """A longer sentence is cut."""
    tag_minimum: int = Field(default=2, ge=1)
    """Words of tags that training has so often; others are left out."""
    tag_dimension: int = Field(default=300, ge=1, le=MOST_UNITS)
    """Of the tags' word vectors that are trained on the corpus."""
    vectors: str | None = None
    """A file of word vectors for tags: word2vec's (text or binary), GloVe's, fastText's `.vec`, also `.gz` or `.bz2`. Empty:
    trained on sentences and tags."""
    train_vectors: bool = False
    """Train the tags' word vectors further; the paper keeps them."""


class Loss(Section):
    """Equations 1 to 4."""

    margin: float = Field(default=0.2, ge=0)
    """Δ: how much nearer a match must be than what doesn't match."""
    negatives: Literal["sum", "hardest"] = "hardest"
    """`sum` is VSE (equation 1), `hardest` VSE++ (equation 2)."""
    warm_up: float = Field(default=0.7, ge=0, le=1)
    """Share of the first stage's epochs that have the sum before the hardest, which sticks where all similarities are
    equal. The paper has none."""
    sentence_weight: float = Field(default=1.0, ge=0)
    """λ1 of the first stage."""
    tag_weight: float = Field(default=1.0, ge=0)
    """λ2 of the first stage; 0 leaves tags out."""


class Web(Section):
    """The second stage, on web posts with noisy tags."""

    data: str | None = None
    """A data set that `python -m data_prep build --set collect.clean=…` collected. Empty: no second stage."""
    epochs: int = Field(default=10, ge=1, le=MOST_EPOCHS)
    """How often the web posts are gone through."""
    learning_rate: float = Field(default=2e-5, gt=0)
    """The size of a step of the second stage."""
    curriculum: int = Field(default=5, ge=0)
    """Epochs over which keywords are admitted, the most frequent first; 0 admits all at once."""
    control: bool = False
    """Also train a control from the same first stage: as many steps on the clean pseudo-tags, without web posts."""


class WeblyConfig(SystemConfig):
    """Webly's configuration.

    Sizes, losses and stages are the paper's. What keeps 10 million parameters from learning some thousand images by heart
    was chosen on the validation split of Flickr8k: the mean of the states, dropout, standardised features, a larger rate
    for fewer epochs, and the hardest negatives last. `configs/webly/` has the paper's own settings.
    """

    training: Training = Training(
        epochs=10,
        batch_size=128,
        optimizer=Optimizer(name="adam", learning_rate=4e-4, schedule="cosine", clip_norm=2.0),
    )
    network: Network = Network()
    text: Text = Text()
    loss: Loss = Loss()
    web: Web = Web()
    bucket_batches: int = Field(default=20, ge=1, le=10_000)
    """Batches whose sentences are sorted by length together; 1 sorts none."""

    @property
    def warm_up_epochs(self) -> int:
        """Epochs of the first stage that have the sum of all negatives."""
        return round(self.loss.warm_up * self.training.epochs)
