"""Archives of X as every person can download them of their own account, written by hand after what they hold."""

import json

import pytest

from data_prep.sources.twitter import Twitter
from kerasmm.console import UserError
from tests.data_prep.sources.command import read
from tests.data_prep.world import picture_bytes


def archived(number, text, name=None, **fields):
    """A tweet as an archive of X has it: numbers as text, no user, the range with its photo's link."""
    media = {
        "expanded_url": f"https://twitter.com/ann/status/{number}/photo/1", "indices": ["5", "28"], "url": "https://t.co/R3P6waHxRa",
        "media_url": f"http://pbs.twimg.com/media/{name}", "id_str": "55", "id": "55", "type": "photo",
        "media_url_https": f"https://pbs.twimg.com/media/{name}", "display_url": "pic.twitter.com/R3P6waHxRa",
    }  # fmt: skip
    entities = {"user_mentions": [], "urls": [], "symbols": [], "hashtags": [{"text": "snow", "indices": ["0", "5"]}]}
    tweet = {
        "edit_info": {"initial": {"editTweetIds": [str(number)], "editsRemaining": "5", "isEditEligible": True}},
        "retweeted": False, "source": "", "entities": entities | ({"media": [media]} if name else {}),
        "display_text_range": ["0", str(len(text))], "favorite_count": "0", "id_str": str(number), "id": str(number),
        "truncated": False, "retweet_count": "0", "created_at": "Wed Oct 10 20:19:24 +0000 2018", "favorited": False,
        "full_text": text, "lang": "en",
    }  # fmt: skip
    if name:
        tweet["extended_entities"] = {"media": [media]}
    return {"tweet": tweet | fields}


def archive(folder, *parts, key="tweets"):
    (folder / f"data/{key}_media").mkdir(parents=True)
    for number, tweets in enumerate(parts):
        name = f"{key}-part{number}.js" if number else f"{key}.js"
        content = f"window.YTD.{key}.part{number} = {json.dumps(tweets, indent=2)}"
        (folder / "data" / name).write_text(content, encoding="utf-8")
    account = {"account": {"email": "ann@example.org", "username": "ann", "accountId": "783214"}}
    (folder / "data/account.js").write_text(f"window.YTD.account.part0 = {json.dumps([account])}")
    return folder


@pytest.mark.parametrize("key", ["tweets", "tweet"])
def test_an_archive_of_x(tmp_path, key):
    first = archived(100, "#snow &amp; sun https://t.co/R3P6waHxRa", "CxYz123.jpg")
    answer = archived(101, "@bob #snow again", display_text_range=["5", "16"])
    folder = archive(tmp_path / "in", [first, answer], [archived(102, "later #snow")], key=key)
    (folder / f"data/{key}_media/100-CxYz123.jpg").write_bytes(picture_bytes((1, 2, 3)))
    # Nobody opens what else an archive has.
    (folder / "data/direct-messages.js").mkdir()
    (folder / "data/deleted-tweets.js").write_text("window.YTD.deleted_tweets.part0 = [ broken")
    drafts, rejects = read(Twitter(folder, None, tmp_path))
    assert not rejects
    assert {
        name: (draft.post.text, draft.post.tags, draft.post.user, draft.post.time) for name, draft in drafts.items()
    } == {
        "100": ("#snow & sun", ("snow",), "783214", 1539202764),
        "101": ("#snow again", ("snow",), "783214", 1539202764),
        "102": ("later #snow", ("snow",), "783214", 1539202764),
    }
    assert drafts["100"].picture == str((folder / f"data/{key}_media/100-CxYz123.jpg").resolve())
    assert read(Twitter(folder, "archive", tmp_path))[0] == drafts


def test_edits_in_an_archive(tmp_path):
    """The first version lists all, the edited one in an object of its own."""
    ids = {"editTweetIds": ["7", "8"], "editsRemaining": "4"}
    first = archived(7, "frist", edit_info={"initial": ids})
    last = archived(8, "first", edit_info={"edit": {"initialTweetId": "7", "editControlInitial": ids}})
    drafts, rejects = read(Twitter(archive(tmp_path / "in", [first, last]), None, tmp_path))
    assert set(drafts) == {"8"}
    assert [reject.reason for reject in rejects] == ["earlier version of an edited tweet"]


def test_what_is_wrong_with_an_archive(tmp_path):
    folder = archive(tmp_path / "in", [archived(1, "x"), {"tweet": {"id": "x"}}, 7])
    drafts, rejects = read(Twitter(folder, None, tmp_path))
    assert set(drafts) == {"1"} and [reject.where for reject in rejects] == ["tweets.js:2", "tweets.js:3"]
    (folder / "data/tweets.js").write_text("[]")
    with pytest.raises(
        UserError, match=r"tweets\.js: not valid JSON at character 1 \(expected window\.YTD\.tweets\.part0 = \["
    ):
        read(Twitter(folder, None, tmp_path))
    (folder / "data/account.js").write_text("window.YTD.account.part0 = [{}]")
    with pytest.raises(UserError, match=r"account\.js: expected window.YTD.account.part0"):
        Twitter(folder, None, tmp_path)
    (folder / "data/account.js").unlink()
    (folder / "data/tweets.js").write_text("window.YTD.tweets.part0 = []")
    with pytest.raises(UserError, match="holds no tweet"):
        read(Twitter(folder, None, tmp_path))
    (folder / "data/tweets.js").unlink()
    with pytest.raises(UserError, match=r"has no data/tweets\.js or data/tweet\.js"):
        Twitter(folder, "archive", tmp_path)
