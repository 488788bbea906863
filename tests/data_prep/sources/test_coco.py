"""Small folders in COCO's layouts, with Karpathy's split file or the publisher's captions."""

import json

import pytest

from data_prep.sources.coco import Coco
from kerasmm.console import UserError
from tests.data_prep.sources.command import build, posts_of, read
from tests.data_prep.world import picture_bytes

# Id, part, Karpathy's split, sentences.
PHOTOS = [
    (9, "train", "train", ["A dog runs.", "Two dogs.\n"]),
    (25, "train", "train", ["A dog eats."]),
    (42, "val", "restval", ["A dog sleeps."]),
    (73, "val", "val", ["A cat sits."]),
    (391895, "val", "test", ["A man rides.", "", "A bike."]),
]
SPLIT = "dataset_coco.json"
KARPATHY = {"9": "train", "25": "train", "42": "train", "73": "validation", "391895": "test"}
PUBLISHED = {"9": "train", "25": "train", "42": "test", "73": "test", "391895": "test"}


def photo_name(number, part, year="2014"):
    return f"COCO_{part}2014_{number:012d}.jpg" if year == "2014" else f"{number:012d}.jpg"


def karpathy(photos=PHOTOS, **fields):
    """As he published it; `fields` go over those of every image."""
    images = [
        {
            "filepath": f"{part}2014", "filename": photo_name(number, part), "cocoid": number, "split": split,
            "imgid": place, "sentences": [{"raw": text, "tokens": text.split()} for text in texts],
        } | fields
        for place, (number, part, split, texts) in enumerate(photos)
    ]  # fmt: skip
    return {"images": images, "dataset": "coco"}


def captions(part, photos=PHOTOS, year="2014"):
    """As published: sentences in no order, ids that run through the file."""
    chosen = [photo for photo in photos if photo[1] == part]
    images = [
        {"license": 5, "file_name": photo_name(number, part, year), "height": 8, "id": number} for number, *_ in chosen
    ]
    said = [(number, text) for number, _, _, texts in chosen for text in texts]
    annotations = [{"image_id": number, "id": place, "caption": text} for place, (number, text) in enumerate(said)]
    return {"info": {"year": int(year)}, "images": images, "licenses": [{"id": 1}], "annotations": annotations[::-1]}


def both_captions(year="2014"):
    return {f"annotations/captions_{part}{year}.json": captions(part, year=year) for part in ("train", "val")}


def make(folder, files, root=".", year="2014", photos=PHOTOS):
    for place, (number, part, *_) in enumerate(photos):
        path = folder / root / f"{part}{year}" / photo_name(number, part, year)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture_bytes((place, 9, 9), kind="JPEG"))
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


@pytest.mark.parametrize(
    ("files", "root", "year", "splits"),
    [
        ({SPLIT: karpathy()}, ".", "2014", KARPATHY),
        ({f"annotations/{SPLIT}": karpathy()}, "images", "2014", KARPATHY),
        ({SPLIT: karpathy(), **both_captions()}, ".", "2014", KARPATHY),
        ({SPLIT: karpathy()}, "images", "2017", KARPATHY),
        (both_captions(), ".", "2014", PUBLISHED),
        (both_captions("2017"), "images", "2017", PUBLISHED),
    ],
)
def test_layouts(tmp_path, files, root, year, splits):
    folder = make(tmp_path / "in", files, root, year)
    drafts, rejects = read(Coco(folder, None, tmp_path))
    assert not rejects
    assert {number: draft.split for number, draft in drafts.items()} == splits
    for number, part, _, texts in PHOTOS:
        draft = drafts[str(number)]
        assert list(draft.post.sentences) == [text for text in texts if text]
        assert draft.picture == str(folder / root / f"{part}{year}" / photo_name(number, part, year))


def test_photos_may_lie_flat(tmp_path):
    folder = make(tmp_path / "in", {SPLIT: karpathy()}, "images")
    for path in list((folder / "images").glob("*/*.jpg")):
        path.rename(folder / "images" / path.name)
    drafts, rejects = read(Coco(folder, None, tmp_path))
    assert len(drafts) == 5 and not rejects


