"""Small folders in the layouts of Twitter's API 1.1 and 2, written by hand after its documented objects."""

import gzip
import json
from collections import Counter

import pytest

from data_prep.sources.twitter import MAX_PAGE_BYTES, Twitter
from kerasmm.console import UserError
from tests.data_prep.sources.command import build, posts_of, read
from tests.data_prep.world import picture_bytes

ANN = {"id": 783214, "id_str": "783214", "screen_name": "ann", "name": "Ann"}
BOB = {"id": 2244994945, "id_str": "2244994945", "screen_name": "bob", "name": "Bob"}


def media_1(number, name, kind="photo", **fields):
    return {
        "id": number,
        "id_str": str(number),
        "indices": [31, 54],
        "media_url": f"http://pbs.twimg.com/media/{name}",
        "media_url_https": f"https://pbs.twimg.com/media/{name}",
        "url": "https://t.co/R3P6waHxRa",
        "display_url": "pic.twitter.com/R3P6waHxRa",
        "expanded_url": "https://twitter.com/ann/status/100/photo/1",
        "type": kind,
        "sizes": {"small": {"w": 680, "h": 451, "resize": "fit"}},
        **fields,
    }


def tweet_1(number, text, media=(), user=ANN, extended=False, **fields):
    """A tweet of version 1.1; `extended` as `tweet_mode=extended` gives it."""
    entities = {"hashtags": [], "symbols": [], "user_mentions": [], "urls": []}
    tweet = {
        "created_at": "Wed Oct 10 20:19:24 +0000 2018",
        "id": number,
        "id_str": str(number),
        "full_text" if extended else "text": text,
        "truncated": False,
        "entities": entities | ({"media": list(media)[:1]} if media else {}),
        "source": '<a href="http://twitter.com">Twitter Web Client</a>',
        "in_reply_to_status_id": None,
        "user": user,
        "geo": None,
        "is_quote_status": False,
        "retweet_count": 0,
        "favorited": False,
        "lang": "en",
    }
    if media:
        tweet["extended_entities"] = {"media": list(media)}
    return tweet | fields


def tweet_2(number, text, keys=(), **fields):
    tweet = {
        "id": str(number),
        "text": text,
        "author_id": "2244994945",
        "created_at": "2019-06-04T23:12:08.000Z",
        "edit_history_tweet_ids": [str(number)],
        "lang": "en",
    }
    return tweet | ({"attachments": {"media_keys": list(keys)}} if keys else {}) | fields


def media_2(key, name, kind="photo"):
    return {"media_key": key, "type": kind, "url": f"https://pbs.twimg.com/media/{name}", "width": 8, "height": 8}


def make(folder, lines=(), pictures=(), name="tweets.jsonl", media="media"):
    (folder / media).mkdir(parents=True, exist_ok=True)
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    (folder / name).write_text(text, encoding="utf-8", errors="surrogatepass")
    for number, picture in enumerate(pictures):
        (folder / media / picture).write_bytes(picture_bytes((number, 9, len(picture))))
    return folder


def drafts_of(tmp_path, *lines, pictures=(), **where):
    drafts, rejects = read(Twitter(make(tmp_path / "in", lines, pictures, **where), None, tmp_path))
    return drafts, [(reject.where, reject.step, reject.reason, reject.bad) for reject in rejects]


def only(tmp_path, *lines, **where):
    drafts, rejects = drafts_of(tmp_path, *lines, **where)
    assert len(drafts) == 1 and not rejects
    return next(iter(drafts.values()))


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


def test_a_page_without_includes(tmp_path):
    lines = [
        {"data": [tweet_2(1, "x", ["3_11"]), tweet_2(2, "x", ["3_22"]), tweet_2(3, "x", ["7_33"])]},
        {"data": [tweet_2(4, "x", ["3_44"])], "includes": {}},
        {"data": [tweet_2(5, "x", attachments={"poll_ids": ["9"]})], "includes": {"media": [media_2("3_55", "y.jpg")]}},
        # As `twarc2 flatten` writes it.
        tweet_2(6, "x", attachments={"media_keys": ["3_66"], "media": [media_2("3_66", "flat.jpg")]}),
    ]
    pictures = ["3_11.jpg", "22.jpg", "3.jpg", "y.jpg", "flat.jpg"]
    drafts, rejects = drafts_of(tmp_path, *lines, pictures=pictures)
    assert not rejects
    assert {name: draft.picture and draft.picture.rpartition("/")[2] for name, draft in drafts.items()} == {
        "1": "3_11.jpg",
        "2": "22.jpg",
        "3": None,
        "4": None,
        "5": None,
        "6": "flat.jpg",
    }


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


