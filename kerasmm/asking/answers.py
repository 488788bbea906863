"""Asks an export one question, and what it found: posts, or sentences of posts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kerasmm.asking.pictures import UNDECODABLE
from kerasmm.console import UserError
from kerasmm.serving.posts import post_of

if TYPE_CHECKING:
    from kerasmm.asking.loaded import LoadedExport
    from kerasmm.asking.query import Query
    from kerasmm.serving.posts import StoredPost


@dataclasses.dataclass(frozen=True)
class Found:
    """One result: a post, or a sentence of one.

    Args:
        rank: From 1.
        id: Of the post, or of the sentence.
        score: The larger, the better.
        post: What is known of the post; None where the export doesn't keep it.
        sentence: What the sentence says, where one was found.
    """

    rank: int
    id: str
    score: float
    post: StoredPost | None
    sentence: str | None = None

    @property
    def post_id(self) -> str:
        """The post that was found, itself or by its sentence."""
        return self.id if self.sentence is None else post_of(self.id)

    @property
    def text(self) -> str | None:
        """The words of what was found."""
        if self.sentence is not None:
            return self.sentence
        return self.post.text if self.post else None


@dataclasses.dataclass(frozen=True)
class Answer:
    """A question and what was found, posts or sentences.

    Args:
        title: The question in words.
        signature: The signature that answered.
        values: What it was asked: words as the vocabulary spells them.
        found: Best first.
        known: Whether the export knows the user who was asked for; else it was answered for everybody. None where nobody was.

    Example:

    >>> answer = Answer("snow", "search_by_tags", {"tags": ["snow"]}, [Found(1, "7", 0.9, None)])
    >>> [(found.id, found.score) for found in answer], len(answer), answer[0].rank
    ([('7', 0.9)], 1, 1)
    """

    title: str
    signature: str
    values: dict[str, Any] = dataclasses.field(repr=False)
    found: list[Found]
    known: bool | None = None

    def __iter__(self) -> Iterator[Found]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def __getitem__(self, place: int) -> Found:
        return self.found[place]

    @property
    def words(self) -> tuple[str, ...]:
        """The tags that were asked."""
        return tuple(self.values.get("tags", ()))


def ask(export: LoadedExport, query: Query, k: int) -> Answer:
    """Asks one question.

    Args:
        export: What is asked.
        query: The question.
        k: How many results.

    Raises:
        UserError: When the export doesn't answer such questions, a word is unknown or the picture can't be decoded.
    """
    from kerasmm.asking.query import choose_signature, known_words, tensors

    signature = choose_signature(export, sorted(query.values), ("ids", "scores"), "search")
    values = known_words(export, query.values)
    answer = export.answer(signature, tensors(export, signature, {**values, "k": k}))
    if "valid" in answer and not bool(answer["valid"][0]):
        if query.image is not None:
            raise UserError(f"{query.image}: {UNDECODABLE}")
        raise UserError(f"{export.folder}: knows none of the words asked")
    ids = [row_id.decode(errors="replace") for row_id in answer["ids"][0][:k]]
    scores = [float(score) for score in answer["scores"][0][:k]]
    # Without sentences, texts are the posts' own, and their ids are those of posts.
    sentences = "texts" in answer and "sentences" in export.about
    said = [text.decode(errors="replace") for text in answer["texts"][0][:k]] if sentences else [None] * len(ids)
    rows = enumerate(zip(ids, scores, said, strict=True), 1)
    bare = [Found(rank, row_id, score, None, text) for rank, (row_id, score, text) in rows]
    known = bool(answer["known"][0]) if "known" in answer and "user" in values else None
    return Answer(_in_words(query, values), signature, values, _with_posts(export, bare), known)


def _with_posts(export: LoadedExport, bare: list[Found]) -> list[Found]:
    import sqlite3

    try:
        store = export.posts()
        posts = store.find([found.post_id for found in bare])
        store.close()
    except (sqlite3.Error, ValueError) as error:
        raise UserError(f"{export.folder}/assets.extra/posts.sqlite: damaged ({error}); export again") from error
    return [dataclasses.replace(found, post=posts.get(found.post_id)) for found in bare]


def _in_words(query: Query, values: dict[str, Any]) -> str:
    def text(value: Any) -> str:
        return " + ".join(value) if isinstance(value, list) else str(value)

    parts = [] if query.image is None else [query.image.name]
    parts += ["a vector"] if "vector" in values else []
    parts += [text(value) for name, value in values.items() if name in ("tags", "text")]
    signs = {"plus": "+", "minus": "−"}
    parts += [f"{signs[name]} {word}" for name in signs for word in values.get(name, [])]
    parts += [f"(for {values['user']})"] if "user" in values else []
    parts += ["(for a user's vector)"] if "user_vector" in values else []
    return " ".join(parts)
