"""Drafts and rejects: what sources yield and what travels between the passes, as JSON lines."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from kerasmm.data.post import Post

SPLITS = ("train", "validation", "test")

_LISTS = ("sentences", "tags", "labels", "links", "sentence_tags", "keywords")
_CARRIED = ("id", "text", "user", "time", *_LISTS)


@dataclasses.dataclass(frozen=True)
class Draft:
    """A post on its way through data preparation: without pixels, so that it stays small wherever it travels.

    Args:
        post: The post so far, without `image` and `features`.
        picture: Path of the picture file.
        split: `"train"`, `"validation"` or `"test"` as the publisher says.
        group: Posts of one group never stand on both sides of a random split, e.g. the acts on one film.
        digest: Content hash of the picture, set by cleaning.
        language: Code of the text's language as the publisher says.
        animated: True where the picture has more frames than the first, set by cleaning.

    Raises:
        ValueError: For an unknown split, or a post that carries pixels or features.

    Example:

    >>> draft = Draft(Post(id="7", tags=("snow",)), picture="7.jpg", split="train")
    >>> Draft.from_json(draft.to_json()) == draft
    True
    """

    post: Post
    picture: str | None = None
    split: str | None = None
    group: str | None = None
    digest: str | None = None
    language: str | None = None
    animated: bool | None = None

    def __post_init__(self) -> None:
        if self.split is not None and self.split not in SPLITS:
            raise ValueError(f"`split` must be one of {SPLITS} or None. Received: split={self.split!r}")
        if self.post.image is not None or self.post.features is not None:
            raise ValueError(f"`post` of a draft must not carry `image` or `features`. Received: post {self.post.id!r}")

    def with_post(self, **fields: Any) -> Draft:
        """A copy whose post has other values in some fields."""
        return dataclasses.replace(self, post=dataclasses.replace(self.post, **fields))

    def to_json(self) -> str:
        """One line of JSON; absent fields are left out."""
        post = {name: getattr(self.post, name) for name in _CARRIED}
        own = {name: getattr(self, name) for name in ("picture", "split", "group", "digest", "language", "animated")}
        content = {"post": {name: value for name, value in post.items() if value not in (None, ())}}
        return json.dumps(content | {name: value for name, value in own.items() if value is not None})

    @classmethod
    def from_json(cls, line: str | bytes) -> Draft:
        """Reads what `to_json` wrote."""
        content: dict[str, Any] = json.loads(line)
        post: dict[str, Any] = content.pop("post")
        post.update({name: tuple(post[name]) for name in _LISTS if name in post})
        return cls(post=Post(**post), **content)


@dataclasses.dataclass(frozen=True)
class Reject:
    """A post or input line that is not taken: one line of `rejects.jsonl`.

    Args:
        where: The post's id, or `file:line` where there is no post yet.
        step: The step that refused it: `"source"`, `"image"`, `"text"`, `"duplicates"`, `"vocabulary"`, `"needs"` …
        reason: Short and countable: `"truncated picture"`, `"not valid JSON"`, `"no tag in the vocabulary"`.
        detail: What this one looked like, in free text.
        bad: True for bad input, which counts towards the tolerated share; False for what is dropped by choice.
    """

    where: str
    step: str
    reason: str
    detail: str = ""
    bad: bool = True

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, line: str | bytes) -> Reject:
        """Reads what `to_json` wrote."""
        return cls(**json.loads(line))