def test_the_copy_with_a_photo_is_taken(tmp_path):
    lines = [tweet_1(1, "x"), tweet_1(1, "x", [media_1(5, "a.jpg")]), tweet_1(1, "x")]
    source = Twitter(make(tmp_path / "in", lines, ["a.jpg"]), None, tmp_path)
    found = list(source.posts())
    # The first has none and goes with those that lack a picture; of the third nothing is needed.
    assert [getattr(each, "picture", "reject") and True for each in found] == [None, True, True]
    assert (found[2].step, found[2].bad) == ("duplicates", False)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": 1, "te', "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('"x"', "not a JSON object"),
        ('{"id": "1", "id": "2", "text": "x"}', "a key given twice in one JSON object"),
        ('{"text": "x"}', "neither a tweet nor a page of tweets"),
        ('{"id": true, "text": "x"}', "`id` must be a string"),
        ('{"id": 1.05e18, "text": "x"}', "`id` must be a string"),
        ('{"id": "../7", "text": "x"}', "`id` must be the number of a tweet"),
        ('{"id": "", "text": "x"}', "`id` must be the number of a tweet"),
        ('{"id": "7", "text": ["x"]}', "`text` must be a string"),
        ('{"id": "7", "text": "\\ud83d"}', "`text` is not valid Unicode"),
        ('{"id": "7", "text": "x", "created_at": "yesterday"}', "`created_at` is no time of Twitter's"),
        ('{"id": "7", "text": "x", "created_at": 5}', "`created_at` is no time of Twitter's"),
        ('{"id": "7", "text": "x", "entities": []}', "`entities` must be an object"),
        ('{"id": "7", "text": "x", "entities": {"hashtags": ["a"]}}', "`hashtags` must be a list of objects"),
        ('{"id": "7", "text": "x", "attachments": {"media_keys": "3_1"}}', "`attachments.media_keys` must be a list"),
        ('{"id": "7", "text": "x", "user": "ann"}', "`user` must be an object"),
        ('{"id": "7", "text": "x", "lang": 5}', "`lang` must be a string"),
        ('{"data": ["x"]}', "a tweet must be a JSON object"),
        ('{"data": [], "includes": [1]}', "`includes` must be an object"),
        ('{"data": {"id": "7", "text": "x"}, "includes": {"media": {}}}', "`media` must be a list of objects"),
    ],
)
def test_a_broken_line_is_a_reject(line, reason, tmp_path):
    drafts, rejects = drafts_of(tmp_path, tweet_2(1, "first"), "", line, tweet_2(2, "last"))
    assert set(drafts) == {"1", "2"}
    assert rejects == [("tweets.jsonl:3", "source", reason, True)]


def test_notices_are_no_bad_input(tmp_path):
    lines = [
        {"delete": {"status": {"id": 1234, "id_str": "1234", "user_id": 3}}},
        {"limit": {"track": 1234}},
        {"meta": {"result_count": 0}},
        tweet_2(1, "x"),
        {"data": [], "meta": {"result_count": 0}},
        {"errors": [{"value": "7", "title": "Not Found Error"}], "__twarc": {"version": "2.14.0"}},
        {"meta": {"result_count": 0}, "__twarc": {"version": "2.14.0"}},
        {"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank", "status": 429},
    ]
    drafts, rejects = drafts_of(tmp_path, *lines)
    assert set(drafts) == {"1"}
    assert [(where, reason, bad) for where, _, reason, bad in rejects] == [
        (f"tweets.jsonl:{n}", "a notice, no tweet", False) for n in (1, 2, 3, 6, 7, 8)
    ]


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


def test_bytes_that_are_not_utf_8_and_huge_lines(tmp_path):
    folder = make(tmp_path / "in")
    good = json.dumps(tweet_2(1, "x")).encode()
    page = json.dumps({"data": [tweet_2(n, "word " * 50) for n in range(10, 4000)]}).encode()
    assert 1 << 20 < len(page) < MAX_PAGE_BYTES
    huge = b'{"id": "' + b"9" * MAX_PAGE_BYTES + b'"}'
    (folder / "tweets.jsonl").write_bytes(b"\n".join([b'{"id": "\xff"}', huge, good, page]))
    drafts, rejects = read(Twitter(folder, None, tmp_path))
    assert len(drafts) == 1 + 3990
    assert [reject.reason for reject in rejects] == ["not valid utf-8", f"longer than {MAX_PAGE_BYTES} bytes"]


