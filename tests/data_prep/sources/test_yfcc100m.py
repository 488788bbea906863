"""YFCC100M, on small folders made to the published layout."""

import bz2
import gzip
import time
from urllib.parse import quote_plus

import pytest

from data_prep.config import BuildConfig
from data_prep.sources import find
from data_prep.sources.yfcc100m import NO_TIME, Yfcc100m
from kerasmm.console import UserError
from kerasmm.settings import validated
from tests.data_prep.sources.command import build, posts_of, read
from tests.data_prep.world import picture_bytes

HASH = "4e2f7a26a1dfbf165a7e30bdabf7e72a"
# As the release's own description lists them.
COLUMNS = (
    "id", "user", "nickname", "taken", "uploaded", "device", "title", "description", "tags", "machine_tags", "longitude",
    "latitude", "accuracy", "page", "download", "licence", "licence_url", "server", "farm", "secret", "original_secret",
    "extension", "marker",
)  # fmt: skip
PUBLISHED = (
    "6185218911", "39019111@N00", "guckxzs", "2012-02-16 09:56:37.0", "1331840483", "Canon+PowerShot+ELPH+310+HS",
    "IMG_0520", "My+vacation%2C+first+day%0ABe%C3%A7a+%26+I", "canon,canon+powershot+hs+310,key+west,2012", "", "-81.804885",
    "24.550558", "12", "http://www.flickr.com/photos/39019111@N00/6185218911/",
    "http://farm8.staticflickr.com/7205/6185218911_df7747990d.jpg", "Attribution-NonCommercial-NoDerivs License",
    "http://creativecommons.org/licenses/by-nc-nd/2.0/", "7205", "8", "df7747990d", "692d7e0a7f", "jpg", "0",
)  # fmt: skip


def row(**values):
    return "\t".join({**dict(zip(COLUMNS, PUBLISHED, strict=True)), **values}.values())


def later(number=0, photo_hash=HASH, **values):
    photo, rest = row(**values).split("\t", 1)
    return f"{number}\t{photo}\t{photo_hash}\t{rest}"


def write(folder, *rows, name="yfcc100m_dataset"):
    folder.mkdir(exist_ok=True)
    content = b"".join(each.encode() + b"\n" if isinstance(each, str) else each + b"\n" for each in rows)
    pack = {"gz": gzip.compress, "bz2": bz2.compress}.get(name.rpartition(".")[2], bytes)
    (folder / name).write_bytes(pack(content))
    return folder


def source(folder, tmp_path):
    return Yfcc100m(folder, None, tmp_path)


@pytest.mark.parametrize("line", [row(), later()])
def test_both_releases(tmp_path, line):
    drafts, rejects = read(source(write(tmp_path / "in", line), tmp_path))
    draft = drafts["6185218911"]
    assert not rejects and draft.picture is None
    assert (draft.post.user, draft.post.time) == ("39019111@N00", 1331840483)
    assert draft.post.text == "IMG_0520\nMy vacation, first day\nBeça & I"
    assert draft.post.tags == ("canon", "canon powershot hs 310", "key west", "2012")
    assert draft.post.labels == () and draft.split is draft.group is None


def test_what_is_not_there_is_left_out(tmp_path):
    folder = write(tmp_path / "in", row(title="", description="+", tags=""))
    post = read(source(folder, tmp_path))[0]["6185218911"].post
    assert (post.text, post.tags) == (None, ())


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (row().rpartition("\t")[0], "not 23 or 25 columns"),
        (row(tags="key\twest"), "not 23 or 25 columns"),
        (later(tags="key\twest"), "not 23 or 25 columns"),
        # Two tabs make 25 columns of 23, two lost ones 23 of 25.
        (row(tags="key\twest\tsea"), "photo id must be a number"),
        (
            later(tags="key").replace("\tIMG_0520", "").replace("\t24.550558", ""),
            "user must be an NSID such as 39019111@N00",
        ),
        (row(id="x"), "photo id must be a number"),
        (row(id="../../6185218911"), "photo id must be a number"),
        (row(id=""), "photo id must be a number"),
        (row(user=""), "user must be an NSID such as 39019111@N00"),
        (row(marker="2"), "marker must be 0 or 1"),
        (row(marker=""), "marker must be 0 or 1"),
        (row(tags="caf%E9"), "tag is not in UTF-8"),
        (row(title="caf%ED%A0%80"), "title is not in UTF-8"),
        (row(description="%C3"), "description is not in UTF-8"),
        (row().encode() + b"\xff", "not valid utf-8"),
        (row(description="x" * (1 << 20)), "longer than 1048576 bytes"),
    ],
)
def test_one_bad_line_costs_one_photo(tmp_path, line, reason):
    folder = write(tmp_path / "in", row(id="1"), line, "", row(id="3"))
    drafts, rejects = read(source(folder, tmp_path))
    assert set(drafts) == {"1", "3"}
    assert [(each.where, each.reason, each.bad) for each in rejects] == [("yfcc100m_dataset:2", reason, True)]


