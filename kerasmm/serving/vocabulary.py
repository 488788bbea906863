"""Words to ids and ids to words inside the SavedModel, from a plain text asset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from kerasmm.text import normalise, single_spaced


class VocabularyTable(tf.Module):
    """Looks words up; -1 where unknown.

    A word is looked up as it stands but for its white space, then as data preparation spells it (`kerasmm.text.normalise`),
    then so without its `#`, as the command line does: " Dog", "ＤＯＧ", "#dog" and "dog" are one word. Of names that isn't
    so: "ANN" and "ann" are two users.

    Args:
        words: In the order of their ids.
        path: Where the asset is written, one word a line; the file must stay until the SavedModel is saved.

    Raises:
        ValueError: For a word twice, an empty word, or one that holds a line break.

    Example:

    >>> table = VocabularyTable(["snow", "dog"], Path("/tmp/tags.txt"))  # doctest: +SKIP
    >>> table.lookup(tf.constant([" Dog", "cat"])).numpy().tolist()  # doctest: +SKIP
    [1, -1]
    """

    def __init__(self, words: Sequence[str], path: Path) -> None:
        super().__init__(name=path.stem)
        if len(set(words)) != len(words):
            twice = next(word for place, word in enumerate(words) if word in words[:place])
            raise ValueError(f"`words` of {path.stem!r} must be different. Received: {twice!r} twice")
        for word in words:
            if not word or "\n" in word or "\r" in word:
                raise ValueError(f"`words` of {path.stem!r} must be not empty and of one line. Received: {word!r}")
        # Bytes, because text mode would end lines in \r\n on some systems.
        path.write_bytes("".join(f"{word}\n" for word in words).encode())
        if not words:
            # A table refuses an empty file; the asset still says that there are no words.
            self.table, self.asset = None, tf.saved_model.Asset(str(path))
            return
        whole_line, line_number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
        lines = tf.lookup.TextFileInitializer(str(path), tf.string, whole_line, tf.int64, line_number)
        self.table = tf.lookup.StaticHashTable(lines, -1)

    def lookup(self, words: tf.Tensor, as_written: bool = False) -> tf.Tensor:
        """Words of any shape → int64 ids of the same shape; `as_written` knows no other spelling."""
        if self.table is None:
            return tf.fill(tf.shape(words), tf.constant(-1, tf.int64))
        if as_written:
            return self.table.lookup(words)
        plain = normalise(words)
        ids = self.table.lookup(tf.strings.regex_replace(plain, "^#+", ""))
        # What is nearer to the word as it was given wins.
        for spelled in (plain, single_spaced(words)):
            found = self.table.lookup(spelled)
            ids = tf.where(found >= 0, found, ids)
        return ids


class WordTable(tf.Module):
    """The words of a vocabulary by their ids; "" for an id that there is not.

    Args:
        path: An asset that `VocabularyTable` wrote, of one word at least; it must stay until the SavedModel is saved.

    Example:

    >>> VocabularyTable(["snow", "dog"], Path("/tmp/tags.txt"))  # doctest: +SKIP
    >>> WordTable(Path("/tmp/tags.txt")).lookup(tf.constant([1, 0, 2])).numpy().tolist()  # doctest: +SKIP
    [b'dog', b'snow', b'']
    """

    def __init__(self, path: Path) -> None:
        super().__init__(name=f"{path.stem}_words")
        whole_line, line_number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
        lines = tf.lookup.TextFileInitializer(str(path), tf.int64, line_number, tf.string, whole_line)
        self.table = tf.lookup.StaticHashTable(lines, "")

    def lookup(self, ids: tf.Tensor) -> tf.Tensor:
        """Integer ids of any shape → words of the same shape."""
        return self.table.lookup(tf.cast(ids, tf.int64))
