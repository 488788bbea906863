"""What a tweet of Twitter's API 1.1 or 2 says."""

import pytest

from tests.data_prep.sources.twitter_objects import ANN, BOB, drafts_of, media_1, media_2, only, tweet_1, tweet_2


def test_a_tweet_of_version_1(tmp_path):
    text = "@bob Fish &amp; chips &lt;3 at the #Sea, #sea https://t.co/R3P6waHxRa"
    tweet = tweet_1(
        1050118621198921728,
        text,
        [media_1(1050118560000000001, "CxYz123.jpg")],
        extended=True,
        display_text_range=[5, 45],
    )
    tweet["entities"]["hashtags"] = [{"text": "Sea", "indices": [34, 38]}, {"text": "sea", "indices": [41, 45]}]
    draft = only(tmp_path, tweet, pictures=["CxYz123.jpg"])
    post = draft.post
    # The range counts characters of the text as it is written, entities of HTML included.
    assert post.text == "Fish & chips <3 at the #Sea, #sea"
    assert (post.id, post.user, post.tags, post.labels) == ("1050118621198921728", "783214", ("Sea", "sea"), ())
    # 10 October 2018, 20:19:24 in UTC, by `date -d … +%s`.
    assert (post.time, draft.language, draft.split) == (1539202764, "en", None)
    assert draft.picture == str((tmp_path / "in/media/CxYz123.jpg").resolve())


def test_a_tweet_of_version_2(tmp_path):
    page = {
        "data": [
            tweet_2(
                1136048014974423040,
                "Fish &amp; chips #sea https://t.co/abc",
                ["3_1136048009270239232"],
                entities={
                    "hashtags": [{"start": 17, "end": 21, "tag": "sea"}],
                    "urls": [
                        {
                            "start": 22,
                            "end": 38,
                            "url": "https://t.co/abc",
                            "expanded_url": "https://twitter.com/bob/status/1136048014974423040/photo/1",
                            "media_key": "3_1136048009270239232",
                        }
                    ],
                },
            )
        ],
        "includes": {
            "media": [media_2("3_1136048009270239232", "D8PUqlQ.jpg")],
            "users": [{"id": "2244994945", "username": "bob", "name": "Bob"}],
        },
        "meta": {"result_count": 1, "newest_id": "1136048014974423040", "next_token": "b26v89c19zqg8o3f"},
    }
    draft = only(tmp_path, page, pictures=["D8PUqlQ.jpg"])
    post = draft.post
    assert (post.id, post.user, post.text, post.tags) == (
        "1136048014974423040",
        "2244994945",
        "Fish & chips #sea",
        ("sea",),
    )
    # 4 June 2019, 23:12:08 in UTC, by `date -d … +%s`.
    assert (post.time, draft.language) == (1559689928, "en")
    assert draft.picture.endswith("/media/D8PUqlQ.jpg")


def test_version_is_told_by_each_tweet(tmp_path):
    lines = [
        tweet_1(1, "old"),
        tweet_2(2, "new"),
        {"data": tweet_2(3, "streamed"), "matching_rules": [{"id": "9"}]},
        {"statuses": [tweet_1(4, "found")], "search_metadata": {"count": 1}},
        [tweet_1(5, "listed"), tweet_2(6, "listed")],
        {"id": 7, "text": "short", "user": ANN},
        {"id": "8", "text": "short"},
    ]
    drafts, rejects = drafts_of(tmp_path, *lines)
    assert not rejects and set(drafts) == set("12345678")
    assert drafts["7"].post.user == "783214" and drafts["8"].post.user is None
    assert drafts["8"].post.time is None


def test_long_texts(tmp_path):
    old = tweet_1(1, "The beginning of a long … https://t.co/more", truncated=True, display_text_range=[0, 140])
    whole = "The beginning of a long " + "word " * 40 + "#end"
    old["extended_tweet"] = {
        "full_text": whole + " https://t.co/R3P6waHxRa",
        "display_text_range": [0, len(whole)],
        "entities": {"hashtags": [{"text": "end", "indices": [0, 4]}]},
        "extended_entities": {"media": [media_1(5, "Long.jpg")]},
    }
    new = tweet_2(2, "The beginning", note_tweet={"text": whole, "entities": {"hashtags": [{"tag": "end"}]}})
    drafts, rejects = drafts_of(tmp_path, old, new, pictures=["Long.jpg"])
    assert not rejects
    assert {draft.post.text for draft in drafts.values()} == {whole}
    assert {draft.post.tags for draft in drafts.values()} == {("end",)}
    assert drafts["1"].picture.endswith("Long.jpg")