@pytest.mark.parametrize(
    "cell", ["", "null", "-1", "-3345753600", "1864-02-16 09:56:37.0", "1331840483.5", "9" * 18, "9" * 400, "١٢"]
)
def test_a_post_without_a_usable_time_stays_and_is_counted(tmp_path, cell):
    opened = source(write(tmp_path / "in", row(id="1", uploaded=cell), row(id="2")), tmp_path)
    drafts, rejects = read(opened)
    assert not rejects
    assert (drafts["1"].post.time, drafts["2"].post.time) == (None, 1331840483)
    assert opened.reading.to_json() == {"notices": {NO_TIME: 1}}


def test_the_future_begins_now(tmp_path):
    now = int(time.time())
    folder = write(tmp_path / "in", row(id="1", uploaded=str(now - 60)), row(id="2", uploaded=str(now + 3600)))
    drafts, _ = read(source(folder, tmp_path))
    assert (drafts["1"].post.time, drafts["2"].post.time) == (now - 60, None)


def test_when_a_camera_thinks_it_was_does_not_matter(tmp_path):
    opened = source(write(tmp_path / "in", row(taken="1864-02-16 09:56:37.0"), row(id="2", taken="")), tmp_path)
    drafts, rejects = read(opened)
    assert {draft.post.time for draft in drafts.values()} == {1331840483}
    assert not rejects and not opened.reading.to_json()


def test_videos_are_counted_and_no_bad_input(tmp_path):
    drafts, rejects = read(source(write(tmp_path / "in", row(id="1", marker="1"), row(id="2")), tmp_path))
    assert set(drafts) == {"2"}
    assert [(each.where, each.reason, each.bad) for each in rejects] == [("1", "a video", False)]


def test_any_text_comes_back(tmp_path, rng):
    letters = [*"aZ09 +%,&=\n\té雪🙂\u2028\0", "%41"]
    for _ in range(20):
        drawn = [rng.integers(len(letters), size=rng.integers(1, 6)) for _ in range(4)]
        *tags, title = ("".join(letters[place] for place in places) for places in drawn)
        encoded = {"tags": ",".join(map(quote_plus, tags)), "title": quote_plus(title), "description": ""}
        drafts, rejects = read(source(write(tmp_path / "in", row(**encoded)), tmp_path))
        assert not rejects
        post = drafts["6185218911"].post
        assert post.tags == tuple(tags) and post.text == (title.strip() or None)


@pytest.mark.parametrize("names", [("yfcc100m_dataset",), ("YFCC100M_dataset.tsv",), ("yfcc100m_dataset.bz2",), ("yfcc100m_dataset.tsv.gz",), ("yfcc100m_dataset-2", "yfcc100m_dataset-10.tsv", "yfcc100m_dataset-1.bz2")])  # fmt: skip
def test_published_names(tmp_path, names):
    for number, name in enumerate(names):
        write(tmp_path / "in", row(id=str(number)), name=name)
    for other in ("yfcc100m_autotags", "yfcc100m_dataset.sql", "yfcc100m_dataset-x"):
        write(tmp_path / "in", "other", name=other)
    opened = source(tmp_path / "in", tmp_path)
    drafts, rejects = read(opened)
    # By number, not by letter.
    assert list(drafts) == (["2", "0", "1"] if len(names) == 3 else ["0"]) and not rejects
    assert [part.path.name for part in opened.parts()] == [file.name for file in opened.files]


def test_the_same_posts_twice(tmp_path):
    folder = write(tmp_path / "in", row(), name="yfcc100m_dataset.bz2")
    write(folder, row())
    drafts, _ = read(source(folder, tmp_path))
    assert len(drafts) == 1 and source(folder, tmp_path).files == [folder / "yfcc100m_dataset"]
    write(folder, row(), name="yfcc100m_dataset-0")
    with pytest.raises(UserError, match="has both yfcc100m_dataset and yfcc100m_dataset-0"):
        source(folder, tmp_path)


