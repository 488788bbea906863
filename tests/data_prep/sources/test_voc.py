"""PASCAL VOC with Flickr's tags, on small folders made to the published layouts."""

import pytest

from data_prep.sources.voc import Voc
from kerasmm.console import UserError
from kerasmm.data.boxes import read_boxes
from tests.data_prep.sources.command import build, posts_of, read
from tests.data_prep.world import picture_bytes

CLASSES = [
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
]


def thing(name, xmin=1, ymin=1, xmax=8, ymax=8, difficult=0, part=""):
    return (
        f"<object><name>{name}</name><pose>Left</pose><truncated>1</truncated><difficult>{difficult}</difficult>{part}"
        f"<bndbox><xmin>{xmin}</xmin><ymin>{ymin}</ymin><xmax>{xmax}</xmax><ymax>{ymax}</ymax></bndbox></object>"
    )


def annotation(things, flickr="341012865", owner="Fried Camels", width=8, height=8):
    source = "" if flickr is None else f"<flickrid>{flickr}</flickrid>"
    owned = "" if owner is None else f"<owner><flickrid>{owner}</flickrid><name>Jinky</name></owner>"
    return (
        "<annotation><folder>VOC2007</folder><filename>../../secret.jpg</filename><source><database>The VOC2007 Database"
        f"</database><annotation>PASCAL VOC2007</annotation><image>flickr</image>{source}</source>{owned}<size><width>"
        f"{width}</width><height>{height}</height><depth>3</depth></size><segmented>0</segmented>{things}</annotation>"
    )


def photo(flickr, tags):
    """As `flickr.photos.getInfo` answers, with the groups and comments that McAuley and Leskovec add."""
    words = "".join(f'<tag id="7" author="12037949754@N01" raw="{tag} !">{tag}</tag>' for tag in tags)
    return (
        f'<photo id="{flickr}" secret="123456"><owner nsid="12037949754@N01" username="Bees"/><title>tag</title>'
        f"<description>hello!</description><comments>1</comments><notes><note id='1'>foo</note></notes><tags>{words}"
        "</tags><groups><group id='1@N02'>tags</group></groups><labels><label source='PASCAL'>dog</label></labels></photo>"
    )


ANNOTATIONS = {
    "000001": annotation(thing("dog", 3, 1, 6, 4) + thing("person", 1, 5, 8, 8) + thing("dog"), "11", "ann"),
    "000002": annotation(thing("train"), "12", "bob"),
    "000003": annotation(thing("car", difficult=1), "13"),
    "000004": annotation(thing("cat"), "14"),
    "000005": annotation(thing("cat") + thing("sofa"), "15"),
    "000006": annotation(thing("dog"), "16"),
    "000007": annotation(thing("dog"), "17"),
}
PHOTOS = {
    "11": ["dog", "Park", "park"],
    "12": ["station", "park"],
    "13": ["car"],
    "14": [],
    "15": ["dog", "sofa"],
    "17": ["unheardof"],
    "99": ["dog"],
}


def make(folder, annotations=ANNOTATIONS, photos=PHOTOS, devkit="VOCdevkit/VOC2007", without=("000006",)):
    year = folder / devkit
    for name in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (year / name).mkdir(parents=True)
    for number, (name, content) in enumerate(annotations.items()):
        (year / f"Annotations/{name}.xml").write_text(content)
        if name not in without:
            (year / f"JPEGImages/{name}.jpg").write_bytes(picture_bytes((number, 9, 9)))
    content = '<?xml version="1.0" encoding="utf-8" ?>\n<photos>\n' + "\n".join(photo(*item) for item in photos.items())
    (folder / "photosPASCAL.xml").write_text(f"{content}\n</photos>\n")
    return folder


