"""Cleaning of single drafts."""

import pytest

from data_prep.clean.clean import clean_picture, clean_words
from data_prep.config import Image
from data_prep.draft import Draft, Reject
from kerasmm.data.post import Post
from tests.data_prep.world import picture_bytes


def test_texts_tags_and_labels_are_spelled_alike_ids_and_authors_stay():
    post = Post(
        id="Photo 1",
        text=" My #DOG ",
        sentences=("A  Dog.", " "),
        tags=("Sci-Fi", "SCI-FI", "dog"),
        labels=("Drama",),
        user="Ann",
        time=0,
    )
    clean = clean_words(Draft(post, picture="P.jpg", group="G")).post
    assert (clean.id, clean.user, clean.time) == ("Photo 1", "Ann", 0)
    assert (clean.text, clean.sentences) == ("my #dog", ("a dog.",))
    assert (clean.tags, clean.labels) == (("sci-fi", "dog"), ("drama",))
    assert clean_words(Draft(Post(id="1", text=" \n"))).post.text is None


@pytest.mark.parametrize(
    ("post", "reason"),
    [
        (Post(id="a\ud800"), "id, user or link is not valid Unicode"),
        (Post(id="a", user="\udfff"), "id, user or link is not valid Unicode"),
        (Post(id="a", links=("\udfff",)), "id, user or link is not valid Unicode"),
        (Post(id="a", time=2**63), "time out of range"),
        (Post(id="a", time=-(2**63) - 1), "time out of range"),
    ],
)
def test_what_no_record_can_hold_is_rejected(post, reason):
    reject = clean_words(Draft(post))
    assert isinstance(reject, Reject)
    assert (reject.step, reject.reason, reject.bad) == ("text", reason, True)
    reject.to_json().encode()


def test_pictures(tmp_path):
    (tmp_path / "good.png").write_bytes(picture_bytes((1, 2, 3)))
    (tmp_path / "other.jpg").write_bytes(picture_bytes((3, 2, 1), kind="BMP"))
    (tmp_path / "bad.jpg").write_bytes(b"text")
    new = tmp_path / "new" / "0"

    def cleaned(name, required=True):
        draft = Draft(Post(id="1"), picture=None if name is None else str(tmp_path / name))
        return clean_picture(draft, Image(required=required), new)

    good = cleaned("good.png")
    assert good.picture == str(tmp_path / "good.png")
    assert not new.exists()
    other = cleaned("other.jpg")
    assert other.picture == str(new)
    assert new.read_bytes()[1:4] == b"PNG"
    assert good.digest != other.digest
    bad, absent, none = cleaned("bad.jpg"), cleaned("absent.jpg"), cleaned(None)
    assert [(r.reason, r.bad) for r in (bad, absent, none)] == [
        ("not a JPEG, PNG, GIF, WebP or BMP", True),
        ("missing file", True),
        ("no picture", False),
    ]
    assert str(tmp_path / "bad.jpg") in bad.detail
    # A file that was put in the place of another one is looked at again.
    (tmp_path / "good.png").write_bytes(b"text")
    assert cleaned("good.png").reason == "not a JPEG, PNG, GIF, WebP or BMP"
    # Without pictures at all a post may stand; a broken one is never taken silently.
    assert cleaned(None, required=False).picture is None
    assert isinstance(cleaned("bad.jpg", required=False), Reject)
