"""Connotations: an annotator names what each post connotes, before its text loses upper case and `…` to normalisation.

CMEM, section 4.1.3: labels come from the text alone, without people, and only those stay that are frequent enough.
"""

from __future__ import annotations

from collections.abc import Iterator

import apache_beam as beam

from data_prep import config
from data_prep.annotators import annotator_of
from data_prep.annotators.annotator import Annotator
from data_prep.route import CONNOTED, RAW
from data_prep.work.chunks import Ticker, Work


def configured(work: Work, connotations: config.Connotations) -> Annotator:
    """The configured annotator; all that make it in one build share a folder."""
    return annotator_of(connotations, work.folder / "annotator")


class Connote(beam.PTransform):
    """Numbers of raw chunks → connoted chunks: the annotator's labels are in place of the given ones.

    Args:
        work: The work folder, with what the annotator prepared.
        connotations: Which annotator.
    """

    def __init__(self, work: Work, connotations: config.Connotations) -> None:
        super().__init__()
        self._dofn = _ConnoteChunk(work, connotations)

    def expand(self, numbers: beam.PCollection[int]) -> beam.PCollection[None]:
        return numbers | beam.ParDo(self._dofn)


class _ConnoteChunk(beam.DoFn):
    def __init__(self, work: Work, connotations: config.Connotations) -> None:
        self._work, self._connotations = work, connotations

    def setup(self) -> None:
        self._annotator = configured(self._work, self._connotations)

    def process(self, number: int) -> None:
        self._work.write_lines(self._work.path(CONNOTED, number), self._lines(number))

    def _lines(self, number: int) -> Iterator[str]:
        with Ticker(self._work, "connote", number) as tick:
            for draft in self._work.drafts(RAW, number):
                tick()
                yield draft.with_post(labels=tuple(self._annotator.labels(draft))).to_json()
