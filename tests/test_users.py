"""`python -m kerasmm.users`, and `label` and `search` for users: in process."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from kerasmm.asking.export import Export
from kerasmm.asking.user_posts import user_posts
from kerasmm.console import guarded
from kerasmm.label import main as label
from kerasmm.search import main as search
from kerasmm.users import main as users
from tests.hostile.recipes import recipes, written
from tests.systems.hashtag.exported import exported


@pytest.fixture
def ask(capsys, loaded_once):
    def run(command, *arguments):
        code = guarded(command, ["--model", str(exported().folder.parent), *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A folder with the pictures of the test split; the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for number, post in enumerate(posts()):
        (tmp_path / "photos" / f"{number}.png").write_bytes(post.image)
    return tmp_path


def posts():
    return list(exported().dataset.posts("test"))


def rows(*chosen):
    """Records of `(user, number of a photo)`, with the tags of its post."""
    return [
        {"user": user, "image": f"photos/{number}.png", "tags": list(posts()[number].tags)} for user, number in chosen
    ]


def written_jsonl(path, records):
    lines = (record if isinstance(record, str) else json.dumps(record) for record in records)
    path.write_text("\n".join(lines) + "\n")
    return path


def loaded(path):
    with Export(exported().folder, quiet=True) as export:
        return export.users(path)


def fitted_to(*numbers):
    with Export(exported().folder, quiet=True) as export:
        some = [posts()[number] for number in numbers]
        return export.fit_user([post.image for post in some], [post.tags for post in some])


def test_json_lines_and_csv_say_the_same(ask, own):
    records = rows(("ann", 0), ("bob", 1), ("ann", 2), (7, 3))
    written_jsonl(own / "posts.jsonl", records)
    lines = ["tags,user,image", *(f"{' '.join(one['tags'])},{one['user']},{one['image']}" for one in records)]
    (own / "posts.csv").write_text("\r\n".join(lines))
    for name in ("posts.jsonl", "posts.csv"):
        code, out, err = ask(users, "--fit", name, "--output", f"{name}.npz")
        assert (code, out) == (0, "") and f"wrote {name}.npz: 3 users, fitted to 4 posts" in err.splitlines()
        found = loaded(own / f"{name}.npz")
        assert found.posts == {"ann": 2, "bob": 1, "7": 1}
        for user, numbers in (("ann", (0, 2)), ("bob", (1,)), ("7", (3,))):
            np.testing.assert_allclose(found[user], fitted_to(*numbers), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("cell", "tags"),
    [
        ("red blue", ("red", "blue")),
        ("red|blue", ("red", "blue")),
        (" jim carrey | red|", ("jim carrey", "red")),
        ("jim carrey|", ("jim carrey",)),
    ],
)
def test_a_bar_in_a_cell_lets_tags_have_spaces(tmp_path, cell, tags):
    (tmp_path / "posts.csv").write_text(f"user,image,tags\nann,a.png,{cell}\n")
    ((_, (post,)),) = user_posts(tmp_path / "posts.csv", "train", 9)
    assert post.tags == tags


def test_a_data_set_is_fitted_by_its_split(ask, own):
    code, _, err = ask(users, "--fit", exported().dataset.folder, "--split", "test", "--output", "users.npz")
    assert code == 0 and "5 users, fitted to 6 posts" in err
    found = loaded(own / "users.npz")
    for user in {post.user for post in posts()}:
        numbers = [number for number, post in enumerate(posts()) if post.user == user]
        assert found.posts[user] == len(numbers)
        np.testing.assert_allclose(found[user], fitted_to(*numbers), rtol=1e-5, atol=1e-6)


def test_of_many_posts_the_last_are_taken(ask, own):
    written_jsonl(own / "posts.jsonl", rows(("ann", 0), ("ann", 1), ("bob", 5), ("ann", 2), ("ann", 3)))
    code, _, err = ask(users, "--fit", "posts.jsonl", "--output", "users.npz", "--most-posts", 2)
    assert code == 0 and "2 users, fitted to 3 posts; 2 posts left out (--most-posts 2)" in err
    np.testing.assert_allclose(loaded(own / "users.npz")["ann"], fitted_to(2, 3), rtol=1e-5, atol=1e-6)


def test_bad_posts_are_named_and_set_aside(ask, own):
    (own / "photos" / "text.png").write_bytes(b"not a picture")
    good = rows(("ann", 0), ("ann", 1))
    bad = {
        "not valid JSON": "{",
        "expected a JSON object with the keys user, image and tags": "[1]",
        "has no user": {**good[0], "user": None},
        "has no 'user'; expected user, image and tags": {key: good[0][key] for key in ("image", "tags")},
        "its user's name has 257 letters; expected at most 256": {**good[0], "user": "a" * 257},
        "its user's name holds a zero byte": {**good[0], "user": "a\0"},
        "has no 'image'; expected user, image and tags": {**good[0], "image": 3},
        "has no 'tags'; expected user, image and tags": {**good[0], "tags": [1, None]},
        "'../posts.jsonl' leaves the folder of the file; expected a path inside it": {
            **good[0],
            "image": "../posts.jsonl",
        },
        "has no tag that the export knows": {**good[0], "tags": ["nonsense"]},
        "can't be read (No such file or directory)": {**good[0], "image": "photos/9.png"},
        "not a picture that can be decoded": {**good[0], "image": "photos/text.png"},
    }
    lonely = {**good[0], "user": "bob", "tags": "nonsense"}
    written_jsonl(own / "posts.jsonl", [*bad.values(), *good, lonely])
    for quiet in ([], ["--quiet"]):
        code, out, err = ask(users, "--fit", "posts.jsonl", "--output", "users.npz", *quiet)
        assert (code, out) == (0, "")
        told = [line.removeprefix("error: posts.jsonl:") for line in err.splitlines() if line.startswith("error: ")]
        number = {problem: place for place, problem in enumerate(bad, 1)}
        assert sorted(told) == sorted(
            [*(f"{number[problem]}: {problem}" for problem in bad), "15: has no tag that the export knows"]
        )
    assert "wrote" not in err
    assert loaded(own / "users.npz").posts == {"ann": 2}
    np.testing.assert_allclose(loaded(own / "users.npz")["ann"], fitted_to(0, 1), rtol=1e-5, atol=1e-6)
    _, _, err = ask(users, "--fit", "posts.jsonl", "--output", "users.npz")
    assert "1 users, fitted to 2 posts; 13 bad posts set aside; 1 users without a good post left out" in err


def test_many_bad_posts_are_counted(ask, own):
    written_jsonl(own / "posts.jsonl", [*rows(("ann", 0)), *[{}] * 45])
    _, _, err = ask(users, "--fit", "posts.jsonl", "--output", "users.npz", "--quiet")
    lines = err.splitlines()
    assert len(lines) == 21 and lines[-1] == "and 25 more"


def test_pictures_are_no_more_in_memory_than_a_users(ask, own, monkeypatch):
    """A picture is read when it is its user's turn."""
    written_jsonl(own / "posts.jsonl", rows(("ann", 0), ("bob", 1)))
    from kerasmm.asking import fitting

    seen = []
    call = fitting.Fitting.__call__

    def note(self, pictures, tags):
        seen.append([str(picture) for picture in pictures])
        return call(self, pictures, tags)

    monkeypatch.setattr(fitting.Fitting, "__call__", note)
    assert ask(users, "--fit", "posts.jsonl", "--output", "users.npz")[0] == 0
    assert [[path.rpartition("/")[2] for path in one] for one in seen] == [["0.png"], ["1.png"]]