def test_the_command_keeps_what_the_paper_keeps(tmp_path):
    """Counted by hand: 000003 shows only a difficult object, 000004 has no tags, 000006 no photo.

    Of the other four, two are tagged dog and park each; then sofa comes by alphabet, so 000007 has no tag left.
    """
    folder = make(tmp_path / "in")
    assert build("voc", folder, tmp_path / "data", "--tags", "3", "--set", "max_rejects=0") == 0
    dataset, posts, splits = posts_of(tmp_path / "data")
    assert {name: (post.tags, set(post.labels), post.user) for name, post in posts.items()} == {
        "000001": (("dog", "park"), {"dog", "person"}, "ann"),
        "000002": (("park",), {"train"}, "bob"),
        "000005": (("dog", "sofa"), {"cat", "sofa"}, "Fried Camels"),
    }
    assert dataset.vocabulary("tags") == ["dog", "park", "sofa"]
    assert sorted(dataset.vocabulary("labels")) == ["cat", "dog", "person", "sofa", "train"]
    assert dataset.manifest.dropped == {
        "source": {"no picture": 1},
        "needs": {"no labels": 1, "no tags": 1},
        "vocabulary": {"no tag in the vocabulary": 1},
    }
    assert sorted(splits.values()) == ["test", "train", "train"]
    # Pixels 3 to 6 of 8 reach from 2/8 to 6/8; (y0, x0, y1, x1).
    boxes = read_boxes(tmp_path / "data")
    whole = (0.0, 0.0, 1.0, 1.0)
    assert boxes["000001"] == [("dog", (0.0, 0.25, 0.5, 0.75)), ("person", (0.5, 0.0, 1.0, 1.0)), ("dog", whole)]
    assert boxes["000005"] == [("cat", whole), ("sofa", whole)]
    assert "000003" not in boxes
    assert "boxes.jsonl" in [file.name for file in dataset.manifest.files]


def test_20_classes_are_20_labels(tmp_path):
    annotations = {f"{n:06}": annotation(thing(name) + thing(CLASSES[n - 1]), f"{n}") for n, name in enumerate(CLASSES)}
    folder = make(tmp_path / "in", annotations, {str(n): ["tag"] for n in range(20)}, without=())
    drafts, rejects = read(Voc(folder, None, tmp_path))
    assert not rejects
    assert {name: draft.post.labels for name, draft in drafts.items()} == {
        f"{n:06}": (name, CLASSES[n - 1]) for n, name in enumerate(CLASSES)
    }


def test_photos_of_the_same_flickr_id_share_its_tags(tmp_path):
    annotations = {"1": annotation(thing("cat"), "7"), "2": annotation(thing("dog"), "7")}
    folder = make(tmp_path / "in", annotations, {"7": ["a", "b", "a"]}, without=())
    (folder / "VOCdevkit/photos-more.xml").write_text("<rsp stat='ok'>" + photo("7", ["b", "c"]) + "</rsp>")
    drafts, _ = read(Voc(folder, None, tmp_path))
    assert {name: sorted(draft.post.tags) for name, draft in drafts.items()} == {
        "1": ["a", "b", "c"],
        "2": ["a", "b", "c"],
    }


def test_later_years_have_no_flickr_id_and_parts_have_boxes_of_their_own(tmp_path):
    part = "<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>"
    annotations = {"2008_000008": annotation(thing("person", "2.5", 2, "8.0000", 9, part=part), None, None)}
    folder = make(tmp_path / "in", annotations, {"2008_000008": ["tag"]}, "VOC2012", without=())
    source = Voc(folder, "2012", tmp_path)
    drafts, rejects = read(source)
    assert not rejects
    assert (drafts["2008_000008"].post.tags, drafts["2008_000008"].post.user) == (("tag",), None)
    # 2.5 - 1 of 8 is 0.1875; the last row, 9, is one beyond the picture.
    assert [path.name for path in source.extras()] == ["boxes.jsonl"]
    assert read_boxes(tmp_path) == {"2008_000008": [("person", (0.125, 0.1875, 1.0, 1.0))]}


def test_published_splits_are_read_where_they_are(tmp_path):
    folder = make(tmp_path / "in")
    lists = folder / "VOCdevkit/VOC2007/ImageSets/Main"
    (lists / "train.txt").write_text("000001\n000002\n")
    (lists / "val.txt").write_text("000004\n")
    (lists / "test.txt").write_bytes(b"000005\n000002\n../../000003\n\xff\n")
    drafts, rejects = read(Voc(folder, None, tmp_path))
    assert {name: draft.split for name, draft in drafts.items()} == {
        "000001": "train", "000003": None, "000004": "validation", "000005": "test", "000007": None,
    }  # fmt: skip
    assert [(reject.where, reject.reason, reject.bad) for reject in rejects] == [
        ("test.txt:4", "not valid utf-8", True),
        ("../../000003", "no picture", False),
        ("000002", "in several split lists", True),
        ("000006", "no picture", False),
    ]


