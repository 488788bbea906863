"""What an export gives to the signatures of a system: pictures decoded, words looked up, indexes searched, labels given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import tensorflow as tf

from kerasmm.console import UserError
from kerasmm.data.images import decode_images
from kerasmm.serving.indexes.exact import ExactIndex
from kerasmm.serving.vocabulary import VocabularyTable, WordTable


class ExportServices(tf.Module):
    """Implements `kerasmm.systems.signatures.Services` as a tree that a SavedModel stores whole.

    Args:
        image_size: Height and width of the pictures that the model was trained on.
        resize: How pictures come to that size; see `decode_images`.
        vocabularies: Words by vocabulary, in the order of their ids.
        indexes: What can be found, by kind.
        assets: Folder for the vocabulary files; it must stay until the SavedModel is saved.
        classifier: Vectors `(n, d)` → confidences `(n, C)` of the labels, in the order of their vocabulary, if there is
            one. A function, no Keras model: a SavedModel that holds one fails in a server.

    Raises:
        ValueError: For a vocabulary that can't be stored as lines of text.
    """

    def __init__(
        self,
        image_size: tuple[int, int],
        resize: str,
        vocabularies: Mapping[str, Sequence[str]],
        indexes: Mapping[str, ExactIndex],
        assets: Path,
        classifier: Callable[[tf.Tensor], tf.Tensor] | None = None,
    ) -> None:
        super().__init__(name="services")
        self.image_size, self.resize = tuple(image_size), resize
        self.indexes = dict(indexes)
        self.tables = {name: VocabularyTable(words, assets / f"{name}.txt") for name, words in vocabularies.items()}
        self._confidences = classifier
        self.word_tables = {name: WordTable(assets / f"{name}.txt") for name, words in vocabularies.items() if words}

    def decode(self, encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Picture bytes `(n,)` → pixels `(n, h, w, 3)` in 0 … 255, and `valid` `(n,)`, False for an undecodable row."""
        height, width = self.image_size
        return decode_images(encoded, (height, width), self.resize)

    def lookup(self, vocabulary: str, words: tf.Tensor, as_written: bool = False) -> tf.Tensor:
        """Words of any shape → int64 ids in a vocabulary, -1 where unknown; see `VocabularyTable.lookup`."""
        if vocabulary not in self.tables:
            raise ValueError(f"`vocabulary` must be one of {sorted(self.tables)}. Received: vocabulary={vocabulary!r}")
        return self.tables[vocabulary].lookup(words, as_written)

    def words(self, vocabulary: str, ids: tf.Tensor) -> tf.Tensor:
        """Ids of any shape → the words of a vocabulary; "" for an id that there is not."""
        if vocabulary not in self.word_tables:
            known = sorted(self.word_tables)
            raise ValueError(f"`vocabulary` must be one of {known}. Received: vocabulary={vocabulary!r}")
        return self.word_tables[vocabulary].lookup(ids)

    @property
    def kinds(self) -> tuple[str, ...]:
        """What can be found; kinds of which the indexed splits have none are missing."""
        return tuple(self.indexes)

    def search(
        self, queries: tf.Tensor, k: tf.Tensor, kind: str = "posts", ranking: str = "inner"
    ) -> dict[str, tf.Tensor]:
        """Queries `(n, d)`, `k` `(n,)` → `ids` and `scores` `(n, max k)` of what is indexed of a kind, best first; their
        `texts` too, where the system gave them. `ranking` as `ExactIndex.search` takes it.

        Raises:
            UserError: When the indexed splits have nothing of the kind.
        """
        if kind not in self.indexes:
            raise UserError(
                f"the splits to index have no {kind} to search, only {' and '.join(self.kinds) or 'nothing'}; "
                f"choose splits whose posts have {kind}"
            )
        return self.indexes[kind].search(queries, k, ranking)

    @property
    def classify(self) -> Callable[[tf.Tensor], dict[str, tf.Tensor]] | None:
        """Vectors `(n, d)` → `labels` and `scores` `(n, C)`, best first; None where there is no classifier."""
        return self._best_labels if self._confidences else None

    def _best_labels(self, vectors: tf.Tensor) -> dict[str, tf.Tensor]:
        assert self._confidences is not None
        scores = self._confidences(vectors)
        scores, ids = tf.math.top_k(scores, k=scores.shape[-1])
        return {"labels": self.words("labels", ids), "scores": scores}
