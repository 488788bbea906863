"""The configuration of CMEM; equation and section numbers are those of the paper."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kerasmm.settings import Section
from kerasmm.systems.config import MOST_UNITS, Optimizer, SystemConfig, Training


class Network(Section):
    """The embedding model (sections 3.1 and 3.2)."""

    inputs: Literal["both", "image", "text"] = "both"
    """`image` and `text` are the image-only and the tweet-only model."""
    dimension: int = Field(default=512, ge=1, le=MOST_UNITS)
    """d, of the connotations' embeddings and of the tweet-biased image; the paper's are 256 and 512."""
    character_dimension: int = Field(default=512, ge=1, le=MOST_UNITS)
    """Of the characters' embeddings."""
    units: int = Field(default=256, ge=1, le=MOST_UNITS)
    """Of the character LSTM; the paper doesn't say."""
    pooling: Literal["last", "mean", "max"] = "max"
    """What the LSTM gives of its states; the paper's is the last one."""
    image_dropout: float = Field(default=0.5, ge=0, lt=1)
    """On picture features. The paper has none."""
    text_dropout: float = Field(default=0.5, ge=0, lt=1)
    """On the tweet's state. The paper has none."""
    standardise: bool = True
    """Standardise stored picture features with the means and variances of the training split. The paper doesn't say."""


class Text(Section):
    """The characters of tweets (section 3.1.1)."""

    characters: int = Field(default=140, ge=1, le=10_000)
    """A longer tweet is cut; 280 for those since 2017."""
    minimum: int = Field(default=2, ge=1)
    """Characters that training has so often have an embedding; others are unknown ones."""
    alphabet: int = Field(default=1000, ge=1, le=200_000)
    """At most so many characters, the most frequent ones."""
    with_tags: bool = False
    """The post's tags follow its text, e.g. where the text is a title; training reads them in a new order each time."""


class Concepts(Section):
    """What the connotations' embeddings start from (section 5.1); they are trained further."""

    vectors: str | None = None
    """A file of concept vectors of `network.dimension`: wiki2vec's or wikipedia2vec's, word2vec's (text or binary), GloVe's,
    fastText's `.vec`, also `.gz` or `.bz2`."""
    corpus: bool = True
    """Without a file: train them on the corpus, words and connotations of a post in one context. Else random ones."""
    spread: float | None = Field(default=None, gt=0)
    """Scale them so that the scores of the first batch have this standard deviation. Empty: 2 |`loss.truncation`| for PLSP,
    whose gradient is 0 between scores that are nearer than the truncation, and as they come for the others."""


class Loss(Section):
    """Equations 3 to 6."""

    name: Literal["prl", "warp", "lsep", "plsp"] = "lsep"
    """Pairwise ranking (equation 3), WARP (4), log-sum-exp (5), the best that we measured, or penalized logistic sum (6), the
    paper's."""
    margin: float = Field(default=1.0, ge=0)
    """α of PRL and WARP; the paper doesn't say."""
    normalize: bool = True
    """WARP only: divide by the number of violators, whose sampled estimate is then unbiased; false is equation 4."""
    truncation: float = Field(default=-0.3, lt=0)
    """s of PLSP; the paper doesn't say. Pairs whose scores are nearer than that have no gradient."""
    negatives: int | None = Field(default=None, ge=1, le=1 << 16)
    """Negatives a post, drawn at random in each step; empty: all of them."""


class Labels(Section):
    """What is done to the labels of training posts."""

    noise: float = Field(default=0.0, ge=0, le=1)
    """Share of the training posts whose labels are replaced by as many random ones, to see how robust a loss is."""


class CMEMConfig(SystemConfig):
    """The configuration of CMEM.

    Model, losses and penalty are the paper's, but of its losses the default is the best that we measured. What keeps some hundred or thousand posts from being learned by heart was
    chosen on validation: dropout, the maximum of the states, a falling learning rate. `configs/cmem/` has the paper's own
    settings.
    """

    training: Training = Training(
        epochs=16,
        batch_size=32,
        optimizer=Optimizer(name="adam", learning_rate=1e-3, schedule="cosine", clip_norm=1.0),
    )
    network: Network = Network()
    text: Text = Text()
    concepts: Concepts = Concepts()
    loss: Loss = Loss()
    labels: Labels = Labels()
    penalty: float = Field(default=5e-5, ge=0)
    """λ of equation 2: an L2 penalty on the parameters, a term of the loss; not a decoupled weight decay."""

    @property
    def spread(self) -> float | None:
        """The standard deviation that the first scores are brought to."""
        if self.concepts.spread is None and self.loss.name == "plsp":
            return 2.0 * abs(self.loss.truncation)
        return self.concepts.spread
