"""When rejects stop a build, and where a build that stopped leaves their list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from data_prep.draft import Reject
from data_prep.work.chunks import Work
from kerasmm.console import UserError

_LONGEST = 300
FILE_NAME = "rejects.jsonl"
STEPS = ("source", "clean", "match", "select", "split")
"""Passes that reject posts, in order."""


class Rejects:
    """The rejects of one build so far.

    Args:
        work: Where the passes list them.
        output: The data set's folder; a build that fails keeps its list beside it.
        limit: Tolerated share of bad input.

    Attributes:
        advice: What the source says to those whose posts lack something.
    """

    def __init__(self, work: Work, output: Path, limit: float) -> None:
        self._work, self._limit, self.advice = work, limit, ""
        self._beside = output.with_name(f"{output.name}.{FILE_NAME}")

    def refuse_too_many(self, posts: int, steps: Sequence[str] = STEPS) -> None:
        """Stops the build when more than the tolerated share of the `posts` is bad input.

        Raises:
            UserError: With the most frequent reasons and where all are listed.
        """
        bad, examples = _counted(reject for reject in self._work.rejects(steps) if reject.bad)
        if bad.total() > self._limit * posts:
            share = f"{bad.total()} of {posts} posts are bad input ({bad.total() / posts:.0%})"
            raise UserError(
                f"{share}, above `max_rejects` ({self._limit:.0%}): {_most_frequent(bad, examples)}.{self.advice} {self._listed()}"
            )

    def nothing_left(self, posts: int) -> UserError:
        """The error for a build that dropped every post."""
        dropped, examples = _counted(self._work.rejects(STEPS))
        examples = {key: reject for key, reject in examples.items() if reject.detail}
        change = "Change `needs`, `image.required`, `collect` or the vocabularies, or check the input"
        return UserError(
            f"no post is left of {posts}: {_most_frequent(dropped, examples)}.{self.advice} {change}. {self._listed()}"
        )

    def _listed(self) -> str:
        self._work.write_lines(self._beside, (reject.to_json() for reject in self._work.rejects(STEPS)))
        return f"They are listed in {self._beside}"

    def forget(self) -> None:
        """Removes the list that an earlier, failed build left."""
        self._beside.unlink(missing_ok=True)


def tally(rejects: Iterable[Reject]) -> Counter[tuple[str, str]]:
    """How many rejects by step and reason."""
    return Counter((reject.step, reject.reason) for reject in rejects)


_Key = tuple[str, str]


def _counted(rejects: Iterable[Reject]) -> tuple[Counter[_Key], dict[_Key, Reject]]:
    """How many rejects by step and reason, and the first one of each."""
    examples: dict[_Key, Reject] = {}

    def noted() -> Iterator[Reject]:
        for reject in rejects:
            examples.setdefault((reject.step, reject.reason), reject)
            yield reject

    return tally(noted()), examples


def _most_frequent(counts: Counter[_Key], examples: Mapping[_Key, Reject]) -> str:
    """Three reasons and how often each came up, with the example where there is one."""
    return "; ".join(
        f"{step}: {reason} ({count})"
        + (f", e.g. {_shown(examples[step, reason])}" if (step, reason) in examples else "")
        for (step, reason), count in counts.most_common(3)
    )


def _shown(reject: Reject) -> str:
    shown = f"{reject.where}: {reject.detail}" if reject.detail else reject.where
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
