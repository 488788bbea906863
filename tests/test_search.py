"""`python -m kerasmm.search`, in process."""

import contextlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from kerasmm.console import guarded
from kerasmm.search import main
from tests.serving.fake import SAID, SCRIPT, exported, exported_sentences, make_posts, picture

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def ask(capsys, loaded_once):
    def run(*arguments, model=None):
        code = guarded(main, ["--model", str(model or exported().parent), *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def red(tmp_path):
    path = tmp_path / "a red one.png"
    path.write_bytes(picture((220, 30, 30)))
    return path


def test_finds_posts_by_tag(ask):
    code, out, _ = ask("--tag", "red", "-k", "3", "--json")
    content = json.loads(out)
    assert code == 0
    assert content["signature"] == "search_by_tags" and content["query"] == {"tags": ["red"]}
    assert [result["rank"] for result in content["results"]] == [1, 2, 3]
    posts = {post.id: post for post in make_posts()}
    for result in content["results"]:
        post = posts[result["id"]]
        assert result["tags"] == list(post.tags) == ["red"]
        assert (result["labels"], result["text"]) == (list(post.labels), post.text)
    scores = [result["score"] for result in content["results"]]
    assert scores == sorted(scores, reverse=True)


def test_several_tags_are_one_question(ask):
    content = json.loads(ask("--tag", "red", "--tag", "blue", "--json")[1])
    assert content["query"] == {"tags": ["red", "blue"]}
    assert len(content["results"]) == 10
    # Between the two directions, the direction of neither: a post of one of them scores less than 2, more than 1.
    assert all(1.0 < result["score"] < 2.0 for result in content["results"][:3])


def test_finds_posts_by_picture(ask, red):
    content = json.loads(ask("--image", red, "-k", "4", "--json")[1])
    assert content["signature"] == "search_by_image"
    assert [result["tags"] for result in content["results"]] == [["red"]] * 4


def test_more_posts_than_there_are(ask):
    assert len(json.loads(ask("--tag", "red", "-k", "999", "--json")[1])["results"]) == len(make_posts())


def test_the_table_shows_rank_id_score_and_words(ask):
    code, out, err = ask("--tag", "green", "-k", "2")
    lines = out.splitlines()
    assert code == 0 and err == ""
    assert lines[0].split() == ["rank", "id", "score", "tags", "labels", "text"]
    assert len(lines) == 3
    posts = {post.id: post for post in make_posts()}
    for rank, line in enumerate(lines[1:], 1):
        cells = line.split()
        assert cells[0] == str(rank) and cells[3:5] == ["green", "Cold"]
        assert line.rstrip().endswith(posts[cells[1]].text)


def test_the_page_shows_pictures_and_escapes_words(ask, red, tmp_path):
    page = tmp_path / "found.html"
    code, _, err = ask("--image", red, "--html", page)
    text = page.read_text(encoding="utf-8")
    assert code == 0 and str(page) in err
    assert text.count("data:image/jpeg;base64,") == 1 + 10  # a picture has no word to look for
    assert "a red one.png" in text
    assert SCRIPT not in text and "&lt;script&gt;" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a red one.png", "found.html"]


def test_quiet_leaves_only_the_answer(ask, tmp_path):
    code, out, err = ask("--tag", "red", "-k", "1", "--json", "--quiet", "--html", tmp_path / "x.html")
    assert code == 0 and err == "" and len(json.loads(out)["results"]) == 1
    assert (tmp_path / "x.html").is_file()


def test_one_version_can_be_asked(ask):
    assert ask("--tag", "red", model=exported())[0] == 0


def test_a_photo_that_the_camera_turned_is_turned_back(tmp_path):
    from kerasmm.asking.pictures import read_picture

    upright = Image.new("RGB", (40, 20), (0, 0, 200))
    upright.paste((220, 0, 0), (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # stored turned, to be shown turned a quarter clockwise
    path = tmp_path / "photo.jpg"
    upright.rotate(90, expand=True).save(path, exif=exif, quality=95)
    with Image.open(io.BytesIO(read_picture(path))) as shown:
        assert shown.size == (40, 20) and shown.getexif().get(0x0112, 1) == 1
        left, right = shown.convert("RGB").getpixel((8, 10)), shown.convert("RGB").getpixel((32, 10))
    assert left[0] > 200 > 60 > left[2] and right[2] > 180 > 60 > right[0]
    plain = tmp_path / "plain.jpg"
    upright.save(plain)
    assert read_picture(plain) == plain.read_bytes()


# === Posts by a sentence, sentences by a picture ===


def test_finds_posts_by_a_sentence(ask, tmp_path):
    page = tmp_path / "found.html"
    arguments = ("--text", "A RED dog!", "-k", "2", "--json", "--html", page)
    content = json.loads(ask(*arguments, model=exported_sentences())[1])
    assert content["signature"] == "search_images" and content["query"] == {"text": "A RED dog!"}
    (first, second) = content["results"]
    # One of them holds the name of another: `post#1` is also what the second sentence of `post` is called.
    assert (first["id"], first["tags"], first["text"]) == ("post#1", ["red"], SAID["post#1"][0])
    assert first["score"] > second["score"] and "post" not in first
    text = page.read_text(encoding="utf-8")
    assert text.count("data:image/jpeg;base64,") == 2 and "2 posts from" in text and "A RED dog!" in text


def test_finds_sentences_by_a_picture_and_shows_their_posts(ask, red, tmp_path):
    page = tmp_path / "found.html"
    arguments = ("--image", red, "-k", "6", "--json", "--html", page)
    content = json.loads(ask(*arguments, model=exported_sentences())[1])
    assert content["signature"] == "search_texts"
    found = {result["id"]: result for result in content["results"]}
    said = {f"{post}#{place}": text for post, texts in SAID.items() for place, text in enumerate(texts)}
    assert {name: one["text"] for name, one in found.items()} == said
    assert [(name, found[name]["post"], found[name]["tags"]) for name in ("post#1", "post#1#1", "post#1#0#0")] == [
        ("post#1", "post", ["green"]),
        ("post#1#1", "post#1", ["red"]),
        ("post#1#0#0", "post#1#0", ["blue"]),
    ]
    text = page.read_text(encoding="utf-8")
    # The picture that was asked, and for each sentence that of its post.
    assert text.count("data:image/jpeg;base64,") == 1 + 6 and "6 sentences from" in text
    assert SCRIPT not in text and "&lt;script&gt;" in text


def test_the_table_shows_what_sentences_say(ask, red):
    lines = ask("--image", red, "-k", "3", model=exported_sentences())[1].splitlines()
    assert lines[0].split() == ["rank", "id", "score", "text"]
    rows = [line.split(maxsplit=3) for line in lines[1:]]
    assert sorted((name, text.strip()) for _, name, _, text in rows) == [
        ("post#1", "a red one"),
        ("post#1#0", "A red, red dog!"),
        ("post#1#1", "a red one"),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tag", "red"], "can't be asked by tags (it has: search_images takes text; search_texts takes image)"),
        (["--text", "zzz 🐶"], "knows none of the words asked"),
        (["--text", " "], "--text holds no words"),
        (["--text", "red", "--sheet", "s.png", "--tag", "red"], "has no signature 'attend'"),
    ],
)
def test_what_sentences_cannot_be_asked(ask, arguments, message):
    code, out, err = ask(*arguments, model=exported_sentences())
    assert code == 2 and out == "" and err.count("\n") == 1 and message in err


def test_words_that_the_command_line_could_not_read(ask, tmp_path):
    """Bytes that are no UTF-8 come from the shell as lone surrogates, which nothing can write."""
    page = tmp_path / "found.html"
    code, out, _ = ask("--text", "red \udcff dog", "--json", "--html", page, model=exported_sentences())
    assert code == 0 and json.loads(out)["query"] == {"text": "red \ufffd dog"}
    assert "red \ufffd dog" in page.read_text(encoding="utf-8")


# === Several questions, heat maps ===


def test_each_tag_is_a_question_of_its_own(ask):
    contents = json.loads(ask("--tag", "red", "--tag", "BLUE", "--each", "-k", "3", "--json")[1])
    alone = [json.loads(ask("--tag", tag, "-k", "3", "--json")[1]) for tag in ("red", "blue")]
    assert contents == alone
    assert json.loads(ask("--tag", "red", "--each", "--json", "-k", "3")[1]) == alone[:1]
    lines = ask("--tag", "red", "--tag", "blue", "--each", "-k", "1")[1].splitlines()
    assert [lines[0], lines[3], lines[4]] == ["red", "", "blue"] and len(lines) == 7


def test_the_page_shows_where_the_tags_look(ask, tmp_path):
    page = tmp_path / "found.html"
    assert ask("--tag", "red", "--tag", "blue", "-k", "3", "--html", page, "--quiet")[0] == 0
    text = page.read_text(encoding="utf-8")
    # Three photos, and for each a map a tag.
    assert text.count("data:image/jpeg;base64,") == 3 + 3 * 2
    assert text.count(" red</figcaption>") == text.count(" blue</figcaption>") == 3
    assert ask("--tag", "red", "--tag", "blue", "--each", "-k", "3", "--html", page)[0] == 0
    text = page.read_text(encoding="utf-8")
    assert text.count("data:image/jpeg;base64,") == 2 * (3 + 3) and text.count("<h1") == 2


def test_the_sheet_has_a_row_of_photos_and_one_of_maps_a_word(ask, tmp_path):
    sizes = {}
    for name, arguments in {
        "one": ["--tag", "red"],
        "two": ["--tag", "red", "--tag", "blue"],
        "each": ["--tag", "red", "--tag", "blue", "--each"],
    }.items():
        path = tmp_path / f"{name}.png"
        code, _, err = ask(*arguments, "-k", "3", "--sheet", path)
        assert code == 0 and str(path) in err
        with Image.open(path) as sheet:
            sizes[name] = sheet.size
            reds = sum(
                count for count, (r, g, b) in sheet.convert("RGB").getcolors(1 << 24) if r > 180 and max(g, b) < 60
            )
            # The three best posts are red pictures of 48 × 40: 1.2 inches wide at 300 dots an inch.
            assert name == "two" or reds > 0.9 * 3 * 360 * 300
    assert len({width for width, _ in sizes.values()}) == 1
    # Each row is as high as its photos and a caption; what else is there is the same.
    row = 300 + 0.17 * 300
    assert sizes["two"][1] - sizes["one"][1] == pytest.approx(row, abs=2)
    assert sizes["each"][1] - sizes["one"][1] == pytest.approx(2 * row + 0.12 * 300, abs=2)


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(exported(), tmp_path / "copy" / "1")


def test_without_attention_there_is_a_page_but_no_sheet(ask, copy, tmp_path):
    path = copy / "assets.extra" / "signatures.json"
    about = json.loads(path.read_text(encoding="utf-8"))
    del about["signatures"]["attend"]
    path.write_text(json.dumps(about), encoding="utf-8")
    code, out, err = ask("--tag", "red", "--sheet", tmp_path / "s.png", model=copy)
    assert code == 2 and out == "" and err.count("\n") == 1 and "has no signature 'attend'" in err
    assert ask("--tag", "red", "-k", "3", "--html", tmp_path / "p.html", model=copy)[0] == 0
    assert (tmp_path / "p.html").read_text(encoding="utf-8").count("data:image/jpeg") == 3


def test_an_export_without_pictures_has_nothing_to_draw(ask, copy, tmp_path):
    with contextlib.closing(sqlite3.connect(copy / "assets.extra" / "posts.sqlite")) as connection:
        connection.execute("update posts set thumbnail = null")
        connection.commit()
    code, _, err = ask("--tag", "red", "--sheet", tmp_path / "s.png", "--quiet", model=copy)
    assert code == 2 and "keeps no pictures to draw; export again without --no-thumbnails" in err
    assert not (tmp_path / "s.png").exists()


# === Bad input: one line, exit code 2 ===


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tag", "gren"], "'gren' is not among the 5 tags of"),
        (["--tag", "red", "--tag", "zzzzzz"], "'zzzzzz' is not among"),
        (["--tag", ""], "'' is not among"),
        (["--image", "nowhere.jpg"], "nowhere.jpg: can't be read"),
        (["--image", "."], ".: is no regular file; expected a picture"),
        (
            ["--text", "hello"],
            "can't be asked by text (it has: search_by_image takes image; search_by_tags takes tags)",
        ),
        (["--tag", "red", "--user", "me"], "can't be asked by tags and user"),
        (["--user", "me"], "nothing to search for"),
        ([], "nothing to search for"),
        (["--tag", "red", "-k", "0"], "-k must lie in 1"),
        (["--tag", "red", "-k", "many"], "expected a whole number"),
        (["--tag", "red", "--sheet", "nowhere/s.png"], "nowhere/s.png: expected a file in a folder that exists"),
        (["--tag", "red", "--sheet", "sheet.gif"], "sheet.gif: expected a name that ends in .png, .pdf, .svg"),
        (["--tag", "red", "-k", "13", "--sheet", "s.png"], "expected at most 60 rows and 12 pictures a row"),
        (["--text", "red", "--sheet", "s.png"], "--sheet draws where a tag looks; give at least one --tag"),
        (["--text", "red", "--each"], "--each makes a question of each --tag"),
        (["--tag", "red", "--html", "nowhere/page.html"], "nowhere/page.html: expected a file in a folder that exists"),
        (["--colour", "red"], "unrecognized arguments: --colour red"),
    ],
)
def test_bad_input_is_one_line(ask, arguments, message):
    code, out, err = ask(*arguments)
    assert code == 2 and out == ""
    assert err.startswith("error: ") and err.count("\n") == 1 and message in err


def test_the_nearest_tags_are_named(ask):
    assert "Nearest: 'green'" in ask("--tag", "gren")[2]


def test_a_file_that_is_no_picture_is_named(ask, tmp_path):
    good = picture((1, 2, 3), form="JPEG")
    for name, content in {"text.jpg": b"not a picture", "empty.png": b"", "cut.jpg": good[: len(good) // 2]}.items():
        (tmp_path / name).write_bytes(content)
        code, _, err = ask("--image", tmp_path / name)
        assert code == 2 and err == f"error: {tmp_path / name}: not a picture that can be decoded\n"


def test_a_folder_without_an_export_is_named(ask, tmp_path):
    for folder, message in ((tmp_path / "nowhere", "no such folder"), (tmp_path, "not an export of kerasmm")):
        code, _, err = ask("--tag", "red", model=folder)
        assert code == 2 and err.startswith(f"error: {folder}: {message}") and err.count("\n") == 1


def test_a_damaged_post_file_is_named(ask, tmp_path):
    copy = shutil.copytree(exported(), tmp_path / "fake" / "1")
    (copy / "assets.extra" / "posts.sqlite").write_bytes(b"damaged" * 99)
    code, _, err = ask("--tag", "red", model=copy)
    assert code == 2 and "posts.sqlite: damaged" in err and err.count("\n") == 1


def test_a_post_cannot_steer_the_terminal(capsys):
    from kerasmm.asking.answers import Found
    from kerasmm.search import _print_table
    from kerasmm.serving.posts import StoredPost

    evil = "\x1b[31m[bold red]x[/]\x07\nsecond line"
    _print_table([Found(1, evil, 0.5, StoredPost(evil, "train", evil, (evil,), (), None))])
    out = capsys.readouterr().out
    assert "\x1b" not in out and "\x07" not in out and "[bold red]" in out


@pytest.mark.parametrize("arguments", [["--help"], ["--tag", "red"], ["--model", "nowhere", "--tag", "red"]])
def test_help_and_usage_errors_answer_without_tensorflow(arguments, tmp_path):
    # A TensorFlow that can't be imported, rather than a clock: the machine may be busy.
    (tmp_path / "tensorflow.py").write_text("raise RuntimeError('imported')")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-m", "kerasmm.search", *arguments],
        env={**os.environ, "PYTHONPATH": path}, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == (0 if "--help" in arguments else 2), done.stderr
    assert "imported" not in done.stderr
    if "--help" in arguments:
        assert "example:" in done.stdout