# === label and search ===


def asked_labels(out):
    (one,) = json.loads(out)["results"]
    return [label["label"] for label in one["labels"]], one.get("known")


def test_label_and_search_answer_for_a_known_user_a_stranger_and_everybody(ask, own):
    answers = {}
    for user in (None, "user-1", "USER-1"):
        asker = [] if user is None else ["--user", user]
        code, out, err = ask(label, "--image", "photos/0.png", "-k", 6, "--json", "--quiet", *asker)
        assert (code, err) == (0, "")
        answers[user] = asked_labels(out)
        code, out, err = ask(search, "--tag", "red", "--json", *asker)
        content = json.loads(out)
        assert code == 0 and content.get("known") == answers[user][1] == {None: None, "user-1": True}.get(user, False)
        told = f"'USER-1' is not among the 5 users of {exported().folder}: answered for the mean user"
        assert err.splitlines() == ([told] if user == "USER-1" else [])
        answers[user] += ([one["id"] for one in content["results"]],)
    assert answers["USER-1"][0] == answers[None][0] != answers["user-1"][0]
    assert answers["USER-1"][2] == answers[None][2]
    assert ask(search, "--tag", "red", "--user", "nobody", "--quiet")[2] == ""


def test_label_and_search_take_fitted_users(ask, own):
    written_jsonl(own / "posts.jsonl", rows(("ann", 0), ("Ann", 1)))
    assert ask(users, "--fit", "posts.jsonl", "--output", "users.npz", "--quiet") == (0, "", "")
    for user, number in (("ann", 0), ("Ann", 1)):
        asker = ["--users", "users.npz", "--user", user]
        code, out, err = ask(label, "--image", "photos/2.png", "-k", 6, "--json", "--quiet", *asker)
        with Export(exported().folder, quiet=True) as export:
            wanted = export.label(posts()[2].image, user_vector=fitted_to(number), k=6)
            found = export.search(tags="red", user_vector=fitted_to(number), k=6)
        assert (code, err, asked_labels(out)) == (0, "", ([one.name for one in wanted], None))
        code, out, err = ask(search, "--tag", "red", "--json", *asker)
        assert code == 0 and [one["id"] for one in json.loads(out)["results"]] == [one.id for one in found]
    pairs = written_jsonl(own / "pairs.jsonl", [{"image": "photos/2.png"}])
    code, out, _ = ask(label, "--pairs", pairs, "-k", 6, "--json", "--quiet", *asker)
    assert code == 0 and asked_labels(out) == ([one.name for one in wanted], None)
    assert ask(label, "--pairs", pairs, "--json", "--quiet")[0] == 0


