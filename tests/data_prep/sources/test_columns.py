"""Tables of people's own posts: which column is which field, and what separates tags in a cell."""

import csv
import io
import json

import pytest

from data_prep.config import BuildConfig
from data_prep.sources.columns import assigned_columns, nearest_field
from data_prep.sources.posts import Posts
from data_prep.sources.reading import told
from data_prep.sources.separators import items, separator_of
from kerasmm.console import UserError
from kerasmm.settings import validated
from tests.data_prep.sources.command import build, posts_of, read
from tests.data_prep.world import picture_bytes

POSTS = [
    {"id": "1", "caption": "First snow", "hashtags": "dog, snow", "sentiment": "good", "likes": "3"},
    {"id": "2", "caption": "A park", "hashtags": "park", "sentiment": "bad", "likes": ""},
    {"id": "3", "caption": "Both", "hashtags": "snow,new york", "sentiment": "good", "likes": "1"},
]
NAMED = {"text": "caption", "tags": "hashtags", "labels": "sentiment"}


def write(folder, kind, posts=POSTS):
    folder.mkdir(exist_ok=True)
    path = folder / f"posts.{kind}"
    if kind == "csv":
        text = io.StringIO()
        writer = csv.DictWriter(text, list(posts[0]))
        writer.writeheader()
        writer.writerows(posts)
        path.write_text(text.getvalue(), encoding="utf-8", newline="")
    else:
        path.write_text("".join(json.dumps(post) + "\n" for post in posts), encoding="utf-8")
    return folder


def source_of(folder, columns=None, separator=None):
    source = Posts(folder, None, folder)
    source.columns, source.separator = columns or {}, separator
    return source


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_what_was_ignored_is_told_with_the_nearest_field(tmp_path, kind):
    source = source_of(write(tmp_path / "in", kind))
    drafts, rejects = read(source)
    assert set(drafts) == {"1", "2", "3"} and not rejects
    assert list(told(source.reading.to_json())) == [
        "read: id",
        "ignored: caption (did you mean text?), hashtags (did you mean tags?), sentiment (did you mean labels?), likes",
    ]
    assert source.advice() == " Did you mean `--columns text=caption,tags=hashtags,labels=sentiment`?"


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_columns_of_other_names(tmp_path, kind):
    source = source_of(write(tmp_path / "in", kind), NAMED)
    drafts, rejects = read(source)
    assert not rejects
    assert {name: (draft.post.text, draft.post.tags, draft.post.labels) for name, draft in drafts.items()} == {
        "1": ("First snow", ("dog", "snow"), ("good",)),
        "2": ("A park", ("park",), ("bad",)),
        "3": ("Both", ("snow", "new york"), ("good",)),
    }
    assert list(told(source.reading.to_json())) == [
        "read: id, caption as text, hashtags as tags, sentiment as labels", "ignored: likes", "tags: items separated by ,",
    ]  # fmt: skip


def test_the_command(tmp_path, capsys):
    folder = write(tmp_path / "in", "csv")
    (folder / "images").mkdir()
    for number in (1, 2, 3):
        (folder / f"images/{number}.png").write_bytes(picture_bytes((number, 9, 9)))
    assert build("posts", folder, tmp_path / "data") == 2
    assert (
        "no tags (3). Did you mean `--columns text=caption,tags=hashtags,labels=sentiment`?" in capsys.readouterr().err
    )
    named = ",".join(f"{field}={column}" for field, column in NAMED.items())
    assert build("posts", folder, tmp_path / "data", "--columns", named) == 0
    dataset, posts, _ = posts_of(tmp_path / "data")
    assert posts["1"].tags == ("dog", "snow")
    assert dataset.manifest.reading["columns"] == {
        "id": "id", "caption": "text", "hashtags": "tags", "sentiment": "labels", "likes": None,
    }  # fmt: skip
    assert dataset.manifest.reading["separators"] == {"tags": ","}
    assert build("shapes", tmp_path, tmp_path / "other", "--columns", named) == 2


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_column_that_is_not_there(tmp_path, kind):
    with pytest.raises(
        UserError, match=r"posts\.\w+: has no column 'captions' to read `text` from .*Did you mean 'caption'"
    ):
        read(source_of(write(tmp_path / "in", kind), {"text": "captions"}))


