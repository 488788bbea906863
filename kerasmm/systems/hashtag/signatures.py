"""What an export of hashtag answers: the tags that a user would give a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerasmm.systems.signature_inputs import MOST
from kerasmm.systems.signatures import Services, Signature, Signatures, never_empty, specs

if TYPE_CHECKING:
    import keras
    import numpy as np
    import tensorflow as tf

    from kerasmm.systems.hashtag.system import Hashtag
    from kerasmm.systems.system import Arrays


class HashtagSignatures(Signatures):
    """Signatures of hashtag; without a user model nobody is asked for."""

    system: Hashtag

    def __init__(self, system: Hashtag, model: keras.Model, services: Services) -> None:
        from kerasmm.models import hashtag_part, in_second_stage

        super().__init__(system, model, services)
        # Asked here, since a graph can't.
        self._second = in_second_stage(system.behind(model))
        self._part = hashtag_part(model, *(("image", "vectors", "user") if system.specific else ("image", "vectors")))

    @classmethod
    def index_vectors(cls, outputs: Arrays) -> np.ndarray:
        """The pictures' own: a tag and a user ask for them by an inner product."""
        vectors: np.ndarray = outputs["image"].astype("float32")
        return vectors

    def answered(self) -> dict[str, Signature]:
        asked = specs("image", "user", "k") if self.system.specific else specs("image", "k")
        tags = Signature(asked, self.tags)
        return self.of_pictures({"serving_default": tags, "tags": tags}, {})

    def tags(self, image: tf.Tensor, k: tf.Tensor, user: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        """The tags that this user would give the picture, best first (eq. 6); `known` says whether training saw the user, else
        it is the mean user who does."""
        import tensorflow as tf

        from kerasmm.models import hashtag_scores

        picture, valid = self.picture(image)
        inputs = {"features" if self.by_vector else "image": picture}
        if user is not None:
            inputs["user"] = tf.cast(self.services.lookup("users", user, as_written=True), tf.int32)

        def network(given: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            outputs: dict[str, tf.Tensor] = self._part(given, training=False)
            return outputs

        scores = hashtag_scores(self.system.behind(self.model), never_empty(network, inputs), self._second)
        found = {**self._best(scores, k), "valid": valid}
        return found if user is None else {**found, "known": inputs["user"] >= 0}

    def _best(self, scores: tf.Tensor, k: tf.Tensor) -> dict[str, Any]:
        """As many as a row asks for; filled up with "" and 0 where another row of the batch asks for more."""
        import tensorflow as tf

        most = min(len(self.system.vocabularies["tags"]), MOST)
        # The largest of no number is the lowest integer.
        width = tf.clip_by_value(tf.cast(tf.reduce_max(k), tf.int32), 1, most)
        best, ids = tf.math.top_k(scores, width)
        inside = tf.range(width) < tf.cast(k, tf.int32)[:, None]
        words = tf.where(inside, self.services.words("tags", ids), "")
        return {"labels": words, "scores": tf.where(inside, best, 0.0)}
