"""Where a system's pictures come from: features that the data set stores, or an encoder on pixels."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from kerasmm.console import UserError
from kerasmm.data.manifest import FROM_FILE
from kerasmm.systems.config import Encoder

if TYPE_CHECKING:
    from kerasmm.data.batches import Picture
    from kerasmm.encoders import ImageEncoder

FROM_SCRATCH = "none"
"""In place of a weights file."""


class Pictures:
    """Decides between stored features and pixels, and knows the encoder of both.

    Args:
        chosen: The configuration's section.
        stored: The stored features as in the manifest, or None.
        default: The encoder where neither says one.
        regions: Whether the system needs a map of regions; else one vector a picture will do.

    Raises:
        UserError: When asked for what the configuration and the data set can't give.
    """

    def __init__(self, chosen: Encoder, stored: dict[str, Any] | None, default: str, regions: bool) -> None:
        self.chosen, self.regions, self.default = chosen, regions, default
        self._stored = stored

    @property
    def elsewhere(self) -> bool:
        """Whether the features came in a file: no picture can be encoded as those of the posts were."""
        return self._stored is not None and self._stored["encoder"].startswith(FROM_FILE)

    @functools.cached_property
    def stored(self) -> dict[str, Any] | None:
        """The stored features, when this configuration trains on them."""
        stored, chosen = self._stored, self.chosen
        if stored is None or (chosen.trainable and not self.elsewhere):
            return None
        if self.elsewhere and (chosen.trainable or chosen.name is not None):
            raise UserError(
                f"encoder: the features of the data set are those of {stored['encoder'].removeprefix(FROM_FILE)}, so there is no "
                "encoder to choose or to train; leave `encoder` as it is"
            )
        if chosen.name is not None and not self.elsewhere:
            from kerasmm.encoders import image_encoder, parse_spec

            named = parse_spec(chosen.name)
            if named.network != parse_spec(stored["encoder"]).network:
                return None
            # A map has several names (`@7x7`, its layer's); the encoder knows the one that features are stored under.
            if str(named) != stored["encoder"] and image_encoder(chosen.name, weights=None).spec != stored["encoder"]:
                return None
        if self.regions and len(stored["shape"]) != 2:
            raise UserError(
                f"the stored features {stored['encoder']} are one vector a picture; this model needs a map of regions"
            )
        return stored

    @functools.cached_property
    def encoder(self) -> ImageEncoder:
        """The encoder from pixels to features."""
        from kerasmm.encoders import image_encoder

        chosen, stored = self.chosen, self.stored
        if stored and self.elsewhere:
            raise UserError(
                f"the features of {stored['encoder'].removeprefix(FROM_FILE)} were made elsewhere, so no picture can be encoded "
                "here; give its vector, made by the same encoder"
            )
        # Where none is named, the one of the features that are there, also to train it further.
        given = stored or (self._stored if chosen.name is None else None)
        name = given["encoder"] if given else chosen.name or self.default
        weights = chosen.weights or (FROM_SCRATCH if name.partition("@")[0] == "small" else "imagenet")
        encoder = image_encoder(
            name,
            weights=None if weights == FROM_SCRATCH else weights,
            resize=given["resize"] if given else chosen.resize,
        )
        if self.regions and len(encoder.feature_shape) != 2:
            raise UserError(f"encoder.name: {name!r} gives one vector a picture; this model needs a map of regions")
        if stored and encoder.fingerprint != stored["fingerprint"]:
            raise UserError(
                f"encoder.weights: not the weights of {name!r} that made the stored features of the data set"
            )
        return encoder

    @property
    def trained(self) -> bool:
        """Whether the encoder is trained along: where asked for, and by default where it has no weights yet."""
        if self.stored:
            return False
        return self.encoder.fingerprint == "" if self.chosen.trainable is None else self.chosen.trainable

    @property
    def picture(self) -> Picture:
        """How pictures come into the model."""
        from kerasmm.data.batches import Picture

        if self.stored:
            return Picture(features_shape=tuple(self.stored["shape"]))
        return Picture(size=self.encoder.image_size, resize=self.encoder.resize)
