"""People's own folders, good and broken."""

import csv
import json

import pytest

from data_prep.draft import Draft, Reject
from data_prep.sources.posts import Posts
from kerasmm.console import UserError

FULL = {
    "id": "p1",
    "image": "photos/one.png",
    "text": "Snöw 😀",
    "sentences": ["A dog .", "A | B"],
    "tags": ["snow", "Dog Park"],
    "labels": ["dog"],
    "user": "ann",
    "time": 1_500_000_000,
    "links": ["p2"],
    "split": "train",
}


def make(folder, posts=(), text=None, pictures=("photos/one.png",)):
    folder.mkdir(exist_ok=True)
    for name in pictures:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"a picture")
    (folder / "posts.jsonl").write_text("".join(json.dumps(post) + "\n" for post in posts) if text is None else text)
    return folder


def read(folder, scratch):
    found = list(Posts(folder, None, scratch).posts())
    drafts = {draft.post.id: draft for draft in found if isinstance(draft, Draft)}
    return drafts, [reject for reject in found if isinstance(reject, Reject)]


def only_reject(tmp_path, post):
    drafts, rejects = read(make(tmp_path / "in", [post, {"id": "good"}]), tmp_path)
    assert set(drafts) == {"good"}
    assert len(rejects) == 1 and rejects[0].bad and rejects[0].where == "posts.jsonl:1"
    return rejects[0]


def test_reads_every_field(tmp_path):
    draft = read(make(tmp_path / "in", [FULL]), tmp_path)[0]["p1"]
    assert draft.picture == str((tmp_path / "in/photos/one.png").resolve())
    assert draft.split == "train" and draft.group is None
    for name in ("text", "user", "time"):
        assert getattr(draft.post, name) == FULL[name]
    for name in ("sentences", "tags", "labels", "links"):
        assert list(getattr(draft.post, name)) == FULL[name]


def test_csv_says_the_same(tmp_path):
    folder = make(tmp_path / "in")
    (folder / "posts.jsonl").unlink()
    posts = [{**FULL, "sentences": ["A dog .", "B, too"]}, {"id": "bare", "tags": [], "time": None}]
    with (folder / "posts.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, [*FULL, "note"], lineterminator="\r\n")
        writer.writeheader()
        for post in posts:
            writer.writerow({key: "|".join(value) if isinstance(value, list) else value for key, value in post.items()})
    from_csv = read(folder, tmp_path)
    (folder / "posts.csv").unlink()
    assert from_csv == read(make(folder, posts), tmp_path)
    assert set(from_csv[0]) == {"p1", "bare"}


def test_absent_null_and_empty_are_the_same(tmp_path):
    posts = [{"id": "1"}, {"id": "2", **dict.fromkeys(set(FULL) - {"id"})}]
    posts.append({"id": "3", "text": "", "user": "", "image": "", "tags": []})
    drafts, rejects = read(make(tmp_path / "in", posts), tmp_path)
    assert not rejects
    for name, draft in drafts.items():
        assert draft.post.fields() == {"post/id"}, name
        assert draft.picture is None and draft.split is None


def test_unknown_fields_are_ignored(tmp_path):
    drafts, rejects = read(make(tmp_path / "in", [{"id": "1", "likes": {"count": 3}}]), tmp_path)
    assert set(drafts) == {"1"} and not rejects


@pytest.mark.parametrize("ending", ["jpg", "jpeg", "png"])
def test_a_picture_lies_under_the_id(ending, tmp_path):
    folder = make(tmp_path / "in", [{"id": "7"}, {"id": "8"}, {"id": "a/b"}], pictures=[f"images/7.{ending}"])
    drafts, rejects = read(folder, tmp_path)
    assert drafts["7"].picture == str((folder / f"images/7.{ending}").resolve())
    assert drafts["8"].picture is None and drafts["a/b"].picture is None and not rejects


def test_a_post_is_named_by_its_picture(tmp_path):
    posts = [{"image": "cats/1.jpg"}, {"image": "./dogs/1.jpg", "id": ""}]
    drafts, rejects = read(make(tmp_path / "in", posts, pictures=["cats/1.jpg", "dogs/1.jpg"]), tmp_path)
    assert set(drafts) == {"cats/1", "dogs/1"} and not rejects


def test_the_path_of_a_file_will_do(tmp_path):
    folder = make(tmp_path / "in", [FULL])
    (folder / "posts.jsonl").rename(folder / "Mine.JSONL")
    assert set(read(folder / "Mine.JSONL", tmp_path)[0]) == {"p1"}


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("id", 7.5, "`id` must be a string"),
        ("id", "", "`id` is empty"),
        ("id", "  ", "`id` is empty"),
        ("image", ["a.jpg"], "`image` must be a string"),
        ("text", {"en": "x"}, "`text` must be a string"),
        ("user", True, "`user` must be a string"),
        ("sentences", "A dog .", "`sentences` must be a list of strings"),
        ("tags", ["snow", 7], "`tags` must be a list of strings"),
        ("labels", {"dog": True}, "`labels` must be a list of strings"),
        ("links", ["p"] * 51, "`links` must hold at most 50 ids"),
        ("time", "2017", "`time` must be an integer, Unix seconds"),
        ("time", 1.5, "`time` must be an integer, Unix seconds"),
        ("time", 1e19, "`time` must be an integer, Unix seconds"),
        ("time", float("nan"), "`time` must be an integer, Unix seconds"),
        ("time", True, "`time` must be an integer, Unix seconds"),
        ("time", 1 << 63, "`time` must be an integer, Unix seconds"),
        ("split", "dev", "`split` must be one of train, validation, test"),
        ("tags", ["\ud83d"], "`tags` is not valid Unicode"),
    ],
)
def test_a_wrong_value_names_its_field(field, value, reason, tmp_path):
    reject = only_reject(tmp_path, {"id": "bad", field: value})
    assert reject.reason == reason
    assert reject.step == "source"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": "x"', "not valid JSON"),
        ("id: x", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("9" * 5000, "not valid JSON"),
        ('["x"]', "not a JSON object"),
        ("null", "not a JSON object"),
        ('{"id": "x", "id": "y"}', "a key given twice in one JSON object"),
        ('{"id": "first"}', "id given twice"),
        ('{"id": "' + "x" * (1 << 20) + '"}', "longer than 1048576 bytes"),
    ],
)
def test_a_broken_line_names_its_number(line, reason, tmp_path):
    folder = make(tmp_path / "in", text=f'{{"id": "first"}}\n\n{line}\n{{"id": "last"}}\n')
    drafts, rejects = read(folder, tmp_path)
    assert set(drafts) == {"first", "last"}
    assert [(reject.where, reject.reason, reject.bad) for reject in rejects] == [("posts.jsonl:3", reason, True)]


