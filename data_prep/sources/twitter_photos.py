"""Where a tweet's photos lie, by the habits of those who publish or download them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from data_prep.sources.post_fields import Faulty
from data_prep.sources.twitter_tweet import PHOTO, Media, Tweet

FOLDERS = ("media", "images")
_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")
_STEM = re.compile(r"[A-Za-z0-9_-]{1,100}")


class Photos:
    """Finds the first photo of a tweet that is there.

    For the photos of a tweet in order, names are tried in this order, in each folder and with each ending:
    `TWEETID-N`, `TWEETID_N` (N counts from 1), `TWEETID-NAME` (as in Twitter's own archives), the medium's key, the
    medium's number, and NAME, the last part of its address; at the end `TWEETID`. A tweet that has media, but no
    photo, has none: the picture of a video is a still that nobody chose. A tweet that names no media at all, as after
    shortening, may have one under its id.

    Args:
        folder: The source's folder.
        names: Folders in it that hold photos.
    """

    def __init__(self, folder: Path, names: Sequence[str] = FOLDERS) -> None:
        self._root = folder.resolve()
        self._folders = [self._root / name for name in names if (self._root / name).is_dir()]

    def first(self, tweet: Tweet) -> Path | None:
        """The path of the photo, links followed.

        Raises:
            Faulty: When it lies outside of the source's folder.
        """
        photos = [medium for medium in tweet.media if medium.type == PHOTO]
        if tweet.media and not photos:
            return None
        for name in dict.fromkeys(_names(tweet.id, photos)):
            for folder in self._folders:
                for ending in _ENDINGS:
                    if (folder / (name + ending)).is_file():
                        return self._inside(folder / (name + ending))
        return None

    def _inside(self, path: Path) -> Path:
        found = path.resolve()
        if not found.is_relative_to(self._root):
            raise Faulty("picture leaves the folder", f"{path.name}, a link to elsewhere")
        return found


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
