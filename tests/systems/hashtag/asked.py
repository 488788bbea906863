"""The signatures of a hashtag model with drawn weights, asked as graphs, and equation 3 in loops."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from kerasmm.models import begin_second_stage, hashtag_part
from kerasmm.serving.indexes.exact import ExactIndex
from kerasmm.serving.services import ExportServices
from kerasmm.serving.signatures import trace
from tests.systems.hashtag.world import WORDS, made


class Asked:
    """A system's signatures as graphs, over the posts of the test split, with drawn weights."""

    def __init__(self, data, assets, rng, *changes, second=True):
        self.hashtag, dataset = made(data, *changes)
        self.model = self.hashtag.build()
        if second and self.hashtag.specific:
            begin_second_stage(self.model)
        self.second = second and self.hashtag.specific
        for layer in self.model.layers:
            if layer.weights and layer.name not in ("stage", "normalization"):
                layer.set_weights([rng.normal(scale=0.7, size=w.shape) for w in layer.get_weights()])
        (outputs,) = self.hashtag.outputs(self.model, dataset, "test")
        self.ids = [one.decode() for one in outputs["id"]]
        index = ExactIndex(self.hashtag.Signatures.index_vectors(outputs), self.ids)
        services = ExportServices((1, 1), "squash", self.hashtag.vocabularies, {"posts": index}, assets)
        self.traced = trace(self.hashtag.signatures(self.model, services))
        self.features = np.stack([post.features for post in dataset.posts("test")]).astype("float32")
        self.image = self.embedded(self.features)

    def embedded(self, features):
        """f of each row; of unit length where tags are scored by equation 2."""
        image = np.asarray(hashtag_part(self.model, "image")({"features": features})["image"], "float64")
        cosine = self.hashtag.config.network.agnostic == "ncsl" and not self.second
        return image / np.linalg.norm(image, axis=1, keepdims=True) if cosine else image

    def weights(self, layer):
        return np.asarray(self.model.get_layer(layer).get_weights()[0], "float64")

    def tag(self, word):
        """h of a tag."""
        own = self.second and self.hashtag.config.network.agnostic == "ncsl"
        h = self.weights("tags" if own else "agnostic_tags")[WORDS.index(word)]
        cosine = self.hashtag.config.network.agnostic == "ncsl" and not self.second
        return h / np.linalg.norm(h) if cosine else h

    def user(self, name):
        """u of a user."""
        people = self.weights("users")
        return people[self.hashtag.users.index(name)] if name in self.hashtag.users else people.mean(axis=0)

    def score(self, word, f, u):
        """Equation 3 in loops; without users equations 1 and 2."""
        h = self.tag(word)
        if not self.second:
            return float(h @ f)
        kernel = self.weights("tensor")
        (d, f_size, e), total = kernel.shape, 0.0
        for a in range(d):
            for b in range(f_size):
                for c in range(e):
                    total += kernel[a, b, c] * h[a] * f[b] * u[c]
        return total

    def __call__(self, signature, **inputs):
        tensors = {name: tf.constant(given) for name, given in inputs.items()}
        return {name: one.numpy() for name, one in self.traced[signature].function(**tensors).items()}