def test_several_files_and_compressed_ones(tmp_path):
    folder = make(tmp_path / "in", [tweet_2(1, "x")])
    make(folder, [tweet_2(2, "x")], name="b.ndjson")
    make(folder, [tweet_2(3, "x")], name="c.JSON")
    make(folder, ["no tweets"], name="d.txt")
    (folder / "e.jsonl.gz").write_bytes(gzip.compress(json.dumps(tweet_2(4, "x")).encode()))
    whole = gzip.compress(b"".join(json.dumps(tweet_2(n, "x")).encode() + b"\n" for n in range(100, 3000)))
    (folder / "f.json.gz").write_bytes(whole[: len(whole) // 2])
    (folder / "g.json.gz").write_bytes(b"not compressed")
    drafts, rejects = read(Twitter(folder, None, tmp_path))
    assert {"1", "2", "3", "4", "100"} <= set(drafts) and "2999" not in drafts
    assert [reject.reason for reject in rejects] == ["damaged gzip file"] * 2


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


def test_folders_that_lack_something(tmp_path, capsys):
    (tmp_path / "a").mkdir()
    with pytest.raises(UserError, match=r"a: has no \*\.jsonl or \*\.ndjson or \*\.json; source twitter expects"):
        Twitter(tmp_path / "a", None, tmp_path)
    (tmp_path / "a/x.jsonl").write_text("")
    with pytest.raises(UserError, match="has no media/ or images/"):
        Twitter(tmp_path / "a", None, tmp_path)
    (tmp_path / "a/media").mkdir()
    with pytest.raises(UserError, match="holds no tweet"):
        list(Twitter(tmp_path / "a", None, tmp_path).posts())
    assert build("twitter", tmp_path / "a", tmp_path / "data") == 2
    assert capsys.readouterr().err.count("\n") == 1


ENGLISH = [
    "The queue for the polling station is around the block",
    "Snow has fallen over the whole city this morning",
    "My dog has eaten all of my homework again",
    "We are marching through London for our future today",
    "This is the best cup of coffee that I ever had",
    "She gave a wonderful speech about peace and hope",
    "Nobody told me that the museum would be closed",
    "Look at the colours of the sky after the storm",
]


def test_the_command(tmp_path):
    tweets = [tweet_1(n, text, [media_1(500 + n, f"p{n}.jpg")]) for n, text in enumerate(ENGLISH, 1)]
    more = [
        tweet_1(20, "a bad one", [media_1(700, "gone.jpg")]),
        tweet_1(21, "#only #tags https://t.co/x", [media_1(721, "p21.jpg")]),
        tweet_1(22, "https://t.co/x", [media_1(722, "p22.jpg")]),
        tweet_1(23, "Das Wetter ist heute wirklich sehr schön", [media_1(723, "p23.jpg")], lang="de"),
        tweet_1(24, f"RT @ann: {ENGLISH[0]} https://t.co/y", [media_1(724, "p24.jpg")], user=BOB),
        tweet_1(25, ENGLISH[1].upper() + "!", [media_1(725, "p25.jpg")], user=BOB),
        tweet_1(26, ENGLISH[2] + " today", [media_1(726, "p26.jpg")], user=BOB),
        tweet_1(27, "RT …", user=BOB, retweeted_status=tweets[3]),
        tweet_1(28, "word " * 1000 + "end", [media_1(728, "p28.jpg")]),
        tweet_1(29, "", [media_1(729, "p29.jpg")]),
    ]
    names = [f"p{n}.jpg" for n in (*range(1, 9), *range(21, 27), 28, 29)]
    folder = make(tmp_path / "in", tweets + more, names)
    assert build("twitter", folder, tmp_path / "data", "--set", "max_rejects=0") == 0
    dataset, posts, splits = posts_of(tmp_path / "data")
    assert set(posts) == {str(n) for n in range(1, 9)}
    assert Counter(splits.values()) == {"train": 5, "test": 2, "validation": 1}
    assert posts["1"].text == ENGLISH[0].lower()
    assert dataset.manifest.dropped == {
        "duplicates": {"tweet or retweet of one that was there before": 1},
        "image": {"no picture": 1},
        "prune": {
            "no words": 2,
            "only links, mentions and hashtags": 1,
            "mostly repeated": 1,
            "not in en": 1,
            "retweet of another post": 1,
            "same text as another post": 1,
            "nearly the same text as another post": 1,
        },
    }
    assert build("twitter", folder, tmp_path / "snow", "--set", "prune.topics=[snow, London, coffee]") == 0
    assert set(posts_of(tmp_path / "snow")[1]) == {"2", "4", "5"}


def test_json_over_several_lines_is_one_reject(tmp_path):
    folder = make(tmp_path / "in", [tweet_2(1, "x")])
    (folder / "page.json").write_text(json.dumps({"data": [tweet_2(2, "y")]}, indent=2))
    drafts, rejects = read(Twitter(folder, None, tmp_path))
    assert set(drafts) == {"1"}
    reason = "JSON over several lines; expected one tweet or page a line"
    assert [(reject.where, reject.reason) for reject in rejects] == [("page.json", reason)]
