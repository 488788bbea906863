"""Connotations in a build: whose labels they are, their figures before and after the cut, and other people's annotators."""

import json
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from data_prep.annotators import find
from data_prep.annotators.annotator import Annotator
from data_prep.annotators.column import Column
from data_prep.draft import Draft
from data_prep.inspect.connotation_figures import label_figures
from data_prep.inspect.inspect import inspect
from data_prep.inspect.plots import plot_labels
from kerasmm.console import UserError
from kerasmm.data.dataset import open_dataset
from kerasmm.data.post import Post
from tests.data_prep.world import build_world

CONFIG = {"image": {"required": False}, "needs": ["text", "labels"], "links": {"most": 0}, "shard_records": 40}


class Shouted(Annotator):
    """Labels a post with its words in capitals."""

    def labels(self, draft):
        return tuple(word for word in (draft.post.text or "").split() if word.isupper())


def test_figures_of_random_posts(rng):
    posts = [rng.choice(99, rng.integers(0, 6), replace=False, p=np.arange(99, 0, -1) / 4950) for _ in range(300)]
    sizes = np.array(list(map(len, posts)))
    counts = np.bincount(np.concatenate(posts), minlength=99)
    figures = label_figures((int(count) for count in counts if count), Counter(sizes.tolist()))
    assert figures == {
        "labels": np.count_nonzero(counts),
        "posts": 300,
        "labels_per_post": pytest.approx(sizes.mean()),
        "labels_per_post_std": pytest.approx(sizes.std()),
        "top_ten_share": pytest.approx(np.sort(counts)[-10:].sum() / counts.sum()),
        "rare_labels": np.count_nonzero((counts > 0) & (counts < 10)),
    }


def test_figures_of_nothing():
    assert set(label_figures([], {}).values()) == {0}


def shouting(rng, count=120):
    words = [f"W{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    chances = np.arange(26, 0, -1) ** 2 / np.sum(np.arange(1, 27) ** 2)
    said = [rng.choice(words, rng.integers(0, 5), replace=False, p=chances).tolist() for _ in range(count)]
    return [Draft(Post(id=str(n), text=f"post {n} {' '.join(some)}", labels=("given",))) for n, some in enumerate(said)]


def test_your_own_annotator_and_inspect(tmp_path, rng, capsys):
    drafts = shouting(rng)
    own = f"{__name__}:Shouted"
    manifest = build_world(tmp_path, drafts, {**CONFIG, "connotations": {"method": own}, "labels": {"minimum": 12}})
    inspect(tmp_path / "data", as_json=True, quiet=True)
    shown = json.loads(capsys.readouterr().out)["connotations"]

    found = [[word.lower() for word in draft.post.text.split()[2:]] for draft in drafts]
    counts = Counter(word for words in found for word in words)
    kept = [[word for word in words if counts[word] >= 12] for words in found]
    dataset = open_dataset(tmp_path / "data")
    stored = {post.id: list(post.labels) for split in manifest.splits for post in dataset.posts(split)}
    assert stored == {str(n): words for n, words in enumerate(kept) if words}

    def figures(posts):
        posts = [words for words in posts if words]
        counts = Counter(word for words in posts for word in words)
        return {
            "labels": len(counts),
            "posts": len(posts),
            "labels_per_post": round(float(np.mean([len(words) for words in posts])), 4),
            "labels_per_post_std": round(float(np.std([len(words) for words in posts])), 4),
            "top_ten_share": round(sum(n for _, n in counts.most_common(10)) / counts.total(), 4),
            "rare_labels": sum(n < 10 for n in counts.values()),
        }

    assert shown == {
        "method": own,
        "minimum": 12,
        "found": figures(found),
        "kept": figures(kept),
        "posts_without_label": sum(not words for words in kept),
    }
    inspect(tmp_path / "data")
    lines = capsys.readouterr().out.splitlines()
    assert f"  {'distinct labels':<40} {shown['found']['labels']:>12} {shown['kept']['labels']:>12}" in lines


def test_without_a_method_inspect_has_no_connotations(tmp_path, rng, capsys):
    build_world(tmp_path, shouting(rng, 10), CONFIG)
    inspect(tmp_path / "data", as_json=True, quiet=True)
    assert json.loads(capsys.readouterr().out)["connotations"] is None
    inspect(tmp_path / "data")
    assert "connotations" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("gazeteer", "must be one of gazetteer, column, hashtags.* Did you mean 'gazetteer'"),
        ("no.such.module:Class", "No module named 'no'"),
        ("data_prep.draft:Nothing", "has no attribute 'Nothing'"),
        ("data_prep.draft:Draft", "is no `data_prep.annotators.annotator.Annotator`"),
        (":x", "must be one of"),
        ("..relative:Class", "must be one of"),
    ],
)
def test_unknown_methods(tmp_path, method, message):
    with pytest.raises(UserError, match=rf"connotations\.method: .*{message}") as error:
        build_world(tmp_path, [], {**CONFIG, "connotations": {"method": method}})
    assert "\n" not in str(error.value)
    assert find("column") is Column


def test_worker_processes_share_one_index(tmp_path, rng):
    (tmp_path / "concepts.tsv").write_text("".join(f"W{letter}\n" for letter in "ABCDEFGH"))
    given = {"method": "gazetteer", "concepts": str(tmp_path / "concepts.tsv")}
    config = {**CONFIG, "connotations": given, "labels": {"minimum": 1}}
    drafts = shouting(rng)
    here = build_world(tmp_path / "here", drafts, config)
    workers = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
    there = build_world(tmp_path / "there", drafts, config, beam_options=workers)
    assert [shard.sha256 for shards in here.splits.values() for shard in shards] == [
        shard.sha256 for shards in there.splits.values() for shard in shards
    ]
    labels = set(open_dataset(tmp_path / "here" / "data").vocabulary("labels"))
    assert labels and labels <= {f"w{letter}" for letter in "abcdefgh"}


@pytest.mark.parametrize("count", [0, 1, 50, 80])
def test_bars(tmp_path, count):
    labels = {f"$label {n}$ " + "long " * (n % 9): count - n for n in range(count)}
    plot_labels(labels, 2 * count, "a title", tmp_path / "labels.png")
    blue = (np.asarray(Image.open(tmp_path / "labels.png").convert("RGB")) == (31, 119, 180)).all(-1)
    # Bars begin where, in the lowest row that has any of their colour, it begins.
    starts = np.count_nonzero(np.diff(blue[-1 - np.argmax(blue[::-1].any(1))].astype(int)) == 1)
    assert starts == min(count, 50)
