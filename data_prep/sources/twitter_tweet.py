"""A tweet as Twitter's interfaces write it, versions 1.1 and 2, read into one form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from data_prep.sources.hashtags import hashtags
from data_prep.sources.post_fields import Faulty, received, string

PHOTO = "photo"
_ID = re.compile(r"[0-9]{1,20}")
_ESCAPED = re.compile("&(amp|lt|gt|quot|#39);")
_UNESCAPED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "#39": "'"}
_OLD_TIME = "%a %b %d %H:%M:%S %z %Y"
# Pictures of these folders are stills of videos, which version 1.1 calls photos where it has no `extended_entities`.
_STILLS = re.compile(r"/(?:[a-z]+_)*(?:video|tweet_video)_thumb/")
_ONLY_IN_1_1 = ("id_str", "full_text", "extended_tweet", "retweeted_status", "extended_entities", "truncated")
# What a media key begins with: 3 for a photo, 7 and 13 for a video, 16 for an animated picture.
_PHOTO_KEY = "3_"
_LAST_LINK = re.compile(r"https?://t\.co/[A-Za-z0-9]{1,40}(?=\s*\Z)")


class Media(NamedTuple):
    """A medium of a tweet: `photo`, `video`, `animated_gif`; its key, its number and its address where known."""

    type: str
    key: str = ""
    number: str = ""
    url: str = ""


class Tweet(NamedTuple):
    """What a data set takes of a tweet; `earlier` are the ids of the versions before it was edited."""

    id: str
    text: str
    user: str | None
    time: int | None
    tags: tuple[str, ...]
    language: str | None
    media: tuple[Media, ...]
    earlier: tuple[str, ...] = ()


def tweets(content: Any) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """The tweets of a line, each with what its page includes; a line is a tweet, a page of them, or a list.

    Raises:
        Faulty: When it is none of these.
    """
    if isinstance(content, list):
        yield from ((each, {}) for each in content)
        return
    if not isinstance(content, dict):
        raise Faulty("not a JSON object", received(content))
    if "id" in content or "id_str" in content:
        yield content, {}
        return
    for key in ("data", "statuses"):
        if key in content:
            found, includes = content[key], content.get("includes") or {}
            if not isinstance(includes, dict):
                raise Faulty("`includes` must be an object", received(includes))
            yield from ((each, includes) for each in (found if isinstance(found, list) else [found]))
            return
    raise Faulty("neither a tweet nor a page of tweets", f"has the keys {', '.join(list(content)[:8]) or '(none)'}")


def read_tweet(content: Any, includes: Mapping[str, Any]) -> Tweet:
    """Reads a tweet; a retweet is read as the tweet that it shares, where that is there.

    Args:
        content: The object of the tweet.
        includes: What the page says about media and other tweets.

    Raises:
        Faulty: For what is no tweet, or a field of the wrong type.
    """
    if not isinstance(content, dict):
        raise Faulty("a tweet must be a JSON object", received(content))
    is_old = any(key in content for key in _ONLY_IN_1_1) or "user" in content
    if is_old or "media" in _mapping(content, "entities"):
        original = content.get("retweeted_status")
        return _version_1(original if isinstance(original, dict) else content)
    return _version_2(_original(content, includes), includes)


def _version_1(tweet: Mapping[str, Any]) -> Tweet:
    # What older clients can't show is in an object of its own, with ranges of its own.
    whole = _mapping(tweet, "extended_tweet") or tweet
    text = string("text", whole.get("full_text")) or string("text", tweet.get("text")) or ""
    entities, extended = _mapping(whole, "entities"), _mapping(whole, "extended_entities")
    listed = _mappings(extended, "media") or _mappings(entities, "media")
    user = _mapping(tweet, "user")
    media = tuple(
        Media(_type_1(each), number=_text(each, "id_str", "id"), url=_text(each, "media_url_https", "media_url"))
        for each in listed
    )
    links = [_text(each, "url") for each in listed]
    shown = _shown(text, whole.get("display_text_range"), links)
    return _tweet(tweet, shown, user, entities, media)


def _version_2(tweet: Mapping[str, Any], includes: Mapping[str, Any]) -> Tweet:
    note = _mapping(tweet, "note_tweet")
    entities = _mapping(note or tweet, "entities")
    text = string("text", note.get("text")) or string("text", tweet.get("text")) or ""
    attachments = _mapping(tweet, "attachments")
    keys = attachments.get("media_keys")
    if keys is not None and not isinstance(keys, list):
        raise Faulty("`attachments.media_keys` must be a list", received(keys))
    # Flattened pages have the media in the tweet.
    own = _mappings(attachments, "media")
    known = {_text(each, "media_key"): each for each in (*_mappings(includes, "media"), *own)}
    named = [_text(each, "media_key") for each in own] if keys is None else keys
    media = tuple(_media_2(key, known.get(key, {})) for key in named if isinstance(key, str))
    links = [_text(each, "url") for each in _mappings(_mapping(tweet, "entities"), "urls") if "media_key" in each]
    if "entities" not in tweet and not note:
        # Nothing says which link is the one to the tweet's own media; it is the last.
        links += _LAST_LINK.findall(text)
    shown = _shown(text, None if note else tweet.get("display_text_range"), links)
    author = {"id_str": tweet.get("author_id")} if "author_id" in tweet else _mapping(tweet, "author")
    return _tweet(tweet, shown, author, entities, media)


def _original(tweet: Mapping[str, Any], includes: Mapping[str, Any]) -> Mapping[str, Any]:
    for reference in _mappings(tweet, "referenced_tweets"):
        if reference.get("type") == "retweeted":
            if "text" in reference:
                return reference
            for other in _mappings(includes, "tweets"):
                if other.get("id") == reference.get("id") and "text" in other:
                    return other
    return tweet


def _tweet(
    tweet: Mapping[str, Any],
    text: str,
    user: Mapping[str, Any],
    entities: Mapping[str, Any],
    media: tuple[Media, ...],
) -> Tweet:
    tweet_id = _text(tweet, "id_str", "id")
    if not _ID.fullmatch(tweet_id):
        raise Faulty("`id` must be the number of a tweet", received(tweet.get("id_str", tweet.get("id"))))
    tags = (
        [_text(each, "tag", "text") for each in _mappings(entities, "hashtags")]
        if "hashtags" in entities
        else hashtags(text)
    )
    for tag in tags:
        string("hashtags", tag)
    return Tweet(
        id=tweet_id,
        text=text,
        user=_text(user, "id_str", "id") or None,
        time=_time(tweet.get("created_at")),
        tags=tuple(filter(None, tags)),
        language=string("lang", tweet.get("lang")),
        media=media,
        earlier=_earlier(tweet, tweet_id),
    )


def _earlier(tweet: Mapping[str, Any], tweet_id: str) -> tuple[str, ...]:
    """The versions before this one: each edit of a tweet is a tweet of its own, and knows those before it."""
    history = tweet.get("edit_history_tweet_ids")
    if history is None:
        # Version 1.1, and archives: of the first version, and of an edited one.
        about = _mapping(tweet, "edit_history") or _mapping(tweet, "edit_info")
        edit = _mapping(about, "edit")
        places = (about, _mapping(about, "initial"), edit, _mapping(edit, "editControlInitial"))
        found = (place.get(name) for place in places for name in ("edit_tweet_ids", "editTweetIds"))
        history = next((ids for ids in found if ids is not None), [])
    if not isinstance(history, list):
        raise Faulty("the ids of an edited tweet must be a list", received(history))
    ids = [str(each) for each in history]
    return tuple(ids[: ids.index(tweet_id)]) if tweet_id in ids else ()


def _type_1(media: Mapping[str, Any]) -> str:
    kind = _text(media, "type") or PHOTO
    is_still = _STILLS.search(_text(media, "media_url_https", "media_url")) is not None
    return "video" if kind == PHOTO and (is_still or "/video/" in _text(media, "expanded_url")) else kind


def _media_2(key: str, media: Mapping[str, Any]) -> Media:
    kind = _text(media, "type") or (PHOTO if key.startswith(_PHOTO_KEY) else "video")
    return Media(kind, key, key.partition("_")[2], _text(media, "url"))


def _shown(text: str, shown: Any, links: list[str]) -> str:
    """What Twitter shows: without the people answered to and the links to the tweet's own media.

    The range counts characters of the text as it is written, entities of HTML included.
    """
    if isinstance(shown, list) and len(shown) == 2 and all(map(_is_place, shown)):
        start, end = map(int, shown)
        text = text[start:end] if 0 <= start <= end <= len(text) else text.rstrip()
    else:
        text = text.rstrip()
    # The range of an archived tweet has the links in it.
    for link in dict.fromkeys(filter(None, links)):
        if text.rstrip().endswith(link):
            text = text.rstrip().removesuffix(link).rstrip()
    return _unescaped(text)


def _is_place(value: Any) -> bool:
    """A whole number; archives write theirs as text."""
    return type(value) is int or (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 9)


def _unescaped(text: str) -> str:
    """Only what Twitter escapes: a text may well speak of `&copy`."""
    return _ESCAPED.sub(lambda match: _UNESCAPED[match[1]], text)


def _time(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, str):
        for read in (datetime.fromisoformat, lambda text: datetime.strptime(text, _OLD_TIME)):
            try:
                found = read(value)
                return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
            except (ValueError, OverflowError):
                continue
    raise Faulty("`created_at` is no time of Twitter's", received(value))


def _mapping(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = parent.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Faulty(f"`{name}` must be an object", received(value))
    return value


def _mappings(parent: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = parent.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Faulty(f"`{name}` must be a list of objects", received(value))
    return value


def _text(parent: Mapping[str, Any], *names: str) -> str:
    """The first of the fields that is there, a whole number as its digits; an empty string where none is."""
    for name in names:
        value = parent.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if value is not None:
            return string(name, value) or ""
    return ""
