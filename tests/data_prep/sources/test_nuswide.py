"""NUS-WIDE, on small folders made to the published layout."""

import pytest

from data_prep.config import BuildConfig
from data_prep.sources import find
from data_prep.sources.nuswide import NusWide
from kerasmm.console import UserError
from kerasmm.settings import validated
from tests.data_prep.sources.command import build, posts_of, read
from tests.data_prep.world import picture_bytes

CONCEPTS = ("airport", "animal", "sky", "water")
# Path in the list, tags, labels, where the photo lies below the folder of photos.
PHOTOS = [
    ("actor\\0001_101.jpg", "portrait man sky", ["sky"], "actor/0001_101.jpg"),
    ("actor\\0002_102.jpg", "", ["sky"], "actor/0002_102.jpg"),
    ("sea\\0001_103.jpg", "sea", [], "sea/0001_103.jpg"),
    ("sea\\0002_104.jpg", "sky sea", ["water", "sky"], None),
    ("zebra\\0001_105.jpg", "zebra animal", ["animal"], "zebra/0001_105.jpg"),
    ("zebra\\0002_106.jpg", "Sky WATER", ["sky", "water"], "zebra/0002_106.jpg"),
    ("zebra\\0003_107.jpg", "xyzzy", ["animal"], "zebra/0003_107.jpg"),
    ("zebra\\0004_108.jpg", "sky zebra", ["animal", "sky"], "0004_108.jpg"),
]


def make(folder, photos=PHOTOS, concepts=CONCEPTS, picture_folder="Flickr"):
    for name in ("ImageList", "NUS_WID_Tags", "Groundtruth/AllLabels", "ConceptsList"):
        (folder / name).mkdir(parents=True)
    for number, (_, _, _, path) in enumerate(photos):
        if path:
            (folder / picture_folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / picture_folder / path).write_bytes(picture_bytes((number, 9, 9)))
    (folder / "ImageList/Imagelist.txt").write_text("".join(f"{listed}\r\n" for listed, *_ in photos))
    tagged = (f"{listed.rpartition('_')[2].removesuffix('.jpg')}      {tags} \n" for listed, tags, *_ in photos)
    (folder / "NUS_WID_Tags/All_Tags.txt").write_text("".join(tagged))
    for concept in concepts:
        column = (f"{int(concept in labels)}\n" for _, _, labels, _ in photos)
        (folder / f"Groundtruth/AllLabels/Labels_{concept}.txt").write_text("".join(column))
    (folder / "ConceptsList/Concepts81.txt").write_text("\n".join(concepts) + "\n")
    return folder


def change_line(path, number, text):
    """Replaces line `number`, counted from 1; None takes it out."""
    lines = path.read_bytes().splitlines()
    lines[number - 1 : number] = [] if text is None else [text]
    path.write_bytes(b"\n".join(lines) + b"\n")


def test_tags_of_another_encoding(tmp_path):
    folder = make(tmp_path / "in")
    change_line(folder / "NUS_WID_Tags/All_Tags.txt", 5, "105 café niño".encode("cp1252"))
    source = NusWide(folder, None, tmp_path)
    assert read(source)[0]["0001_105"].post.tags == ("café", "niño")
    assert source.reading.encodings == {"windows-1252": 1}


def test_the_command_keeps_what_the_paper_keeps(tmp_path):
    """Counted by hand. Five posts have a photo, tags and labels: sky 3 times, zebra twice, then animal by alphabet."""
    folder = make(tmp_path / "in")
    counts = [f"--set=split.counts.{name}" for name in ("train=2", "test=1", "validation=1")]
    assert build("nuswide", folder, tmp_path / "data", "--tags", "3", *counts, "--set", "max_rejects=0") == 0
    dataset, posts, splits = posts_of(tmp_path / "data")
    kept = {
        "0001_101": (("sky",), {"sky"}),
        "0001_105": (("zebra", "animal"), {"animal"}),
        "0002_106": (("sky",), {"sky", "water"}),
        "0004_108": (("sky", "zebra"), {"animal", "sky"}),
    }
    assert dataset.vocabulary("tags") == ["sky", "zebra", "animal"]
    assert dataset.vocabulary("labels") == ["animal", "sky", "water"]
    assert sorted(splits.values()) == ["test", "train", "validation"]
    assert {name: (post.tags, set(post.labels)) for name, post in posts.items()}.items() <= kept.items()
    assert dataset.manifest.dropped == {
        "source": {"no picture": 1},
        "needs": {"no labels": 1, "no tags": 1},
        "vocabulary": {"no tag in the vocabulary": 1},
        "split": {"beyond the wanted number of posts": 1},
    }
    assert all(not post.links for post in posts.values())  # a single post trains