ENTITY = '<!DOCTYPE annotation [<!ENTITY a "dog">]>'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not well-formed XML"),
        (annotation(thing("dog")).encode()[:-20], "not well-formed XML"),
        (annotation(thing("dog"), owner="caf\u00e9").encode("latin-1"), "not well-formed XML"),
        ((ENTITY + annotation(thing("dog"))).encode(), "XML with a DOCTYPE"),
        ((ENTITY + annotation(thing("&a;"))).encode(), "XML with a DOCTYPE"),
        (b"<annotations/>", "not one <annotation>"),
        (annotation(thing("dog") + "<!--" + "x" * (1 << 20) + "-->").encode(), "XML record longer than 1048576 bytes"),
        (annotation(thing("unicorn")).encode(), "object is none of the 20 classes"),
        (annotation(thing("dog", xmax="wide")).encode(), "<bndbox/xmax> must be a number"),
        (annotation(thing("dog", xmax="1e400")).encode(), "<bndbox/xmax> must be a number"),
        (annotation("<object><name>dog</name></object>").encode(), "<bndbox/xmin> must be a number"),
        (annotation(thing("dog", xmin=9, xmax=12)).encode(), "box has no area in the picture"),
        (annotation(thing("dog", ymin=6, ymax=5)).encode(), "box has no area in the picture"),
        (annotation(thing("dog"), width=0).encode(), "size of the picture must be positive"),
        (annotation(thing("dog"), height="").encode(), "<size/height> must be a number"),
    ],
)
def test_one_bad_annotation_costs_one_photo(tmp_path, content, reason):
    folder = make(tmp_path / "in")
    (folder / "VOCdevkit/VOC2007/Annotations/000002.xml").write_bytes(content)
    source = Voc(folder, None, tmp_path)
    drafts, rejects = read(source)
    assert set(drafts) == {"000001", "000003", "000004", "000005", "000007"}
    assert [(reject.where, reject.reason) for reject in rejects if reject.bad] == [("000002.xml", reason)]
    source.extras()
    assert "000002" not in read_boxes(tmp_path)


def test_photos_without_an_annotation_are_counted(tmp_path):
    folder = make(tmp_path / "in")
    (folder / "VOCdevkit/VOC2007/JPEGImages/000099.jpg").write_bytes(picture_bytes((7, 7, 7)))
    drafts, rejects = read(Voc(folder, None, tmp_path))
    assert len(drafts) == 6
    assert [(reject.where, reject.reason, reject.bad) for reject in rejects] == [
        ("000006", "no picture", False),
        ("000099", "no annotation", False),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<photos><photo id='11'><tags><tag>dog</tag></tags></photo>", "not well-formed XML"),
        (b"<!DOCTYPE photos [<!ENTITY a 'x'>]><photos><photo id='11'>&a;</photo></photos>", "XML with a DOCTYPE"),
        (b"<photos><photo id='11'><title>caf\xe9</title></photo></photos>", "not well-formed XML"),
        (b"<rsp stat='fail'/>", r'holds no <photo id="FLICKRID">'),
    ],
)
def test_a_broken_tag_file_is_one_clear_line(tmp_path, capsys, content, message):
    folder = make(tmp_path / "in")
    (folder / "photosPASCAL.xml").write_bytes(content)
    with pytest.raises(UserError, match=rf"photosPASCAL\.xml: {message}"):
        read(Voc(folder, None, tmp_path))


def test_without_tags_the_command_says_where_they_are_expected(tmp_path, capsys):
    folder = make(tmp_path / "in")
    (folder / "photosPASCAL.xml").unlink()
    assert build("voc", folder, tmp_path / "data") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "has no photosPASCAL.xml or photos*.xml; source voc expects VOCdevkit/VOC2007/JPEGImages/NAME.jpg" in error
    assert "beside VOCdevkit/ photosPASCAL.xml" in error


def test_a_missing_folder_is_one_clear_line(tmp_path):
    folder = make(tmp_path / "in")
    with pytest.raises(UserError, match="has no VOCdevkit/VOC2012/ or VOC2012/"):
        Voc(folder, "2012", tmp_path)
    (folder / "VOCdevkit/VOC2007/Annotations").rename(folder / "elsewhere")
    with pytest.raises(UserError, match="has no VOCdevkit/VOC2007/Annotations/"):
        Voc(folder, None, tmp_path)
    (folder / "VOCdevkit/VOC2007/Annotations").mkdir()
    with pytest.raises(UserError, match=r"Annotations: holds no file NAME\.xml"):
        read(Voc(folder, None, tmp_path))
