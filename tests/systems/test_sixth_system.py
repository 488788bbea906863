"""A further system, as CONTRIBUTING's checklist has it, made in this file alone: mean colour → one of the labels.

It trains, is evaluated, exported, searched, asked for labels and drawn through the public commands.
"""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image

import kerasmm.systems
from kerasmm import compare, draw, evaluate, export, fit, label, search
from kerasmm.console import guarded
from kerasmm.data.batches import Picture, multi_hot, parse, word_table
from kerasmm.evaluation.tables import percent_rows
from kerasmm.systems import Protocol, Signature, Signatures, Stage, System, names, register, system
from kerasmm.systems.batches import Batches
from kerasmm.systems.config import SystemConfig, Training
from kerasmm.systems.outputs import model_outputs
from kerasmm.systems.sheets import Sheet
from kerasmm.systems.signatures import specs
from tests.tiny import COLOURS, LABELS, tiny_dataset

SIDE = 16


class Config(SystemConfig):
    training: Training = Training(epochs=12, batch_size=10)
    sharpness: float = 1.0
    """What the scores are multiplied by."""


class ColourBatches(Batches):
    """Pictures and the labels of their posts."""

    def __init__(self, toy, dataset):
        super().__init__(dataset.records("train"), toy.config.training.batch_size, toy.seed)
        self.toy, self.table = toy, word_table(toy.vocabularies["labels"])

    def batch(self, epoch, step, rows):
        posts = parse(self.read(rows), self.toy.picture, ("labels",))
        labels = multi_hot(posts["labels"], self.table, len(self.toy.vocabularies["labels"]))
        return {"image": posts["picture"]}, {"labels": labels}


class ColourProtocol(Protocol):
    @property
    def monitor(self):
        return "right"

    @property
    def title(self):
        return "mean colour"

    def validate(self, evaluator):
        posts = evaluator.outputs(evaluator.split)
        first = posts["labels"][np.arange(len(posts["id"])), posts["scores"].argmax(axis=1)]
        return {"right": float(first.mean())}

    def evaluate(self, evaluator):
        posts = evaluator.outputs(evaluator.split)
        return {**self.validate(evaluator), "chance/right": float(posts["labels"].mean())}

    @classmethod
    def comparison(cls, rows):
        return [percent_rows("First labels", {"right": "right"}, rows)]


class ColourSignatures(Signatures):
    def answered(self):
        return {
            "serving_default": Signature(specs("image"), self.embed),
            "search_by_image": Signature(specs("image", "k"), self.search_by_image),
            "label": Signature(specs("image"), self.label),
        }

    def embed(self, image):
        pixels, valid = self.services.decode(image)
        return {"embedding": self.model({"image": pixels}, training=False)["colour"], "valid": valid}

    def search_by_image(self, image, k):
        found = self.embed(image)
        return {**self.services.search(found["embedding"], k), "valid": found["valid"]}

    def label(self, image):
        import tensorflow as tf

        pixels, valid = self.services.decode(image)
        scores, ids = tf.math.top_k(self.model({"image": pixels}, training=False)["scores"], k=len(LABELS))
        return {"labels": self.services.words("labels", ids), "scores": scores, "valid": valid}


class ColourSheet(Sheet):
    """The mean colours of some photos."""

    name = "colours"
    shows = "the mean colours of photos"
    description = "Draws the mean colour of some photos."
    example = "--run runs/mean_colour --output sheet.png"
    needs = "a picture"

    def has(self, post):
        return post.image is not None

    def draw(self, runs, photos, arguments):
        (run,) = runs
        toy, model = run.open()
        (outputs,) = toy.outputs(model, photos.dataset, photos.split)
        colours = np.uint8(127.5 * (1 + outputs["vectors"][photos.rows]))
        Image.fromarray(colours[None]).save(arguments.output)


class MeanColour(System):
    """Mean colour → one of the labels."""

    name = "mean_colour"
    Config = Config
    Protocol = ColourProtocol
    Signatures = ColourSignatures
    vocabulary_names = ("labels",)
    variants = {"mean colour": {}, "dull": {"sharpness": 0.5}}
    rows = {"mean colour": "as it is", "dull": "with half the sharpness"}
    sheets = (ColourSheet,)
    image_size, resize = (SIDE, SIDE), "squash"
    picture = Picture(size=(SIDE, SIDE))

    def build(self):
        import keras

        image = keras.Input((SIDE, SIDE, 3), name="image")
        mean = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 127.5, -1)(image))
        scores = keras.layers.Dense(len(self.vocabularies["labels"]), name="scores")(mean)
        sharp = keras.layers.Rescaling(self.config.sharpness)(scores)
        return keras.Model({"image": image}, {"colour": keras.layers.UnitNormalization()(mean), "scores": sharp})

    def objective(self, targets, outputs):
        from keras import ops

        return {"loss": ops.mean(ops.binary_crossentropy(targets["labels"], ops.sigmoid(outputs["scores"])))}

    def stages(self, model, dataset):
        import keras

        batches = ColourBatches(self, dataset).not_empty("training posts")
        return [
            Stage(
                "train", model, self.objective, batches, batches.steps, ("loss",),
                self.config.training.epochs, lambda: keras.optimizers.Adam(0.05),
            )
        ]  # fmt: skip

    def outputs(self, model, dataset, split, kind="posts"):
        wanted = {"vectors": lambda outputs: outputs["colour"], "scores": lambda outputs: outputs["scores"]}
        yield from model_outputs(model, dataset, split, self.picture, self.vocabularies, wanted)


