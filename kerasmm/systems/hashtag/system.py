"""Hashtag: self-expression apart from visual content — a three-way tensor of tags, pictures and users.

Veit, Nickel, Belongie and van der Maaten (2018), "Separating Self-Expression and Visual Content in Hashtag Supervision", CVPR.
Equation and section numbers are the paper's.
"""

from __future__ import annotations

import functools
import shlex
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kerasmm.console import UserError
from kerasmm.systems.hashtag.config import HashtagConfig
from kerasmm.systems.hashtag.protocol import HashtagProtocol
from kerasmm.systems.hashtag.search_sheet import UserSearchSheet
from kerasmm.systems.hashtag.signatures import HashtagSignatures
from kerasmm.systems.hashtag.tag_sheet import UserTagSheet
from kerasmm.systems.hashtag.variants import ROWS, VARIANTS
from kerasmm.systems.measured import feature_moments
from kerasmm.systems.protocol import Arrays
from kerasmm.systems.system import Facts, Stage, System

if TYPE_CHECKING:
    import keras
    import numpy as np

    from kerasmm.data.dataset import Dataset
    from kerasmm.systems.hashtag.outputs import PostOutputs
    from kerasmm.systems.hashtag.posts import Posts

AGNOSTIC, BEST = "agnostic", "best"
"""Stage, and the weights of it where users come after it."""
MOST_UNITS_HELD = 1 << 25
"""Units of an MLP's layer that are held while posts are scored, 128 MiB."""


