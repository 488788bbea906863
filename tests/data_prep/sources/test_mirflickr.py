"""MIRFLICKR-25000, on small folders made to the published layout."""

import pytest

from data_prep.sources.mirflickr import MirFlickr
from kerasmm.console import UserError
from tests.data_prep.sources.command import build, posts_of, read
from tests.data_prep.world import picture_bytes

# The files of the published archive of annotations, version 0.80.
RELEVANT = [
    "baby",
    "bird",
    "car",
    "clouds",
    "dog",
    "female",
    "flower",
    "male",
    "night",
    "people",
    "portrait",
    "river",
    "sea",
    "tree",
]
POTENTIAL = [
    "animals",
    "baby",
    "bird",
    "car",
    "clouds",
    "dog",
    "female",
    "flower",
    "food",
    "indoor",
    "lake",
    "male",
    "night",
    "people",
    "plant_life",
    "portrait",
    "river",
    "sea",
    "sky",
    "structures",
    "sunset",
    "transport",
    "tree",
    "water",
]

TAGS = {
    1: "sea\r\nbeach\r\nwindsurfing\r\n",
    2: "sea\r\nsunset\r\n",
    3: "",
    4: "dog\r\nbeach\r\n",
    5: "explore\r\n",
    6: "explore\r\nsea\r\ncaf\u00e9\r\n",
    7: "explore\r\n",
    8: "explore\r\nbeach\r\n",
    9: "unheardof\r\n",
    10: "sea\r\n",
}
TOPICS = {
    "sea_r1": [1, 2, 6, 12],
    "dog_r1": [4],
    "clouds_r1": [1, 3, 7, 8],
    "night_r1": [9, 10],
    "sky": [5],
    "sea": [1],
}


def make(folder, tags=TAGS, topics=TOPICS, annotations="mirflickr25k_annotations_v080"):
    (folder / "mirflickr/meta/tags").mkdir(parents=True)
    (folder / annotations).mkdir(parents=True)
    for number, words in tags.items():
        (folder / f"mirflickr/im{number}.jpg").write_bytes(picture_bytes((number, 9, 9)))
        (folder / f"mirflickr/meta/tags/tags{number}.txt").write_bytes(words.encode())
    for topic in (*POTENTIAL, *(f"{name}_r1" for name in RELEVANT)):
        numbers = "".join(f"{number}\r\n" for number in topics.get(topic, []))
        (folder / annotations / f"{topic}.txt").write_text(numbers, newline="")
    (folder / annotations / "README.txt").write_text("MIRFLICKR-25k Annotations v0.80\n")
    return folder


def test_the_command_keeps_what_the_paper_keeps(tmp_path):
    """Counted by hand. Eight posts have tags and labels (not 3, 5): sea 4 times, beach 3 times, explore 3 times."""
    folder = make(tmp_path / "in")
    assert build("mirflickr", folder, tmp_path / "data", "--tags", "4", "--set", "max_rejects=0") == 0
    dataset, posts, splits = posts_of(tmp_path / "data")
    assert {name: (post.tags, set(post.labels)) for name, post in posts.items()} == {
        "im1": (("sea", "beach"), {"sea", "clouds"}),
        "im2": (("sea",), {"sea"}),
        "im4": (("beach",), {"dog"}),
        "im6": (("explore", "sea", "caf\u00e9"), {"sea"}),
        "im7": (("explore",), {"clouds"}),
        "im8": (("explore", "beach"), {"clouds"}),
        "im10": (("sea",), {"night"}),
    }
    assert dataset.vocabulary("tags") == ["sea", "beach", "explore", "caf\u00e9"]
    assert dataset.vocabulary("labels") == ["clouds", "sea", "night", "dog"]
    assert dataset.manifest.dropped == {
        "source": {"no picture": 1},
        "needs": {"no labels": 1, "no tags": 1},
        "vocabulary": {"no tag in the vocabulary": 1},
    }
    # A fifth of seven posts is one, a tenth of six rounds to one.
    assert sorted(splits.values()) == ["test", "train", "train", "train", "train", "train", "validation"]
    for name, post in posts.items():
        sharing = {other for other in posts if other != name and set(posts[other].labels) & set(post.labels)}
        training = {other for other in sharing if splits[other] == "train"}
        assert set(post.links) == (training if splits[name] == "train" else set())