def test_a_smaller_copy_is_told_how_to_split(tmp_path, capsys):
    folder = make(tmp_path / "in")
    assert build("nuswide", folder, tmp_path / "data") == 2
    assert (
        "53844 training and 36156 test posts are wanted and 5 are there; take shares instead with `--split random`"
        in (capsys.readouterr().err)
    )
    assert build("nuswide", folder, tmp_path / "data", "--split", "random") == 0
    dataset, posts, splits = posts_of(tmp_path / "data")
    # 4:1 of five posts; a tenth of four rounds to none for validation.
    assert sorted(splits.values()) == ["test", "train", "train", "train", "train"]
    for name, post in posts.items():
        others = {
            other
            for other in posts
            if other != name and splits[other] == "train" and set(posts[other].labels) & set(post.labels)
        }
        assert set(post.links) == (others if splits[name] == "train" else set())


@pytest.mark.parametrize("source", ["nuswide", "mirflickr", "voc"])
def test_defaults_are_the_papers(source):
    """What a build with nothing else said does: section 4.1."""
    config = validated(BuildConfig, find(source).defaults_for(None))
    assert (config.tags.most, config.links.most) == (1000, 50)
    assert {"image", "tags", "labels"} <= set(config.needs)
    if source == "nuswide":
        assert (config.split.method, config.split.counts.train, config.split.counts.test) == ("counts", 53_844, 36_156)
    else:
        assert (config.split.method, config.split.test) == ("random", 0.2)


def test_81_concepts_are_81_labels(tmp_path, rng):
    concepts = [f"concept{number}" for number in range(81)]
    photos = []
    for number in range(20):
        labels = rng.choice(concepts, rng.integers(1, 6), replace=False).tolist()
        photos.append((f"any\\{number:04}_{900 + number}.jpg", "tag", labels, f"any/{number:04}_{900 + number}.jpg"))
    drafts, rejects = read(NusWide(make(tmp_path / "in", photos, concepts), None, tmp_path))
    assert not rejects
    assert {name: sorted(draft.post.labels) for name, draft in drafts.items()} == {
        listed[4:-4]: sorted(labels) for listed, _, labels, _ in photos
    }


def test_photos_may_lie_flat_and_files_at_the_top(tmp_path):
    flat = [(listed, tags, labels, listed.rpartition("\\")[2]) for listed, tags, labels, _ in PHOTOS]
    folder = make(tmp_path / "in", flat, picture_folder="images")
    for name in (
        "ImageList/Imagelist.txt",
        "NUS_WID_Tags/All_Tags.txt",
        "Groundtruth/AllLabels",
        "ConceptsList/Concepts81.txt",
    ):
        (folder / name).rename(folder / name.rpartition("/")[2])
    drafts, rejects = read(NusWide(folder, None, tmp_path))
    assert len(drafts) == 8 and not rejects
    assert drafts["0002_106"].picture == str((folder / "images/0002_106.jpg").resolve())


def test_the_publishers_own_1000_tags(tmp_path):
    folder = make(tmp_path / "in")
    (folder / "NUS_WID_Tags/TagList1k.txt").write_text("sky\nzebra\nsea\n")
    columns = ["1 0 0", "0\t0\t0\t", "0 0 1", "1 0 1", "0 1 0", "1 0 0", "1 0", "1 1 2"]
    (folder / "NUS_WID_Tags/AllTags1k.txt").write_text("\n".join(columns) + "\n")
    drafts, rejects = read(NusWide(folder, "tags1k", tmp_path))
    assert {name: draft.post.tags for name, draft in drafts.items()} == {
        "0001_101": ("sky",), "0002_102": (), "0001_103": ("sea",), "0001_105": ("zebra",), "0002_106": ("sky",),
    }  # fmt: skip
    assert [(reject.where, reject.reason) for reject in rejects if reject.bad] == [
        ("AllTags1k.txt:7", "not 3 zeros and ones"),
        ("AllTags1k.txt:8", "not 3 zeros and ones"),
    ]


