"""Annotation: what the sentences speak of, as lemmas, becomes tags of the post and pseudo-tags of each sentence."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import apache_beam as beam

from data_prep import config
from data_prep.annotate import tagger
from data_prep.draft import Draft
from data_prep.route import ANNOTATED, CLEAN
from data_prep.words import distinct
from data_prep.work.chunks import Ticker, Work

TOO_LONG = "annotate/too_long"
"""Posts with more sentences than are read, as a note of each chunk and as a figure of the manifest."""


class Annotate(beam.PTransform):
    """Numbers of clean chunks → annotated chunks.

    Args:
        work: The work folder.
        annotate: What is read out of the sentences.
    """

    def __init__(self, work: Work, annotate: config.Annotate) -> None:
        super().__init__()
        self._work, self._annotate = work, annotate

    def expand(self, numbers: beam.PCollection[int]) -> beam.PCollection[None]:
        return numbers | beam.Map(_annotate, self._work, self._annotate)


def _annotate(number: int, work: Work, annotate: config.Annotate) -> None:
    too_long = 0

    def annotated_lines() -> Iterator[str]:
        nonlocal too_long
        with Ticker(work, "annotate", number) as tick:
            for draft in work.drafts(CLEAN, number):
                tick()
                made = annotated(draft, annotate)
                too_long += sum(map(len, made.post.sentences)) > annotate.longest
                yield made.to_json()

    work.write_lines(work.path(ANNOTATED, number), annotated_lines())
    work.write_note(TOO_LONG, number, too_long)


def annotated(draft: Draft, annotate: config.Annotate) -> Draft:
    """The draft with what `annotate` asks for; each sentence is tagged once.

    A text becomes a sentence where that is asked for and the post has none. The nouns come after the post's own tags, each once. The pseudo-tags are common nouns and verbs without stop words,
    each once a sentence, in order.
    """
    post = draft.post
    if annotate.sentences != "given" and post.text and not post.sentences:
        post = dataclasses.replace(post, sentences=(post.text,))
    sentences, left = list[list[tagger.Word]](), annotate.longest
    for sentence in post.sentences:
        sentences.append(tagger.tagged(sentence[:left]))
        left = max(0, left - len(sentence))
    if annotate.nouns_as_tags:
        # A noun that is on the list of stop words is a noun.
        nouns = (n for words in sentences for n in tagger.chosen(words, tagger.COMMON_NOUNS, stop_words=True))
        post = dataclasses.replace(post, tags=distinct((*post.tags, *nouns)))
    if annotate.sentence_tags:
        spoken = (tagger.chosen(words, (*tagger.COMMON_NOUNS, *tagger.VERBS)) for words in sentences)
        post = dataclasses.replace(post, sentence_tags=tuple(" ".join(distinct(words)) for words in spoken))
    return dataclasses.replace(draft, post=post)
