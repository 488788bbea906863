"""Small folders in the published layout, and the real photos beside the project."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from data_prep.draft import Draft, Reject
from data_prep.sources.flickr8k import Flickr8k
from kerasmm.console import UserError

LISTS = {"train": ["a.jpg"], "dev": ["b.jpg"], "test": ["c.jpg"]}
TOKENS = """b.jpg#1\tB one .
a.jpg#0\tA zero , with #hashtag#3 .
b.jpg#0\tB zero .
c.jpg#0\tC zero .
a.jpg#1\tA one .
"""


def make(folder, photos="abc", tokens=TOKENS, lists=LISTS, photo_folder="Images"):
    (folder / photo_folder).mkdir(parents=True)
    for name in photos:
        (folder / photo_folder / f"{name}.jpg").write_bytes(b"a photo")
    if tokens is not None:
        (folder / "Flickr8k.token.txt").write_text(tokens)
    for split, names in lists.items():
        (folder / f"Flickr_8k.{split}Images.txt").write_text("\n".join(names) + "\n")
    return folder


def read(folder, scratch):
    found = list(Flickr8k(folder, None, scratch).posts())
    drafts = {draft.post.id: draft for draft in found if isinstance(draft, Draft)}
    return drafts, [reject for reject in found if isinstance(reject, Reject)]


def test_reads_photos_sentences_and_splits(tmp_path):
    drafts, rejects = read(make(tmp_path / "in"), tmp_path)
    assert not rejects
    assert {name: draft.split for name, draft in drafts.items()} == {"a": "train", "b": "validation", "c": "test"}
    assert drafts["a"].post.sentences == ("A zero , with #hashtag#3 .", "A one .")
    assert drafts["b"].post.sentences == ("B zero .", "B one .")
    assert drafts["a"].picture == str(tmp_path / "in/Images/a.jpg")


def test_reads_the_folder_name_of_the_published_zip(tmp_path):
    assert set(read(make(tmp_path / "in", photo_folder="Flicker8k_Dataset"), tmp_path)[0]) == {"a", "b", "c"}


def test_without_a_test_list_dev_is_the_test(tmp_path):
    lists = {name: names for name, names in LISTS.items() if name != "test"}
    drafts, rejects = read(make(tmp_path / "in", lists=lists), tmp_path)
    assert {name: draft.split for name, draft in drafts.items()} == {"a": "train", "b": "test"}
    assert rejects == [Reject("c.jpg", "source", "in no split list", bad=False)]


def test_without_lists_nothing_is_split(tmp_path):
    drafts, rejects = read(make(tmp_path / "in", lists={}), tmp_path)
    assert {draft.split for draft in drafts.values()} == {None} and len(drafts) == 3 and not rejects


def test_names_without_a_photo_are_counted_not_bad(tmp_path):
    tokens = TOKENS + "gone.jpg#0\tNo photo .\ngone.jpg.1#0\tA slip of the publisher's .\n"
    folder = make(tmp_path / "in", tokens=tokens, lists={**LISTS, "train": ["a.jpg", "absent.jpg"]})
    drafts, rejects = read(folder, tmp_path)
    assert len(drafts) == 3
    assert {(reject.where, reject.reason, reject.bad) for reject in rejects} == {
        (name, "no picture", False) for name in ("gone.jpg", "gone.jpg.1", "absent.jpg")
    }


def test_one_bad_line_stops_nothing(tmp_path):
    tokens = TOKENS + "no number\n\na.jpg#x\tNo number .\na.jpg#7 no tab\nb.jpg#0\tTwice .\n"
    drafts, rejects = read(make(tmp_path / "in", tokens=tokens), tmp_path)
    assert set(drafts) == {"a", "c"}
    assert [(reject.where, reject.reason) for reject in rejects] == [
        ("Flickr8k.token.txt:6", "not NAME.jpg#k<TAB>sentence"),
        ("Flickr8k.token.txt:8", "not NAME.jpg#k<TAB>sentence"),
        ("Flickr8k.token.txt:9", "not NAME.jpg#k<TAB>sentence"),
        ("b.jpg", "sentence number given twice"),
    ]
    assert all(reject.bad for reject in rejects)


def test_a_photo_in_two_lists_is_refused(tmp_path):
    drafts, rejects = read(make(tmp_path / "in", lists={**LISTS, "dev": ["a.jpg", "b.jpg"]}), tmp_path)
    assert set(drafts) == {"b", "c"}
    assert [(reject.where, reject.reason, reject.bad) for reject in rejects] == [
        ("a.jpg", "in several split lists", True)
    ]


def test_a_file_name_of_another_encoding_stops_nothing(tmp_path):
    folder = make(tmp_path / "in")
    for name in (b"caf\xe9.jpg", b"caf\xe9.txt"):
        Path(os.fsdecode(os.fsencode(folder / "Images") + b"/" + name)).touch()
    drafts, rejects = read(folder, tmp_path)
    assert set(drafts) == {"a", "b", "c"}
    assert [(reject.reason, reject.bad) for reject in rejects] == [("file name is not valid Unicode", True)]
    assert "udce9" in rejects[0].where and rejects[0].where.isascii()


def test_reads_captions_as_csv(tmp_path):
    folder = make(tmp_path / "in", tokens=None)
    (folder / "captions.txt").write_text('image,caption\na.jpg,"One, two ."\nb.jpg,B .\na.jpg,"Say ""hi"" ."\nc.jpg\n')
    drafts, rejects = read(folder, tmp_path)
    assert drafts["a"].post.sentences == ("One, two .", 'Say "hi" .')
    assert drafts["b"].post.sentences == ("B .",)
    assert drafts["c"].post.sentences == ()
    assert [(reject.where, reject.reason) for reject in rejects] == [("captions.txt:5", "not image,caption")]


def test_says_which_part_is_missing(tmp_path):
    folder = make(tmp_path / "a", tokens=None)
    with pytest.raises(UserError, match=r"a: has no Flickr8k\.token\.txt or captions\.txt"):
        Flickr8k(folder, None, tmp_path)
    (folder / "captions.txt").write_text("picture;text\n")
    with pytest.raises(UserError, match=r"captions\.txt:1: must be the header"):
        list(Flickr8k(folder, None, tmp_path).posts())
    with pytest.raises(UserError, match="holds no photo"):
        list(Flickr8k(make(tmp_path / "b", photos=""), None, tmp_path).posts())


def karpathy(folder, splits):
    """Karpathy's file, as he published it for Flickr8k."""
    images = [
        {"filename": f"{name}.jpg", "split": split, "sentences": [{"raw": f"Of {name} ."}]}
        for name, split in splits.items()
    ]
    (folder / "dataset_flickr8k.json").write_text(json.dumps({"images": images, "dataset": "flickr8k"}))


