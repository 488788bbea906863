"""Pictures under names of another case, behind links, and in a folder of their own."""

import json

import pytest

from data_prep.draft import Reject
from data_prep.sources.flickr8k import Flickr8k
from data_prep.sources.movielens import MovieLens
from data_prep.sources.posts import Posts
from data_prep.work.chunks import Work
from data_prep.work.rejects import Rejects
from kerasmm.console import UserError
from tests.data_prep.sources.command import read


def posts(folder, *images):
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"id": str(number), "image": image}) for number, image in enumerate(images)]
    (folder / "posts.jsonl").write_text("\n".join(lines))
    return folder


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"a picture")
    return path


def names(drafts):
    return {number: draft.picture.rpartition("/")[2] for number, draft in drafts.items()}


@pytest.mark.parametrize("ending", ["JPG", "Jpg", "jpg"])
def test_the_case_of_an_ending_is_not_what_a_picture_is_called_by(tmp_path, ending):
    put(tmp_path / "in" / f"a.{ending}")
    put(tmp_path / "in" / "images" / f"1.{ending.upper()}")
    folder = posts(tmp_path / "in", "a.jpg")
    with (folder / "posts.jsonl").open("a") as file:
        file.write('\n{"id": "1"}')
    assert names(read(Posts(folder, None, tmp_path))[0]) == {"0": f"a.{ending}", "1": f"1.{ending.upper()}"}


def test_listed_sentences_find_photos_of_another_case(tmp_path):
    put(tmp_path / "Images" / "one.JPG")
    put(tmp_path / "Images" / "two.jpg")
    (tmp_path / "Flickr8k.token.txt").write_text("one.jpg#0\ta dog .\ntwo.JPG#0\ta cat .\n")
    drafts, rejects = read(Flickr8k(tmp_path, None, tmp_path))
    assert not rejects and names(drafts) == {"one": "one.JPG", "two": "two.jpg"}
    assert drafts["two"].post.sentences == ("a cat .",)


def test_links_stay_inside_what_was_named_unless_they_are_to_be_followed(tmp_path):
    away = put(tmp_path / "away" / "x.jpg")
    folder = posts(tmp_path / "in", "link.jpg", "album/a.jpg", "out.jpg")
    put(folder / "photos" / "a.jpg")
    (folder / "link.jpg").symlink_to("photos/a.jpg")
    (folder / "album").symlink_to("photos")
    (folder / "out.jpg").symlink_to(away)
    drafts, (reject,) = read(Posts(folder, None, tmp_path))
    assert set(drafts) == {"0", "1"} and "--follow-links" in reject.detail and "out.jpg" in reject.detail
    for more in ({"follow_links": True}, {"pictures": tmp_path / "away"}):
        assert set(read(Posts(folder, None, tmp_path, **more))[0]) == {"0", "1", "2"}


def test_a_folder_of_photos_that_links_lead_out_of(tmp_path):
    away = put(tmp_path / "away" / "1.jpg").parent
    folder = tmp_path / "ml"
    put(folder / "posters" / "2.png")
    (folder / "posters" / "1.jpg").symlink_to(away / "1.jpg")
    (folder / "movies.dat").write_text("1::One (1990)::Drama\n2::Two (1990)::Drama\n")
    (folder / "tags.dat").write_text("7::1::good::1\n7::2::bad::1\n")
    drafts, rejects = read(MovieLens(folder, None, tmp_path))
    assert set(drafts) == {"2"} and [reject.reason for reject in rejects] == ["picture leaves the folder"]
    assert set(read(MovieLens(folder, None, tmp_path, follow_links=True))[0]) == {"1", "2"}
    assert set(read(MovieLens(folder, None, tmp_path, pictures=away))[0]) == {"1"}


def test_pictures_in_a_folder_of_their_own(tmp_path):
    folder = posts(tmp_path / "in", "a.jpg", "b.jpg")
    put(folder / "b.jpg")
    put(tmp_path / "disk" / "a.jpg")
    assert names(read(Posts(folder, None, tmp_path, pictures=tmp_path / "disk"))[0]) == {"0": "a.jpg", "1": "b.jpg"}
    with pytest.raises(UserError, match="not a folder; `--pictures`"):
        Posts(folder, None, tmp_path, pictures=tmp_path / "nowhere")


def test_a_build_that_stops_shows_one_of_each_reason(tmp_path):
    work = Work(tmp_path / "work")
    missing = [Reject(f"posts.jsonl:{n}", "source", "missing picture", f"Received: 'p/{n}.jpg'") for n in range(1, 4)]
    work.write_rejects("source", 0, missing)
    with pytest.raises(UserError, match=r"missing picture \(3\), e\.g\. posts\.jsonl:1: Received: 'p/1\.jpg'"):
        Rejects(work, tmp_path / "data", 0.1).refuse_too_many(4)
