"""An export asked from Python: what `kerasmm.load` returns, and what the commands ask."""

from __future__ import annotations

import dataclasses
import operator
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from kerasmm.asking.loaded import LoadedExport
from kerasmm.console import UserError
from kerasmm.systems.signature_inputs import MOST

if TYPE_CHECKING:
    import numpy as np

    from kerasmm.asking.answers import Answer
    from kerasmm.asking.attention import Attention
    from kerasmm.asking.fitted_users import FittedUsers
    from kerasmm.asking.labels import Label, Labelled
    from kerasmm.asking.pictures import Picture

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Attended:
    """Where words look in one of many pictures.

    Args:
        looks: One a word; empty where there is a problem.
        problem: Why there are none.
    """

    looks: tuple[Attention, ...]
    problem: str | None = None


class Export(LoadedExport):
    """Answers from an export by the loader that TensorFlow Serving uses, without the model's code.

    TensorFlow and the model are loaded with the first question. A picture is a file's path, its bytes, an image
    of Pillow or pixels `(h, w, 3)` uint8. What is asked about many pictures, in a list, is answered in a list of the same
    length: of a picture that can't be read, the answer says the `problem`. `advance` is told how many were answered, e.g. to
    move a progress bar.

    `signatures` says what the export answers, with names, types and shapes; `answer` runs one of them on a batch.

    Args:
        folder: A base folder of versions, or one version.
        quiet: Don't say, in one line on standard error, that a graph that wasn't seen before was audited.

    Raises:
        UserError: When there is no export, or it is damaged. Every question raises it, with one line that says what was
            expected, when the export doesn't answer it, doesn't know a word or can't read the picture.

    Example:

    >>> import kerasmm
    >>> with kerasmm.load("saved_models/dman") as export:  # doctest: +SKIP
    ...     for found in export.search(tags=["snow", "dog"], k=3):
    ...         print(found.rank, found.id, found.score, found.text)
    ...     print(export.label("photo.jpg", k=2))
    1 217 0.93 first snow!
    2 88 0.91 our dog in the park
    3 109 0.87 winter
    [Label(rank=1, name='animal', score=0.81), Label(rank=2, name='landscape', score=0.12)]
    """

    def __init__(self, folder: str | os.PathLike[str], *, quiet: bool = False) -> None:
        from pathlib import Path

        super().__init__(Path(folder), quiet=quiet)

    def __repr__(self) -> str:
        return f"Export({str(self.folder)!r}, answers {', '.join(sorted(self.inputs))})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def search(
        self,
        *,
        tags: str | Sequence[str] | None = None,
        text: str | None = None,
        image: Picture | None = None,
        vector: Any = None,
        plus: str | Sequence[str] | None = None,
        minus: str | Sequence[str] | None = None,
        weight: float | None = None,
        user: str | None = None,
        user_vector: Any = None,
        k: int = 10,
    ) -> Answer:
        """The posts, or sentences of posts, that fit a question.

        Args:
            tags: Tags of the vocabulary; several make one question.
            text: Words, or a sentence.
            image: A picture.
            vector: A picture's vector `(d,)`, or `(regions, d)`, by the encoder that made the features of the posts, where
                those came from a file.
            plus: With `image`: more of this.
            minus: With `image`: less of this.
            weight: How much `plus`, `minus` or `text` weigh.
            user: Who asks, where the export knows users; of a stranger it answers for everybody, and `known` is False.
            user_vector: In place of `user`: a vector `(E,)` as `fit_user` or `users` gives it.
            k: How many results, at most 1,000.

        Returns:
            What was found, best first: a sequence of `Found` with `rank`, `id`, `score` and what is kept of the `post`.

        Example:

        >>> [found.id for found in export.search(tags=["snow"], k=2)]  # doctest: +SKIP
        ['217', '88']
        """
        from kerasmm.asking.answers import ask
        from kerasmm.asking.pictures import picture_bytes, picture_name
        from kerasmm.asking.query import Query, query_vector

        k = _whole(k)
        if not 1 <= k <= MOST:
            raise UserError(f"`k` must lie in 1 … {MOST}. Received: k={k}")
        values = {
            "image": None if image is None else picture_bytes(image),
            "vector": None if vector is None else query_vector(self, vector),
            "text": text,
            **{name: _listed(words) for name, words in (("tags", tags), ("plus", plus), ("minus", minus))},
            "weight": weight,
            **_whose(self, user, user_vector),
        }
        given = {name: value for name, value in values.items() if value is not None}
        if not set(given) - {"weight", "user", "user_vector"}:
            raise UserError("nothing to search for: give `tags`, `image`, `vector` or `text`")
        return ask(self, Query(given, None if image is None else picture_name(image)), k)

    @overload
    def label(
        self,
        image: Picture | None = None,
        text: str | None = None,
        *,
        user: str | None = None,
        user_vector: Any = None,
        k: int = 5,
    ) -> list[Label]: ...

    @overload
    def label(
        self,
        image: Sequence[Picture] | None = None,
        text: Sequence[str] | None = None,
        *,
        user: str | None = None,
        user_vector: Any = None,
        k: int = 5,
        advance: Callable[[int], object] = ...,
    ) -> list[Labelled]: ...

    def label(
        self,
        image: Any = None,
        text: Any = None,
        *,
        user: str | None = None,
        user_vector: Any = None,
        k: int = 5,
        advance: Callable[[int], object] = lambda asked: None,
    ) -> list[Label] | list[Labelled]:
        """What a picture is called, or a picture and its text together.

        Args:
            image: A picture, or a list of them.
            text: What is said with it, or a list as long as that of the pictures.
            user: Who would call it so, where the export knows users; of a stranger it answers for everybody, and `known` of a
                `Labelled` is False.
            user_vector: In place of `user`: a vector `(E,)` as `fit_user` or `users` gives it.
            k: How many labels, at most.
            advance: Told how many rows were answered.

        Returns:
            Labels, best first; for lists, a `Labelled` each.

        Example:

        >>> export.label("photo.jpg", "what a gloomy day", k=2)  # doctest: +SKIP
        [Label(rank=1, name='melancholy', score=3.1), Label(rank=2, name='autumn', score=2.4)]
        >>> [one.problem for one in export.label(["photo.jpg", "notes.txt"])]  # doctest: +SKIP
        [None, 'not a picture that can be decoded']
        """
        from kerasmm.asking.labels import OUTPUTS, ask_labels, label_signatures
        from kerasmm.asking.query import choose_signature

        # As many as there are, at most; a signature takes 32 bits.
        k = min(_whole(k), 2**31 - 1)
        if k < 1:
            raise UserError(f"`k` must be at least 1. Received: k={k}")
        label_signatures(self)
        many = _is_many(image) or _is_many(text)
        columns = _columns(image=image, text=text)
        if not columns:
            raise UserError("nothing to label: give `image`, `text` or both")
        rows = len(next(iter(columns.values())))
        columns |= {name: [value] * rows for name, value in _whose(self, user, user_vector).items()}
        signature = choose_signature(self, list(columns), OUTPUTS)
        answers = ask_labels(self, signature, columns, k, advance) if rows else []
        return answers if many else list(_only(image, answers).labels)

    def embed(
        self,
        *,
        images: Sequence[Picture] | None = None,
        texts: Sequence[str] | None = None,
        advance: Callable[[int], object] = lambda asked: None,
    ) -> np.ndarray:
        """The vectors of pictures, of texts, or of pairs where the export embeds both together.

        Args:
            images: Pictures.
            texts: Texts; with `images` as many as those.
            advance: Told how many rows were answered.

        Returns:
            `(n, d)`, float32; d is 0 where nothing is asked.

        Example:

        >>> export.embed(images=["a.jpg", "b.jpg"]).shape  # doctest: +SKIP
        (2, 1000)
        """
        import numpy as np

        from kerasmm.asking.by_row import ask_by_row
        from kerasmm.asking.pictures import picture_name
        from kerasmm.asking.query import choose_signature

        given = {"image": images, "text": texts}
        columns = _columns(**{name: None if rows is None else _many(rows) for name, rows in given.items()})
        if not columns:
            raise UserError("nothing to embed: give `images`, `texts` or both")
        signature = choose_signature(self, list(columns), ("embedding",))
        vectors = []
        for place, row in enumerate(ask_by_row(self, signature, columns, advance)):
            if isinstance(row, str):
                called = (
                    picture_name(columns["image"][place], f"image {place}") if "image" in columns else f"text {place}"
                )
                raise UserError(f"{called}: {row}")
            vectors.append(row["embedding"])
        return np.stack(vectors) if vectors else np.zeros((0, 0), "float32")

    def fit_user(
        self, images: Sequence[Picture] | None = None, tags: Sequence[Sequence[str]] = (), *, vectors: Any = None
    ) -> np.ndarray:
        """The vector of a user, by posts of that user; for many users there is `python -m kerasmm.users`.

        Args:
            images: The posts' pictures, at most 1,000.
            tags: Of each picture its tags; what the export doesn't know says nothing.
            vectors: In place of `images`, where the features of the export's posts came from a file: the pictures' vectors.

        Returns:
            `(E,)`, float32, for `label` and `search`.

        Raises:
            UserError: When the export fits no users, a picture can't be read, or no post has a known tag.

        Example:

        >>> ann = export.fit_user(["a.jpg", "b.jpg"], [["snow"], ["snow", "dog"]])  # doctest: +SKIP
        >>> export.label("photo.jpg", user_vector=ann)  # doctest: +SKIP
        """
        from kerasmm.asking.fitting import fitted_vector

        return fitted_vector(self, images, tags, vectors)

    def users(self, path: str | os.PathLike[str]) -> FittedUsers:
        """The users that `python -m kerasmm.users` fitted for this export.

        Args:
            path: The file that it wrote.

        Returns:
            Vectors by name.

        Raises:
            UserError: When there is no such file, it is damaged, or its users were fitted to other weights.

        Example:

        >>> export.search(tags="snow", user_vector=export.users("users.npz")["ann"])  # doctest: +SKIP
        """
        from pathlib import Path

        from kerasmm.asking.fitted_users import read_users

        return read_users(Path(path), self)

    # A string is a sequence of strings, too; the first that fits holds.
    @overload
    def attend(self, image: Picture, word: str) -> Attention: ...  # type: ignore[overload-overlap]

    @overload
    def attend(self, image: Picture, word: Sequence[str]) -> list[Attention]: ...  # type: ignore[overload-overlap]

    @overload
    def attend(
        self, image: Sequence[Picture], word: str | Sequence[str], *, advance: Callable[[int], object] = ...
    ) -> list[Attended]: ...

    def attend(
        self, image: Any, word: str | Sequence[str], *, advance: Callable[[int], object] = lambda asked: None
    ) -> Attention | list[Attention] | list[Attended]:
        """Which regions of a picture a word looks at.

        Args:
            image: A picture, or a list of them.
            word: A tag of the vocabulary, or a list of them.
            advance: Told how many pairs of a picture and a word were answered.

        Returns:
            For one word its `Attention`; for a list of words one each; for a list of pictures an `Attended` each.

        Example:

        >>> seen = export.attend("photo.jpg", "sea")  # doctest: +SKIP
        >>> seen.score, seen.peak, seen.weights.shape  # doctest: +SKIP
        (0.93, (5, 2), (7, 7))
        """
        from kerasmm.asking.attention import require_attention
        from kerasmm.asking.query import known_words

        require_attention(self)
        words = known_words(self, {"tags": _listed(word)})["tags"]
        answers = self._attended(_many(image), words, advance)
        if _is_many(image):
            return answers
        looks = list(_only(image, answers).looks)
        return looks[0] if isinstance(word, str) else looks

    def _attended(
        self, pictures: Sequence[Picture], words: Sequence[str], advance: Callable[[int], object]
    ) -> list[Attended]:
        from kerasmm.asking.attention import attention
        from kerasmm.asking.pictures import AT_A_TIME, UNDECODABLE, bytes_or_problem

        answers: list[Attended] = []
        for start in range(0, len(pictures), AT_A_TIME):
            read = [bytes_or_problem(picture) for picture in pictures[start : start + AT_A_TIME]]
            found = iter(attention(self, [one for one in read if isinstance(one, bytes)], words, advance))
            for one in read:
                looks = next(found) if isinstance(one, bytes) else None
                why = one if isinstance(one, str) else UNDECODABLE
                answers.append(Attended((), why) if looks is None else Attended(tuple(looks)))
        return answers