def test_a_repeated_id_says_where_it_was(tmp_path):
    _, rejects = read(make(tmp_path / "in", [{"id": "a"}, {"id": "b"}, {"id": "a"}]), tmp_path)
    assert "posts.jsonl:1" in rejects[0].detail


def test_bytes_that_are_not_utf_8(tmp_path):
    folder = make(tmp_path / "in")
    (folder / "posts.jsonl").write_bytes(b'{"id": "a"}\n{"id": "\xff"}\n')
    drafts, rejects = read(folder, tmp_path)
    assert set(drafts) == {"a"} and rejects[0].reason == "not valid utf-8"


@pytest.mark.parametrize(
    "image", ["../secret.png", "/etc/hostname", "photos/../../secret.png", "outside.png", "way/secret.png"]
)
def test_no_path_leaves_the_folder(image, tmp_path):
    folder = make(tmp_path / "in", [{"id": "x", "image": image}])
    (tmp_path / "secret.png").write_bytes(b"a secret")
    (folder / "outside.png").symlink_to(tmp_path / "secret.png")
    (folder / "way").symlink_to(tmp_path)
    drafts, rejects = read(folder, tmp_path)
    assert not drafts
    assert [(reject.reason, reject.bad) for reject in rejects] == [("`image` leaves the folder", True)]


def test_a_picture_under_the_id_must_not_be_a_way_out(tmp_path):
    folder = make(tmp_path / "in", [{"id": "x"}], pictures=["images/y.jpg"])
    (tmp_path / "secret.png").write_bytes(b"a secret")
    (folder / "images/x.png").symlink_to(tmp_path / "secret.png")
    drafts, rejects = read(folder, tmp_path)
    assert not drafts and rejects[0].reason == "`image` leaves the folder"


def test_a_link_inside_the_folder_is_followed(tmp_path):
    folder = make(tmp_path / "in", [{"id": "x", "image": "link.png"}])
    (folder / "link.png").symlink_to("photos/one.png")
    assert read(folder, tmp_path)[0]["x"].picture == str((folder / "photos/one.png").resolve())


