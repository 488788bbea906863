"""`python -m kerasmm.compare` on the features of two encoders: the rows of each, and once what needs no pictures."""

from __future__ import annotations

import dataclasses
import json

import pytest

from kerasmm.compare import main
from kerasmm.console import guarded
from tests.systems.cmem.world import SETTINGS
from tests.tiny import tiny_posts, write_dataset

ROWS = "CMEM-plsp-256,CMEM-plsp-512-noise-10,frequency,rcca_100_lda"


def data(folder, scale, first_id="t"):
    """Posts whose texts have topics; features are those of another encoder where the scale is another one."""
    splits = {}
    for split, count in {"train": 40, "validation": 10, "test": 10}.items():
        made = tiny_posts(count, 4, prefix=first_id + split)
        splits[split] = [
            dataclasses.replace(
                post, features=post.features * scale, text=f"theme{number % 12} word{number % 7} {post.text}"
            )
            for number, post in enumerate(made)
        ]
    return write_dataset(folder, splits)


def asked(output, *datasets):
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    named = [part for one in datasets for part in ("--data", str(one))]
    return ["--model", "cmem", *named, "--output", str(output), "--seeds", "1", "--rows", ROWS, *settings, "--quiet"]


@pytest.fixture(scope="module")
def compared(tmp_path_factory, trained_here):
    folder = tmp_path_factory.mktemp("encoders")
    both = [f"{name}={data(folder / name, scale)}" for name, scale in {"VGG16": 1.0, "ResNet50": 0.5}.items()]
    assert guarded(main, asked(folder / "out", *both)) == 0
    return folder / "out"


def test_each_encoder_has_its_rows_and_text_baselines_have_one(compared):
    flat = json.loads((compared / "comparison.json").read_text())
    assert {key.partition("/")[0] for key in flat} == {
        "frequency",
        *(f"{row}_{encoder}" for row in ("cmem_plsp_256", "cmem_plsp_512_noise_10", "rcca_100_lda") for encoder in ("vgg16", "resnet50")),
    }  # fmt: skip
    for encoder in ("VGG16", "ResNet50"):
        own = json.loads((compared / encoder / "cmem_plsp_256_seed0" / "evaluation.json").read_text())
        assert flat[f"cmem_plsp_256_{encoder.lower()}/R@1"] == own["R@1"]


def test_the_tables_name_them(compared):
    tables = (compared / "comparison.md").read_text()
    assert "| CMEM-plsp-256, VGG16 |" in tables and "| RCCA-100-LDA, ResNet50 |" in tables
    noise = tables[tables.index("R@10, share of the training label sets") :]
    assert "| CMEM-plsp-512, ResNet50 |" in noise
    assert {path.name for path in compared.glob("*.png")} == {
        "comparison.png",
        "precision_recall.png",
        "mean_ranks.png",
    }


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["", "b="], "each of several data sets needs a name"),
        (["a=", "a="], "each of several data sets needs a name"),
        (["a/../b=", "c="], "each of several data sets needs a name"),
        (["a=", "b="], "its split 'train' has other posts"),
    ],
)
def test_refused(tmp_path, capsys, names, says):
    folders = [data(tmp_path / "one", 1.0), data(tmp_path / "other", 1.0, "x")]
    datasets = [name + str(folder) for name, folder in zip(names, folders, strict=True)]
    assert guarded(main, asked(tmp_path / "out", *datasets)) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "b").exists()
