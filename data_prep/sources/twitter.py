"""Tweets as Twitter's interfaces give them (API 1.1 and 2), beside a folder of their photos."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from data_prep.draft import Draft, Reject
from data_prep.sources.grouping import Seen
from data_prep.sources.json_line import is_spread, parsed
from data_prep.sources.lines import Line, lines
from data_prep.sources.post_fields import Faulty
from data_prep.sources.source import Source
from data_prep.sources.twitter_archive import MEDIA, account_file, account_of, archived_tweets, tweet_files
from data_prep.sources.twitter_photos import FOLDERS, Photos
from data_prep.sources.twitter_tweet import read_tweet, tweets
from kerasmm.console import UserError
from kerasmm.data.post import Post

MAX_PAGE_BYTES = 1 << 24
"""A page of version 2 has up to 500 tweets."""

_ENDINGS = (".jsonl", ".ndjson", ".json")
# What a stream of version 1.1 says between the tweets, and a page of version 2 that has none.
_NOTICES = {
    "delete", "scrub_geo", "limit", "status_withheld", "user_withheld", "disconnect", "warning", "event", "meta",
    "errors", "includes", "__twarc", "title", "detail", "type", "status",
}  # fmt: skip
# Two versions and more; that a tweet is its own only one, nearly all say.
_EDITED = re.compile(r'"(?:edit_history_tweet_ids|edit_tweet_ids|editTweetIds)"\s*:\s*\[[^\],]*,')


class Twitter(Source):
    """One post a tweet; the id is the tweet's, the user the author's id, the tags are the hashtags. No labels.

    Every line of every file is a tweet of version 1.1 or 2, or a page of them: `{"data": …, "includes": …}` as version
    2 answers, `{"statuses": […]}` as 1.1 does, or a list. Which version it is, each tweet tells. Files are read in the
    order of their names.

    The text is the whole one (`extended_tweet`, `full_text`, `note_tweet`) as Twitter shows it: `display_text_range`
    cuts the link to the tweet's own photo and the names of those who are answered to; without it, that link is cut
    where it ends the text. A retweet is the tweet that it shares: its id, author, text and photo. Where a page of
    version 2 does not include that, the retweet stays as it is, beginning with `RT @name:`; pruning folds those. A
    quoted tweet is none of the quoting one's.

    The unit `archive` reads the archive that X gives everybody of their own account: `data/tweets.js` and its parts, the
    photos of `data/tweets_media/`, the user from `data/account.js`, and no other file of it. An archive is recognised
    where no file of the interfaces lies beside its `data/`.

    Of an edited tweet the last version that is there is taken. Of a tweet that is there more than once, the first with a
    photo is taken; see `Photos` for where photos lie.

    The defaults are those of CMEM, section 4.1.1: posts with photo and text, without junk, in English, each text once.
    """

    name: ClassVar[str] = "twitter"
    summary: ClassVar[str] = (
        "tweets as Twitter's API 1.1 or 2 gives them, one tweet or page a line, beside their photos"
    )
    layout: ClassVar[str] = (
        "any *.jsonl, *.ndjson or *.json (or with .gz behind) with a tweet or a page of tweets a line, and the photos as "
        f"{' or '.join(f'{name}/' for name in FOLDERS)}TWEETID.jpg, TWEETID-N.jpg, MEDIAKEY.jpg, MEDIAID.jpg, or by the "
        "last part of the photo's address; or an archive of X with data/tweets.js, data/account.js and data/tweets_media/"
    )
    defaults: ClassVar[dict[str, Any]] = {
        "needs": ["image", "text"],
        "prune": {"words": 1, "junk": True, "language": "en", "near_duplicates": 0.8, "fold_retweets": True},
        "split": {"method": "random", "test": 0.2, "validation": 0.1},
    }
    units: ClassVar[tuple[str, ...]] = ("api", "archive")

    def open(self) -> None:
        super().open()
        self.files = sorted(self.own(path) for path in self.folder.iterdir() if _is_read(path))
        self.archived = list(map(self.own, tweet_files(self.folder)))
        if self.archived and not self.files:
            self.unit = "archive"
        self.account = None
        if self.unit == "archive":
            if not self.archived:
                raise self.missing("data/tweets.js", "data/tweet.js")
            self.account = account_of(self.own(account)) if (account := account_file(self.folder)).is_file() else None
            return
        if not self.files:
            raise self.missing(*(f"*{ending}" for ending in _ENDINGS))
        if not self.photo_places(*FOLDERS):
            raise self.missing(*(f"{name}/" for name in FOLDERS))

    def posts(self) -> Iterator[Draft | Reject]:
        photos, found = Photos(self.photo_places(*(MEDIA if self.unit == "archive" else FOLDERS))), False
        with Seen(self.scratch) as seen, Seen(self.scratch) as edited:
            for where, content, includes in self._contents(_EDITED):
                with suppress(Faulty):
                    for earlier in read_tweet(content, includes).earlier:
                        edited.before(earlier, where)
            for where, content, includes in self._contents():
                found = True
                if isinstance(content, Reject):
                    yield content
                else:
                    yield self._draft(where, content, includes, photos, seen, edited)
        if not found:
            raise UserError(f"{self.folder}: holds no tweet; source {self.name} expects {self.layout}")

    def _contents(self, having: re.Pattern[str] | None = None) -> Iterator[tuple[str, Any, Any]]:
        """Each tweet as it stands, with where that is and what its page includes; a reject for what is none.

        Args:
            having: Only of lines in which it is found.
        """
        if self.unit == "archive":
            for path in self.archived:
                yield from ((where, content, {}) for where, content in archived_tweets(path))
            return
        for path in self.files:
            if is_spread(lines(path, longest=MAX_PAGE_BYTES)):
                if having is None:
                    reason = "JSON over several lines; expected one tweet or page a line"
                    yield path.name, self.reject(path.name, reason), {}
                continue
            for line in lines(path, longest=MAX_PAGE_BYTES):
                if (line.fault or line.text.strip()) and (having is None or having.search(line.text)):
                    yield from self._of_line(f"{path.name}:{line.number}", line)

    def _of_line(self, where: str, line: Line) -> Iterator[tuple[str, Any, Any]]:
        try:
            if line.fault:
                raise Faulty(line.fault)
            content = parsed(line.text)
            if isinstance(content, dict) and _is_notice(content):
                notice = self.reject(where, "a notice, no tweet", f"has the keys {', '.join(content)}", bad=False)
                yield where, notice, {}
                return
            # Nothing of a page that is no page comes before its fault.
            yield from [(where, each, includes) for each, includes in tweets(content)]
        except Faulty as fault:
            yield where, self.reject(where, fault.reason, fault.detail), {}

    def _draft(
        self, where: str, content: Any, includes: Any, photos: Photos, seen: Seen, edited: Seen
    ) -> Draft | Reject:
        try:
            tweet = read_tweet(content, includes)
            picture = photos.first(tweet)
        except Faulty as fault:
            return self.reject(where, fault.reason, fault.detail)
        if edited.has(tweet.id):
            return Reject(tweet.id, "duplicates", "earlier version of an edited tweet", where, bad=False)
        # One without a photo is no reason to leave out the one with it.
        if earlier := seen.before(tweet.id if picture else f"no photo {tweet.id}", where):
            seen_before = "tweet or retweet of one that was there before"
            return Reject(tweet.id, "duplicates", seen_before, f"{where}, and at {earlier} already", bad=False)
        user = tweet.user or self.account
        post = Post(id=tweet.id, text=tweet.text or None, tags=tweet.tags, user=user, time=tweet.time)
        return Draft(post, picture=None if picture is None else str(picture), language=tweet.language)


def _is_notice(content: Mapping[str, Any]) -> bool:
    """Also a page of version 2 that has no tweet, e.g. since all that were asked for are deleted."""
    return set(content) <= _NOTICES


def _is_read(path: Path) -> bool:
    name = path.name.lower().removesuffix(".gz")
    return name.endswith(_ENDINGS) and not name.startswith(".") and path.is_file()
