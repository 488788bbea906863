"""Who goes where: the sizes of the splits, and the split of each post once the pass `split` has decided."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

from data_prep.config import Split
from data_prep.draft import Draft
from data_prep.route import SELECTED
from data_prep.work.chunks import Work
from data_prep.work.hashing import rank
from kerasmm.console import UserError

TRAIN, VALIDATION, TEST, TEST_UNSEEN = "train", "validation", "test", "test_unseen"
SPLITS = (TRAIN, VALIDATION, TEST, TEST_UNSEEN)
BY_USER = ("time", "latest")
"""Methods that split the posts of each user, by their times."""
LEFT_OUT = "left out"
"""In no split: posts beyond the wanted numbers."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """Who goes where, decided by the driver from the number of posts.

    Args:
        method: `random` cuts the ranking, `time` and `latest` split the posts of each user, `published` follows the publisher.
        test: Posts of the test split, or with `time` and `latest` a share of each user's.
        validation: Posts of the validation split, or with `time` a share of what is left for training, with `latest` of
            what is held out.
        seed: Decides the ranking.
        train: Posts of the training split, those carved out for validation included, when the rest is left out.
    """

    method: str
    test: float
    validation: float
    seed: int
    train: int | None = None


def rounded(value: float) -> int:
    return int(value + 0.5)


def plan(config: Split, posts: int, published: Mapping[str, int], seed: int) -> Plan:
    """Turns shares into numbers of posts.

    Raises:
        UserError: When the wanted sizes leave no post for training, when there are fewer posts than wanted, or nothing
            was published.
    """
    train = None
    if config.method in BY_USER:
        return Plan(config.method, config.test, config.validation, seed)

    def carved(training: int) -> int:
        return rounded(config.validation if config.validation >= 1 else config.validation * training)

    if config.method == "published":
        if not published.get(TRAIN):
            raise UserError(
                "split.method: published, but no post is in a published training split; set `split.method: random`"
            )
        posts, test = published[TRAIN], 0
        validation = 0 if published.get(VALIDATION) else carved(posts)
    elif config.counts is not None:
        test, train, validation = config.counts.test, config.counts.train, config.counts.validation
        if train is not None:
            if test + train > posts:
                raise UserError(
                    f"split.counts: {train} training and {test} test posts are wanted and {posts} are there; take "
                    "shares instead with `--split random`, or lower `split.counts`"
                )
            posts = test + train
    else:
        test = rounded(config.test * posts)
        validation = carved(posts - test)
    if test + validation >= posts:
        wanted = f"{test} test and {validation} validation posts of {posts}"
        raise UserError(f"split: {wanted} leave none for training; lower the sizes in `split`")
    return Plan("published" if config.method == "published" else "random", test, validation, seed, train)


def place(draft: Draft, seed: int) -> int:
    """Where the draft's group stands in the ranking."""
    return rank(seed, "split", draft.post.id if draft.group is None else f"group {draft.group}")


def held_out_place(draft: Draft, seed: int) -> int:
    """Where the draft stands among those that are held out: each for itself, whatever its group."""
    return rank(seed, "held out", draft.post.id)


def cut_file(work: Work, split: str) -> Path:
    """Where the place of a cut in the ranking stands."""
    return work.folder / "cuts" / split


def by_user(work: Work, number: int) -> Iterator[tuple[Draft, str]]:
    """The selected drafts of a chunk with the split that the times of each user's posts decided."""
    return zip(work.drafts(SELECTED, number), work.note("splits", number, []), strict=True)


def assigned(work: Work, plan: Plan, number: int) -> Iterator[tuple[Draft, str]]:
    """The selected drafts of a chunk with the split that each is in, `LEFT_OUT` where it is in none."""
    cuts = {name: int(next(work.lines(cut_file(work, name)), "0")) for name in (TEST, VALIDATION, TRAIN)}
    if plan.method in BY_USER:
        for draft, split in by_user(work, number):
            validates = plan.method == "latest" and split != TRAIN
            yield draft, VALIDATION if validates and held_out_place(draft, plan.seed) < cuts[VALIDATION] else split
        return
    for draft in work.drafts(SELECTED, number):
        # What the publisher keeps for testing is not cut again.
        split = draft.split if plan.method == "published" and draft.split else TRAIN
        if split == TRAIN:
            at = place(draft, plan.seed)
            split = TEST if at < cuts[TEST] else VALIDATION if at < cuts[VALIDATION] else TRAIN
            if split == TRAIN and plan.train is not None and at >= cuts[TRAIN]:
                split = LEFT_OUT
        yield draft, split
