"""A system that annotates pictures, texts or both, by what can be worked out by hand: a colour it sees or reads."""

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

import tensorflow as tf

from kerasmm.systems.signatures import Signature, Signatures
from tests.serving.fake import TAGS, FakeSystem, make_dataset, make_model

CONNOTATIONS = ["red", "green", "blue"]


class PairSystem(FakeSystem):
    """A connotation's score is its share of the picture's mean colour, and 2 more where the text says its name."""

    name = "fake_pairs"
    Signatures = Signatures
    vocabularies = {"labels": CONNOTATIONS, "tags": TAGS}

    def __init__(self, *sides):
        self.sides = sides

    def outputs(self, model, dataset, split, kind="posts"):
        for found in super().outputs(model, dataset, split):
            del found["labels"]
            yield found

    def signatures(self, model, services):
        def annotate(image=None, text=None):
            scores, valid = [], []
            if image is not None:
                pixels, good = services.decode(image)
                mean = tf.reduce_mean(pixels, axis=(1, 2))
                scores.append(mean / tf.reduce_sum(mean, axis=1, keepdims=True))
                valid.append(good)
            if text is not None:
                said = [tf.strings.regex_full_match(text, rf"(?s).*\b{word}\b.*") for word in CONNOTATIONS]
                scores.append(2 * tf.cast(tf.stack(said, axis=1), tf.float32))
                valid.append(tf.fill(tf.shape(text), True))
            good = tf.reduce_all(tf.stack(valid), axis=0)
            best, ids = tf.math.top_k(tf.add_n(scores), k=len(CONNOTATIONS))
            labels = tf.where(good[:, None], services.words("labels", ids), "")
            return {"labels": labels, "scores": tf.where(good[:, None], best, 0.0), "valid": good}

        strings = tf.TensorSpec((None,), tf.string)
        return {
            name: Signature(dict.fromkeys(self.sides, strings), annotate) for name in ("serving_default", "annotate")
        }


@functools.cache
def exported_pairs(*sides: str) -> Path:
    """One export for each choice of `image` and `text`, made once a test run; read only."""
    from kerasmm.serving.export import export

    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return export(PairSystem(*sides), make_model(), make_dataset(folder / "data"), folder / "fake_pairs", quiet=True)
