"""Section 4.1 of hashtag prediction as one build: tags, spammers, the split by time, users, figures, and what goes wrong."""

import json
from collections import Counter
from pathlib import Path

import pytest

import data_prep
from data_prep.__main__ import main
from data_prep.draft import Draft
from data_prep.inspect import plots
from data_prep.inspect.inspect import inspect
from kerasmm.console import UserError, guarded
from kerasmm.data.dataset import open_dataset
from kerasmm.data.manifest import read_manifest
from kerasmm.data.post import Post
from kerasmm.settings import merged, read_yaml
from tests.data_prep.world import build_world

PAPER = read_yaml(Path(data_prep.__file__).parent / "configs" / "build" / "hashtag.yaml")
CONFIG = merged(
    PAPER,
    {"image": {"required": False}, "needs": ["tags", "user"], "tags": {"drop_most_frequent": 2}, "shard_records": 9},
)


def drafts():
    """Ann, Bob and Eve post twenty times each, all `canon`; Spam posts walls of tags; and those who make trouble."""
    made = []
    for user, topic in (("ann", "sea"), ("bob", "dog"), ("eve", "sea")):
        for number in range(20):
            tags = ("Canon", "square" if number % 3 else "iphone", topic, f"{2000 + number}")
            made.append(Draft(Post(id=f"{user} {number}", user=user, time=1_400_000_000 + number, tags=tags)))
    walls = [tuple(f"w{n}" for n in range(16)), ("sea", *(f"w{n}" for n in range(15)))]
    made += [Draft(Post(id=f"wall {n}", user="spam", time=n, tags=tags)) for n, tags in enumerate(walls)]
    one = {"user": "once", "tags": ("dog", "seen once"), "time": 5}
    return [
        *made,
        Draft(Post(id="only post", **one)),
        Draft(Post(id="all dropped", user="ann", time=6, tags=("canon", "３", "1,000"))),
        Draft(Post(id="no time", user="bob", tags=("dog",))),
        Draft(Post(id="1864", user="bob", tags=("dog", "old"), time=-3_345_000_000)),
        Draft(Post(id="future", user="bob", tags=("dog", "new"), time=32_503_680_000)),
        Draft(Post(id="nobody", tags=("dog", "stray"))),
    ]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("user_tags")
    manifest = build_world(folder, drafts(), CONFIG)
    return folder / "data", manifest, {s: list(open_dataset(folder / "data").posts(s)) for s in manifest.splits}


def test_numbers_the_most_frequent_tags_spammers_and_nobody_are_dropped(built):
    folder, manifest, posts = built
    # `canon` is on 61 posts, `sea` on 41, `square` on 39, `dog` on 24, `iphone` on 21.
    tags = open_dataset(folder).vocabulary("tags")
    assert tags[:3] == ["square", "dog", "iphone"] and {"canon", "sea", "2000", "3", "1,000"}.isdisjoint(tags)
    assert {"seen once", "old", "new", "w0"} < set(tags) and "stray" not in tags
    assert manifest.dropped == {
        "needs": {"no user": 1},
        "users": {"by a user of more than 15 tags a post": 2},
        "vocabulary": {"no tag in the vocabulary": 1},
    }
    rejects = [json.loads(line) for line in (folder / "rejects.jsonl").read_text().splitlines()]
    assert {r["where"] for r in rejects} == {"nobody", "all dropped", "wall 0", "wall 1"}
    assert not any(r["bad"] for r in rejects)
    # Twenty years, and `3` and `1,000`; each year on three posts.
    assert {name: n for name, n in manifest.statistics.items() if name.startswith(("tags/", "users/"))} == {
        "tags/numbers": 22,
        "tags/numbers/uses": 62,
        "tags/too_frequent": 2,
        "tags/too_frequent/uses": 61 + 41,
        "tags/beyond_the_vocabulary": 0,
        "tags/beyond_the_vocabulary/uses": 0,
        "users/of_too_many_tags": 1,
    }


def test_the_first_nine_tenths_of_each_user_train(built):
    _, manifest, posts = built
    split_of = {post.id: split for split, each in posts.items() for post in each}
    held_out = {"ann 18", "ann 19", "eve 18", "eve 19", "bob 19", "future"}
    assert {name for name, split in split_of.items() if split != "train"} == held_out
    assert [manifest.records(split) for split in ("train", "validation", "test")] == [58, 1, 5]
    assert split_of["only post"] == split_of["no time"] == split_of["1864"] == "train"
    times = {post.id: post.time for each in posts.values() for post in each}
    assert (times["1864"], times["future"], times["no time"]) == (-3_345_000_000, 32_503_680_000, None)


