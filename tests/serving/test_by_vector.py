"""Exports of models that learned from features made elsewhere: they are asked by vectors."""

import dataclasses
import json

import keras
import numpy as np
import pytest

import kerasmm
from kerasmm.console import UserError, guarded
from kerasmm.data.dataset import open_dataset
from kerasmm.data.manifest import read_manifest
from kerasmm.search import main as search
from kerasmm.serving.export import export
from kerasmm.serving.indexed_rows import read_rows
from kerasmm.systems import system
from kerasmm.systems.config import load_config
from tests.serving.test_reindex import SYSTEMS, described
from tests.tiny import tiny_posts, write_dataset

ANSWERED = {
    "dman": {"serving_default", "search_by_vector", "search_by_tags", "classify"},
    "webly": {"serving_default", "embed_vector", "embed_text", "search_images", "search_texts", "search_by_vector"},
    "cmem": {"serving_default", "annotate", "embed", "search_by_vector"},
}


@pytest.fixture(scope="module", params=sorted(ANSWERED))
def made(request, tmp_path_factory):
    """The system, its model, its posts and its export."""
    folder = tmp_path_factory.mktemp(request.param)
    posts = described(tiny_posts(12, 1, prefix="a"))
    if request.param != "dman":
        posts = [dataclasses.replace(post, features=post.features.mean(axis=0)) for post in posts]
    posts = [dataclasses.replace(post, image=None) for post in posts]
    data = write_dataset(folder / "data", {"train": posts})
    features = read_manifest(data).features.model_copy(update={"encoder": "file:clip.npz", "image_size": (0, 0)})
    read_manifest(data).model_copy(update={"features": features}).write(data)
    dataset, kind = open_dataset(data), system(request.param)
    config = load_config(kind.Config, None, SYSTEMS[request.param])
    one = kind(config, kind.gather_facts(config, dataset), 0)
    keras.utils.set_random_seed(0)
    model = one.build()
    return one, model, dataset, export(one, model, dataset, folder / request.param, quiet=True)


def test_finds_by_vector_what_numpy_finds(made, tmp_path, capsys):
    one, model, dataset, version = made
    assert (
        set(json.loads((version / "assets.extra" / "signatures.json").read_text())["signatures"]) == ANSWERED[one.name]
    )
    posts = list(dataset.posts("train"))
    rows = read_rows(version)["posts"]
    with kerasmm.load(version) as loaded:
        for post in posts[:3]:
            found = loaded.search(vector=post.features, k=12)
            assert found.signature == "search_by_vector" and len({hit.id for hit in found}) == 12
            if one.name != "cmem":
                # Of the same space: a post is nearest to itself, and the others are as its row is to theirs.
                own = rows.vectors[rows.ids.index(post.id)]
                scores = dict(zip(rows.ids, rows.vectors @ own / np.linalg.norm(own), strict=True))
                np.testing.assert_allclose([hit.score for hit in found], [scores[hit.id] for hit in found], atol=1e-4)
                assert found[0].score == pytest.approx(max(scores.values()), abs=1e-4)
        with pytest.raises(UserError, match="made elsewhere, so give a picture's vector"):
            loaded.search(image=b"\x89PNG")
        with pytest.raises(UserError, match="expected a vector of"):
            loaded.search(vector=np.zeros(3))
        with pytest.raises(UserError, match="must be finite"):
            loaded.search(vector=np.full(posts[0].features.shape, np.nan))
        for value, says in (
            (0.0, "no direction"),
            (1e-30, "no direction"),
            (3e38, "too large"),
            (1e300, "too large"),
            (1j, "real numbers"),
            ("1", "real numbers"),
        ):
            with pytest.raises(UserError, match=says):
                loaded.search(vector=np.full(posts[0].features.shape, value))
        wrong = np.stack([posts[0].features, np.full_like(posts[0].features, np.nan), posts[1].features]).astype("f4")
        answer = loaded.answer("search_by_vector", {"vector": wrong, "k": np.full(3, 2, "int32")})
        assert answer["valid"].tolist() == [True, False, True] and np.isfinite(answer["scores"]).all()
    np.save(tmp_path / "v.npy", posts[0].features)
    assert guarded(search, ["--model", str(version), "--vector", str(tmp_path / "v.npy"), "-k", "2", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["results"]) == 2