def test_karpathys_split_where_there_are_no_lists(tmp_path):
    folder = make(tmp_path / "in", lists={})
    karpathy(folder, {"a": "val", "b": "train", "c": "test", "d": "train"})
    drafts, rejects = read(folder, tmp_path)
    assert {name: draft.split for name, draft in drafts.items()} == {"a": "validation", "b": "train", "c": "test"}
    assert drafts["b"].post.sentences == ("B zero .", "B one .")
    absent = "photo that dataset_flickr8k.json names is absent"
    assert [(reject.where, reject.reason, reject.bad) for reject in rejects] == [("d.jpg", absent, True)]


def test_karpathys_sentences_where_there_are_no_others(tmp_path):
    folder = make(tmp_path / "in", tokens=None)
    karpathy(folder, {"a": "val", "b": "val", "c": "val", "d": "val"})
    drafts, rejects = read(folder, tmp_path)
    assert {name: draft.split for name, draft in drafts.items()} == {"a": "train", "b": "validation", "c": "test"}
    assert drafts["c"].post.sentences == ("Of c .",)
    assert [(reject.where, reject.reason, reject.bad) for reject in rejects] == [("d.jpg", "no picture", False)]


def test_the_publishers_lists_come_before_karpathys(tmp_path):
    folder = make(tmp_path / "in")
    karpathy(folder, {"a": "test", "b": "test", "c": "train"})
    drafts, rejects = read(folder, tmp_path)
    assert {name: draft.split for name, draft in drafts.items()} == {"a": "train", "b": "validation", "c": "test"}
    assert not rejects


@pytest.mark.shared_data
def test_real_photos(shared_data, tmp_path):
    folder = shared_data / "flickr8k"
    drafts, rejects = read(folder, tmp_path)
    photos = {path.name for path in (folder / "Images").iterdir()}
    lists = {
        split: set((folder / f"Flickr_8k.{split}Images.txt").read_text().split())
        for split in ("train", "dev", "test")
        if (folder / f"Flickr_8k.{split}Images.txt").exists()
    }
    test_list = "test" if "test" in lists else "dev"
    assert Counter(draft.split for draft in drafts.values())["train"] == len(lists["train"] & photos)
    assert Counter(draft.split for draft in drafts.values())["test"] == len(lists[test_list] & photos)
    sentences = Counter()
    for line in (folder / "Flickr8k.token.txt").read_text().splitlines():
        name, _, rest = line.partition("#")
        if f"{name.removesuffix('.jpg')}" in drafts and rest.split("\t")[1].strip():
            sentences[name.removesuffix(".jpg")] += 1
    assert {name: len(draft.post.sentences) for name, draft in drafts.items()} == dict(sentences)
    assert all(reject.reason in ("no picture", "in no split list") for reject in rejects)