def test_the_folder_itself_may_be_a_link(tmp_path):
    make(tmp_path / "in", [FULL])
    (tmp_path / "link").symlink_to("in")
    drafts, rejects = read(tmp_path / "link", tmp_path)
    assert set(drafts) == {"p1"} and not rejects


@pytest.mark.parametrize("image", ["absent.png", "photos", ".", "circle.png", "nul\0.png", "x" * 5000])
def test_a_missing_picture_is_bad(image, tmp_path):
    folder = make(tmp_path / "in", [{"id": "x", "image": image}])
    (folder / "circle.png").symlink_to("circle.png")
    drafts, rejects = read(folder, tmp_path)
    assert not drafts
    assert [(reject.reason, reject.bad) for reject in rejects] == [("missing picture", True)]


def test_csv_rows_of_another_width(tmp_path):
    folder = make(tmp_path / "in")
    path = folder / "mine.csv"
    path.write_text('id,tags,time\na,x|y,5\nb,x\nc,x,5,6\nd,"x\ny",-7\ne,x,noon\nf,x,٥\n')
    drafts, rejects = read(path, tmp_path)
    assert {name: (draft.post.tags, draft.post.time) for name, draft in drafts.items()} == {
        "a": (("x", "y"), 5),
        "d": (("x\ny",), -7),
    }
    assert [(reject.where, reject.reason) for reject in rejects] == [
        ("mine.csv:3", "not the 3 fields of the header"),
        ("mine.csv:4", "not the 3 fields of the header"),
        ("mine.csv:7", "`time` must be an integer, Unix seconds"),
        ("mine.csv:8", "`time` must be an integer, Unix seconds"),
    ]


@pytest.mark.parametrize("header", ["text,tags", "id;tags", "id,tags,id"])
def test_csv_needs_a_header(header, tmp_path):
    path = make(tmp_path / "in") / "mine.csv"
    path.write_text(f"{header}\na,b,c\n")
    with pytest.raises(UserError, match=r"mine\.csv:1: "):
        read(path, tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("posts.jsonl", ""),
        ("posts.jsonl", "\n\n"),
        ("posts.csv", ""),
        ("posts.csv", "\n\n"),
        ("posts.csv", "id,image\n"),
    ],
)
def test_a_file_without_posts_is_refused(name, content, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_text(content)
    with pytest.raises(UserError, match=name.replace(".", r"\.")):
        read(tmp_path / "in", tmp_path)


def test_two_files_are_one_too_many(tmp_path):
    folder = make(tmp_path / "in", [FULL])
    (folder / "posts.csv").write_text("id\n1\n")
    with pytest.raises(UserError, match="has both posts.jsonl and posts.csv"):
        Posts(folder, None, tmp_path)
    (folder / "posts.txt").write_text("x")
    with pytest.raises(UserError, match=r"ends in \.jsonl or \.csv"):
        Posts(folder / "posts.txt", None, tmp_path)


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_numbers_as_other_programs_write_them(kind, tmp_path):
    (tmp_path / f"posts.{kind}").write_text(
        '{"id": 3, "user": 12345678901234567890, "time": 1416614400.0}\n'
        if kind == "jsonl"
        else "id,user,time\n3,12345678901234567890,1416614400.0\n"
    )
    drafts, rejects = read(tmp_path, tmp_path)
    post = drafts["3"].post
    assert not rejects and (post.user, post.time, type(post.time)) == ("12345678901234567890", 1416614400, int)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"id;tags;text\n1;a;b\n", r"mine\.csv:1: is separated by semicolons; expected a comma-separated file$"),
        (b"tweet_id\ttext\n", r"mine\.csv:1: is separated by tabs; expected a comma-separated file$"),
        ("id,text\n1,a\n".encode("utf-16"), r"mine\.csv: is in UTF-16; expected UTF-8"),
        (b"id,caf\xe9\n", r"mine\.csv:1: not valid utf-8; expected a comma-separated header"),
    ],
)
def test_a_table_of_another_kind(content, says, tmp_path):
    (tmp_path / "mine.csv").write_bytes(content)
    with pytest.raises(UserError, match=says):
        read(tmp_path / "mine.csv", tmp_path)


@pytest.mark.parametrize("content", [FULL, [FULL, FULL]])
def test_json_over_several_lines(content, tmp_path):
    folder = make(tmp_path / "in", text=json.dumps(content, indent=2))
    with pytest.raises(UserError, match=r"posts\.jsonl: holds JSON over several lines; expected one post a line"):
        read(folder, tmp_path)
