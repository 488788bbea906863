"""A tiny data set, a tiny system and its export: the smallest things that the serving code can be tested with."""

import atexit
import functools
import io
import shutil
import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from kerasmm.data.dataset import Dataset, open_dataset
from kerasmm.data.post import Post
from kerasmm.systems.signatures import Signature, Signatures
from tests.tiny import write_dataset

TAGS = ["red", "green", "blue", "straße", "sci-fi"]
LABELS = ["Warm", "Cold"]
SIDE = 32
COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (20, 40, 230)}
SCRIPT = "<script>alert('x')</script>"


def picture(colour, size=(48, 40), form="PNG"):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, form)
    return file.getvalue()


def quarters(*colours):
    """A PNG of four quarters, in reading order."""
    image = Image.new("RGB", (48, 48))
    for place, colour in enumerate(colours):
        image.paste(
            COLOURS[colour], (24 * (place % 2), 24 * (place // 2), 24 * (place % 2) + 24, 24 * (place // 2) + 24)
        )
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def make_posts():
    rng = np.random.default_rng(7)
    posts = []
    for number in range(12):
        tag = TAGS[number % 3]
        colour = tuple(int(c) for c in np.clip(np.array(COLOURS[tag]) + rng.integers(-15, 15, 3), 0, 255))
        text = f"post {number} {SCRIPT}" if number == 0 else f"post {number}"
        labels = ("Warm",) if tag == "red" else ("Cold",)
        posts.append(Post(id=f"p/{number}é", image=picture(colour), text=text, tags=(tag,), labels=labels))
    # Posts as they come: without a text but with a sentence, and with nothing but a picture.
    posts.append(Post(id="sentence", image=picture((9, 9, 9), form="JPEG"), sentences=("a black square",)))
    posts.append(Post(id="bare", image=picture((250, 250, 250))))
    return posts


def make_dataset(folder: Path) -> Dataset:
    posts = make_posts()
    return open_dataset(write_dataset(folder, {"train": posts[:9], "test": posts[9:]}))


def make_model():
    """Mean colour of a picture, L2-normalised, through a dense layer whose weights are its identity and more."""
    image = keras.Input((SIDE, SIDE, 3), name="image")
    mean = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(image))
    mean = keras.layers.Dropout(0.5)(mean)
    normal = keras.layers.UnitNormalization()(keras.layers.BatchNormalization()(mean))
    dense = keras.layers.Dense(3, use_bias=False, name="embedding")
    model = keras.Model({"image": image}, {"embedding": dense(normal)})
    dense.set_weights([np.eye(3, dtype="float32")])
    return model


class Labelling(Signatures):
    classifies = True


class FakeSystem:
    """What `export` asks of a system: a word is the direction of its colour."""

    name = "fake"
    kinds = ("posts",)
    Signatures = Labelling
    choices = {}
    seed = 0
    image_size = (SIDE, SIDE)
    resize = "squash"
    vocabularies = {"tags": TAGS, "labels": LABELS}

    def outputs(self, model, dataset, split, kind="posts"):
        from kerasmm.data.images import decode_images

        posts = list(dataset.posts(split))
        for start in range(0, len(posts), 4):
            some = posts[start : start + 4]
            pixels, _ = decode_images(tf.constant([post.image for post in some]), self.image_size)
            ids = np.empty(len(some), object)
            ids[:] = [post.id.encode() for post in some]
            labels = np.array([[label in post.labels for label in LABELS] for post in some], "float32")
            vectors = np.asarray(model({"image": pixels}, training=False)["embedding"])
            yield {"id": ids, "vectors": vectors, "labels": labels}

    def from_pixels(self, model):
        return model

    def signatures(self, model, services):
        words = tf.constant(np.eye(len(TAGS), 3, dtype="float32"))

        def embed(image):
            pixels, valid = services.decode(image)
            return model({"image": pixels}, training=False)["embedding"], valid

        def serving_default(image):
            embedding, valid = embed(image)
            return {"embedding": embedding, "valid": valid}

        def search_by_image(image, k):
            query, valid = embed(image)
            return {**services.search(query, k), "valid": valid}

        def search_by_tags(tags, k):
            ids = services.lookup("tags", tags)
            known = ids >= 0
            rows = tf.gather(words, tf.maximum(ids, 0)) * tf.cast(known, tf.float32)[..., None]
            return {**services.search(tf.reduce_sum(rows, axis=1), k), "valid": tf.reduce_any(known, axis=1)}

        def attend(image, word):
            """A word looks at the quarters of a picture that have its colour."""
            pixels, valid = services.decode(image)
            ids = services.lookup("tags", word)
            valid = valid & (ids >= 0)
            quarters = tf.reshape(pixels, (-1, 2, SIDE // 2, 2, SIDE // 2, 3))
            colours = tf.math.l2_normalize(tf.reduce_mean(quarters, axis=(2, 4)), axis=-1)
            alike = tf.einsum("nrcd,nd->nrc", colours, tf.gather(words, tf.maximum(ids, 0)))
            weights = tf.reshape(tf.nn.softmax(tf.reshape(5 * alike, (-1, 4))), (-1, 2, 2))
            score = tf.where(valid, tf.reduce_max(alike, axis=(1, 2)), 0.0)
            return {"map": tf.where(valid[:, None, None], weights, 0.0), "score": score, "valid": valid}

        def classify(image):
            embedding, valid = embed(image)
            return {**services.classify(embedding), "valid": valid}

        image = tf.TensorSpec((None,), tf.string)
        tags = tf.TensorSpec((None, None), tf.string)
        k = tf.TensorSpec((None,), tf.int32)
        made = {
            "serving_default": Signature({"image": image}, serving_default),
            "search_by_image": Signature({"image": image, "k": k}, search_by_image),
            "search_by_tags": Signature({"tags": tags, "k": k}, search_by_tags),
            "attend": Signature({"image": image, "word": image}, attend),
        }
        return {**made, "classify": Signature({"image": image}, classify)} if services.classify else made


WORDS = ["<unknown>", "a", "red", "green", "blue", "dog"]
SAID = {
    "post#1": ("A red, red dog!", "a red one"),
    "post": ("a green dog", "a red one"),
    "silent": (),
    "post#1#0": ("blue; nothing but BLUE", SCRIPT),
}
"""Sentences by post. Ids hold `#`, two sentences say the same, one post has none."""


def sentence_posts():
    colours = {"post#1": "red", "post": "green", "silent": "blue", "post#1#0": "blue"}
    return [
        Post(id=name, image=picture(COLOURS[colours[name]]), sentences=sentences, tags=(colours[name],))
        for name, sentences in SAID.items()
    ]


class SentenceSystem(FakeSystem):
    """Pictures and sentences in one space: a word is the direction of its colour, a sentence the sum of its words."""

    name = "fake_sentences"
    kinds = ("posts", "sentences")
    vocabularies = {"words": WORDS, "tags": TAGS}

    def outputs(self, model, dataset, split, kind="posts"):
        if kind == "posts":
            for found in super().outputs(model, dataset, split):
                del found["labels"]
                yield found
            return
        for row, post in enumerate(dataset.posts(split)):
            ids, texts = np.empty(len(post.sentences), object), np.empty(len(post.sentences), object)
            ids[:] = [f"{post.id}#{place}".encode() for place in range(len(post.sentences))]
            texts[:] = [text.encode() for text in post.sentences]
            vectors = np.stack([self.by_hand(text) for text in post.sentences] or [np.zeros(3)])[: len(ids)]
            yield {"id": ids, "post": np.full(len(ids), row), "text": texts, "vectors": vectors.astype("float32")}

    @staticmethod
    def by_hand(text):
        """The vector of a sentence."""
        words = "".join(c if c.isalpha() else " " for c in text.lower()).split()
        total = np.sum([np.eye(3)[TAGS.index(word)] for word in words if word in COLOURS] or [np.zeros(3)], axis=0)
        return total / max(np.linalg.norm(total), 1e-12)

    def signatures(self, model, services):
        directions = np.array([np.eye(3)[TAGS.index(word)] if word in COLOURS else np.zeros(3) for word in WORDS])
        words_as_vectors = tf.constant(directions, tf.float32)

        def embed_text(text):
            plain = tf.strings.regex_replace(tf.strings.lower(text, encoding="utf-8"), r"[^\p{L}]+", " ")
            ids = services.lookup("words", tf.strings.split(plain).to_tensor(""))
            rows = tf.gather(words_as_vectors, tf.maximum(ids, 0)) * tf.cast(ids >= 0, tf.float32)[..., None]
            return {
                "embedding": tf.math.l2_normalize(tf.reduce_sum(rows, axis=1), axis=1),
                "valid": tf.reduce_any(ids >= 0, axis=1),
            }

        def embed_image(image):
            pixels, valid = services.decode(image)
            return {"embedding": model({"image": pixels}, training=False)["embedding"], "valid": valid}

        def search_images(text, k):
            query = embed_text(text)
            return {**services.search(query["embedding"], k), "valid": query["valid"]}

        def search_texts(image, k):
            query = embed_image(image)
            return {**services.search(query["embedding"], k, kind="sentences"), "valid": query["valid"]}

        strings, k = tf.TensorSpec((None,), tf.string), tf.TensorSpec((None,), tf.int32)
        made = {
            "serving_default": Signature({"image": strings}, embed_image),
            "embed_text": Signature({"text": strings}, embed_text),
            "search_images": Signature({"text": strings, "k": k}, search_images),
        }
        can = {"search_texts": Signature({"image": strings, "k": k}, search_texts)}
        return {**made, **can} if "sentences" in services.kinds else made


@functools.cache
def exported_sentences() -> Path:
    """One export with posts and sentences, made once a test run; read only."""
    from kerasmm.serving.export import export

    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    dataset = open_dataset(write_dataset(folder / "data", {"train": sentence_posts()}))
    return export(SentenceSystem(), make_model(), dataset, folder / "fake_sentences", quiet=True)


@functools.cache
def exported() -> Path:
    """One export, made once a test run: `<folder>/dman/1`. Read only; tests that change it copy it first."""
    from kerasmm.serving.export import export

    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return export(FakeSystem(), make_model(), make_dataset(folder / "data"), folder / "fake", quiet=True)