def test_the_vocabulary_of_users_and_the_figures_of_table_1(built):
    folder, manifest, posts = built
    # Bob has 21 posts in training, Ann and Eve 18 each.
    assert open_dataset(folder).vocabulary("users") == ["bob", "ann", "eve", "once"]
    assert manifest.vocabularies["users"].size == manifest.statistics["users"] == 4
    usage = json.loads((folder / "usage.json").read_text())
    frequency = Counter(tag for post in posts["train"] for tag in post.tags)
    givers = {tag: {post.user for post in posts["train"] if tag in post.tags} for tag in frequency}
    tags = open_dataset(folder).vocabulary("tags")
    assert usage["tags"] == [[tag, frequency[tag], len(givers.get(tag, ()))] for tag in tags]
    assert (usage["users"], usage["posts_a_user"]) == (4, [[1, 1], [18, 2], [21, 1]])
    every = [post for each in posts.values() for post in each]
    assert manifest.statistics["tags_per_post"] == pytest.approx(sum(len(post.tags) for post in every) / len(every))
    for name in ("bob", "ann", "eve"):
        assert name not in (folder / "usage.json").read_text()


def test_inspect_prints_table_1_and_draws_figure_3(built, tmp_path, capsys, monkeypatch):
    folder, _, posts = built
    figures, save = {}, plots._save
    monkeypatch.setattr(plots, "_save", lambda figure, path: (figures.update({path.name: figure}), save(figure, path)))
    inspect(folder, plots=tmp_path / "plots")
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    frequency = Counter(tag for post in posts["train"] for tag in post.tags)
    assert ["square", str(frequency["square"]), "3"] in lines and ["dog", str(frequency["dog"]), "2"] in lines
    assert ["users", "of", "the", "training", "split", "4"] in lines
    assert (tmp_path / "plots" / "usage.png").stat().st_size > 10_000
    tags, users = (axes.lines[0] for axes in figures["usage.png"].axes)
    by_rank = sorted(frequency.values(), reverse=True)
    for line, expected in ((tags, by_rank), (users, [21, 18, 18, 1])):
        assert {expected[int(x) - 1] == y for x, y in line.get_xydata()} == {True}
        assert {int(line.get_xdata()[0]), int(line.get_xdata()[-1])} == {1, len(expected)}
    inspect(folder, as_json=True, quiet=True)
    usage = json.loads(capsys.readouterr().out)["usage"]
    assert (usage["users"], usage["tags_numbers"], usage["users_of_too_many_tags"]) == (4, 22, 1)
    assert usage["most_common"][0] == {"tag": "square", "posts": frequency["square"], "users": 3}


def test_a_data_set_without_counted_users_has_neither(tmp_path, capsys):
    some = [Draft(Post(id=str(n), user=f"u{n % 2}", tags=("t",))) for n in range(8)]
    manifest = build_world(tmp_path, some, {"image": {"required": False}, "needs": []})
    assert "users" not in manifest.vocabularies and "users" not in manifest.statistics
    inspect(tmp_path / "data", plots=tmp_path / "plots", as_json=True, quiet=True)
    assert json.loads(capsys.readouterr().out)["usage"] is None and not (tmp_path / "plots" / "usage.png").exists()
    with pytest.raises(UserError, match="`users` cuts a vocabulary"):
        build_world(tmp_path / "new", some, {"vocabularies_of": str(tmp_path / "data"), "users": {}})


def test_users_that_nobody_names(tmp_path):
    some = [Draft(Post(id=str(n), tags=("t",))) for n in range(8)]
    with pytest.raises(UserError, match="users: no training post names its user; leave `users` out"):
        build_world(tmp_path, some, {"image": {"required": False}, "needs": [], "users": {}})


def test_new_posts_are_built_in_the_old_users(built, tmp_path):
    new = [Draft(Post(id="new", user="stranger", tags=("sea", "dog"), time=1))]
    manifest = build_world(tmp_path, new, {"vocabularies_of": str(built[0]), "image": {"required": False}})
    assert open_dataset(tmp_path / "data").vocabulary("users") == ["bob", "ann", "eve", "once"]
    assert manifest.records("train") == 1


def test_the_configuration_is_asked_for_by_name(tmp_path, capsys):
    tags = [f"t{number}" for number in range(12)]
    posts = [{"id": str(n), "tags": tags, "user": "ann", "time": n, "text": f"text {n}"} for n in range(10)]
    (tmp_path / "posts.jsonl").write_text("".join(f"{json.dumps(post)}\n" for post in posts))
    build = ["build", "--source", "posts", "--input", str(tmp_path), "--output", str(tmp_path / "data"), "--quiet"]
    without = ["--set", "image.required=false", "--set", "needs=[tags]"]
    assert main([*build, "--config", "hashtag", *without]) == 0
    manifest = read_manifest(tmp_path / "data")
    assert manifest.config["tags"] == {"minimum": 1} | PAPER["tags"]
    assert manifest.vocabularies["users"].size == 1 and manifest.records("train") == 9
    capsys.readouterr()
    assert guarded(main, [*build, "--config", "hashtags"]) == 2
    assert "no such file, and no configuration of build; there are: hashtag. Did you mean" in capsys.readouterr().err
