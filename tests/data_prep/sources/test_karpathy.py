import json

import pytest

from data_prep.sources.karpathy import Photo, photos
from kerasmm.console import UserError


def image(name="a.jpg", split="train", **fields):
    """As the published files have it."""
    sentences = [{"tokens": ["a", "dog"], "raw": "A dog .", "imgid": 0, "sentid": 0}]
    return {"sentids": [0], "imgid": 0, "filename": name, "split": split, "sentences": sentences} | fields


def read(folder, *images):
    (folder / "dataset_coco.json").write_text(json.dumps({"images": images, "dataset": "coco"}))
    return list(photos(folder / "dataset_coco.json"))


def test_what_a_photo_has(tmp_path):
    raws = [{"raw": "One.\n"}, {"raw": ""}, {"raw": "Deux é 😀"}]
    assert read(tmp_path, image(), image("b.jpg", "restval", filepath="val2014", cocoid=7, sentences=raws)) == [
        Photo("dataset_coco.json, image 1", "a.jpg", split="train", sentences=("A dog .",)),
        Photo("dataset_coco.json, image 2", "b.jpg", "val2014", 7, "restval", ("One.\n", "", "Deux é 😀")),
    ]


def test_sentences_may_stand_elsewhere(tmp_path):
    assert [photo.sentences for photo in read(tmp_path, {"filename": "a.jpg", "split": "val"})] == [()]


SPLIT = "`split` must be one of train, restval, val, test"


@pytest.mark.parametrize(
    ("item", "fault", "detail"),
    [
        (7, "image must be an object", "Received: 7"),
        (image(split="trian"), SPLIT, "Received: 'trian' for a.jpg"),
        (image(split=["train"]), SPLIT, "Received: ['train'] for a.jpg"),
        ({"filename": "a.jpg"}, SPLIT, "Received: None for a.jpg"),
        ({"split": "train"}, "`filename` must be the name of a file", "Received: None"),
        (image("../a.jpg"), "`filename` must be the name of a file", "Received: '../a.jpg'"),
        (image("/etc/passwd"), "`filename` must be the name of a file", "Received: '/etc/passwd'"),
        (image("a\\b.jpg"), "`filename` must be the name of a file", "Received: 'a\\\\b.jpg'"),
        (image(".."), "`filename` must be the name of a file", "Received: '..'"),
        (image("a\0.jpg"), "`filename` must be the name of a file", "Received: 'a\\x00.jpg'"),
        (image("\ud800.jpg"), "`filename` must be the name of a file", "Received: '\\ud800.jpg'"),
        (image(filepath="../val2014"), "`filepath` must be the name of a file", "Received: '..'"),
        (image(filepath="val2014/../.."), "`filepath` must be the name of a file", "Received: '..'"),
        (image(filepath="/val2014"), "`filepath` must be a folder below the photos", "Received: '/val2014'"),
        (image(cocoid="7"), "`cocoid` must be a whole number", "Received: '7'"),
        (image(cocoid=True), "`cocoid` must be a whole number", "Received: True"),
        (image(cocoid=1 << 63), "`cocoid` must be a whole number", "Received: 9223372036854775808"),
        (image(sentences="A dog."), "`sentences` must be a list of objects", "Received: 'A dog.' for a.jpg"),
        (image(sentences=["A dog."]), "`sentences` must be a list of objects", "Received: ['A dog.'] for a.jpg"),
        (image(sentences=[{}]), "`raw` must be a sentence", "Received: None"),
        (image(sentences=[{"raw": "\udfff"}]), "`raw` must be a sentence", "Received: '\\udfff'"),
    ],
)
def test_a_bad_photo_costs_one_photo(tmp_path, item, fault, detail):
    bad, good = read(tmp_path, item, image())
    assert (bad.where, bad.fault, bad.detail) == ("dataset_coco.json, image 1", fault, detail)
    assert good.name == "a.jpg" and not good.fault


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("not JSON", r"dataset_coco\.json: not valid JSON at character 1 \(expected {\)"),
        ('{"photos": []}', r"dataset_coco\.json: has no list `images`"),
        ('{"images": {"a.jpg": "train"}}', r"dataset_coco\.json: has no list `images`"),
    ],
)
def test_another_file_is_one_clear_line(tmp_path, content, message):
    (tmp_path / "dataset_coco.json").write_text(content)
    with pytest.raises(UserError, match=message):
        list(photos(tmp_path / "dataset_coco.json"))