# === Refusals ===


@pytest.mark.parametrize(
    ("command", "arguments", "message"),
    [
        (users, ["--fit", "posts.jsonl", "--output", "users"], "expected the name of a file that ends in .npz"),
        (users, ["--fit", "posts.jsonl", "--output", "no/users.npz"], "expected a file in a folder that exists"),
        (users, ["--fit", "nowhere.jsonl", "--output", "u.npz"], "nowhere.jsonl: can't be read (No such file"),
        (users, ["--fit", "posts.txt", "--output", "u.npz"], "ends in .csv or .jsonl"),
        (users, ["--fit", "photos", "--output", "u.npz"], "photos/dataset.json: no data set here"),
        (users, ["--fit", "empty.csv", "--output", "u.npz"], "empty.csv: holds no post of a user"),
        (users, ["--fit", "bad.jsonl", "--output", "u.npz"], "holds no post of a user; bad.jsonl:1: has no 'image'"),
        (users, ["--fit", "none.jsonl", "--output", "u.npz"], "no post of 1 users can be fitted to; none.jsonl:1: has"),
        (users, ["--fit", "quotes.csv", "--output", "u.npz"], "quotes.csv:1: not valid CSV"),
        (users, ["--fit", "posts.jsonl", "--output", "u.npz", "--most-posts", "0"], "a whole number from 1 to 1000"),
        (label, ["--image", "photos/0.png", "--users", "u.npz"], "say whose with --user"),
        (label, ["--image", "photos/0.png", "--users", "u.npz", "--user", "a"], "u.npz: no such file"),
        (label, ["--user", "ann"], "is asked by --image or --image and --users together"),
        (
            search,
            ["--tag", "red", "--users", "users.npz", "--user", "anne"],
            "'anne' is not among the 1 users of users",
        ),
        (search, ["--tag", "red", "--users", "old.npz", "--user", "ann"], "fitted to other weights than those of"),
        (search, ["--user", "ann"], "nothing to search for"),
    ],
)
def test_wrong_questions_are_one_line(ask, own, command, arguments, message):
    written_jsonl(own / "posts.jsonl", rows(("ann", 0)))
    (own / "empty.csv").write_text("user,image,tags\n")
    (own / "quotes.csv").write_text('user,image,tags\n"ann,x,red\n')
    written_jsonl(own / "bad.jsonl", [{"user": "ann"}])
    written_jsonl(own / "none.jsonl", [{**rows(("ann", 0))[0], "tags": ["nonsense"]}])
    if command is search:
        assert ask(users, "--fit", "posts.jsonl", "--output", "users.npz")[0] == 0
        with np.load("users.npz") as arrays:
            np.savez("old.npz", **{**arrays, "weights": np.array("1" * 64)})
    code, out, err = ask(command, *arguments, "--quiet")
    assert code == 2 and out == "" and err.count("\n") == 1
    assert err.startswith("error: ") and message in err and len(err) < 400
    assert not (own / "u.npz").exists()


@pytest.mark.parametrize("name", [name for name in recipes() if name.startswith("users/")])
def test_files_of_strangers_are_one_line(ask, own, name):
    path = written(name, own)
    for command, question in ((label, ["--image", "photos/0.png"]), (search, ["--tag", "red"])):
        code, out, err = ask(command, *question, "--users", path, "--user", "ann", "--quiet")
        assert code == 2 and out == "" and err.count("\n") == 1 and len(err) < 500
        assert err.startswith(f"error: {path}: can't be read as fitted users (")


def test_a_file_that_was_there_stays_when_nothing_is_fitted(ask, own):
    written_jsonl(own / "posts.jsonl", rows(("ann", 0)))
    assert ask(users, "--fit", "posts.jsonl", "--output", "users.npz")[0] == 0
    shutil.copy("users.npz", "kept.npz")
    written_jsonl(own / "posts.jsonl", [{**rows(("ann", 0))[0], "tags": []}])
    assert ask(users, "--fit", "posts.jsonl", "--output", "users.npz")[0] == 2
    assert (own / "users.npz").read_bytes() == (own / "kept.npz").read_bytes()
    assert sorted(path.name for path in own.glob("*.npz")) == ["kept.npz", "users.npz"]