@pytest.fixture(scope="module", autouse=True)
def registered():
    """The toy is known while this file is tested."""
    before = dict(kerasmm.systems._CLASSES)
    register("mean_colour", f"{__name__}:MeanColour")
    yield
    kerasmm.systems._CLASSES.clear()
    kerasmm.systems._CLASSES.update(before)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Folders of its data, run and export, all made by `fit`."""
    folder = tmp_path_factory.mktemp("sixth")
    data = tiny_dataset(folder / "data", train=120, other=40, features=False)
    arguments = ["--model", "mean_colour", "--data", str(data), "--run", str(folder / "run"), "--seed", "3"]
    arguments += ["--output", str(folder / "saved_models" / "toy"), "--quiet", "--set", "training.epochs=20"]
    assert guarded(fit.main, arguments) == 0
    return data, folder / "run", folder / "saved_models" / "toy"


def of_colour(folder, word):
    """A picture that is one colour all over."""
    path = folder / f"{word}.png"
    Image.new("RGB", (40, 30), COLOURS[word]).save(path)
    return path


def answered(capsys, main, *arguments):
    assert guarded(main, [str(argument) for argument in arguments]) == 0
    return capsys.readouterr().out


def test_it_learns_and_is_evaluated(trained, capsys):
    data, run, _ = trained
    figures = json.loads((run / "evaluation.json").read_text())
    # A picture has four quarters, three of six colours are labels: 42 % of a post's labels are there by chance.
    assert figures["right"] > 0.8 > figures["chance/right"]
    table = answered(capsys, evaluate.main, "--run", run, "--split", "validation")
    assert "First labels" in table and "mean colour" in table
    assert "Mean colour → one of the labels." in (run / "MODEL_CARD.md").read_text()


def test_its_export_is_checked_searched_and_labels(trained, capsys, tmp_path):
    _, run, base = trained
    answered(capsys, export.main, "--check", base)
    red = of_colour(tmp_path, "red")
    found = json.loads(answered(capsys, search.main, "--model", base, "--image", red, "-k", "3", "--json"))
    assert [post["rank"] for post in found["results"]] == [1, 2, 3]
    assert all("red" in post["labels"] for post in found["results"])
    named = json.loads(answered(capsys, label.main, "--model", base, "--image", red, "-k", "1", "--json"))
    assert [one["label"] for one in named["results"][0]["labels"]] == ["red"]


def test_an_export_is_asked_from_python(trained):
    import kerasmm

    file = io.BytesIO()
    Image.new("RGB", (8, 8), COLOURS["blue"]).save(file, "PNG")
    assert kerasmm.load(trained[2]).label(file.getvalue(), k=1)[0].name == "blue"


def test_its_sheet_is_drawn(trained, tmp_path, capsys):
    path = tmp_path / "sheet.png"
    answered(capsys, draw.main, "colours", "--run", trained[1], "-n", "5", "--output", path)
    with Image.open(path) as drawn:
        assert drawn.size == (5, 1)


def test_the_commands_know_it(capsys, tmp_path):
    assert "mean_colour" in names() and system("mean_colour") is MeanColour
    assert "mean_colour" in fit.parser().format_help()
    rows = answered(capsys, compare.main, "--model", "mean_colour", "--data", tmp_path, "--list")
    assert [line.split("  ")[0] for line in rows.splitlines()] == ["mean colour", "dull"]
    settings = answered(capsys, fit.main, "--model", "mean_colour", "--list-settings")
    assert "sharpness" in settings and "What the scores are multiplied by." in settings


def test_a_name_that_is_taken_or_no_name_is_refused():
    with pytest.raises(ValueError, match=r"taken by kerasmm\.systems\.dman\.system:DMAN. Received: name='dman'"):
        register("dman", "mine:DMAN")
    with pytest.raises(ValueError, match="must be letters, digits"):
        register("../mine", "mine:Mine")
    with pytest.raises(ValueError, match=r"'package.module:Class'. Received: where='mine'"):
        register("mine", "mine")