@pytest.mark.parametrize(
    "place",
    ["images/6185218911.jpg", "images/6185218911.JPG", f"images/{HASH}.jpg", f"images/4e2/f7a/{HASH}.jpg", f"data/images/4e2/f7a/{HASH}.jpg"],
)  # fmt: skip
def test_places_of_photos(tmp_path, place):
    folder = write(tmp_path / "in", later(), later(id="7", photo_hash="../../secret"), later(id="8", photo_hash=""))
    (folder / place).parent.mkdir(parents=True)
    (folder / place).write_bytes(b"")
    (tmp_path / "secret.jpg").write_bytes(b"")
    drafts, rejects = read(source(folder, tmp_path))
    assert {name: draft.picture for name, draft in drafts.items()} == {
        "6185218911": str(folder / place),
        "7": None,
        "8": None,
    }
    elsewhere = tmp_path / "elsewhere"
    (folder / place.partition("/")[0]).rename(elsewhere)
    drafts, _ = read(Yfcc100m(folder, None, tmp_path, elsewhere))
    assert drafts["6185218911"].picture == str(elsewhere / place.partition("/")[2])


def test_no_link_leads_out_of_the_folder(tmp_path):
    folder = write(tmp_path / "in", row())
    (tmp_path / "secret.jpg").write_bytes(picture_bytes((1, 2, 3)))
    (folder / "images").mkdir()
    (folder / "images/6185218911.jpg").symlink_to(tmp_path / "secret.jpg")
    drafts, rejects = read(source(folder, tmp_path))
    assert not drafts and [each.reason for each in rejects] == ["picture leaves the folder"]


def test_defaults_are_a_configuration():
    config = validated(BuildConfig, find("yfcc100m").defaults_for(None), "defaults")
    assert config.needs == ["image", "tags", "user"]
    # Section 4.1.
    assert (config.tags.drop_numbers, config.tags.drop_most_frequent, config.tags.most) == (True, 10, 100_000)
    assert (config.tags.per_post, config.users is not None, config.split.method) == (15, True, "latest")
    # Of all posts, a tenth is not for training, and a fifth of that is for validation.
    assert (config.split.test, config.split.validation) == (0.1, 1 / 5)


def test_a_folder_becomes_a_data_set(tmp_path):
    folder = tmp_path / "in"
    lines = [
        later(n, id=str(n), uploaded=str(1_200_000_000 + n), tags="key+west,sea%0Aside,%09,2012") for n in range(40)
    ]
    lines[3] = later(3, id="3", marker="1")
    lines[5] = later(5, id="5", tags="")
    lines[7] = later(7, id="7", uploaded="", tags="sea%0Aside,1%2C000")
    lines[9] = later(9, id="9").rpartition("\t")[0]
    write(folder, *lines)
    (folder / "images").mkdir()
    for number in range(39):
        (folder / f"images/{number}.jpg").write_bytes(picture_bytes((number, 9, 9)))
    assert build("yfcc100m", folder, tmp_path / "data", "--set", "tags.drop_most_frequent=0") == 0
    dataset, posts, splits = posts_of(tmp_path / "data")
    manifest = dataset.manifest
    assert set(posts) == {str(n) for n in range(39)} - {"3", "5", "9"}
    # White space within a tag is one space, so that a vocabulary has a tag a line.
    assert posts["0"].tags == ("key west", "sea side") and dataset.vocabulary("tags") == ["sea side", "key west"]
    assert (posts["0"].user, posts["0"].time) == ("39019111@N00", 1_200_000_000)
    dropped = {(step, reason): count for step, of in manifest.dropped.items() for reason, count in of.items()}
    assert dropped == {
        ("source", "a video"): 1,
        ("source", "not 23 or 25 columns"): 1,
        ("image", "no picture"): 1,
        ("needs", "no tags"): 1,
    }
    assert manifest.reading["notices"] == {NO_TIME: 1}
    assert posts["7"].time is None and dataset.vocabulary("users") == ["39019111@N00"]
    # 36 posts of one user: the last tenth is for validation and test.
    by_time = [splits[name] for name in sorted(posts, key=int)]
    assert by_time[:32] == ["train"] * 32 and sorted(by_time[32:]) == ["test"] * 3 + ["validation"]
