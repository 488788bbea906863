"""The configuration of DMAN; equation and section numbers are those of Huang et al. (2017)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from kerasmm.settings import Section
from kerasmm.systems.config import MOST_UNITS, Optimizer, SystemConfig, Training, Units


class Network(Section):
    """The base network (section 3.3)."""

    base: Literal["attention", "words", "embedding"] = "attention"
    """`attention`: attention and locally fully connected layers, DMAN. `words`: fully connected layers to a sigmoid a word,
    DMAN_Triplet+Text. `embedding`: fully connected layers to a vector that no word touches, DMAN_Triplet."""
    attention_scale: float = Field(default=2.0, gt=0)
    """Multiplies z before the softmax (eq. 6); 1 as printed, with which no region gets more than 13 % of 49."""
    units: tuple[Units, ...] = (128, 32, 1)
    """Units per word of the locally fully connected layers."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    """Before each (locally) fully connected layer, in place of L2."""
    fully_connected: tuple[Units, ...] = (1024, 1024)
    """Units of the layers of `words` and `embedding` below the last."""
    embedding: int = Field(default=1000, ge=1, le=MOST_UNITS)
    """Size of `embedding`."""
    pooling: Literal["flatten", "mean"] = "mean"
    """How regions come into fully connected layers. `flatten` wants a smaller learning rate."""
    standardise: bool = True
    """Standardise stored features inside the model."""


class Loss(Section):
    """The joint loss (eq. 12). Sums over words and means over the batch are what learns at learning rate 0.01."""

    margin: float = Field(default=0.3, ge=0)
    """M of eq. 2."""
    negatives: int = Field(default=3, ge=1, le=1 << 16)
    """K: negatives of an anchor, from its batch."""
    similarity: Literal["product", "sum"] = "product"
    """Eq. 1 divided by the product of the norms (cosine), or by their sum as printed."""
    positive_weight: float = Field(default=10.0, gt=0)
    """λ of eq. 11."""
    beta: float = Field(default=0.02, ge=0)
    """β of eq. 12. The paper's 1 lets the sum over the words drown the hinge loss."""
    over_words: Literal["sum", "mean"] = "sum"
    """How eq. 11 is reduced over the words of a post."""
    over_batch: Literal["sum", "mean"] = "mean"
    """How both losses are reduced over the posts of a batch."""


class DMANConfig(SystemConfig):
    """The configuration of DMAN."""

    training: Training = Training(
        epochs=12,
        batch_size=32,
        patience=3,
        # 0.01 / β: the words move as they do with the paper's 0.01 and β = 1.
        optimizer=Optimizer(name="sgd", learning_rate=0.5),
    )
    network: Network = Network()
    loss: Loss = Loss()

    @model_validator(mode="after")
    def _words_are_learned(self) -> DMANConfig:
        if (self.network.base == "embedding") != (self.loss.beta == 0):
            raise ValueError(
                "`network.base: embedding` goes with `loss.beta: 0`, the hinge loss alone, and only with it"
            )
        return self
