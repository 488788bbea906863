"""An archive of X, which everybody can ask for of their own account: its tweets, and whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data_prep.sources.json_records import assigned_records
from kerasmm.console import UserError

FOLDER = "data"
MEDIA = ("data/tweets_media", "data/tweet_media")
_TWEETS = re.compile(r"tweets?(?:-part(?P<part>[0-9]{1,6}))?\.js")
_ACCOUNT = "account.js"
_PREFIX = re.compile(r"\s*window\.YTD\.[a-z_]{1,40}\.part[0-9]{1,6}\s*=\s*")


def tweet_files(archive: Path) -> list[Path]:
    """The files with tweets, in order: `data/tweets.js` and its parts; `tweet.js` in older archives."""
    folder = archive / FOLDER
    if not folder.is_dir():
        return []
    found = {path: match for path in folder.iterdir() if (match := _TWEETS.fullmatch(path.name)) and path.is_file()}
    return sorted(found, key=lambda path: (int(found[path]["part"] or 0), path.name))


def archived_tweets(path: Path) -> Iterator[tuple[str, Any]]:
    """Each tweet of a file, with where it stands: `window.YTD.tweets.part0 = [{"tweet": {…}}, …]`."""
    for number, item in enumerate(assigned_records(path, _PREFIX, "window.YTD.tweets.part0 = [{…}, …]"), 1):
        content = item.get("tweet", item) if isinstance(item, dict) else item
        yield f"{path.name}:{number}", content


def account_file(archive: Path) -> Path:
    """Where an archive says whose it is."""
    return archive / FOLDER / _ACCOUNT


def account_of(path: Path) -> str:
    """The number of the account, as `data/account.js` has it.

    Raises:
        UserError: When the file has no account.
    """
    for item in assigned_records(path, _PREFIX, "window.YTD.account.part0 = [{…}]"):
        account = item.get("account") if isinstance(item, dict) else None
        number = account.get("accountId") if isinstance(account, dict) else None
        if isinstance(number, str) and number.isascii() and number.isdigit():
            return number
    raise UserError(f'{path}: expected window.YTD.account.part0 = [{{"account": {{"accountId": "…"}}}}]')
