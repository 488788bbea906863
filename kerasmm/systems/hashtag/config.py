"""The configuration of hashtag; equation and section numbers are those of Veit et al. (2018)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from kerasmm.settings import Section
from kerasmm.systems.config import MOST_EPOCHS, MOST_UNITS, Optimizer, SystemConfig, Training, Units


class Network(Section):
    """Pictures, tags and users (section 3)."""

    agnostic: Literal["mcll", "ncsl"] = "ncsl"
    """How the image model is trained first, without users (section 3.1): `mcll` by the softmax over the tags (eq. 1), `ncsl`
    by the negative cosine to the sum of the tags' embeddings (eq. 2)."""
    tag_vectors: Literal["ppmi", "multi_sense"] = "multi_sense"
    """With `ncsl` only: the tags' embeddings, learned from which tags stand together in the training posts."""
    user_model: Literal["tensor", "mlp", "none"] = "tensor"
    """What scores tag, picture and user together in the second stage (section 3.2); `none` leaves users out."""
    dimension: int = Field(default=300, ge=1, le=MOST_UNITS)
    """D = F, of the embeddings of tags and pictures."""
    user_dimension: int = Field(default=50, ge=1, le=MOST_UNITS)
    """E, of the users' embeddings."""
    hidden: tuple[Units, ...] = ()
    """Units of ReLU layers between the picture's features and the projection to D."""
    projection: bool = True
    """Project features to D numbers. `false` is logistic regression on the features themselves, `ImageNet` of table 2."""
    mlp_units: tuple[Units, ...] = (300, 300)
    """Of the hidden layers of `mlp`."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    """On the picture's features. The paper has none."""
    standardise: bool = True
    """Standardise stored features inside the model."""


class Loss(Section):
    """The losses of both stages."""

    sampled: int | None = Field(default=None, ge=1, le=1 << 20)
    """With `mcll` only: tags that stand for the vocabulary in a step, drawn by their frequency, with the bias that comes of
    it taken off. Empty: the softmax over all tags."""
    margin: float = Field(default=1.0, ge=0)
    """How much an observed triplet must be ahead of an unobserved one (section 3.2)."""


class UserSpecific(Section):
    """The second stage: tags, users, the tensor and the image projection together."""

    epochs: int = Field(default=6, ge=1, le=MOST_EPOCHS)
    """How often the training posts are gone through."""
    optimizer: Optimizer = Optimizer(name="adagrad", learning_rate=0.03, schedule="cosine", initial_accumulator=0.001)
    """As `training.optimizer`, which the first stage has. Tags and users are seen rarely, and Adam moves what is seen rarely as
    far as the rest."""
    left_out: float = Field(default=0.0, ge=0, lt=1)
    """Share of users, chosen by their names, none of whose posts are trained on in either stage, so that `evaluate` can say how
    well the vectors of new users are fitted."""
    start: str | None = None
    """Folder of a run on the same tags and features whose first stage this one begins with, in place of its own."""
    train_encoder: bool = False
    """Go on fine-tuning an encoder that the first stage trained."""


class HashtagConfig(SystemConfig):
    """Hashtag's configuration."""

    training: Training = Training(
        epochs=5,
        batch_size=128,
        optimizer=Optimizer(name="adam", learning_rate=0.001, schedule="cosine"),
    )
    network: Network = Network()
    loss: Loss = Loss()
    user_specific: UserSpecific = UserSpecific()

    @model_validator(mode="after")
    def _fits(self) -> HashtagConfig:
        network = self.network
        if not network.projection and (network.agnostic, network.user_model, network.hidden) != ("mcll", "none", ()):
            raise ValueError(
                "`network.projection: false` goes with `network.agnostic: mcll`, `network.user_model: none` and no "
                "`network.hidden`"
            )
        if self.loss.sampled is not None and network.agnostic != "mcll":
            raise ValueError("`loss.sampled` goes with `network.agnostic: mcll`")
        if self.user_specific.start is not None and network.user_model == "none":
            raise ValueError("`user_specific.start` needs a second stage: `network.user_model` other than `none`")
        return self
