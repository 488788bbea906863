"""What an export of hashtag answers: tags of a picture and pictures of a tag, as everybody or one user means them."""

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

OF_VECTORS = ("fit_user", "tags_for_user_vector", "search_for_user_vector")
"""What is answered of users whom training never saw, but whose posts are there."""


class HashtagSignatures(Signatures):
    """Signatures of hashtag. Of a user whom training never saw, and of "", the answer is the mean user's; without a user model
    nobody is asked for."""

    system: Hashtag

    def __init__(self, system: Hashtag, model: keras.Model, services: Services) -> None:
        from kerasmm.models import hashtag_part, in_second_stage

        super().__init__(system, model, services)
        self._behind = system.behind(model)
        # Asked here, since a graph can't.
        self._second = in_second_stage(self._behind)
        self._part = hashtag_part(model, *(("image", "vectors", "user") if system.specific else ("image", "vectors")))
        self._images = hashtag_part(model, "image")

    @classmethod
    def index_vectors(cls, outputs: Arrays) -> np.ndarray:
        """The pictures' own: a tag and a user ask for them by an inner product."""
        vectors: np.ndarray = outputs["image"].astype("float32")
        return vectors

    @classmethod
    def missing(cls, system: Hashtag, model: keras.Model) -> dict[str, str]:
        from kerasmm.models import in_second_stage

        kind, second = system.config.network.user_model, in_second_stage(system.behind(model))
        if not second:
            why = "its weights are those of the first stage, without users" if system.specific else "it knows no users"
            return dict.fromkeys(("embed_user", *OF_VECTORS), why)
        if kind == "mlp":
            of_vectors = dict.fromkeys(OF_VECTORS, "posts give a user's vector for the tensor only, not for an MLP")
            return {"search": "its users are in an MLP, which finds no picture by an inner product", **of_vectors}
        return {}

    def answered(self) -> dict[str, Signature]:
        import tensorflow as tf

        asker = ("user",) if self.system.specific else ()
        vector = {"user_vector": tf.TensorSpec((None, self.system.config.network.user_dimension), tf.float32)}
        tags = Signature(specs("image", *asker, "k"), self.tags)
        found = {
            "serving_default": tags,
            "tags": tags,
            "search": Signature(specs("tags", *asker, "k"), self.search),
            "embed_user": Signature(specs("user"), self.embed_user),
            "fit_user": Signature(specs("images", "image_tags"), self.fit_user),
            "tags_for_user_vector": Signature({**specs("image", "k"), **vector}, self.tags_for_user_vector),
            "search_for_user_vector": Signature({**specs("tags", "k"), **vector}, self.search_for_user_vector),
        }
        missing = self.missing(self.system, self.model)
        return self.of_pictures({name: one for name, one in found.items() if name not in missing}, {})

    # === Tags of a picture ===

    def tags(self, image: tf.Tensor, k: tf.Tensor, user: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        """The tags that this user would give the picture, best first (eq. 6); `known` says whether training saw the user."""
        from kerasmm.models import hashtag_scores

        picture, valid = self.picture(image)
        inputs = {self._picture_input: picture}
        if user is not None:
            inputs["user"] = self._ids(user)
        outputs = never_empty(lambda given: self._part(given, training=False), inputs)
        found = self._best(hashtag_scores(self._behind, outputs, self._second), k, valid)
        return found if user is None else {**found, "known": inputs["user"] >= 0}

    def tags_for_user_vector(self, image: tf.Tensor, user_vector: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """The tags that a user of this vector would give the picture, best first."""
        import tensorflow as tf

        picture, valid = self.picture(image)
        user, finite = _finite(user_vector)
        images = never_empty(lambda given: self._images(given, training=False), {self._picture_input: picture})
        queries = self._behind.get_layer("tensor")(images["image"], user, toward="tag")
        return self._best(tf.matmul(queries, self._tag_table(), transpose_b=True), k, valid & finite)

    def _best(self, scores: tf.Tensor, k: tf.Tensor, valid: tf.Tensor) -> dict[str, Any]:
        """As many as a row asks for; filled up with "" and 0 where another row of the batch asks for more."""
        import tensorflow as tf

        most = min(len(self.system.vocabularies["tags"]), MOST)
        # The largest of no number is the lowest integer.
        width = tf.clip_by_value(tf.cast(tf.reduce_max(k), tf.int32), 1, most)
        best, ids = tf.math.top_k(scores, width)
        inside = tf.range(width) < tf.cast(k, tf.int32)[:, None]
        words = tf.where(inside, self.services.words("tags", ids), "")
        return _said({"labels": words, "scores": tf.where(inside, best, 0.0)}, valid)

    # === Pictures of a tag ===

    def search(self, tags: tf.Tensor, k: tf.Tensor, user: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        """Posts whose picture this user means by the tags: by the score of equation 3, its mean where there are several."""
        queries, valid = self._of_tags(tags)
        if user is None:
            return self._found(queries, k, valid)
        ids = self._ids(user)
        if self._second:
            queries = self._behind.get_layer("tensor")(queries, self._behind.get_layer("users")(ids), toward="image")
        return {**self._found(queries, k, valid), "known": ids >= 0}

    def search_for_user_vector(self, tags: tf.Tensor, user_vector: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """Posts whose picture a user of this vector means by the tags."""
        (of_tags, valid), (user, finite) = self._of_tags(tags), _finite(user_vector)
        queries = self._behind.get_layer("tensor")(of_tags, user, toward="image")
        return self._found(queries, k, valid & finite)

    def _found(self, queries: tf.Tensor, k: tf.Tensor, valid: tf.Tensor) -> dict[str, tf.Tensor]:
        queries, finite = _finite(queries)
        return _said(self.services.search(queries, k), valid & finite)

    def _of_tags(self, tags: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The mean vector of each row's known tags, and whether it has one."""
        import tensorflow as tf

        ids = self.services.lookup("tags", tags)
        there = tf.cast(ids >= 0, tf.float32)[..., None]
        total = tf.reduce_sum(tf.gather(self._tag_table(), tf.maximum(ids, 0)) * there, axis=1)
        return tf.math.divide_no_nan(total, tf.reduce_sum(there, axis=1)), tf.reduce_any(ids >= 0, axis=1)

    # === Users ===

    def embed_user(self, user: tf.Tensor) -> dict[str, tf.Tensor]:
        """A user's vector."""
        ids = self._ids(user)
        return {"embedding": self._behind.get_layer("users")(ids), "known": ids >= 0}

    def fit_user(self, images: tf.Tensor, image_tags: tf.Tensor) -> dict[str, tf.Tensor]:
        """The vector of a user whose posts a row holds, at most `MOST` of them; `posts` says how many of these were pictures
        with a known tag."""
        import tensorflow as tf

        from kerasmm.systems.hashtag.fitted_rows import fitted_rows
        from kerasmm.systems.hashtag.fitted_users import UserFit, UserFitter

        def embed(pictures: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            pixels, valid = self.picture(pictures)
            return self._images({self._picture_input: pixels}, training=False)["image"], valid

        everybody = self._behind.get_layer("users")(tf.constant([-1]))[0]
        fitter = UserFitter(self._behind.get_layer("tensor").kernel, self._tag_table(), everybody, UserFit())
        ids = tf.cast(self.services.lookup("tags", image_tags), tf.int32)
        return fitted_rows(fitter, embed, images[:, :MOST], ids[:, :MOST])

    # === Parts ===

    @property
    def _picture_input(self) -> str:
        return "features" if self.by_vector else "image"

    def _ids(self, user: tf.Tensor) -> tf.Tensor:
        """Names are people's own: no other spelling is theirs."""
        import tensorflow as tf

        return tf.cast(self.services.lookup("users", user, as_written=True), tf.int32)

    def _tag_table(self) -> tf.Tensor:
        from kerasmm.models import tag_table

        return tag_table(self._behind, self._second)


def _finite(vectors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Vectors, zeros in place of one that isn't finite, and which are."""
    import tensorflow as tf

    finite = tf.reduce_all(tf.math.is_finite(vectors), axis=1)
    return tf.where(finite[:, None], vectors, 0.0), finite


def _said(found: dict[str, tf.Tensor], valid: tf.Tensor) -> dict[str, tf.Tensor]:
    """An answer that is valid where its scores are finite, too: a vector may be so large that they aren't."""
    import tensorflow as tf

    return {**found, "valid": valid & tf.reduce_all(tf.math.is_finite(found["scores"]), axis=1)}
