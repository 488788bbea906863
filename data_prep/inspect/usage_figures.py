"""Table 1 of hashtag prediction, section 4.1, and the figures beside it: the most common tags, and who gives them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data_prep.users.usage import FILE_NAME, Usage
from kerasmm.data.manifest import Manifest

_ROWS = 10
_DROPPED = {
    "tags/numbers": "tags dropped: numbers",
    "tags/too_frequent": "tags dropped: too frequent",
    "tags/beyond_the_vocabulary": "tags dropped: beyond the vocabulary",
}
_SPAMMERS = "users/of_too_many_tags"


def usage_in(folder: Path, manifest: Manifest) -> Usage | None:
    """What a data set says of its users and tags; None where its users were not counted."""
    return Usage.read(folder / FILE_NAME) if any(file.name == FILE_NAME for file in manifest.files) else None


def usage_summary(manifest: Manifest, usage: Usage | None) -> dict[str, Any] | None:
    """The figures with stable keys."""
    if usage is None:
        return None
    rows = [{"tag": tag, "posts": posts, "users": users} for tag, posts, users in usage.most_common(_ROWS)]
    noted = {name: figure for name, figure in manifest.statistics.items() if name.startswith(("tags/", "users/"))}
    return {
        "users": usage.users,
        "tags_per_post": round(manifest.statistics.get("tags_per_post", 0.0), 2),
        **{name.replace("/", "_"): int(figure) for name, figure in noted.items()},
        "most_common": rows,
    }


def usage_lines(manifest: Manifest, usage: Usage) -> Iterator[str]:
    """The figures for people."""
    statistics = manifest.statistics
    yield f"{'users of the training split':<42} {usage.users:>12,}"
    yield f"{'tags a post, mean over all splits':<42} {statistics.get('tags_per_post', 0.0):>12.2f}"
    if _SPAMMERS in statistics:
        yield f"{'users left out for too many tags a post':<42} {int(statistics[_SPAMMERS]):>12,}"
    for name, said in _DROPPED.items():
        if name in statistics:
            uses = int(statistics.get(f"{name}/uses", 0))
            yield f"{said:<42} {int(statistics[name]):>12,}, given {uses:,} times"
    yield ""
    yield f"{'most common tags of the training split':<42} {'posts':>12} {'users':>12}"
    for tag, posts, users in usage.most_common(_ROWS):
        yield f"  {tag:<40} {posts:>12,} {users:>12,}"
