"""More posts, fewer posts: another version with the same weights, held against an export made whole."""

import dataclasses
import json
import shutil
import sqlite3
from contextlib import closing

import keras
import numpy as np
import pytest

from kerasmm.console import UserError, guarded
from kerasmm.data.dataset import open_dataset
from kerasmm.index import main
from kerasmm.serving import audit
from kerasmm.serving import reindex as module
from kerasmm.serving.check import SIGNATURES_FILE
from kerasmm.serving.encoded import encode
from kerasmm.serving.export import ExportError, export
from kerasmm.serving.indexed_rows import read_rows
from kerasmm.serving.posts import ADDED, POSTS_FILE, write_posts
from kerasmm.serving.publish import publish
from kerasmm.serving.reindex import reindex
from kerasmm.systems import system
from kerasmm.systems.config import load_config
from tests.serving.fake import exported
from tests.systems.cmem.world import SETTINGS
from tests.tiny import tiny_posts, write_dataset

SMALL = ("network.dimension=12", "network.gru_units=12", "network.word_dimension=8")
SYSTEMS = {
    "dman": (),
    "webly": ("loss.tag_weight=0", "text.minimum=1", *SMALL),
    "cmem": (*SETTINGS, "text.minimum=1"),
}


def described(posts):
    """With two sentences each, as long as ids, and users whose names are words of nothing else."""
    return [
        dataclasses.replace(
            post,
            sentences=(f"{post.id} shows {post.text}", f"the other sentence of {post.id}."),
            text=f"{post.id} says {post.text}",
            user=f"author no. {number % 4}",
        )
        for number, post in enumerate(posts)
    ]


ONE = pytest.mark.parametrize("world", ["webly"], indirect=True)
"""Its posts have sentences, which are found, too."""


@pytest.fixture(scope="module", params=sorted(SYSTEMS, reverse=True))
def world(request, tmp_path_factory):
    """A system, its model, a data set that it learned from and one of new posts, and an export of the first."""
    folder = tmp_path_factory.mktemp(request.param)
    first = write_dataset(folder / "first", {"train": described(tiny_posts(14, 1, False, "learned-from"))})
    others = {
        "train": described(tiny_posts(9, 2, False, "came-later-ü")),
        "test": described(tiny_posts(70, 3, False, "even-later")),
    }
    second = write_dataset(folder / "second", others)
    dataset, kind = open_dataset(first), system(request.param)
    config = load_config(kind.Config, None, SYSTEMS[request.param])
    made = kind(config, kind.gather_facts(config, dataset), 0)
    keras.utils.set_random_seed(0)
    model = made.build()
    version = export(made, model, dataset, folder / "model", trained_on="ab" * 32, quiet=True)
    return made, model, dataset, open_dataset(second), version