def _whole(k: Any) -> int:
    try:
        return operator.index(k)
    except TypeError:
        raise UserError(f"`k` must be a whole number. Received: k={k!r}") from None


def _is_many(value: object) -> bool:
    return isinstance(value, list | tuple)


def _many(value: Any) -> list[Any]:
    return list(value) if _is_many(value) else [value]


def _listed(words: str | Sequence[str] | None) -> list[str] | None:
    """Words as a list, also where just one is given."""
    return None if words is None else [words] if isinstance(words, str) else list(words)


def _whose(export: LoadedExport, user: str | None, vector: Any) -> dict[str, Any]:
    """Who is asked for, by input name; nothing where it is everybody."""
    from kerasmm.asking.query import query_vector

    if user is not None and vector is not None:
        raise UserError("a question is asked for one user; give `user` or `user_vector`")
    if vector is not None:
        return {"user_vector": query_vector(export, vector, "user_vector")}
    return {} if user is None else {"user": user}


def _columns(**given: Any) -> dict[str, list[Any]]:
    """What was given, by input name, a list each, all of one length."""
    columns = {name: _many(value) for name, value in given.items() if value is not None}
    if len({len(column) for column in columns.values()}) > 1:
        received = " and ".join(f"{len(column)} of {name}" for name, column in columns.items())
        raise UserError(f"pictures and texts are paired by position; expected as many of both. Received: {received}")
    return columns


def _only(image: Any, answers: Sequence[T]) -> T:
    """The answer to the one question; its problem is an error."""
    from kerasmm.asking.pictures import picture_name

    (answer,) = answers
    problem = getattr(answer, "problem", None)
    if problem:
        called = "text" if image is None else picture_name(image)
        raise UserError(f"{called}: {problem}")
    return answer
