"""`python -m kerasmm.draw user-tags` and `user-search`, in process, with runs of random weights."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest
from PIL import Image

from kerasmm.console import guarded
from kerasmm.data import open_dataset
from kerasmm.draw import main as draw
from kerasmm.runs.run import open_run
from kerasmm.systems.hashtag import search_sheet, tag_sheet
from tests.systems.hashtag.untrained import image_of, score_by_hand, untrained_run, with_photos, write_photos
from tests.systems.hashtag.world import USERS, WORDS, posts
from tests.tiny import write_dataset

RUNS = {
    "tensor": ["network.agnostic=mcll"],
    "mlp": ["network.agnostic=mcll", "network.user_model=mlp"],
    "none": ["network.agnostic=mcll", "network.user_model=none"],
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A data set and a run of each kind; read only. `started` has no first stage of its own."""
    folder = tmp_path_factory.mktemp("users")
    data = write_photos(folder / "data")
    for name, changes in RUNS.items():
        untrained_run(folder / name, data, *changes)
    untrained_run(folder / "started", data, *RUNS["tensor"], "user_specific.start=none")
    return folder


@pytest.fixture
def drawn(monkeypatch):
    """The rows of the sheets that are drawn."""
    seen = []
    for module, name in ((tag_sheet, "draw_tag_sheet"), (search_sheet, "draw_search_sheet")):
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda rows, path, real=real: (seen.extend(rows), real(rows, path)))
    return seen


@pytest.fixture
def ask(monkeypatch, world, tmp_path, capsys):
    monkeypatch.chdir(world)

    def run(sheet, *arguments):
        code = guarded(draw, [sheet, "--output", str(tmp_path / "s.png"), *map(str, arguments), "--quiet"])
        return code, capsys.readouterr().err

    return run


def best_by_hand(world, run, name, post, user, k):
    """The k best tags of a post for a user; None for nobody, the first stage."""
    model = open_run(world / run, name).model
    image = image_of(model, post.features)
    place = None if user is None else USERS.index(user)
    order = sorted(range(len(WORDS)), key=lambda tag: -score_by_hand(model, image, tag, place))
    return tuple(WORDS[tag] for tag in order[:k])


def often_by_hand(world, user, k):
    counts = Counter(
        tag for post in open_dataset(world / "data").posts("train") if post.user == user for tag in post.tags
    )
    return tuple(sorted(counts, key=lambda tag: (-counts[tag], WORDS.index(tag)))[:k])


def test_tags_without_users_and_for_two_of_them(ask, drawn, world, tmp_path):
    by_id = {post.id: post for post in open_dataset(world / "data").posts("test")}
    asked = ["test-20", "test-3"]
    assert ask("user-tags", "--run", "tensor", "--posts", *asked, "-k", 3, "--users", *USERS[4:2:-1]) == (0, "")
    for row, post_id in zip(drawn, asked, strict=True):
        post = by_id[post_id]
        assert (row.user, row.truth, row.picture.shape[2]) == (post.user, post.tags, 3)
        assert row.shared == {"Without users": best_by_hand(world, "tensor", "agnostic", post, None, 3)}
        assert [one.user for one in row.users] == [USERS[4], USERS[3]]
        for one in row.users:
            assert one.tags == best_by_hand(world, "tensor", "best", post, one.user, 3)
            assert one.often == often_by_hand(world, one.user, 8)
    with Image.open(tmp_path / "s.png") as image:
        assert image.size[0] > 1000


@pytest.mark.parametrize("run", ["tensor", "mlp", "started"])
def test_tags_for_its_own_user_and_another_whom_the_seed_draws(ask, drawn, world, run, seed):
    for _ in range(2):
        assert ask("user-tags", "--run", run, "-n", 12, "-k", 2, "--seed", seed) == (0, "")
    first, again = drawn[:12], drawn[12:]
    by_user = {(post.user, post.tags): post for post in open_dataset(world / "data").posts("test")}
    for row, other in zip(first, again, strict=True):
        own, another = row.users
        assert own.user == row.user != another.user and another.user in USERS
        assert [one.user for one in other.users] == [own.user, another.user]
        assert row.shared.keys() == ({"Without users"} if run != "started" else set())
    # The same other one for all twelve has a chance below 5⁻¹¹.
    assert len({row.users[1].user for row in first}) > 1
    row = first[0]
    assert row.users[1].tags == best_by_hand(world, run, "best", by_user[row.user, row.truth], row.users[1].user, 2)


def test_photos_that_a_tag_finds(ask, drawn, world):
    """Each photo once, though three posts of each user show every kind of picture."""
    test = list(open_dataset(world / "data").posts("test"))
    users = (USERS[1], USERS[2])
    assert ask("user-search", "--run", "tensor", "--tag", "Red", "--tag", WORDS[3], "-k", 4, "--users", *users) == (
        0,
        "",
    )
    assert [(row.tag, row.user) for row in drawn] == [
        (tag, user) for tag in ("red", WORDS[3]) for user in (None, *users)
    ]
    for row in drawn:
        model = open_run(world / "tensor", "agnostic" if row.user is None else "best").model
        user = None if row.user is None else USERS.index(row.user)
        scores = [score_by_hand(model, image_of(model, post.features), WORDS.index(row.tag), user) for post in test]
        found = {}
        for place in sorted(range(len(test)), key=lambda place: -scores[place]):
            found.setdefault(test[place].image, test[place].tags)
        assert [photo.tags for photo in row.photos] == list(found.values())[:4]
        assert row.often == (() if row.user is None else often_by_hand(world, row.user, 15))