@pytest.fixture
def copied(world, tmp_path):
    """A copy of the export that a test may add versions to."""
    shutil.copytree(world[-1].parent, tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def unchecked(monkeypatch):
    """Without the check, which the first test waits for."""
    monkeypatch.setattr(module, "check_export", lambda folder: {"problems": []})


def content(version):
    """What can be found, and is shown: rows by kind, and the table of posts."""
    rows = {
        kind: {
            row_id: (held.vectors[row].tobytes(), held.texts and held.texts[row]) for row, row_id in enumerate(held.ids)
        }
        for kind, held in read_rows(version).items()
    }
    return rows, posts_of(version / "assets.extra" / POSTS_FILE)


def posts_of(path):
    with closing(sqlite3.connect(path)) as file:
        return file.execute("select * from posts order by id").fetchall()


def order(version):
    return {kind: held.ids for kind, held in read_rows(version).items()}


def test_added_posts_are_found_as_an_export_embeds_them(world, copied, tmp_path):
    made, model, first, second, version = world
    change = reindex(copied, dataset=second, quiet=True)
    assert change.folder == copied / "2" and (change.posts, change.added, change.replaced) == (93, 79, 0)
    rows, posts = content(change.folder)
    old, table = content(version)
    embedded = encode(made, model, second, ["train", "test"], tmp_path / "rows", quiet=True).rows
    assert sorted(embedded) == sorted(rows)
    for kind, held in embedded.items():
        assert order(change.folder)[kind] == [*order(version)[kind], *held.ids]
        vectors = np.stack([np.frombuffer(rows[kind][row_id][0], "f4") for row_id in held.ids])
        np.testing.assert_array_equal(vectors, held.vectors)
        assert [rows[kind][row_id][1] for row_id in held.ids] == (held.texts or [None] * len(held.ids))
        assert {row_id: rows[kind][row_id] for row_id in old[kind]} == old[kind]
    write_posts(tmp_path / POSTS_FILE, ((ADDED, post) for name in ("train", "test") for post in second.posts(name)))
    assert posts == sorted([*table, *posts_of(tmp_path / POSTS_FILE)])
    # Everything but rows is the version's before: the weights, to the byte, too.
    about = [json.loads((copied / n / SIGNATURES_FILE).read_text(encoding="utf-8")) for n in "12"]
    assert about[0]["weights"] == about[1]["weights"] and about[1]["posts"] == 93
    assert (copied / "1" / "saved_model.pb").read_bytes() == (copied / "2" / "saved_model.pb").read_bytes()
    # The examples were answered anew, and the check found the same answers.
    examples = {name: one["example"]["answer"] for name, one in about[1]["signatures"].items()}
    assert any("ids" in answer for answer in examples.values())


@ONE
def test_the_same_posts_again_change_nothing_and_what_is_removed_is_as_never_added(world, unchecked, copied):
    _, _, first, second, version = world
    again = reindex(copied, dataset=first, quiet=True)
    assert (again.added, again.replaced, again.posts) == (0, 14, 14)
    assert content(again.folder) == content(version) and order(again.folder) == order(version)
    more = reindex(copied, dataset=second, quiet=True)
    ids = [post.id for split in ("train", "test") for post in second.posts(split)]
    fewer = reindex(copied, remove={*ids, "nobody", "no one"}, quiet=True)
    assert more.folder.name == "3" and (fewer.removed, fewer.unknown, fewer.posts) == (79, 2, 14)
    assert content(fewer.folder) == content(version) and order(fewer.folder) == order(version)


@ONE
def test_a_forgotten_user_is_in_no_byte(world, unchecked, copied, capsys):
    _, _, first, second, _ = world
    assert guarded(main, ["--model", str(copied), "--data", str(second.folder), "--forget-user", "author no. 1"]) == 0
    out, err = capsys.readouterr()
    assert out == f"{copied / '2'}\n" and "forgotten: 4 posts" in err and "4 of them were training posts" in err
    assert "still hold what was taken out" in err
    posts = [
        post for one, split in ((first, "train"), (second, "train"), (second, "test")) for post in one.posts(split)
    ]
    theirs = [post for post in posts if post.user == "author no. 1"]
    assert len(theirs) == 4 + 2 + 18
    held = b"".join(path.read_bytes() for path in (copied / "2").rglob("*") if path.is_file())
    for post in theirs:
        for value in (post.text, *post.sentences):
            assert value.encode() not in held and json.dumps(value)[1:-1].encode() not in held
    rows, table = content(copied / "2")
    assert {row[0] for row in table} == {post.id for post in posts if post.user != "author no. 1"}
    assert set(rows["posts"]) == {row[0] for row in table}
    card = (copied / "2" / "assets.extra" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "ab" * 32 in card and "4 of them training posts, which the weights still saw" in card


@ONE
def test_a_user_with_a_vector_in_the_weights_is_not_said_to_be_forgotten(world, unchecked, copied):
    about = json.loads((copied / "1" / SIGNATURES_FILE).read_text(encoding="utf-8"))
    about["vocabularies"]["users"] = "assets/users.txt"
    (copied / "1" / SIGNATURES_FILE).write_text(json.dumps(about), encoding="utf-8")
    (copied / "1" / "assets" / "users.txt").write_text("author no. 1\nauthor no. 2", encoding="utf-8")
    with pytest.raises(UserError, match="its weights hold a vector of 'author no. 2'.* train without this user"):
        reindex(copied, forget_user="author no. 2", quiet=True)
    assert [path.name for path in copied.iterdir() if path.name.isdecimal()] == ["1"]


@ONE
def test_older_versions_go_where_wanted(world, unchecked, copied, capsys):
    arguments = ["--model", str(copied), "--remove", "learned-from-3, learned-from-5", "--delete-older"]
    assert guarded(main, arguments) == 0
    assert f"deleted: {copied / '1'}" in capsys.readouterr().err
    assert sorted(path.name for path in copied.iterdir() if path.name.isdecimal()) == ["2"]


@ONE
def test_what_is_left_is_never_published(world, unchecked, copied, monkeypatch, capsys):
    write = module.write_posts
    monkeypatch.setattr(module, "write_posts", lambda *a, **options: write(*a, **{**options, "without": ()}))
    with pytest.raises(ExportError, match="still there: .*posts.sqlite: holds the id of a post"):
        reindex(copied, remove=["learned-from-3"], quiet=True)
    assert sorted(path.name for path in copied.iterdir() if path.is_dir()) == ["1"]


@ONE
def test_what_another_run_took_out_stays_out(world, unchecked, copied, monkeypatch):
    def meanwhile(*arguments):
        monkeypatch.undo()
        monkeypatch.setattr(module, "check_export", lambda folder: {"problems": []})
        assert reindex(copied, remove=["learned-from-5"], quiet=True).folder.name == "2"
        return audited(*arguments)

    audited = module._audited
    monkeypatch.setattr(module, "_audited", meanwhile)
    with pytest.raises(UserError, match="version 2 appeared meanwhile"):
        reindex(copied, remove=["learned-from-3"], quiet=True)
    assert sorted(path.name for path in copied.iterdir() if path.is_dir()) == ["1", "2"]
    # An older version can be built on, when that is said.
    assert reindex(copied / "1", remove=["learned-from-3"], quiet=True).folder.name == "3"


def test_of_two_that_appear_at_the_same_time_one_is_refused(tmp_path, monkeypatch):
    for name in ("a", "b", "1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    assert publish(tmp_path / "a", tmp_path, after=1) == tmp_path / "2"
    # As if the second had looked before the first was renamed.
    monkeypatch.setattr("kerasmm.serving.publish.last_version", lambda output: 1)
    with pytest.raises(UserError, match="version 2 appeared meanwhile"):
        publish(tmp_path / "b", tmp_path, after=1)
    assert publish(tmp_path / "b", tmp_path) == tmp_path / "3"


@ONE
def test_refuses(world, unchecked, copied, tmp_path, capsys):
    def says(*arguments):
        code = guarded(main, ["--model", str(copied), *map(str, arguments)])
        out, err = capsys.readouterr()
        assert code == 2 and out == "" and err.count("\n") == 1
        return err

    assert "nothing to do: give --data, --remove or --forget-user" in says()
    assert "--remove names no ids" in says("--remove", ",")
    (tmp_path / "unknown").write_bytes(b"\xef\xbb\xbfnope\r\nnor this\r\n")
    assert "no post of the id 'nope', 'nor this'" in says("--remove", tmp_path / "unknown")
    assert "no post of the id 'nope' and no post by the author 'nobody'" in says(
        "--remove", "nope", "--forget-user", "nobody"
    )
    assert "--forget-user names nobody" in says("--forget-user", " ")
    assert "gone.txt: no such file, and no post of this id" in says("--remove", "gone.txt")
    assert "ids/gone: no such file" in says("--remove", "learned-from-3", "--remove", "ids/gone")
    assert "no data set here" in says("--data", tmp_path)
    (tmp_path / "ids").write_text("".join(f"learned-from-{number}\n" for number in range(14)))
    assert "no post would be left to find" in says("--remove", tmp_path / "ids")
    (copied / "1" / "assets.extra" / "model.json").unlink()
    assert "can't embed more posts; export its run again" in says("--data", world[3].folder)


@pytest.mark.parametrize("world", ["cmem"], indirect=True)
def test_refuses_other_words(world, copied, tmp_path):
    other = write_dataset(tmp_path / "other", {"train": tiny_posts(3, 1, False)}, labels=("blue", "red"))
    with pytest.raises(UserError, match="its vocabulary of labels is not the one of"):
        reindex(copied, dataset=open_dataset(other), quiet=True)


@ONE
def test_posts_without_a_picture_are_left_out(world, unchecked, copied, tmp_path):
    posts = described(tiny_posts(4, 5, False, "some"))
    posts[1] = dataclasses.replace(posts[1], image=None)
    dataset = open_dataset(write_dataset(tmp_path / "data", {"train": posts}))
    change = reindex(copied, dataset=dataset, quiet=True)
    assert change.added == 3 and "some-1" not in order(change.folder)["posts"]


def test_an_export_of_no_system_can_lose_posts(unchecked, tmp_path):
    shutil.copytree(exported().parent, tmp_path / "model")
    change = reindex(tmp_path / "model", remove=["p/0é", "bare"], quiet=True)
    assert change.removed == 2 and change.posts == 12
    with pytest.raises(UserError, match="can't embed more posts"):
        reindex(tmp_path / "model", dataset=open_dataset(write_dataset(tmp_path / "d", {"train": tiny_posts(2, 1)})))


# === The audit ===


@pytest.mark.parametrize("case", range(20))
def test_finds_byte_strings_as_python_does(rng, case, monkeypatch):
    monkeypatch.setattr(audit, "_BLOCK", int(rng.integers(1, 60)))
    data = rng.choice([97, 98], 2000).astype("uint8").tobytes()
    starts = rng.integers(0, 1960, 30)
    forms = {data[start : start + rng.integers(12, 30)] for start in starts}
    forms |= {rng.choice([97, 98], 14).astype("uint8").tobytes() for _ in range(30)}
    cuts = np.sort(rng.integers(0, 2000, 40))
    blocks = [data[start:stop] for start, stop in zip([0, *cuts], [*cuts, 2000], strict=True)]
    assert audit.found_in(blocks, forms) == {form for form in forms if form in data}


@pytest.mark.parametrize(
    "place", ["assets/tags.txt", "assets.extra/MODEL_CARD.md", "assets.extra/tf_serving_warmup_requests"]
)
def test_the_audit_reads_every_file(tmp_path, place):
    version = tmp_path / "1"
    shutil.copytree(exported(), version)
    gone = {"what somebody sàid": "the text of a post"}
    assert audit.leftovers(version, gone) == []
    before = (version / place).read_bytes() if (version / place).exists() else b""
    (version / place).write_bytes(before + json.dumps("what somebody sàid").encode())
    assert audit.leftovers(version, gone) == [f"{place}: holds the text of a post"]
    # Somebody who stays said it, too.
    assert audit.leftovers(version, gone, ["He knows what somebody sàid!"]) == []


def test_short_strings_are_values():
    gone = {"p/3é": "the id of a post", "post": "the text of a post", "ann": "the user's name"}
    # Every row says `post …`, and none says just that.
    found = set(audit.leftovers(exported(), gone))
    assert {"posts.sqlite: holds the id of a post", "variables: holds the id of a post"} <= found
    assert found <= {f"{name}: holds the id of a post" for name in ("posts.sqlite", "variables", "signatures.json")}
