"""What an export of CMEM answers: connotations and embeddings of pairs, and tweets for pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerasmm.systems.signatures import Services, Signature, Signatures, branch, never_empty, specs, unit_rows

if TYPE_CHECKING:
    import keras
    import numpy as np
    import tensorflow as tf

    from kerasmm.systems.cmem.system import CMEM
    from kerasmm.systems.system import Arrays

ANNOTATED = 50
"""Connotations that an export answers a pair with, at most."""

SIDES = {"both": ("image", "text"), "image": ("image",), "text": ("text",)}
"""What a pair has, by the configuration's `network.inputs`."""


class CMEMSignatures(Signatures):
    """Signatures of CMEM, of pictures, texts or both."""

    system: CMEM

    def __init__(self, system: CMEM, model: keras.Model, services: Services) -> None:
        from kerasmm.models import cmem_branch

        super().__init__(system, model, services)
        # From pixels to the image's projection.
        self._image_branch = None
        if system.config.network.inputs == "both":
            self._image_branch = cmem_branch(model, "image") if self.by_vector else branch(model, "image")

    @classmethod
    def index_vectors(cls, outputs: Arrays) -> np.ndarray:
        """The tweets' projections, so that images find tweets; of a one-sided model its embedding."""
        return unit_rows(outputs.get("tweet", outputs["vectors"]))

    def answered(self) -> dict[str, Signature]:
        sides = SIDES[self.system.config.network.inputs]
        found = {
            "serving_default": Signature(specs(*sides), self.annotate),
            "annotate": Signature(specs(*sides), self.annotate),
            "embed": Signature(specs(*sides), self.embed),
        }
        if len(sides) == 2:
            found["search_texts"] = Signature(specs("image", "k"), self.search_texts)
        return self.of_pictures(found, {"search_texts": "search_by_vector"})

    def _outputs(self, image: tf.Tensor | None, text: tf.Tensor | None) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        import tensorflow as tf

        from kerasmm.text import normalise

        given = {} if text is None else {"text": text}
        valid = None if text is None else tf.fill(tf.shape(text), True)
        if image is not None:
            given["image"], valid = self.picture(image)

        def network(given: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            inputs = {} if image is None else {"features" if self.by_vector else "image": given["image"]}
            inputs |= {} if text is None else self.system.posts.characters(normalise(given["text"]))
            outputs: dict[str, tf.Tensor] = self.model(inputs, training=False)
            return outputs

        return never_empty(network, given), valid

    def annotate(self, image: tf.Tensor | None = None, text: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        """Connotations, the best first."""
        import tensorflow as tf

        outputs, valid = self._outputs(image, text)
        shown = min(len(self.system.vocabularies["labels"]), ANNOTATED)
        scores, ids = tf.math.top_k(outputs["scores"], k=shown)
        # A bad picture has no connotations, not those of a grey one.
        labels = tf.where(valid[:, None], self.services.words("labels", ids), "")
        return {"labels": labels, "scores": tf.where(valid[:, None], scores, 0.0), "valid": valid}

    def embed(self, image: tf.Tensor | None = None, text: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        """The pair's embedding."""
        import tensorflow as tf

        outputs, valid = self._outputs(image, text)
        return {"embedding": tf.where(valid[:, None], outputs["embedding"], 0.0), "valid": valid}

    def search_texts(self, image: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """Tweets for a picture."""
        import tensorflow as tf

        branch = self._image_branch
        assert branch is not None
        picture, valid = self.picture(image)
        (name,) = branch.input
        vectors = never_empty(lambda given: branch(given, training=False), {name: picture})["image"]
        vectors = tf.where(valid[:, None], vectors, 0.0)
        return {**self.services.search(tf.math.l2_normalize(vectors, axis=1), k), "valid": valid}
