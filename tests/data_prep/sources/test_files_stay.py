"""What a layout's files are may not be decided by links that lead out of the folder, nor by pipes and devices."""

import os

import pytest

from data_prep.sources import find
from kerasmm.console import UserError
from tests.data_prep.sources.command import read

_TOPICS = ("baby", "bird", "car", "clouds", "dog", "female", "flower", "male", "night", "people", "portrait", "river", "sea", "tree")  # fmt: skip
_VOC = "VOCdevkit/VOC2007"
_LAYOUTS = {
    "posts": {"posts.jsonl": "{}\n"},
    "tweets": {"data/1.txt": "snow", "data/1.jpg": "", "labels.txt": "guid,tag\n1,positive\n"},
    "flickr8k": {"Images/a.jpg": "", "Flickr8k.token.txt": "a.jpg#0\ta dog\n", "Flickr_8k.trainImages.txt": "a.jpg\n"},
    "flickr30k": {"Images/a.jpg": "", "results.csv": "image_name| comment_number| comment\n", "dataset_flickr30k.json": "{}"},
    "coco": {"train2014/a.jpg": "", "dataset_coco.json": "{}"},
    "voc": {
        f"{_VOC}/JPEGImages/1.jpg": "",
        f"{_VOC}/Annotations/1.xml": "<annotation/>",
        f"{_VOC}/ImageSets/Main/train.txt": "1\n",
        "photosPASCAL.xml": "<photos/>",
    },
    "mirflickr": {
        "mirflickr/im1.jpg": "",
        "mirflickr/meta/tags/tags1.txt": "snow\n",
        **{f"annotations/{topic}_r1.txt": "1\n" for topic in _TOPICS},
    },
    "movielens": {"posters/1.jpg": "", "movies.dat": "1::A::Drama\n", "tags.csv": "userId,movieId,tag,timestamp\n"},
    "nuswide": {
        "images/a_1.jpg": "",
        "Imagelist.txt": "a_1.jpg\n",
        "Concepts81.txt": "dog\n",
        "AllLabels/Labels_dog.txt": "1\n",
        "All_Tags.txt": "1 snow\n",
    },
    "yfcc100m": {"yfcc100m_dataset-0": "", "yfcc100m_dataset-1.bz2": "", "images/1.jpg": ""},
    "twitter": {"tweets.jsonl": "{}\n", "media/1.jpg": ""},
    "twitter archive": {"data/tweets.js": "window.YTD.tweets.part0 = []", "data/account.js": "window.YTD.account.part0 = []"},
}  # fmt: skip
_SINGLE = (".jpg", "tags1.txt", "1.xml", "data/1.txt")
"""Files of one post."""

CASES = [
    (source, name)
    for source, files in _LAYOUTS.items()
    for name in files
    if not name.endswith(_SINGLE) and (source != "mirflickr" or "dog" in name)
]


@pytest.fixture
def layout(tmp_path):
    def write(source):
        folder = tmp_path / "in"
        for name, content in _LAYOUTS[source].items():
            (path := folder / name).parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")
        opened = find(source.split()[0])
        return folder, lambda **more: opened(folder, None, tmp_path / "scratch", **more)

    return write


@pytest.mark.parametrize(("source", "name"), CASES)
def test_a_file_that_a_link_leads_to_outside_is_not_read(layout, tmp_path, source, name):
    folder, opened = layout(source)
    secret = tmp_path / "secret"
    (folder / name).rename(secret)
    (folder / name).symlink_to(secret)
    with pytest.raises(UserError, match="a link leads out of") as error:
        opened()
    assert name in str(error.value) and "--follow-links" in str(error.value) and "\n" not in str(error.value)
    if source != "twitter archive":
        assert opened(follow_links=True)
    # Inside of the folder, a link is fine.
    secret.rename(folder / "moved")
    (folder / name).unlink()
    (folder / name).symlink_to(folder / "moved")
    if source != "twitter archive":
        assert opened()


@pytest.mark.parametrize(("source", "name"), CASES)
def test_a_pipe_is_no_file_of_a_layout(layout, source, name):
    folder, opened = layout(source)
    (folder / name).unlink()
    os.mkfifo(folder / name)
    try:
        made = opened()
    except UserError as error:
        assert "\n" not in str(error)
    else:
        assert (folder / name) not in vars(made).values()


@pytest.mark.parametrize(
    ("source", "name"), [("tweets", "data/1.txt"), ("voc", f"{_VOC}/Annotations/1.xml"), ("mirflickr", "mirflickr/meta/tags/tags1.txt")]
)  # fmt: skip
def test_a_file_of_one_post_outside_is_a_reject(layout, tmp_path, source, name):
    folder, opened = layout(source)
    (secret := tmp_path / "secret").write_text("SECRET", "utf-8")
    (folder / name).unlink()
    (folder / name).symlink_to(secret)
    if source == "voc":
        (folder / "photosPASCAL.xml").write_text('<photos><photo id="1"/></photos>', "utf-8")
    drafts, rejects = read(opened())
    assert not drafts and "SECRET" not in str(rejects)
    assert any("folder" in reject.reason for reject in rejects)


def test_a_pipe_among_pictures_is_a_picture_that_is_not_there(layout):
    from data_prep.clean.pictures import check_picture
    from kerasmm.data.opening import BadPicture

    folder, _ = layout("posts")
    os.mkfifo(folder / "photo.jpg")
    for path in (folder / "photo.jpg", folder):
        with pytest.raises(BadPicture, match="missing file"):
            check_picture(path, 1000)


def test_posts_are_read_from_a_regular_file(layout):
    folder, _ = layout("posts")
    os.mkfifo(folder / "pipe.jsonl")
    for path in (folder / "pipe.jsonl",):
        with pytest.raises(UserError, match="no regular file"):
            find("posts")(path, None, folder)
