"""Asks an export one question about its posts, and what it found."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from kerasmm.console import UserError

if TYPE_CHECKING:
    from kerasmm.serving.loaded import LoadedExport
    from kerasmm.serving.posts import StoredPost
    from kerasmm.serving.query import Query


@dataclasses.dataclass(frozen=True)
class Found:
    """One result: the post's id and score, and what is known of it."""

    rank: int
    id: str
    score: float
    post: StoredPost | None


@dataclasses.dataclass(frozen=True)
class Answer:
    """A question and the posts that were found.

    Args:
        title: The question in words.
        signature: The signature that answered.
        values: What it was asked: words as the vocabulary spells them.
        found: Best first.
    """

    title: str
    signature: str
    values: dict[str, Any]
    found: list[Found]

    @property
    def words(self) -> tuple[str, ...]:
        """The tags that were asked."""
        return tuple(self.values.get("tags", ()))


def ask(export: LoadedExport, query: Query, k: int) -> Answer:
    """Asks one question.

    Args:
        export: What is asked.
        query: The question.
        k: How many posts.

    Raises:
        UserError: When the export doesn't answer such questions, a word is unknown or the picture can't be decoded.
    """
    from kerasmm.serving.query import choose_signature, known_words, tensors

    signature = choose_signature(export, sorted(query.values), ("ids", "scores"))
    values = known_words(export, query.values)
    answer = export.answer(signature, tensors(export, signature, {**values, "k": k}))
    if "valid" in answer and not bool(answer["valid"][0]):
        if query.image is not None:
            raise UserError(f"{query.image}: not a JPEG or PNG picture that can be decoded")
        raise UserError(f"{export.folder}: knows none of the words asked")
    ids = [post_id.decode() for post_id in answer["ids"][0][:k]]
    scores = [float(score) for score in answer["scores"][0][:k]]
    return Answer(_in_words(query, values), signature, values, _with_posts(export, ids, scores))


def _with_posts(export: LoadedExport, ids: list[str], scores: list[float]) -> list[Found]:
    import sqlite3

    try:
        store = export.posts()
        posts = store.find(ids)
        store.close()
    except (sqlite3.Error, ValueError) as error:
        raise UserError(f"{export.folder}/assets.extra/posts.sqlite: damaged ({error}); export again") from error
    pairs = enumerate(zip(ids, scores, strict=True), 1)
    return [Found(rank, post_id, score, posts.get(post_id)) for rank, (post_id, score) in pairs]


def _in_words(query: Query, values: dict[str, Any]) -> str:
    def text(value: Any) -> str:
        return " + ".join(value) if isinstance(value, list) else str(value)

    parts = [] if query.image is None else [query.image.name]
    parts += [text(value) for name, value in values.items() if name in ("tags", "text")]
    signs = {"plus": "+", "minus": "−"}
    parts += [f"{signs[name]} {word}" for name in signs for word in values.get(name, [])]
    parts += [f"(for {values['user']})"] if "user" in values else []
    return " ".join(parts)
