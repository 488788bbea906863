"""A data set on disk: the manifest, the vocabularies and the records of each split, checked as they are opened."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerasmm.console import UserError, note
from kerasmm.data.manifest import FILE_NAME, Manifest, check_file, read_manifest, sha256_of
from kerasmm.data.post import Post
from kerasmm.data.records import Records
from kerasmm.files.json_file import shortened
from kerasmm.files.reading import is_regular, read_text

if TYPE_CHECKING:
    import tensorflow as tf


class Dataset:
    """Reads what `python -m data_prep build` wrote.

    Args:
        folder: The data set's folder.

    Raises:
        UserError: When the manifest can't be honoured, or a file is missing or damaged; the message names it.

    Example:

    >>> dataset = open_dataset("data/shapes")  # doctest: +SKIP
    >>> dataset.vocabulary("tags")[:2], len(dataset.records("train"))  # doctest: +SKIP
    (['circle', 'red'], 2160)
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.manifest: Manifest = read_manifest(self.folder)
        self._records: dict[str, Records] = {}
        self._vocabularies: dict[str, list[str]] = {}

    def __repr__(self) -> str:
        return f"Dataset({str(self.folder)!r})"

    def vocabulary(self, name: str) -> list[str]:
        """The words of a vocabulary, most frequent first.

        Raises:
            UserError: When the data set has no such vocabulary, or its file is damaged.
        """
        if name not in self._vocabularies:
            if name not in self.manifest.vocabularies:
                have = ", ".join(self.manifest.vocabularies) or "none"
                raise UserError(f"{self.folder / FILE_NAME}: has no vocabulary of {name!r} (it has: {have})")
            stored = self.manifest.vocabularies[name]
            path = self.folder / stored.name
            check_file(self.folder, stored, sha256_of(path) if is_regular(path) else None)
            # Not `splitlines`, which also splits at characters that a word may hold.
            words = read_text(path, what="vocabulary").removesuffix("\n").split("\n") if stored.size else []
            if len(words) != stored.size:
                raise UserError(
                    f"{path}: has {len(words)} words, {FILE_NAME} says {stored.size}; build the data set again"
                )
            check_words(words, str(path))
            self._vocabularies[name] = words
        return self._vocabularies[name]

    def records(self, split: str) -> Records:
        """The records of a split; shards are checked the first time, and records that are no posts left out with a notice.

        Raises:
            UserError: For an unknown or empty split, or a missing or damaged shard.
        """
        if split not in self._records:
            if not self.manifest.records(split):
                have = ", ".join(f"{name} ({self.manifest.records(name)})" for name in self.manifest.splits)
                raise UserError(f"{self.folder / FILE_NAME}: split {split!r} has no posts (it has: {have})")
            shape = self.manifest.features.shape if self.manifest.features else None
            found = Records(self.folder, self.manifest.splits[split], features_shape=shape)
            if found.left_out:
                note(
                    f"{self.folder}: split {split!r} goes without {found.left_out} of its records: {found.why_left_out}"
                )
            self._records[split] = found
        return self._records[split]

    def posts(self, split: str) -> Iterator[Post]:
        """The posts of a split, one at a time.

        Raises:
            UserError: For an unknown or empty split, or a missing or damaged shard.

        Example:

        >>> for post in dataset.posts("train"):  # doctest: +SKIP
        ...     print(post.id, post.text, post.tags)
        """
        records = self.records(split)
        shape = records.features_shape
        for row in range(len(records)):
            yield Post.from_bytes(records.read(np.array([row]))[0], shape)

    def examples(
        self,
        split: str = "train",
        fields: Sequence[str] | None = None,
        *,
        image_size: tuple[int, int] | None = None,
        resize: str = "squash",
        batch_size: int = 32,
        shuffle: bool = False,
        seed: int = 0,
        drop_remainder: bool = False,
    ) -> tf.data.Dataset:
        """Batches of a split, for one's own model and loop.

        With n posts a batch, V words of a vocabulary:

        | field | tensor |
        |---|---|
        | `id`, `text`, `user` | `(n,)` strings, `""` where a post has none |
        | `time` | `(n,)` int64, Unix seconds, 0 where unknown |
        | `image` | `(n, height, width, 3)` float32 in 0 … 255, and `has_image` `(n,)`, False where it is grey for want of one |
        | `features` | `(n, *shape)` float32 as stored, zeros where a post has none |
        | `tags`, `labels`, `keywords` | `(n, V)` float32 of zeros and ones, by `vocabulary` of that name |
        | `sentences`, `links` | ragged `(n, None)` strings |

        In memory are a few batches and 8 bytes a post. The order is that of the files; with `shuffle`, the e-th time that
        the batches are gone through, it is `numpy.random.default_rng([seed, e]).permutation(posts)`, e from 0 on. The
        same seed gives the same batches.

        Args:
            split: `train`, `validation` or `test`.
            fields: Which fields. None: of `id`, `text`, `tags` and `labels` those that the split has, and the picture:
                `image` where `image_size` is given, else `features` where there are any.
            image_size: Height and width that `image` is decoded to.
            resize: `"squash"` fills the size and changes the aspect ratio; `"crop"` keeps it and cuts the centre.
            batch_size: n; the last batch is smaller where n doesn't divide the posts.
            shuffle: A new order each time.
            seed: Seeds the orders.
            drop_remainder: Leave the smaller last batch out.

        Returns:
            A data set of mappings from field to tensor.

        Raises:
            UserError: For an unknown or empty split, an unknown field (with the nearest known one) or one that no post
                of the split has, a value out of range, or a missing or damaged file.

        Example:

        >>> import keras
        >>> batches = dataset.examples("train", ["image", "labels"], image_size=(32, 32), shuffle=True)
        >>> labels = len(dataset.vocabulary("labels"))
        >>> layers = [keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(labels, "sigmoid")]
        >>> model = keras.Sequential(layers)
        >>> model.compile("adam", "binary_crossentropy")
        >>> history = model.fit(batches.map(lambda batch: (batch["image"], batch["labels"])), epochs=2, verbose=0)
        """
        from kerasmm.data.examples import examples

        return examples(
            self,
            split,
            fields,
            image_size=image_size,
            resize=resize,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            drop_remainder=drop_remainder,
        )

    def require(self, fields: Iterable[str], split: str = "train") -> None:
        """Refuses a data set in which no post of `split` has one of the `fields`; the error names the field."""
        hints = {
            "links": "; posts that share a label are linked, so give posts `labels` or `links` and build again, or with `--labels-from-tags N`"
        }
        if self.manifest.fields.get(split, {}).get("text"):
            hints["sentences"] = (
                "; its posts have texts: build it with `--set annotate.sentences=from_text` to take them"
            )
        counts = self.manifest.fields.get(split, {})
        for field in fields:
            if not counts.get(field):
                raise UserError(
                    f"{self.folder / FILE_NAME}: no post of split {split!r} has the field {field!r}, which this model needs"
                    + hints.get(field, "")
                )


def open_dataset(folder: str | Path) -> Dataset:
    """Opens a data set; see `Dataset`."""
    return Dataset(folder)


def check_words(words: Sequence[str], where: str) -> None:
    """Refuses words of a vocabulary that stand there twice: each has one id.

    Raises:
        UserError: Which names the word.
    """
    first: dict[str, int] = {}
    for number, word in enumerate(words, 1):
        if first.setdefault(word, number) != number:
            raise UserError(f"{where}: word {number} is {shortened(repr(word))}, as word {first[word]} is")
        if "\0" in word:
            raise UserError(f"{where}: word {number} holds a zero byte")


def vocabulary_digest(words: Iterable[str]) -> str:
    """SHA-256 of a vocabulary: tells whether a model and a data set mean the same words by the same ids."""
    return hashlib.sha256("\n".join(words).encode()).hexdigest()