@pytest.mark.parametrize(
    ("file", "text", "where", "reason"),
    [
        ("Groundtruth/AllLabels/Labels_sky.txt", b"-1130179", "Labels_sky.txt:5", "label must be 0 or 1"),
        ("Groundtruth/AllLabels/Labels_sky.txt", b"", "Labels_sky.txt:5", "label must be 0 or 1"),
        ("Groundtruth/AllLabels/Labels_sky.txt", b"\xff", "Labels_sky.txt:5", "not valid utf-8"),
        ("NUS_WID_Tags/All_Tags.txt", b"105 caf\xff\x81", "All_Tags.txt:5", "not valid utf-8"),
        ("NUS_WID_Tags/All_Tags.txt", b"106 zebra", "All_Tags.txt:5", "tags of another photo"),
        ("NUS_WID_Tags/All_Tags.txt", b"", "All_Tags.txt:5", "tags of another photo"),
        ("ImageList/Imagelist.txt", b"..\\..\\secret\\0001_105.jpg", "Imagelist.txt:5", "path leaves the folder"),
        ("ImageList/Imagelist.txt", b"a\\..\\0001_105.jpg", "Imagelist.txt:5", "path leaves the folder"),
        ("ImageList/Imagelist.txt", b"\\etc\\0001_105.jpg", "Imagelist.txt:5", "not CLASS\\N_FLICKRID.jpg"),
        ("ImageList/Imagelist.txt", b"/etc/passwd", "Imagelist.txt:5", "not CLASS\\N_FLICKRID.jpg"),
        ("ImageList/Imagelist.txt", b"zebra\\0001_105.jpg\0.jpg", "Imagelist.txt:5", "not CLASS\\N_FLICKRID.jpg"),
        ("ImageList/Imagelist.txt", b"zebra\\\xe9_105.jpg", "Imagelist.txt:5", "not valid utf-8"),
    ],
)
def test_one_bad_line_costs_one_photo(tmp_path, file, text, where, reason):
    folder = make(tmp_path / "in")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/0001_105.jpg").write_bytes(picture_bytes((1, 2, 3)))
    change_line(folder / file, 5, text)
    drafts, rejects = read(NusWide(folder, None, tmp_path))
    assert set(drafts) == {"0001_101", "0002_102", "0001_103", "0002_106", "0003_107", "0004_108"}
    assert [(reject.where, reject.reason) for reject in rejects if reject.bad] == [(where, reason)]


def test_no_link_and_no_long_name_leads_out_of_the_folder(tmp_path):
    folder = make(tmp_path / "in")
    (tmp_path / "secret.jpg").write_bytes(picture_bytes((1, 2, 3)))
    (folder / "Flickr/sea/0002_104.jpg").symlink_to(tmp_path / "secret.jpg")
    change_line(folder / "ImageList/Imagelist.txt", 5, b"a" * 5000 + b"_105.jpg")
    drafts, rejects = read(NusWide(folder, None, tmp_path))
    assert "0002_104" not in drafts
    assert [(reject.reason, reject.bad) for reject in rejects] == [("no picture", False)] * 2


def test_files_of_other_lengths_are_one_clear_line(tmp_path, capsys):
    folder = make(tmp_path / "in")
    change_line(folder / "Groundtruth/AllLabels/Labels_sky.txt", 3, None)
    assert build("nuswide", folder, tmp_path / "data") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "Labels_sky.txt: has only 7 lines, fewer than Imagelist.txt" in error
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "name",
    ["ImageList/Imagelist.txt", "NUS_WID_Tags/All_Tags.txt", "ConceptsList/Concepts81.txt",
     "Groundtruth/AllLabels/Labels_sky.txt"],
)  # fmt: skip
def test_a_missing_file_is_one_clear_line(tmp_path, name):
    folder = make(tmp_path / "in")
    (folder / name).unlink()
    with pytest.raises(UserError, match=rf"has no {name}.*expects Flickr/CLASS"):
        NusWide(folder, None, tmp_path)


@pytest.mark.parametrize("concepts", [b"sky\n../../secret\n", b"sky\nsky\n", b"\n", b"sk\xffy\n"])
def test_the_list_of_concepts_may_not_be_wrong(tmp_path, concepts):
    folder = make(tmp_path / "in")
    (folder / "ConceptsList/Concepts81.txt").write_bytes(concepts)
    with pytest.raises(UserError, match=r"Concepts81\.txt(:[12])?: (expected one word|is empty)"):
        NusWide(folder, None, tmp_path)