@pytest.mark.parametrize(("run", "rows"), [("tensor", 3), ("mlp", 3), ("started", 3), ("none", 1)])
def test_tags_and_users_that_nobody_named(ask, drawn, run, rows):
    """Of a run without users only the row of everybody."""
    assert ask("user-search", "--run", run, "-n", 2, "-k", 5) == (0, "")
    assert len(drawn) == 2 * rows and len({row.tag for row in drawn}) == 2
    for row in drawn:
        assert len(row.photos) == 5 and all(photo.picture is not None for photo in row.photos)
    assert len({row.user for row in drawn[:rows]}) == rows


def test_a_run_without_users_names_its_tags_alone(ask, drawn, world):
    assert ask("user-tags", "--run", "none", "--posts", "test-7", "-k", 2) == (0, "")
    (row,) = drawn
    post = list(open_dataset(world / "data").posts("test"))[7]
    assert row.users == () and row.shared == {"MCLL": best_by_hand(world, "none", "best", post, None, 2)}


def test_nothing_that_a_post_may_lack_is_needed(ask, drawn, world, tmp_path):
    """Posts without a picture, of nobody, of somebody new, without a tag."""
    made = posts(3, 5, "bare")
    bare = [
        dataclasses.replace(made[0], user=None),
        dataclasses.replace(made[1], user="new"),
        dataclasses.replace(made[2], tags=()),
    ]
    train = list(open_dataset(world / "data").posts("train"))
    data = write_dataset(tmp_path / "bare", {"train": train, "test": bare})
    assert ask("user-tags", "--run", "tensor", "--data", data)[0] == 0
    assert [(row.picture, row.user, row.users[0].user, row.users[0].often) for row in drawn[:2]] == [
        (None, None, None, None),
        (None, "new", None, None),
    ]
    assert drawn[2].truth == () and all(len(row.users) == 2 for row in drawn)
    assert ask("user-search", "--run", "tensor", "--data", data, "-k", 5, "-n", 1)[0] == 0
    assert [len(row.photos) for row in drawn[3:]] == [3, 3, 3]


def test_pictures_may_be_pixels(ask, drawn, tmp_path):
    """The photo's own user gets what an evaluation would have; both sheets are drawn."""

    def pixels(*made):
        return [dataclasses.replace(post, features=None) for post in with_photos(posts(*made))]

    data = write_dataset(tmp_path / "data", {"train": pixels(36, 1), "test": pixels(8, 3, "test")})
    run = untrained_run(tmp_path / "run", data, "network.agnostic=mcll")
    assert ask("user-tags", "--run", tmp_path / "run", "-n", 8, "-k", 3)[0] == 0
    (outputs,) = run.system.outputs(run.model, open_dataset(data), "test")
    scores = run.system.all_scores(run.model, outputs, slice(0, 8))
    for row, of_post in zip(drawn, scores.tolist(), strict=True):
        order = sorted(range(len(WORDS)), key=lambda tag: -of_post[tag])
        assert row.users[0].tags == tuple(WORDS[tag] for tag in order[:3])
    assert ask("user-search", "--run", tmp_path / "run", "-n", 1)[0] == 0


@pytest.mark.parametrize(
    ("sheet", "arguments", "message"),
    [
        ("user-tags", ["--run", "none", "--users", "user-0", "user-1"], "--users: none was trained without users"),
        ("user-tags", ["--run", "tensor", "--users", "user-0", "usr-1"], "no such user. Did you mean 'user-1'?"),
        ("user-tags", ["--run", "tensor", "--users", "user-0"], "argument --users: expected 2 arguments"),
        ("user-tags", ["--run", "tensor", "-k", "11"], "-k must lie in 1 … 10"),
        ("user-tags", ["--run", "tensor", "--posts", "nothing"], "--posts nothing: split 'test' of"),
        ("user-search", ["--run", "tensor", "--tag", "rde"], "not among the 6 tags of the run. Did you mean 'red'?"),
        ("user-search", ["--run", "tensor", "-k", "13"], "-k must lie in 1 … 12"),
        ("user-search", ["--run", "tensor", "-n", "0"], "-n in 1 … 60"),
        ("user-search", ["--run", "tensor", "-n", "21"], "a sheet of 63 rows"),
        ("user-search", ["--run", "tensor", "--posts", "test-0"], "unrecognized arguments: --posts"),
        ("user-search", ["--run", "tensor", "--split", "nowhere"], "split 'nowhere' has no posts"),
        ("user-search", ["--run", "nowhere"], "no run here"),
    ],
)
def test_says_what_was_wrong(ask, sheet, arguments, message):
    code, err = ask(sheet, *arguments)
    assert code == 2 and message in err and err.count("\n") == 1


def test_a_run_of_another_system(ask, tiny, tmp_path):
    from kerasmm.fit import main as fit

    settings = ["--set", "training.epochs=1", "--set", "network.units=[4, 1]", "--no-export", "--no-evaluate"]
    run = tmp_path / "dman"
    assert guarded(fit, ["--quiet", "--model", "dman", "--data", str(tiny), "--run", str(run), *settings]) == 0
    for sheet in ("user-tags", "user-search"):
        code, err = ask(sheet, "--run", run)
        assert code == 2 and "dman knows no users; expected a run of hashtag" in err