def test_a_given_column_goes_before_the_one_of_the_name(tmp_path):
    folder = write(tmp_path / "in", "jsonl", [{"id": "1", "text": "old", "caption": "new"}])
    source = source_of(folder, {"text": "caption"})
    assert read(source)[0]["1"].post.text == "new"
    assert list(told(source.reading.to_json())) == ["read: id, caption as text", "ignored: text"]


def test_a_header_without_id_says_which_may_be_meant(tmp_path):
    (tmp_path / "posts.csv").write_text("tweet_id,photo\n1,1.jpg\n")
    with pytest.raises(UserError, match=r"`id` or `image`.*Did you mean `--columns id=tweet_id,image=photo`"):
        read(source_of(tmp_path))


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("Text", "text"), ("Caption", "text"), ("tweet", "text"), ("message", "text"), ("hashtags", "tags"), ("keywords", "tags"),
        ("label", "labels"), ("class", "labels"), ("screen_name", "user"), ("userName", "user"), ("created_at", "time"),
        ("filename", "image"), ("photo_id", "id"), ("tweet text", "text"), ("lable", "labels"), ("tgas", "tags"),
        ("likes", None), ("retweets", None), ("lang", None), ("", None),
    ],
)  # fmt: skip
def test_the_nearest_field(column, field):
    assert nearest_field(column) == field


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("text", "takes FIELD=COLUMN"), ("text=", "takes FIELD=COLUMN"), ("text=a,,", "takes FIELD=COLUMN"),
        ("txt=caption", "no field 'txt'.*Did you mean 'text'"), ("caption=text", "Did you mean text=caption"),
        ("text=a,text=b", "names the field `text` twice"),
    ],
)  # fmt: skip
def test_wrong_pairs(text, says):
    with pytest.raises(UserError, match=says):
        assigned_columns(text)


def test_a_wrong_field_in_a_file_of_settings():
    with pytest.raises(UserError, match="no field 'txt'"):
        validated(BuildConfig, {"read": {"columns": {"txt": "caption"}}}, "build configuration")


@pytest.mark.parametrize(
    ("cells", "separator"),
    [
        (["a|b", "c, d|e"], "|"), (["a, b", "c"], ","), (["a;b", "c"], ";"), (["a; b, c", "d; e"], ";"), (["a", "b c"], "|"),
        (["#a #b", "#c"], "space"), (["#a, #b", "#c"], ","), (['["a", "b"]', "[]"], "brackets"), (["['a']"], "brackets"), ([], "|"),
        # One tag in thirty with a comma is a tag with a comma.
        (["a, b", *"cdefghijklmnopqrstuvwxyzabcdef"], "|"),
    ],
)  # fmt: skip
def test_the_separator(cells, separator):
    assert separator_of(cells) == separator


@pytest.mark.parametrize(
    "cells",
    [
        ["Arts, Crafts & Sewing", "Books", "Toys"], ["Arts, Crafts & Sewing", "Books"] * 9, ["Smith, John"] * 3 + ["Doe, Ann"],
        ["Smith, John", "Smith, Ann", "Doe, John", "Doe, Ann"], ["Smith, John"], ["1,000", "2,500"],
    ],
)  # fmt: skip
def test_commas_in_names(cells):
    assert separator_of(cells, names=True) == "|"


def test_commas_between_names():
    assert separator_of(["Action, Comedy", "Comedy, Drama", "Drama"], names=True) == ","
    assert separator_of(["dog, snow", "snow", "dog", "park, dog"], names=True) == ","


@pytest.mark.parametrize(
    ("cells", "separator"),
    [
        (["Arts, Crafts & Sewing", "Books"] * 9, "|"), (["new york, big apple", "dog"], ","), (["1,000", "2,500"], "|"),
        (["rock &amp; roll", "R&amp;B"], "|"), (["rock & roll", "dog"], "|"), (["['dog' 'snow']", "['a']"], "brackets"),
        (["[dog, cat]", "[dog]"], "brackets"), (["#dog #cat"] * 5 + ["new york"], "space"), (["#dog|#cat", "#dog"], "|"),
        (["x, y", "y, z", "x"] * 3 + ["a|b"], ","), (["x, y"] * 9 + ["a|b"], ","), ([f"tag {n}, tag {n + 1}" for n in range(400)] + ["one"] * 109, ","),
    ],
)  # fmt: skip
def test_the_separator_by_evidence(cells, separator):
    assert separator_of(cells) == separator