@pytest.mark.parametrize(("unit", "topics", "ending"), [(None, RELEVANT, "_r1"), ("potential", POTENTIAL, "")])
def test_14_relevant_and_24_potential_labels(tmp_path, rng, unit, topics, ending):
    numbers = {name: sorted(rng.choice(30, 5, replace=False) + 1) for name in topics}
    folder = make(
        tmp_path / "in",
        dict.fromkeys(range(1, 31), "tag\n"),
        {f"{name}{ending}": found for name, found in numbers.items()},
    )
    drafts, rejects = read(MirFlickr(folder, unit, tmp_path))
    assert not rejects
    expected = {f"im{n}": {name for name, found in numbers.items() if n in found} for n in range(1, 31)}
    assert {name: set(draft.post.labels) for name, draft in drafts.items()} == expected
    assert len(set().union(*expected.values())) == len(topics) == (24 if unit else 14)


def test_annotations_may_lie_elsewhere_and_a_photo_may_have_no_tag_file(tmp_path):
    folder = make(tmp_path / "in", annotations="mirflickr/annotations")
    (folder / "mirflickr/meta/tags/tags4.txt").unlink()
    drafts, _ = read(MirFlickr(folder, None, tmp_path))
    assert drafts["im4"].post.tags == () and drafts["im4"].post.labels == ("dog",)
    assert drafts["im1"].post.tags == ("sea", "beach", "windsurfing")
    assert drafts["im1"].picture == str(folder / "mirflickr/im1.jpg")


def test_one_bad_line_stops_nothing(tmp_path):
    folder = make(tmp_path / "in")
    (folder / "mirflickr/meta/tags/tags1.txt").write_bytes(b"sea\ncaf\xff\x81\nbeach\n")
    (folder / "mirflickr/meta/tags/tags2.txt").write_bytes(b"x\n" * (1 << 20))
    annotations = folder / "mirflickr25k_annotations_v080/sea_r1.txt"
    annotations.write_bytes(b"1\n../7\n\n-2\n\xff\n99999999999999999999\n6\n")
    (folder / "mirflickr/notes.txt").write_text("not a photo")
    drafts, rejects = read(MirFlickr(folder, None, tmp_path))
    assert drafts["im1"].post.tags == ("sea", "beach")
    assert {name for name, draft in drafts.items() if "sea" in draft.post.labels} == {"im1", "im6"}
    assert "im2" not in drafts and len(drafts) == 9
    assert [(reject.where, reject.reason) for reject in rejects if reject.bad] == [
        ("sea_r1.txt:2", "not the number of a photo"),
        ("sea_r1.txt:4", "not the number of a photo"),
        ("sea_r1.txt:5", "not valid utf-8"),
        ("sea_r1.txt:6", "not the number of a photo"),
        ("tags1.txt:2", "tag is neither UTF-8 nor GB 18030 nor Windows-1252"),
        ("im2", "tags longer than 1048576 bytes"),
    ]


def test_tags_of_other_encodings(tmp_path):
    folder = make(tmp_path / "in")
    for number, encoding in ((1, "cp1252"), (2, "utf-8"), (3, "gb18030")):
        text = "sea\ncafé\nbeach\n" if number < 3 else "sea\n雪山\n"
        (folder / f"mirflickr/meta/tags/tags{number}.txt").write_bytes(text.encode(encoding))
    drafts, rejects = read(MirFlickr(folder, None, tmp_path))
    assert drafts["im1"].post.tags == drafts["im2"].post.tags == ("sea", "café", "beach")
    assert drafts["im3"].post.tags == ("sea", "雪山") and not [reject for reject in rejects if reject.bad]


def test_a_missing_file_is_one_clear_line(tmp_path, capsys):
    folder = make(tmp_path / "in")
    (folder / "mirflickr25k_annotations_v080/lake.txt").unlink()
    MirFlickr(folder, "relevant", tmp_path)
    with pytest.raises(UserError, match=r"has no mirflickr25k_annotations_v080/lake\.txt"):
        MirFlickr(folder, "potential", tmp_path)
    (folder / "mirflickr25k_annotations_v080/dog_r1.txt").unlink()
    assert build("mirflickr", folder, tmp_path / "data") == 2
    error = capsys.readouterr().err
    assert "has no mirflickr25k_annotations_v080/dog_r1.txt; source mirflickr expects mirflickr/imN.jpg" in error
    assert error.count("\n") == 1
    (folder / "mirflickr25k_annotations_v080").rename(folder / "other")
    with pytest.raises(UserError, match="has no mirflickr25k_annotations_v080/ or annotations/"):
        MirFlickr(folder, None, tmp_path)
    (folder / "mirflickr/meta/tags").rename(folder / "tags")
    with pytest.raises(UserError, match="has no mirflickr/meta/tags/"):
        MirFlickr(folder, None, tmp_path)


def test_a_folder_without_photos(tmp_path):
    folder = make(tmp_path / "in", tags={})
    with pytest.raises(UserError, match=r"mirflickr: holds no photo named imN\.jpg"):
        read(MirFlickr(folder, None, tmp_path))
