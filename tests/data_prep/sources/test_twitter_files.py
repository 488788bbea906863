"""Files of tweets, whole and broken, and the command that reads them."""

import gzip
import json
from collections import Counter

import pytest

from data_prep.sources.twitter import MAX_PAGE_BYTES, Twitter
from kerasmm.console import UserError
from tests.data_prep.sources.command import build, posts_of, read
from tests.data_prep.sources.twitter_objects import BOB, drafts_of, make, media_1, media_2, tweet_1, tweet_2


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
