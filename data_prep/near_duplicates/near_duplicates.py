"""Near duplicates: posts that say what another one says, and shared posts whose original is there.

The texts are compared as sequences of words without links, mentions, `RT @name:`, punctuation and case, in three steps:

1. texts of the same words in the same order: GroupByKey on their hash;
2. `RT @name: …` cut to 140 characters: GroupByKey on the first words, then dropped where another text begins like it;
3. texts whose sets of words A, B are alike, |A ∩ B| / |A ∪ B| ≥ threshold: GroupByKey on the bands of a MinHash
   (`data_prep.near_duplicates.min_hash`), then the exact similarity of those that meet.

Of each group connected by step 3 the earliest post stays: by time where there is one, then in reading order, originals
before shared ones. Words stay in files (`data_prep.near_duplicates.word_sequences`); positions and hashes travel, of step 3 so many
bands in one pass as keep its memory in bounds. What grows with the input in one place is a record for each post that is
nearly another one, 200 bytes or so, in the driver. Languages that are written without spaces have few words in this
sense, so that there only copies are found.
"""

from __future__ import annotations

from collections.abc import Iterator

import apache_beam as beam

from data_prep.near_duplicates.alike import Alike, edges
from data_prep.near_duplicates.connected import Groups
from data_prep.near_duplicates.copies import Copies
from data_prep.near_duplicates.min_hash import bands_for
from data_prep.route import Route
from data_prep.work.chunks import Work

NEARLY_SAME_TEXT = "nearly the same text as another post"

_KEYS_A_PASS = 300_000


def comparisons(route: Route, posts: int) -> Iterator[beam.PTransform]:
    """The passes over chunk numbers that compare texts, in order; none where the configuration asks for none.

    Args:
        route: Where the posts are.
        posts: About how many posts there are.
    """
    threshold = route.config.prune.near_duplicates
    if not route.compares:
        return
    yield Copies(route)
    if threshold is not None:
        number, most = bands_for(threshold).number, max(1, _KEYS_A_PASS // max(posts, 1))
        for start in range(0, number, most):
            yield Alike(route.work, threshold, range(start, min(start + most, number)))


def settle(work: Work, numbers: range) -> None:
    """Writes the verdicts: `near_duplicates/NNNNN.json` maps the index of each dropped post of a chunk to the reason."""
    groups = Groups()
    for one, other in edges(work):
        groups.join(one, other)
    nearly: dict[int, dict[str, str]] = {}
    for _, _, number, index in groups.later():
        nearly.setdefault(number, {})[str(index)] = NEARLY_SAME_TEXT
    for number in numbers:
        if verdicts := {**work.note("copies", number, {}), **nearly.get(number, {})}:
            work.write_note("near_duplicates", number, verdicts)
