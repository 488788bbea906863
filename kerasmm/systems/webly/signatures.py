"""What an export of webly answers: embeddings of pictures and sentences, and each found by the other."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from kerasmm.systems.signatures import Services, Signature, Signatures, branch, never_empty, specs

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from kerasmm.systems.webly.system import Webly


class WeblySignatures(Signatures):
    """Signatures of webly; vectors are of unit length as the model gives them."""

    system: Webly

    def __init__(self, system: Webly, model: keras.Model, services: Services) -> None:
        from kerasmm.models import webly_branch

        super().__init__(system, model, services)
        self._image_branch = webly_branch(model, "image") if self.by_vector else branch(model, "image")
        self._sentence_branch = webly_branch(model, "sentence")

    def answered(self) -> dict[str, Signature]:
        found = {
            "serving_default": Signature(specs("image"), self.embed_image),
            "embed_image": Signature(specs("image"), self.embed_image),
            "embed_text": Signature(specs("text"), self.embed_text),
            "search_images": Signature(specs("text", "k"), self.search_images),
        }
        if "sentences" in self.services.kinds:
            found["search_texts"] = Signature(specs("image", "k"), self.search_texts)
        if self.by_vector:
            found["search_by_vector"] = Signature(specs("image", "k"), self.search_by_picture)
        return self.of_pictures(found, {"embed_image": "embed_vector"})

    def embed_image(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """A picture in the joint space."""
        import tensorflow as tf

        picture, valid = self.picture(image)
        (name,) = self._image_branch.input
        vectors = never_empty(lambda given: self._image_branch(given, training=False), {name: picture})["image"]
        return {"embedding": tf.where(valid[:, None], vectors, 0.0), "valid": valid}

    def embed_text(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """A sentence in the joint space."""
        import tensorflow as tf

        from kerasmm.text import OFFSET, normalise, word_ids

        lookup, most_words = functools.partial(self.services.lookup, "words"), self.system.config.text.most_words
        ids = word_ids(normalise(text), lookup, most_words)
        # A text without a known word means nothing to the model.
        valid = tf.reduce_any(ids >= OFFSET, axis=1)
        vectors = self._sentence_branch({"words": ids}, training=False)["sentence"]
        return {"embedding": tf.where(valid[:, None], vectors, 0.0), "valid": valid}

    def search_images(self, text: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """Pictures for a sentence."""
        asked = self.embed_text(text)
        return {**self.services.search(asked["embedding"], k), "valid": asked["valid"]}

    def search_texts(self, image: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """Sentences for a picture."""
        asked = self.embed_image(image)
        return {**self.services.search(asked["embedding"], k, "sentences"), "valid": asked["valid"]}

    def search_by_picture(self, image: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """Pictures like a picture."""
        asked = self.embed_image(image)
        return {**self.services.search(asked["embedding"], k), "valid": asked["valid"]}