class Hashtag(System):
    """Names the tags that a user would give a picture, and finds the pictures that a user means by a tag.

    User-specific hashtags as a System; the model card begins with the line above.
    """

    name = "hashtag"
    Config = HashtagConfig
    Signatures = HashtagSignatures
    Protocol = HashtagProtocol
    # Not the users: those of another data set are unknown ones, who get the mean user.
    vocabulary_names = ("tags",)
    variants = VARIANTS
    rows = ROWS
    sheets = (UserTagSheet, UserSearchSheet)
    config: HashtagConfig

    def __init__(self, config: Any, facts: Facts, seed: int = 0) -> None:
        super().__init__(config, facts, seed)
        self._behind: weakref.WeakKeyDictionary[Any, keras.Model] = weakref.WeakKeyDictionary()

    # === Data ===

    @classmethod
    def gather_facts(cls, config: HashtagConfig, dataset: Dataset) -> Facts:
        """Tags, users and the moments of the features."""
        from kerasmm.systems.hashtag.left_out import left_out
        from kerasmm.systems.hashtag.users import known_users

        facts = super().gather_facts(config, dataset)
        if config.network.user_model == "none":
            return facts
        share = config.user_specific.left_out
        users = known_users(dataset)
        users = [user for user, out in zip(users, left_out(users, share), strict=True) if not out]
        if not users:
            raise UserError(f"user_specific.left_out: {share} leaves out all users of {dataset.folder}")
        return Facts({**facts.vocabularies, "users": users}, facts.features, facts.measured)

    @classmethod
    def measure(cls, config: HashtagConfig, dataset: Dataset) -> dict[str, Any]:
        """Means and variances of stored features over the training split."""
        dataset.require(["tags"])
        if not dataset.vocabulary("tags"):
            raise UserError(f"{dataset.folder}: the vocabulary of tags is empty, hashtag needs tags")
        return feature_moments(dataset) if config.network.standardise else {}

    @property
    def users(self) -> list[str]:
        """Those with a vector; none without a user model."""
        return self.vocabularies.get("users", [])

    @functools.cached_property
    def posts(self) -> Posts:
        """What is read of posts."""
        from kerasmm.systems.hashtag.posts import Posts

        picture = self.pictures.picture
        picture_input = "features" if self.pictures.stored else "image"
        return Posts(picture, picture_input, self.vocabularies["tags"], self.users)

    # === Model ===

    @property
    def specific(self) -> bool:
        """Whether there is a second stage, of users."""
        return self.config.network.user_model != "none"

    def build(self) -> keras.Model:
        from kerasmm.models import hashtag

        network, pictures, measured = self.config.network, self.pictures, self.facts.measured
        stored = pictures.stored
        return hashtag(
            len(self.vocabularies["tags"]),
            len(self.users),
            tuple(stored["shape"]) if stored else (1,),
            dimension=network.dimension,
            user_dimension=network.user_dimension,
            user_model=network.user_model,
            cosine=network.agnostic == "ncsl",
            projection=network.projection,
            hidden=network.hidden,
            mlp_units=network.mlp_units,
            dropout=network.dropout,
            encoder=None if stored else pictures.encoder.model,
            train_encoder=pictures.trained,
            feature_mean=measured.get("mean") if stored else None,
            feature_variance=measured.get("variance") if stored else None,
        )

    def from_pixels(self, model: keras.Model) -> keras.Model:
        import keras

        if "image" in model.input or self.pictures.elsewhere:
            return model
        from kerasmm.models import hashtag_part

        image = keras.Input((*self.image_size, 3), name="image")
        given = {**model.input, "features": self.pictures.encoder.model(image, training=False)}
        outputs: dict[str, Any] = {}
        for name in ("image", "vectors", *(["user"] if self.specific else [])):
            part = hashtag_part(model, name)
            outputs |= part({key: given[key] for key in part.input}, training=False)
        inputs = {**{name: one for name, one in model.input.items() if name == "user"}, "image": image}
        found = keras.Model(inputs, outputs, name="hashtag_from_pixels")
        self._behind[found] = model
        return found

    def behind(self, model: keras.Model) -> keras.Model:
        """The model with the tags, of one that `from_pixels` gave."""
        return self._behind.get(model, model)

    # === Training ===

    def stages(self, model: keras.Model, dataset: Dataset) -> list[Stage]:
        from kerasmm.systems.hashtag.agnostic_stage import agnostic_stage
        from kerasmm.systems.hashtag.specific_stage import specific_stage

        found = []
        if self.config.user_specific.start is None:
            found.append(agnostic_stage(self, model, dataset, AGNOSTIC if self.specific else BEST))
        if self.specific:
            found.append(specific_stage(self, model, dataset, AGNOSTIC))
        return found

    @property
    def other_weights(self) -> tuple[str, ...]:
        return (AGNOSTIC,) if self.specific and self.config.user_specific.start is None else ()

    # === Serving ===

    def questions(self, export: str) -> list[str]:
        # A name that begins with a dash would be an option.
        users = [user for user in self.users if not user.startswith("-")][:1]
        asker = f" --user {shlex.quote(users[0])}" if users else ""
        tag = shlex.quote(self.vocabularies["tags"][0])
        label = f"label --model {shlex.quote(export)} --image PICTURE.jpg{asker}"
        search = f"search --model {shlex.quote(export)} --tag {tag}{asker} -k 5 --html found.html"
        return [label] if self.config.network.user_model == "mlp" else [label, search]

    # === Outputs ===

    def outputs(self, model: keras.Model, dataset: Dataset, split: str, kind: str = "posts") -> Iterator[Arrays]:
        """See `PostOutputs`."""
        yield from self._post_outputs(model, dataset, split)

    @functools.cached_property
    def _post_outputs(self) -> PostOutputs:
        from kerasmm.systems.hashtag.outputs import PostOutputs

        return PostOutputs(self.posts)

    def all_scores(self, model: keras.Model, posts: Arrays, rows: slice) -> np.ndarray:
        """Scores of all tags for some rows of `outputs`, `(rows, K)`: one matrix product, with an MLP its layers."""
        import numpy as np

        from kerasmm.models import hashtag_scores

        some = {name: np.asarray(posts[name][rows]) for name in ("image", "vectors")}
        if self.config.network.user_model != "mlp":
            return np.asarray(hashtag_scores(model, some))
        some["user"] = np.asarray(model.get_layer("users")(np.asarray(posts["user"][rows])))
        # Its layers hold all their units for each tag of each row.
        units = len(self.vocabularies["tags"]) * max(self.config.network.mlp_units, default=1)
        step = max(1, MOST_UNITS_HELD // units)
        parts = (
            {name: own[start : start + step] for name, own in some.items()}
            for start in range(0, len(some["user"]), step)
        )
        return np.concatenate([np.asarray(hashtag_scores(model, part)) for part in parts])
