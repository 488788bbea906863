"""Tweets in the layouts of Twitter's API 1.1 and 2, written by hand after its documented objects."""

import json

from data_prep.sources.twitter import Twitter
from tests.data_prep.sources.command import read
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