def test_restval_may_be_left_out(tmp_path):
    drafts, rejects = read(Coco(make(tmp_path / "in", {SPLIT: karpathy()}), "train", tmp_path))
    assert {number: draft.split for number, draft in drafts.items()} == {
        number: split for number, split in KARPATHY.items() if number != "42"
    }
    assert [(reject.where, reject.reason, reject.bad) for reject in rejects] == [("42", "restval is left out", False)]
    with pytest.raises(UserError, match=r"the unit 'train' is of dataset_coco\.json, which is not there"):
        Coco(make(tmp_path / "captions", both_captions()), "train", tmp_path)


@pytest.mark.parametrize(("files", "splits"), [({SPLIT: karpathy()}, KARPATHY), (both_captions(), PUBLISHED)])
def test_the_command(tmp_path, files, splits):
    flags = ["--set", "annotate.labels_from_tags=0", "--set", "max_rejects=0", "--set", "needs=[image, sentences]"]
    assert build("coco", make(tmp_path / "in", files), tmp_path / "data", *flags) == 0
    _, posts, found = posts_of(tmp_path / "data")
    # Without a validation split of the publisher's, a tenth of two training photos rounds to none.
    assert found == splits
    assert posts["9"].sentences == ("a dog runs.", "two dogs.") and posts["9"].tags == ("dog",)
    assert posts["391895"].tags == ("man", "bike")


def test_one_captions_file_is_no_split(tmp_path, capsys):
    name = "annotations/captions_val2014.json"
    folder = make(tmp_path / "in", {name: captions("val")})
    drafts, rejects = read(Coco(folder, None, tmp_path))
    assert {number: draft.split for number, draft in drafts.items()} == {"42": None, "73": None, "391895": None}
    assert not rejects
    flags = ["--set", "annotate.labels_from_tags=0"]
    assert build("coco", folder, tmp_path / "data", *flags) == 2
    error = capsys.readouterr().err
    assert "no post is in a published training split" in error and "--split random" in error
    assert build("coco", folder, tmp_path / "data", "--split", "random", *flags) == 0


@pytest.mark.parametrize("files", [{SPLIT: karpathy()}, both_captions()])
def test_absent_photos_are_bad_and_stop_a_build_when_many(tmp_path, capsys, files):
    folder = make(tmp_path / "in", files)
    (folder / "val2014" / photo_name(73, "val")).unlink()
    drafts, rejects = read(Coco(folder, None, tmp_path))
    assert set(drafts) == {"9", "25", "42", "391895"}
    file = SPLIT if SPLIT in files else "captions_val2014.json"
    assert [(reject.where, reject.reason, reject.detail, reject.bad) for reject in rejects] == [
        ("73", f"photo that {file} names is absent", f"val2014/{photo_name(73, 'val')}", True)
    ]
    flags = ["--set", "annotate.labels_from_tags=0"]
    assert build("coco", folder, tmp_path / "data", *flags) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert (
        f"1 of 5 posts are bad input (20%), above `max_rejects` (10%): source: photo that {file} names is absent"
        in error
    )
    assert build("coco", folder, tmp_path / "data", "--set", "max_rejects=0.2", *flags) == 0


def test_no_name_leads_out_of_the_folder(tmp_path):
    (tmp_path / "secret.jpg").write_bytes(picture_bytes((1, 2, 3)))
    content = karpathy()
    content["images"][0] |= {"filename": "secret.jpg", "filepath": "../"}
    content["images"][1] |= {"filename": "../../secret.jpg"}
    content["images"][2] |= {"filename": str(tmp_path / "secret.jpg"), "filepath": ""}
    content["images"][3] |= {"filename": "x" * 5000 + ".jpg"}
    content["images"][4] |= {"filepath": "/".join(["deep"] * 2000)}
    drafts, rejects = read(Coco(make(tmp_path / "in", {SPLIT: content}), None, tmp_path))
    assert not drafts
    absent = f"photo that {SPLIT} names is absent"
    assert [(reject.where, reject.reason) for reject in rejects] == [
        (f"{SPLIT}, image 1", "`filepath` must be the name of a file"),
        (f"{SPLIT}, image 2", "`filename` must be the name of a file"),
        (f"{SPLIT}, image 3", "`filename` must be the name of a file"),
        ("73", absent),
        ("391895", absent),
    ]
    bad = captions("train")
    bad["images"][0]["file_name"] = "../../secret.jpg"
    folder = make(tmp_path / "captions", {"annotations/captions_train2014.json": bad})
    drafts, rejects = read(Coco(folder, None, tmp_path))
    assert set(drafts) == {"25"}
    assert {(reject.where, reject.reason) for reject in rejects} == {
        ("captions_train2014.json, images 1", "`file_name` must be the name of a file"),
        ("9", "sentence of an image that is not listed"),
    }


