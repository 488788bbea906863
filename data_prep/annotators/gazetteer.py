"""A gazetteer linker: finds the concepts of a given list in a text, and tells meanings of one name apart by context."""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from data_prep.annotators.annotator import Annotator
from data_prep.annotators.concept_index import LONGEST, Candidate, ConceptIndex, add_spoken, build
from data_prep.annotators.concepts import read_concepts
from data_prep.annotators.hashtag_words import HashtagWords
from data_prep.annotators.mentions import forms, meaning, name_words, sentences
from data_prep.draft import Draft
from data_prep.pruning.post_text import bare, said
from data_prep.sources.hashtags import spans
from kerasmm.console import UserError

if TYPE_CHECKING:
    from data_prep.config import Connotations

_NAME = re.compile(r"(?<!\w)[@＠](\w+)")
_ABOUT = 0.5
"""What a word that goes with a concept of the same post counts, beside the post's own words."""

Words = tuple[str, ...]


class Gazetteer(Annotator):
    """Labels a post with the concepts of a list that its text, its sentences and their hashtags name.

    Names and texts are compared without case, accents and punctuation (`data_prep.annotators.mentions`), a name's last
    word also in the singular; hashtags, and on demand `@names`, are split into words first. From left to right the
    longest name wins, whole words only, and names don't overlap. A name that consists of stop words is never found.

    A name of several concepts is told by the post's other words. With `b` the counts of these words, of those in the
    titles of concepts that the post names without ambiguity, and of half those that go with them; with `c` the counts of
    the words in a concept's title, qualifier and description:

        score(c) = Σ_w idf(w)² b(w) c(w) / (|idf · b| · |idf · c|),  idf(w) = 1 + ln((1 + N) / (1 + n_w))

    where `n_w` of the N concepts have the word. The best score wins, and the most common concept where scores are equal
    or none reaches `threshold`. The most common one has the highest count; of equal ones, that whose title is the name.

    The list lies in an SQLite file in the build's work folder, so memory doesn't grow with it; a post costs look-ups in
    proportion to its words.

    Args:
        config: With the list as `concepts`, see `data_prep.annotators.concepts.read_concepts` for its layout.
        folder: Where the index is.

    Raises:
        UserError: When the list is missing, or a line of it is wrong.

    Example:

    >>> import tempfile
    >>> from data_prep.config import Connotations
    >>> from kerasmm.data.post import Post
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "concepts.tsv").write_text(
    ...     "Apple Inc.\\tApple\\t900\\tmaker of phones and computers\\n"
    ...     "Apple\\tapples\\t500\\tfruit of a tree, baked into a pie\\n"
    ...     "Stock market\\tstocks\\n")
    >>> gazetteer = Gazetteer(Connotations(method="gazetteer", concepts=str(folder / "concepts.tsv")), folder)
    >>> gazetteer.prepare()
    >>> for text in ("Apple fell on the #StockMarket, new phones or not", "baked an apple pie", "an apple"):
    ...     gazetteer.labels(Draft(Post(id="1", text=text)))
    ('Apple Inc.', 'Stock market')
    ('Apple',)
    ('Apple Inc.',)
    """

    reads_posts: ClassVar[bool] = True

    def __init__(self, config: Connotations, folder: Path) -> None:
        super().__init__(config, folder)
        self._list, self._file = Path(config.concepts or ""), folder / "concepts.sqlite"
        if not self._list.is_file():
            raise UserError(f"connotations.concepts: {self._list}: no such file")

    def prepare(self) -> None:
        build(self._file, read_concepts(self._list))

    def learn(self, drafts: Iterable[Draft]) -> dict[str, float]:
        add_spoken(self._file, (name_words(bare(said(draft.post), hashtags=False)) for draft in drafts))
        return {"concepts": self._index.concepts}

    def labels(self, draft: Draft) -> tuple[str, ...]:
        parts = list(self._parts(said(draft.post)))
        found = [mention for words in parts for mention in self._mentions(words)]
        known = [candidates[0] for _, candidates in found if len(candidates) == 1]
        spoken = Counter(word for words in parts for word in meaning(words))
        for concept in {candidate.concept: candidate for candidate in known}.values():
            spoken.update(meaning(name_words(concept.title)))
        about = Counter(word for concept in {c.concept: c for c in known}.values() for word in concept.words)
        linked = (
            candidates[0] if len(candidates) == 1 else self._told(words, candidates, spoken, about)
            for words, candidates in found
        )
        return tuple(dict.fromkeys(candidate.title for candidate in linked))

    @functools.cached_property
    def _index(self) -> ConceptIndex:
        return ConceptIndex(self._file)

    @functools.cached_property
    def _split(self) -> Callable[[str], Words]:
        index = self._index
        split = HashtagWords(lambda word: index.word(word)[1], index.spoken, lambda word: bool(index.candidates(word)))
        return functools.lru_cache(maxsize=1 << 14)(split)

    def _parts(self, text: str) -> Iterator[Words]:
        """The words of each sentence, and of each `@name` if asked for."""
        for sentence in sentences(bare(text)):
            words: list[str] = []
            end = 0
            for tag, start, stop, is_cut in spans(sentence):
                words += (*name_words(sentence[end:start]), *(() if is_cut else self._split(tag)))
                end = stop
            yield (*words, *name_words(sentence[end:]))
        if self.config.names:
            for name in _NAME.findall(text):
                yield self._split(name)

    def _mentions(self, words: Words) -> Iterator[tuple[Words, Sequence[Candidate]]]:
        """The longest names from left to right, with what each may mean."""
        place = 0
        while place < len(words):
            longest = min(max(self._index.word(words[place])[0], 1), LONGEST, len(words) - place)
            for length in range(longest, 0, -1):
                name = words[place : place + length]
                if candidates := next(filter(None, map(self._index.candidates, forms(name))), ()):
                    yield name, candidates
                    place += length
                    break
            else:
                place += 1

    def _told(
        self, name: Words, candidates: Sequence[Candidate], spoken: Counter[str], about: Counter[str]
    ) -> Candidate:
        """Which of the candidates, the most common one first, a name means."""
        own = set(meaning(name))
        # Words that go with no concept tell none from another.
        others = [word for word in spoken.keys() | about.keys() if word not in own and self._index.word(word)[2]]
        context = self._weighted({word: spoken[word] + _ABOUT * about[word] for word in sorted(others)})
        scores = [self._cosine(context, self._weighted(candidate.words)) for candidate in candidates]
        best = max(scores)
        return candidates[scores.index(best) if best > 0 and best >= self.config.threshold else 0]

    def _weighted(self, words: dict[str, float] | Counter[str]) -> dict[str, float]:
        concepts = 1 + self._index.concepts
        return {
            word: count * (1 + math.log(concepts / (1 + self._index.word(word)[2]))) for word, count in words.items()
        }

    @staticmethod
    def _cosine(one: dict[str, float], other: dict[str, float]) -> float:
        norms = math.hypot(*one.values()) * math.hypot(*other.values())
        return sum(weight * other.get(word, 0.0) for word, weight in one.items()) / norms if norms else 0.0
