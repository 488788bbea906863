"""A Post: the one record that every source yields, every data set holds and every system reads."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

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
        """Reads what `to_bytes` wrote. Without `features_shape`, stored features come back flat.

        Raises:
            ValueError: When the record is no such post: damaged, without an id, a field of another type, not UTF-8, with
                several values where there is one, or features of another shape or that are no numbers.
        """
        fields = _Fields(record)
        return cls(
            id=fields.text("post/id") or "",
            image=fields.one("image/encoded"),
            features=fields.features(features_shape),
            text=fields.text("text"),
            sentences=fields.texts("sentences"),
            tags=fields.texts("tags"),
            labels=fields.texts("labels"),
            user=fields.text("user"),
            time=fields.one("time", "int64_list"),
            links=fields.texts("links"),
            sentence_tags=fields.texts("sentences/tags"),
            keywords=fields.texts("keywords"),
        )


_ONE = ("post/id", "image/encoded", "image/features", "text", "user")
_SEVERAL = ("sentences", "sentences/tags", "tags", "labels", "links", "keywords")


class _Fields:
    """The features of a serialized `tf.train.Example`, each of the type that it should have."""

    def __init__(self, record: bytes) -> None:
        import tensorflow as tf
        from google.protobuf.message import DecodeError

        try:
            example = tf.train.Example.FromString(record)
            example.DiscardUnknownFields()
            if example.SerializeToString(deterministic=True) != record:
                # Not as `to_bytes` writes it: TensorFlow's parser of batches, which has its own mind of odd bytes, must take it
                # too.
                spec: dict[str, Any] = {name: tf.io.FixedLenFeature((), tf.string, "") for name in _ONE}
                spec |= {name: tf.io.RaggedFeature(tf.string) for name in _SEVERAL}
                with tf.init_scope():
                    tf.io.parse_example([record], {**spec, "time": tf.io.FixedLenFeature((), tf.int64, 0)})
        except (DecodeError, tf.errors.InvalidArgumentError) as error:
            raise ValueError("is no serialized `tf.train.Example` of a post") from error
        self._fields = example.features.feature

    def values(self, name: str, kind: str = "bytes_list") -> Any:
        if name not in self._fields:
            return ()
        held = self._fields[name].WhichOneof("kind")
        if held not in (None, kind):
            raise ValueError(f"`{name}` is a {held}; expected a {kind}")
        return getattr(self._fields[name], kind).value

    def one(self, name: str, kind: str = "bytes_list") -> Any:
        values = self.values(name, kind)
        if len(values) > 1 or (name in self._fields and not values):
            raise ValueError(f"`{name}` holds {len(values)} values; expected one")
        return values[0] if values else None

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(_decoded(name, value) for value in self.values(name))

    def text(self, name: str) -> str | None:
        value = self.one(name)
        return None if value is None else _decoded(name, value)

    def features(self, shape: tuple[int, ...] | None) -> np.ndarray | None:
        name = "image/features"
        value = self.one(name)
        if value is None:
            return None
        if len(value) % FEATURES_DTYPE.itemsize or (
            shape is not None and len(value) != FEATURES_DTYPE.itemsize * math.prod(shape)
        ):
            raise ValueError(f"`{name}` holds {len(value)} bytes; expected float16 of shape {shape or '(n,)'}")
        numbers = np.frombuffer(value, FEATURES_DTYPE).reshape(shape or (-1,))
        if not np.isfinite(numbers).all():
            raise ValueError(f"`{name}` holds a value that is infinite or no number")
        return numbers


def _decoded(name: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"`{name}` is not UTF-8") from error