def test_a_photo_given_twice_or_in_several_splits_is_refused(tmp_path):
    photos = [*PHOTOS, (9, "train", "test", ["A dog."]), (73, "val", "val", ["A cat."])]
    drafts, rejects = read(Coco(make(tmp_path / "in", {SPLIT: karpathy(photos)}), None, tmp_path))
    assert set(drafts) == {"25", "42", "391895"}
    assert [(reject.where, reject.reason, reject.detail, reject.bad) for reject in rejects] == [
        ("9", "in several splits", "test, train", True),
        ("73", "id given twice", f"val2014/{photo_name(73, 'val')}, val2014/{photo_name(73, 'val')}", True),
    ]
    files = both_captions()
    files["annotations/captions_val2014.json"]["images"].append({"id": 25, "file_name": "x.jpg"})
    drafts, rejects = read(Coco(make(tmp_path / "captions", files), None, tmp_path))
    assert set(drafts) == {"9", "42", "73", "391895"}
    assert [(reject.where, reject.reason, reject.detail) for reject in rejects] == [
        ("25", "in several splits", "test, train")
    ]


def test_one_bad_record_stops_nothing(tmp_path):
    content = karpathy()
    del content["images"][0]["cocoid"]
    content["images"][1]["split"] = "dev"
    drafts, rejects = read(Coco(make(tmp_path / "a", {SPLIT: content}), None, tmp_path))
    assert set(drafts) == {"42", "73", "391895"}
    assert [(reject.where, reject.reason) for reject in rejects] == [
        (f"{SPLIT}, image 1", "`cocoid` must be a whole number"),
        (f"{SPLIT}, image 2", "`split` must be one of train, restval, val, test"),
    ]
    content = captions("train")
    content["images"] += [7, {"id": "8", "file_name": "8.jpg"}, {"id": 8}]
    content["annotations"] += [
        {"image_id": 9, "id": 50},
        {"image_id": 9, "caption": "No id."},
        {"image_id": 77, "id": 51, "caption": "No such image."},
        {"image_id": 25, "id": 52, "caption": "One."},
        {"image_id": 25, "id": 52, "caption": "Other."},
    ]
    folder = make(tmp_path / "b", {"annotations/captions_train2014.json": content})
    drafts, rejects = read(Coco(folder, None, tmp_path))
    assert set(drafts) == {"9"}
    file = "captions_train2014.json"
    assert [(reject.where, reject.reason, reject.bad) for reject in rejects] == [
        (f"{file}, images 3", "must be an object", True),
        (f"{file}, images 4", "`id` must be a whole number", True),
        (f"{file}, images 5", "`file_name` must be the name of a file", True),
        (f"{file}, annotations 4", "`caption` must be a sentence", True),
        (f"{file}, annotations 5", "`id` must be a whole number", True),
        ("25", "sentence id given twice", True),
        ("77", "sentence of an image that is not listed", True),
    ]


@pytest.mark.parametrize("name", [SPLIT, "annotations/captions_val2014.json"])
@pytest.mark.parametrize("content", ["", '{"images": [{"id": 9, ', '{"licenses": []}', "[]"])
def test_a_broken_file_is_one_clear_line(tmp_path, capsys, name, content):
    folder = make(tmp_path / "in", {name: content})
    assert build("coco", folder, tmp_path / "data") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and f"{name}: " in error
    assert not (tmp_path / "data").exists()


def test_says_which_part_is_missing(tmp_path):
    with pytest.raises(
        UserError, match=r"has no dataset_coco\.json or annotations/captions_train2014\.json or .*expects"
    ):
        Coco(make(tmp_path / "a", {}), None, tmp_path)
    with pytest.raises(UserError, match="has no train2014/ or val2014/ or train2017/ or val2017/; source coco expects"):
        Coco(make(tmp_path / "b", {SPLIT: karpathy()}, photos=[]), None, tmp_path)
