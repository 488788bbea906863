"""What posts can be ranked by in a search by tags."""

from __future__ import annotations

RANKINGS = {
    "cosine": ("cosine", "the cosine between the tags and all of a post's words"),
    "score": ("inner", "the tag's own confidence, the mean over several tags"),
    "rank_sum": ("ranks", "the sum of a post's ranks by the cosine and by the tag's confidence"),
}
"""Name → the distance of `kerasmm.evaluation.search` that measures it, and what it is."""

DEFAULT = "cosine"
"""Of a run for which nothing was chosen."""