def test_random_lists_come_back(rng):
    """Tags of letters and spaces, written with each separator and found again."""
    for separator in "|,;":
        lists = [[f"tag {number}" for number in rng.integers(0, 50, rng.integers(1, 5))] for _ in range(40)]
        cells = [separator.join(each) for each in [*lists, ["always", "two"]]]
        assert separator_of(cells) == separator
        assert [items(cell, separator) for cell in cells[:-1]] == lists


@pytest.mark.parametrize(
    ("cell", "separator", "found"),
    [
        ("#a#b  #c", "space", ["a", "b", "c"]), (" a , #b,, ", ",", ["a", "b"]), ("['it''s', \"b\"]", "brackets", ["it's", "b"]),
        ('["a", 7]', "brackets", ["a", "7"]), ("[a, b", "brackets", ["[a, b"]), ("[" * 9999 + "]", "brackets", ["[" * 9999 + "]"]),
        ("", "brackets", []), ("['dog' 'snow']", "brackets", ["dog", "snow"]), ("['dog'\n 'it\\'s']", "brackets", ["dog", "it's"]),
        ("[dog, new york]", "brackets", ["dog", "new york"]), ("[]", "brackets", []), ("['', 'a']", "brackets", ["a"]),
        ("[['a'], 'b']", "brackets", ["[['a'], 'b']"]), ('["say \\"x\\"", \'b\']', "brackets", ['say "x"', "b"]),
        ("new york", "space", ["new york"]), ("C# code", "space", ["C# code"]), ("#dog|#cat", "|", ["dog", "cat"]),
        ("#dog", "|", ["#dog"]), ("a |b", "|", ["a ", "b"]), ("1,000, 2,500,x,2014,2015", ",", ["1,000", "2,500", "x", "2014", "2015"]),
        ("rock &amp; roll; caf&#233;;x&y;", ";", ["rock &amp; roll", "caf&#233;", "x&y"]), ("# , a", ",", ["a"]),
    ],
)  # fmt: skip
def test_items(cell, separator, found):
    assert items(cell, separator) == found


@pytest.mark.parametrize(
    ("tags", "notice"),
    [
        (["a, b", *"c" * 30], "1 items of `tags` hold a comma; `--separator ,` splits them"),
        (["x, y", "y, z", "a|b"], "1 items of `tags` hold a bar; `--separator '|'` splits them"),
        ([["a;b"], ["c"]], "1 items of `tags` hold a semicolon; `--separator ';'` splits them"),
        (["dog snow park", "cat house roof"], "2 items of `tags` hold several words; `--separator space` splits them"),
    ],
)
def test_what_may_be_separated_is_told(tmp_path, tags, notice):
    posts = [{"id": str(number), "tags": each} for number, each in enumerate(tags)]
    source = source_of(write(tmp_path / "in", "jsonl", posts))
    read(source)
    assert notice in list(told(source.reading.to_json()))


def test_a_given_separator_goes_before_what_is_found(tmp_path):
    assert items("1,000", ",", given=True) == ["1", "000"]
    posts = [{"id": "1", "tags": "Paris, France"}, {"id": "2", "tags": ["a b", "c"]}]
    folder = write(tmp_path / "in", "jsonl", posts)
    assert read(source_of(folder))[0]["1"].post.tags == ("Paris", "France")
    assert read(source_of(folder, separator="|"))[0]["1"].post.tags == ("Paris, France",)
    assert read(source_of(folder, separator="space"))[0]["2"].post.tags == ("a", "b", "c")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("1970-01-02", 86400), ("1970-01-01T00:01:00Z", 60), ("1970-01-01 01:00:00+01:00", 0), ("1970-01-01T00:00:09", 9)],
)
def test_times_of_iso_8601(tmp_path, value, seconds):
    folder = write(tmp_path / "in", "jsonl", [{"id": "1", "date": value}])
    assert read(source_of(folder, {"time": "date"}))[0]["1"].post.time == seconds


def test_the_number_of_a_class_is_a_label(tmp_path):
    folder = write(tmp_path / "in", "jsonl", [{"id": "1", "label": 0}, {"id": "2", "label": 1}, {"id": "3", "tags": 7}])
    drafts, rejects = read(source_of(folder, {"labels": "label"}))
    assert {name: draft.post.labels for name, draft in drafts.items()} == {"1": ("0",), "2": ("1",)}
    assert [reject.reason for reject in rejects] == ["`tags` must be a list of strings"]
