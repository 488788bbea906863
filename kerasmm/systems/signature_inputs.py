"""The inputs that signatures have, by name: for exports, their warm-up, what asks them and command lines."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import tensorflow as tf

Vocabularies = Mapping[str, Sequence[str]]

MOST = 1000
"""Results that one question may ask for, of the command line, in Python and of the graph itself."""
EXAMPLE_K = 5
EXAMPLE_WORDS = 4


@dataclasses.dataclass(frozen=True)
class Input:
    """An input of a signature.

    Args:
        dtype: `"string"`, `"int32"` or `"float32"`.
        help: What it is, for a command line.
        example: Words by vocabulary → a value that an export can answer.
        depth: How deep lists go that a row holds: 0 where it is one value, 1 for several, e.g. words, 2 for lists of several.
        neutral: The value that leaves a question as it is; None where it must be asked.
        vocabulary: Its words must be in this vocabulary; None where it holds no words, or any.
    """

    dtype: str
    help: str
    example: Callable[[Vocabularies], bytes | float]
    depth: int = 0
    neutral: Any = None
    vocabulary: str | None = None

    @property
    def spec(self) -> tf.TensorSpec:
        """Free dimensions: the batch, and the lists of a row where it holds any."""
        import tensorflow as tf

        return tf.TensorSpec((None,) * (1 + self.depth), tf.as_dtype(self.dtype))


def example_picture(vocabularies: Vocabularies | None = None) -> bytes:
    """A small drawn PNG: examples travel with the export, so they show nobody's picture."""
    import numpy as np
    from PIL import Image

    row, column = np.mgrid[0:48, 0:64]
    disc = (row - 24) ** 2 + (column - 32) ** 2 < 15**2
    pixels = np.stack([np.where(disc, 220, 40), 4 * column, np.where(disc, 60, 5 * row)], axis=-1)
    file = io.BytesIO()
    Image.fromarray(pixels.astype("uint8")).save(file, "PNG")
    return file.getvalue()


def example_sentence(vocabularies: Vocabularies) -> str:
    """The first words that are words (no signs, no marks of a model's own) of the vocabulary `words`, else of any."""
    ordered = [vocabularies.get("words", ()), *vocabularies.values()]
    spoken = ([word for word in words if word.isalpha()][:EXAMPLE_WORDS] for words in ordered)
    return " ".join(next((words for words in spoken if words), ["word"]))


def example_word(name: str, vocabularies: Vocabularies) -> bytes:
    """The first word of a vocabulary, or of the first that has words; "" where there is none."""
    words = vocabularies.get(name) or next((words for words in vocabularies.values() if words), [""])
    return words[0].encode()


def _tag(vocabularies: Vocabularies) -> bytes:
    return example_word("tags", vocabularies)


INPUTS: dict[str, Input] = {
    "image": Input("string", "a JPEG, PNG, GIF or BMP picture", example_picture),
    "vector": Input(
        "float32", "a picture's vector, by the encoder that made the features of the posts", lambda words: 0.5, 1
    ),
    "text": Input("string", "words, or a sentence", lambda words: example_sentence(words).encode()),
    "tags": Input("string", "a tag of the vocabulary; several make one question", _tag, 1, vocabulary="tags"),
    "word": Input("string", "a word of the vocabulary of tags", _tag, vocabulary="tags"),
    "user": Input(
        "string",
        "the user who asks, where the model knows users; without, everybody",
        lambda words: example_word("users", words),
        neutral="",
    ),
    "user_vector": Input("float32", "a user's vector, as fitted to posts", lambda words: 0.5, 1),
    "images": Input("string", "the pictures of a user's posts", example_picture, 1),
    "vectors": Input("float32", "the pictures of a user's posts, a vector each", lambda words: 0.5, 2),
    "image_tags": Input("string", "the tags of each of the pictures", _tag, 2),
    "k": Input("int32", "how many posts or sentences", lambda words: EXAMPLE_K),
    "plus": Input("string", "with a picture: more of this", _tag, 1, neutral=""),
    "minus": Input("string", "with a picture: less of this", lambda words: b"", 1, neutral=""),
    "weight": Input("float32", "how much the words weigh beside the picture", lambda words: 1.0, neutral=1.0),
}
"""Every input that an export of ours may have, as command lines, clients and servers know it."""


USERS_HELP = "with --user: the vector from this file, which `python -m kerasmm.users` wrote"
"""Of the option that names it."""


def specs(*names: str) -> dict[str, tf.TensorSpec]:
    """Specs of inputs of `INPUTS`, for a `Signature`."""
    return {name: INPUTS[name].spec for name in names}
