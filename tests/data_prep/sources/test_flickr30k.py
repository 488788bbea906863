"""Small folders in the published layout, in that of the copy on Kaggle, and with Karpathy's split."""

import json
from collections import Counter

import pytest

from data_prep.sources.flickr30k import Flickr30k
from kerasmm.console import UserError
from tests.data_prep.sources.command import build, posts_of, read
from tests.data_prep.world import picture_bytes

SENTENCES = {
    "10.jpg": ["A dog runs .", "Two dogs on grass ."],
    "11.jpg": ["A man sits .", "A man, a hat | and a chair ."],
    "12.jpg": ["A child swims ."],
    "13.jpg": ["The dog barks ."],
}
SPLITS = {"10.jpg": "train", "11.jpg": "val", "12.jpg": "test", "13.jpg": "train"}


def tokens(sentences=SENTENCES):
    return "".join(f"{name}#{k}\t{text}\n" for name, texts in sentences.items() for k, text in enumerate(texts))


def piped(sentences=SENTENCES):
    rows = (f"{name}| {k}| {text}\n" for name, texts in sentences.items() for k, text in enumerate(texts))
    return "image_name| comment_number| comment\n" + "".join(rows)


def split_file(splits=SPLITS, sentences=SENTENCES):
    items = splits.items() if isinstance(splits, dict) else splits
    images = [
        {"filename": name, "split": split, "sentences": [{"raw": text} for text in sentences.get(name, [])]}
        for name, split in items
    ]
    return json.dumps({"images": images, "dataset": "flickr30k"})


def make(folder, files, photos=SENTENCES, photo_folder="flickr30k-images"):
    (folder / photo_folder).mkdir(parents=True)
    for number, name in enumerate(photos):
        (folder / photo_folder / name).write_bytes(picture_bytes((number, 9, 9), kind="JPEG"))
    for name, content in files.items():
        (folder / name).write_text(content)
    return folder


def sentences_of(drafts):
    return {f"{name}.jpg": list(draft.post.sentences) for name, draft in drafts.items()}


TOKENS, SPLIT = "results_20130124.token", "dataset_flickr30k.json"


@pytest.mark.parametrize(
    ("photo_folder", "files"),
    [
        ("flickr30k-images", {TOKENS: tokens(), SPLIT: split_file()}),
        ("flickr30k_images", {TOKENS: tokens(), SPLIT: split_file(sentences={})}),
        ("Images", {"results.csv": piped(), SPLIT: split_file()}),
        ("flickr30k-images", {SPLIT: split_file()}),
        # Kaggle's folder has one of the same name inside; people unpack it here or one up.
        ("flickr30k_images/flickr30k_images", {"flickr30k_images/results.csv": piped(), SPLIT: split_file()}),
        (
            "flickr30k_images/flickr30k_images",
            {"flickr30k_images/flickr30k_images/results.csv": piped(), f"flickr30k_images/{SPLIT}": split_file()},
        ),
    ],
)
def test_layouts(tmp_path, photo_folder, files):
    folder = make(tmp_path / "in", files, photo_folder=photo_folder)
    drafts, rejects = read(Flickr30k(folder, None, tmp_path))
    assert not rejects
    assert sentences_of(drafts) == SENTENCES
    assert {name: draft.split for name, draft in drafts.items()} == {
        "10": "train", "11": "validation", "12": "test", "13": "train",
    }  # fmt: skip
    assert drafts["10"].picture == str(folder / photo_folder / "10.jpg")


def test_the_command(tmp_path, capsys):
    folder = make(tmp_path / "in", {TOKENS: tokens(), SPLIT: split_file()})
    labels = ["--set", "annotate.labels_from_tags=0"]
    assert build("flickr30k", folder, tmp_path / "data", "--set", "max_rejects=0", *labels) == 0
    _, posts, splits = posts_of(tmp_path / "data")
    assert splits == {"10": "train", "13": "train", "11": "validation", "12": "test"}
    assert posts["10"].sentences == ("a dog runs .", "two dogs on grass .")
    assert posts["10"].tags == ("dog", "grass")
    (folder / SPLIT).unlink()
    capsys.readouterr()
    assert build("flickr30k", folder, tmp_path / "none", *labels) == 2
    error = capsys.readouterr().err
    assert "no post is in a published training split" in error and "--split random" in error
    assert build("flickr30k", folder, tmp_path / "random", "--split", "random", *labels) == 0
    # A fifth of four posts, and a tenth of three rounds to none.
    assert Counter(posts_of(tmp_path / "random")[2].values()) == {"train": 3, "test": 1}