def test_text_without_a_range_loses_the_link_to_its_own_photo_only(tmp_path):
    photo = media_1(5, "a.jpg")
    lines = [
        tweet_1(1, "See https://t.co/other https://t.co/R3P6waHxRa", [photo]),
        tweet_1(2, "See https://t.co/R3P6waHxRa there", [photo]),
        tweet_1(3, "See", [photo], display_text_range=[0, 99]),
        tweet_1(4, "https://t.co/R3P6waHxRa", [photo], display_text_range=[0, 0]),
        tweet_2(5, "R&amp;D &copy; &amp;lt; &"),
    ]
    drafts, _ = drafts_of(tmp_path, *lines)
    assert [drafts[name].post.text for name in "12345"] == [
        "See https://t.co/other",
        "See https://t.co/R3P6waHxRa there",
        "See",
        None,
        "R&D &copy; &lt; &",
    ]


def test_hashtags_of_the_text_where_there_are_no_entities(tmp_path):
    drafts, _ = drafts_of(tmp_path, {"id": "1", "text": "so #happy"}, tweet_2(2, "so #happy", entities={"urls": []}))
    assert [drafts[name].post.tags for name in "12"] == [("happy",)] * 2


@pytest.mark.parametrize("retweet_first", [True, False])
def test_a_retweet_is_the_tweet_that_it_shares(tmp_path, retweet_first):
    photo = media_1(5, "a.jpg")
    original = tweet_1(100, "Snow in the city https://t.co/R3P6waHxRa", [photo])
    retweet = tweet_1(200, "RT @ann: Snow in the ci…", [photo], user=BOB, retweeted_status=original)
    lines = [retweet, original] if retweet_first else [original, retweet]
    drafts, rejects = drafts_of(tmp_path, *lines, pictures=["a.jpg", "200.jpg"])
    post = drafts["100"].post
    assert (len(drafts), post.text, post.user) == (1, "Snow in the city", "783214")
    assert drafts["100"].picture.endswith("a.jpg")
    assert rejects == [("100", "duplicates", "tweet or retweet of one that was there before", False)]


def test_retweets_of_version_2(tmp_path):
    original = tweet_2(100, "Snow in the city", ["3_5"], author_id="783214")
    reference = [{"type": "retweeted", "id": "100"}]
    retweet = tweet_2(200, "RT @ann: Snow in the ci…", ["3_5"], referenced_tweets=reference)
    flat = tweet_2(300, "RT @ann: Snow", referenced_tweets=[{"type": "retweeted", **original}])
    quote = tweet_2(400, "How nice", referenced_tweets=[{"type": "quoted", "id": "100"}])
    page = {"data": [retweet, quote], "includes": {"tweets": [original]}}
    drafts, rejects = drafts_of(tmp_path, page, flat, {"data": [{**retweet, "id": "500"}]}, pictures=["3_5.jpg"])
    assert {name: (draft.post.text, draft.post.user) for name, draft in drafts.items()} == {
        "100": ("Snow in the city", "783214"),
        "400": ("How nice", "2244994945"),
        # What it shares is not there: left as it is, for pruning to fold.
        "500": ("RT @ann: Snow in the ci…", "2244994945"),
    }
    assert drafts["100"].picture and drafts["500"].picture and not drafts["400"].picture
    assert [where for where, *_ in rejects] == ["100"]


def test_a_quoted_tweet_gives_nothing_to_the_quoting_one(tmp_path):
    quoted = tweet_1(100, "Snow", [media_1(5, "a.jpg")])
    draft = only(tmp_path, tweet_1(200, "How nice", quoted_status=quoted, is_quote_status=True), pictures=["a.jpg"])
    assert (draft.post.id, draft.post.text, draft.picture) == ("200", "How nice", None)


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)])
def test_of_an_edited_tweet_the_last_version_is_taken(tmp_path, order):
    """Whether the earlier versions were fetched before the edit or after it."""
    tweets = {
        1: tweet_2(1, "frist", edit_history_tweet_ids=["1"]),
        2: tweet_2(2, "frist snow", edit_history_tweet_ids=["1", "2", "3"]),
        3: tweet_2(3, "first snow", edit_history_tweet_ids=["1", "2", "3"]),
    }
    other = tweet_2(4, "of which the last is not there", edit_history_tweet_ids=["4", "5"])
    drafts, rejects = drafts_of(tmp_path, {"data": [tweets[number] for number in order]}, other)
    assert {name: draft.post.text for name, draft in drafts.items()} == {
        "3": "first snow",
        "4": "of which the last is not there",
    }
    reason = "earlier version of an edited tweet"
    assert sorted(rejects) == [("1", "duplicates", reason, False), ("2", "duplicates", reason, False)]


def test_without_entities_the_last_link_goes(tmp_path):
    texts = {
        1: "Snow https://t.co/R3P6waHxRa",
        2: "See https://t.co/abc https://t.co/R3P6waHxRa ",
        3: "https://t.co/abc snow",
    }
    drafts, _ = drafts_of(tmp_path, *(tweet_2(number, text, ["3_7"]) for number, text in texts.items()))
    assert {name: draft.post.text for name, draft in drafts.items()} == {
        "1": "Snow",
        "2": "See https://t.co/abc",
        "3": "https://t.co/abc snow",
    }
