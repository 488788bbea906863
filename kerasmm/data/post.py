"""A Post: the one record that every source yields, every data set holds and every system reads."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

MAX_LINKS = 50
"""Links that one post may hold (DMAN, section 4.1)."""

FEATURES_DTYPE = np.dtype("<f2")
"""Stored image features: raw little-endian float16."""


@dataclasses.dataclass(frozen=True)
class Post:
    """One social-media post. A field that the author or publisher didn't give is `None` or empty, never faked.

    Args:
        id: Unique in the data set.
        image: JPEG or PNG bytes, validated and decodable.
        features: Image features in float16; their shape stands in the manifest.
        text: The post's own words: tweet, caption, or title and description.
        sentences: Clean human descriptions (COCO, Flickr).
        tags: What the author tagged.
        labels: Classes or connotations, given or weakly extracted.
        user: Author id.
        time: Unix seconds.
        links: Ids of linked posts, at most `MAX_LINKS`.
        sentence_tags: Pseudo-tags of each of the `sentences` (the lemmas of its nouns and verbs), joined by spaces;
            empty where a sentence has none.
        keywords: Keywords of a clean data set that the tags of a web post match, most frequent there first.

    Raises:
        ValueError: For an empty id, more than `MAX_LINKS` links, or `sentence_tags` that don't go with the `sentences`.

    Example:

    >>> Post(id="7", text="First snow", tags=("snow", "dog")).tags
    ('snow', 'dog')
    """

    id: str
    image: bytes | None = None
    features: np.ndarray | None = None
    text: str | None = None
    sentences: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    user: str | None = None
    time: int | None = None
    links: tuple[str, ...] = ()
    sentence_tags: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("`id` must not be empty.")
        if len(self.links) > MAX_LINKS:
            raise ValueError(
                f"`links` holds at most {MAX_LINKS} ids. Received: {len(self.links)} links of post {self.id!r}"
            )
        if self.sentence_tags and len(self.sentence_tags) != len(self.sentences):
            raise ValueError(
                "`sentence_tags` must be as many as `sentences`. "
                f"Received: {len(self.sentence_tags)} for {len(self.sentences)} sentences of post {self.id!r}"
            )

    def fields(self) -> frozenset[str]:
        """Names of the `tf.train.Example` features that this post has."""
        return frozenset(name for name, value in self._features().items() if value)

    def _features(self) -> dict[str, list[bytes] | list[int]]:
        strings = {name: getattr(self, name) for name in ("sentences", "tags", "labels", "links", "keywords")}
        strings["sentences/tags"] = self.sentence_tags
        values: dict[str, list[bytes] | list[int]] = {name: [s.encode() for s in v] for name, v in strings.items()}
        values["post/id"] = [self.id.encode()]
        values["image/encoded"] = [] if self.image is None else [self.image]
        values["image/features"] = [] if self.features is None else [self.features.astype(FEATURES_DTYPE).tobytes()]
        values["text"] = [] if self.text is None else [self.text.encode()]
        values["user"] = [] if self.user is None else [self.user.encode()]
        values["time"] = [] if self.time is None else [self.time]
        return values

    def to_bytes(self) -> bytes:
        """The post as a serialized `tf.train.Example`. Absent fields are left out."""
        import tensorflow as tf

        def feature(values: list[bytes] | list[int]) -> tf.train.Feature:
            if isinstance(values[0], int):
                return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))

        present = {name: feature(values) for name, values in self._features().items() if values}
        # Deterministic: equal posts give equal bytes, so equal builds give equal shard digests.
        return tf.train.Example(features=tf.train.Features(feature=present)).SerializeToString(deterministic=True)

    @classmethod
    def from_bytes(cls, record: bytes, features_shape: tuple[int, ...] | None = None) -> Post:
        """Reads what `to_bytes` wrote. Without `features_shape`, stored features come back flat."""
        import tensorflow as tf

        feature = tf.train.Example.FromString(record).features.feature

        def strings(name: str) -> tuple[str, ...]:
            return tuple(value.decode() for value in feature[name].bytes_list.value) if name in feature else ()

        def first(name: str) -> bytes | None:
            return feature[name].bytes_list.value[0] if name in feature else None

        raw, text, user = first("image/features"), strings("text"), strings("user")
        return cls(
            id=strings("post/id")[0],
            image=first("image/encoded"),
            features=None if raw is None else np.frombuffer(raw, FEATURES_DTYPE).reshape(features_shape or (-1,)),
            text=text[0] if text else None,
            sentences=strings("sentences"),
            tags=strings("tags"),
            labels=strings("labels"),
            user=user[0] if user else None,
            time=feature["time"].int64_list.value[0] if "time" in feature else None,
            links=strings("links"),
            sentence_tags=strings("sentences/tags"),
            keywords=strings("keywords"),
        )
