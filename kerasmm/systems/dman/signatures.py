"""What an export of DMAN answers: embeddings, search by words and pictures, attention, labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerasmm.systems.dman.rankings import DEFAULT
from kerasmm.systems.signatures import Signature, Signatures, never_empty, specs, unit_rows

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf

    from kerasmm.systems.dman.system import DMAN
    from kerasmm.systems.system import Arrays


class DMANSignatures(Signatures):
    """Signatures of DMAN; its ablations answer what they can."""

    system: DMAN
    classifies = True

    @classmethod
    def index_vectors(cls, outputs: Arrays) -> np.ndarray:
        """Of unit length: search is by cosine."""
        return unit_rows(outputs["vectors"])

    @classmethod
    def index_scales(cls, outputs: Arrays) -> np.ndarray:
        """Their lengths before: a word's confidence is its entry of the unit vector times this."""
        import numpy as np

        lengths: np.ndarray = np.linalg.norm(outputs["vectors"].astype("float32"), axis=1)
        return lengths

    def answered(self) -> dict[str, Signature]:
        base = self.system.config.network.base
        found = {
            "serving_default": Signature(specs("image"), self.embed),
            "search_by_image": Signature(specs("image", "k"), self.search_by_image),
        }
        # No word touches the embedding of DMAN_Triplet; words look at regions only through the attention layer.
        if base != "embedding":
            found["search_by_tags"] = Signature(specs("tags", "k"), self.search_by_tags)
        if base == "attention" and not self.by_vector:
            found["attend"] = Signature(specs("image", "word"), self.attend)
        if self.services.classify:
            found["classify"] = Signature(specs("image"), self.classify)
        return self.of_pictures(found, {"search_by_image": "search_by_vector"})

    def _outputs(self, image: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        picture, valid = self.picture(image)
        (name,) = self.model.input
        return never_empty(lambda given: self.model(given, training=False), {name: picture}), valid

    def embed(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """The vector that posts are compared by."""
        outputs, valid = self._outputs(image)
        return {"embedding": outputs[self.system.vector], "valid": valid}

    def search_by_image(self, image: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """Posts like a picture."""
        import tensorflow as tf

        outputs, valid = self._outputs(image)
        return {**self.services.search(tf.math.l2_normalize(outputs[self.system.vector], axis=1), k), "valid": valid}

    def search_by_tags(self, tags: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """Posts for words, whose entries are one (section 4.4), by what did best on the validation split."""
        import tensorflow as tf

        ids = self.services.lookup("tags", tags)
        query = tf.reduce_max(tf.one_hot(ids, len(self.system.vocabularies["tags"])), axis=1)
        choice = self.system.choices.get("search_by_tags")
        ranking = choice.chosen if choice else DEFAULT
        if ranking == "cosine":
            found = self.services.search(tf.math.l2_normalize(query, axis=1), k)
        else:
            mean = tf.math.divide_no_nan(query, tf.reduce_sum(query, axis=1, keepdims=True))
            found = self.services.search(mean, k, ranking={"score": "scaled", "rank_sum": "rank_sum"}[ranking])
        return {**found, "valid": tf.reduce_any(ids >= 0, axis=1)}

    def attend(self, image: tf.Tensor, word: tf.Tensor) -> dict[str, tf.Tensor]:
        """Where a word looks in a picture, and its confidence."""
        import tensorflow as tf

        grid = self.system.pictures.encoder.grid
        assert grid is not None
        outputs, valid = self._outputs(image)
        ids = self.services.lookup("tags", word)
        valid, place = valid & (ids >= 0), tf.maximum(ids, 0)
        weights = tf.gather(outputs["attention"], place, axis=1, batch_dims=1)
        weights = tf.where(valid[:, None], weights, 0.0)
        score = tf.where(valid, tf.gather(outputs["words"], place, axis=1, batch_dims=1), 0.0)
        return {"map": tf.reshape(weights, (-1, *grid)), "score": score, "valid": valid}

    def classify(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """Labels, the most confident first."""
        import tensorflow as tf

        assert self.services.classify is not None
        outputs, valid = self._outputs(image)
        found = self.services.classify(outputs[self.system.vector])
        # A bad picture has no labels, not those of a grey one.
        return {
            "labels": tf.where(valid[:, None], found["labels"], ""),
            "scores": tf.where(valid[:, None], found["scores"], 0.0),
            "valid": valid,
        }
