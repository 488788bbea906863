"""Which file is a tweet's photo."""

import pytest

from data_prep.sources.twitter import Twitter
from tests.data_prep.sources.command import read
from tests.data_prep.sources.twitter_objects import drafts_of, make, media_1, media_2, only, tweet_1, tweet_2
from tests.data_prep.world import picture_bytes


@pytest.mark.parametrize(
    "name",
    ["100.jpg", "100-1.jpg", "100_1.png", "100-CxYz.jpg", "555.jpg", "CxYz.jpg", "CxYz.jpeg", "100-1.webp"],
)
@pytest.mark.parametrize("folder", ["media", "images"])
def test_names_of_photos_of_version_1(tmp_path, name, folder):
    draft = only(tmp_path, tweet_1(100, "x", [media_1(555, "CxYz.png:large")]), pictures=[name], media=folder)
    assert draft.picture == str((tmp_path / "in" / folder / name).resolve())


@pytest.mark.parametrize("name", ["100.jpg", "100-1.jpg", "3_555.jpg", "555.jpg", "CxYz.jpg", "100-CxYz.png"])
def test_names_of_photos_of_version_2(tmp_path, name):
    media = media_2("3_555", "CxYz?format=jpg&name=large")
    page = {"data": [tweet_2(100, "x", ["3_555"])], "includes": {"media": [media]}}
    assert only(tmp_path, page, pictures=[name]).picture.endswith(f"/{name}")


def test_the_first_photo_that_is_there(tmp_path):
    photos = [media_1(n, f"photo{n}.jpg") for n in range(4)]
    draft = only(tmp_path, tweet_1(100, "x", photos), pictures=["photo3.jpg", "100-3.jpg", "photo2.jpg"])
    assert draft.picture.endswith("/100-3.jpg")


def test_stills_of_videos_are_no_photos(tmp_path):
    still = "https://pbs.twimg.com/ext_tw_video_thumb/5/pu/img/still.jpg"
    lines = [
        tweet_1(1, "x", [media_1(5, "still.jpg", "video")]),
        tweet_1(2, "x", [media_1(5, "still.jpg", "animated_gif")]),
        # Without `extended_entities`, everything is called a photo.
        tweet_1(3, "x", entities={"media": [media_1(5, "still.jpg", media_url_https=still)]}),
        {"data": [tweet_2(4, "x", ["7_5"]), tweet_2(5, "x", ["13_5"])], "includes": {"media": [media_2("7_5", "still.jpg", "video")]}},
        tweet_1(6, "x", [media_1(5, "still.jpg", "video"), media_1(6, "photo.jpg")]),
    ]  # fmt: skip
    pictures = ["still.jpg", "photo.jpg", *(f"{n}.jpg" for n in range(1, 6)), "5-1.jpg"]
    drafts, rejects = drafts_of(tmp_path, *lines, pictures=pictures)
    assert not rejects
    assert [bool(drafts[str(n)].picture) for n in range(1, 7)] == [False] * 5 + [True]
    assert drafts["6"].picture.endswith("photo.jpg")


def test_the_copy_with_a_photo_is_taken(tmp_path):
    lines = [tweet_1(1, "x"), tweet_1(1, "x", [media_1(5, "a.jpg")]), tweet_1(1, "x")]
    source = Twitter(make(tmp_path / "in", lines, ["a.jpg"]), None, tmp_path)
    found = list(source.posts())
    # The first has none and goes with those that lack a picture; of the third nothing is needed.
    assert [getattr(each, "picture", "reject") and True for each in found] == [None, True, True]
    assert (found[2].step, found[2].bad) == ("duplicates", False)


@pytest.mark.parametrize(
    "name", ["../../secret.jpg", "..%2fsecret.jpg", "/etc/hostname", "a/../../../secret.jpg", "\0"]
)
def test_no_name_leaves_the_folder(tmp_path, name):
    (tmp_path / "secret.jpg").write_bytes(picture_bytes((1, 2, 3)))
    lines = [
        tweet_1(1, "x", [media_1(5, "x", media_url_https=name, media_url=name)]),
        {"data": tweet_2(2, "x", [name]), "includes": {"media": [{"media_key": name, "type": "photo", "url": name}]}},
        tweet_1(3, "x", [media_1(5, "x", id_str=name)]),
    ]
    drafts, rejects = drafts_of(tmp_path, *lines)
    assert not rejects and not any(draft.picture for draft in drafts.values())


def test_a_link_to_elsewhere_is_refused(tmp_path):
    folder = make(tmp_path / "in", [tweet_2(1, "x"), tweet_2(2, "x")], ["2.jpg"])
    (tmp_path / "secret.jpg").write_bytes(picture_bytes((1, 2, 3)))
    (folder / "media/1.jpg").symlink_to(tmp_path / "secret.jpg")
    drafts, rejects = read(Twitter(folder, None, tmp_path))
    assert set(drafts) == {"2"} and [reject.reason for reject in rejects] == ["picture leaves the folder"]
