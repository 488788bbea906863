"""The words of webly: vocabularies of sentences and of tags, and the tags' word vectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from kerasmm.console import UserError, progress
from kerasmm.data import batches
from kerasmm.data.dataset import Dataset
from kerasmm.data.sentences import Sentences, sentence_batches
from kerasmm.text import END, read_word_vectors, split_words, train_word_vectors, word_ids

if TYPE_CHECKING:
    from kerasmm.data.records import Records
    from kerasmm.systems.webly.config import Text

_READ = 256


WEB_FIELDS = ("tags", "keywords")


def joined_tags(parsed: dict[str, tf.Tensor]) -> tf.Tensor:
    """The tags of web posts as one text each.

    With the keywords that they match: those are lemmas, as the pseudo-tags of the clean sentences are, while a tag may
    be any form of its word.
    """
    return tf.strings.reduce_join(tf.concat([parsed[field] for field in WEB_FIELDS], axis=1), axis=1, separator=" ")


def vocabularies(config: Text, clean: Dataset, web: Dataset | None) -> dict[str, list[str]]:
    """Words of sentences and words of tags in training, most frequent first, equal counts in alphabetical order.

    Raises:
        UserError: When no word is left.
    """
    words, tags = Counter[str](), Counter[str]()
    for texts, pseudo_tags in _sentences(clean):
        words.update(word for text in texts for word in text)
        tags.update(word for text in pseudo_tags for word in text)
    for text in _web_tags(web):
        tags.update(text)
    kept = _kept(words, config.minimum)
    if not kept:
        raise UserError(f"text.minimum: no word of {clean.folder} is {config.minimum} times in its training sentences")
    found = _kept(tags, config.tag_minimum)
    if config.vectors:
        there = read_word_vectors(Path(config.vectors), found)[1]
        found = [word for word, known in zip(found, there, strict=True) if known]
        if tags and not found:
            raise UserError(f"{config.vectors}: has none of the words of the tags")
    return {"words": kept, "tags": found}


def tag_dimension(config: Text) -> int:
    """Dimension of the tags' word vectors: the file's, or what is trained."""
    return read_word_vectors(Path(config.vectors), [])[0].shape[1] if config.vectors else config.tag_dimension


def word_lookup(words: Sequence[str], most_words: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """From texts to the ids of a vocabulary; see `kerasmm.text.word_ids`."""
    table = batches.word_table(words)
    return lambda texts: word_ids(texts, table.lookup, most_words)


def tag_vectors(
    config: Text, words: list[str], clean: Dataset, web: Dataset | None, seed: int, quiet: bool = True
) -> np.ndarray:
    """Vectors `(len(words), dimension)` of the words of tags, read or trained."""
    if config.vectors:
        return read_word_vectors(Path(config.vectors), words, quiet)[0]

    def corpus() -> Iterator[list[str]]:
        for texts, pseudo_tags in _sentences(clean):
            yield from texts
            yield from pseudo_tags
        yield from _web_tags(web)

    return train_word_vectors(corpus, words, config.tag_dimension, seed)


def sentence_index(records: Records, most_words: int, quiet: bool = True) -> Sentences:
    """Where each sentence of a split stands, and how many steps it takes."""
    parts: dict[str, list[np.ndarray]] = {"post": [], "place": [], "length": []}
    with progress(quiet) as bar:
        task = bar.add_task("reading sentences", total=len(records), note="")
        for batch in sentence_batches(records):
            lengths = tf.minimum(split_words(batch["text"]).row_lengths(), most_words) + END
            for name, values in (("post", batch["post"]), ("place", batch["place"]), ("length", lengths)):
                parts[name].append(values.numpy().astype("int32"))
            bar.advance(task, _READ)
        bar.update(task, completed=len(records))
    return Sentences(*(np.concatenate(found) for found in parts.values()))


def _kept(counts: Counter[str], minimum: int) -> list[str]:
    return sorted((word for word, count in counts.items() if count >= minimum), key=lambda word: (-counts[word], word))


def _texts(ragged: tf.RaggedTensor) -> list[list[str]]:
    return [[word.decode() for word in text] for text in ragged.to_list()]


def _sentences(clean: Dataset) -> Iterator[tuple[list[list[str]], list[list[str]]]]:
    """Words of training sentences and of their pseudo-tags, some at a time."""
    for batch in sentence_batches(clean.records("train")):
        yield _texts(split_words(batch["text"])), _texts(split_words(batch["tags"]))


def _web_tags(web: Dataset | None) -> Iterator[list[str]]:
    """Words of the tags of each web post."""
    if web is None:
        return
    records = web.records("train")
    read = batches.reader(records)
    for rows in batches.row_batches(np.arange(len(records)), _READ):
        yield from _texts(split_words(joined_tags(batches.parse(read(rows), lists=WEB_FIELDS))))
