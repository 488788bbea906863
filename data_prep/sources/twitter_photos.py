"""Where a tweet's photos lie, by the habits of those who publish or download them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from data_prep.sources.places import ENDINGS, on_disk
from data_prep.sources.twitter_tweet import PHOTO, Media, Tweet

FOLDERS = ("media", "images")
_STEM = re.compile(r"[A-Za-z0-9_-]{1,100}")


class Photos:
    """Finds the first photo of a tweet that is there.

    For the photos of a tweet in order, names are tried in this order, in each folder and with each ending:
    `TWEETID-N`, `TWEETID_N` (N counts from 1), `TWEETID-NAME` (as in Twitter's own archives), the medium's key, the
    medium's number, and NAME, the last part of its address; at the end `TWEETID`. A tweet that has media, but no
    photo, has none: the picture of a video is a still that nobody chose. A tweet that names no media at all, as after
    shortening, may have one under its id.

    Args:
        folders: Those that hold photos.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    def first(self, tweet: Tweet) -> Path | None:
        """The path of the photo."""
        photos = [medium for medium in tweet.media if medium.type == PHOTO]
        if tweet.media and not photos:
            return None
        for name in dict.fromkeys(_names(tweet.id, photos)):
            for folder in self._folders:
                for ending in ENDINGS:
                    if found := on_disk(folder / (name + ending)):
                        return found
        return None


def _names(tweet_id: str, photos: list[Media]) -> Iterator[str]:
    for number, photo in enumerate(photos, 1):
        # Addresses come as `…/media/NAME.jpg:large` and `…/media/NAME?format=jpg`, keys as anything a file says.
        name = _STEM.match(photo.url.rpartition("/")[2])
        yield f"{tweet_id}-{number}"
        yield f"{tweet_id}_{number}"
        if name:
            yield f"{tweet_id}-{name[0]}"
        yield from (word for word in (photo.key, photo.number) if _STEM.fullmatch(word))
        if name:
            yield name[0]
    if not photos:
        yield f"{tweet_id}-1"
        yield f"{tweet_id}_1"
    yield tweet_id