def test_absent_photos_are_bad_and_stop_a_build_when_many(tmp_path, capsys):
    splits = SPLITS | {"98.jpg": "train", "99.jpg": "test"}
    folder = make(
        tmp_path / "in", {TOKENS: tokens(SENTENCES | {"97.jpg": ["Not in the split ."]}), SPLIT: split_file(splits)}
    )
    drafts, rejects = read(Flickr30k(folder, None, tmp_path))
    assert len(drafts) == 4
    absent = f"photo that {SPLIT} names is absent"
    assert {(reject.where, reject.reason, reject.bad) for reject in rejects} == {
        ("97.jpg", "no picture", False),
        ("98.jpg", absent, True),
        ("99.jpg", absent, True),
    }
    flags = ["--set", "annotate.labels_from_tags=0"]
    assert build("flickr30k", folder, tmp_path / "data", *flags) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"2 of 7 posts are bad input (29%), above `max_rejects` (10%): source: {absent} (2)" in error
    listed = (tmp_path / "data.rejects.jsonl").read_text()
    assert "98.jpg" in listed and "99.jpg" in listed
    assert build("flickr30k", folder, tmp_path / "data", "--set", "max_rejects=0.3", *flags) == 0
    assert posts_of(tmp_path / "data")[0].manifest.dropped["source"] == {"no picture": 1, absent: 2}


def test_photos_in_several_splits_twice_or_in_none(tmp_path):
    splits = [("10.jpg", "train"), ("11.jpg", "val"), ("10.jpg", "test"), ("12.jpg", "test"), ("12.jpg", "test")]
    folder = make(tmp_path / "in", {SPLIT: split_file(splits)})
    drafts, rejects = read(Flickr30k(folder, None, tmp_path))
    assert set(drafts) == {"11"}
    assert {(reject.where, reject.reason, reject.detail, reject.bad) for reject in rejects} == {
        ("10.jpg", "in several split lists", "test, train", True),
        ("12.jpg", "sentence number given twice", "numbers [0, 0]", True),
        ("13.jpg", "in no split list", "", False),
    }


def test_one_bad_line_stops_nothing(tmp_path):
    content = (
        piped()
        + "13.jpg| five| A dog .\nno bars\n\n13.jpg| 1   The line that lacks a bar .\n12.jpg| 1| \n12.jpg| 2|  \n"
    )
    folder = make(tmp_path / "in", {"results.csv": content})
    with (folder / "results.csv").open("ab") as file:
        file.write(b"13.jpg| 2| caf\xe9\n")
    drafts, rejects = read(Flickr30k(folder, None, tmp_path))
    wanted = SENTENCES | {"13.jpg": ["The dog barks .", "The line that lacks a bar ."]}
    assert sentences_of(drafts) == wanted and {draft.split for draft in drafts.values()} == {None}
    assert [(reject.where, reject.reason, reject.bad) for reject in rejects] == [
        ("results.csv:8", "not NAME.jpg| k| sentence", True),
        ("results.csv:9", "not NAME.jpg| k| sentence", True),
        ("results.csv:14", "not valid utf-8", True),
    ]


def test_a_bad_image_of_the_split_file_is_counted(tmp_path):
    splits = [("10.jpg", "train"), ("11.jpg", "dev"), ("../12.jpg", "test")]
    drafts, rejects = read(
        Flickr30k(make(tmp_path / "in", {TOKENS: tokens(), SPLIT: split_file(splits)}), None, tmp_path)
    )
    assert set(drafts) == {"10"}
    assert [(reject.where, reject.reason) for reject in rejects if reject.bad] == [
        (f"{SPLIT}, image 2", "`split` must be one of train, restval, val, test"),
        (f"{SPLIT}, image 3", "`filename` must be the name of a file"),
    ]


@pytest.mark.parametrize(
    "content", ["", "{", '{"images": [{"filename": "10.jpg", "spl', "[]", '{"photos": []}', "\ufffd"]
)
def test_a_broken_split_file_is_one_clear_line(tmp_path, capsys, content):
    folder = make(tmp_path / "in", {TOKENS: tokens(), SPLIT: content})
    assert build("flickr30k", folder, tmp_path / "data") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and f"{SPLIT}: " in error
    assert not (tmp_path / "data").exists()


def test_says_which_part_is_missing(tmp_path):
    with pytest.raises(
        UserError, match=r"a: has no results_20130124\.token or results\.csv or .*json; source flickr30k"
    ):
        Flickr30k(make(tmp_path / "a", {}), None, tmp_path)
    with pytest.raises(UserError, match="flickr30k-images: holds no photo"):
        list(Flickr30k(make(tmp_path / "b", {TOKENS: tokens()}, photos={}), None, tmp_path).posts())
    with pytest.raises(UserError, match=r"results\.csv:1: must be the header `image_name\| comment_number\| comment`"):
        list(Flickr30k(make(tmp_path / "c", {"results.csv": "10.jpg| 0| A dog ."}), None, tmp_path).posts())
