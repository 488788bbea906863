"""A little of the fuzz, and that it tells a fault from a refusal."""

import time

import numpy as np
import pytest

from kerasmm.console import UserError
from tests.hostile import fuzz
from tests.hostile.mutations import mutated_bytes, mutated_json


# Decoders take longer to trace than all of these together: tests/data/test_picture_kinds.py has them traced.
@pytest.mark.parametrize("subject", [name for name in fuzz.SUBJECTS if name not in ("pictures", "graph")])
def test_what_reads_others_files_refuses_spoilt_ones(subject, seed):
    counts = fuzz.fuzz(seed, 0.5, [subject], limit=60)[subject]
    assert counts.total() and not counts[fuzz.TRACEBACK] and not counts[fuzz.HANG], counts


def test_outcomes():
    def raising(error):
        def case(rng):
            raise error

        return case

    def slow(rng):
        while True:
            time.sleep(0.001)

    told = {
        case: fuzz.outcome(case, np.random.default_rng(0), (UserError,), 0.05)[0]
        for case in (
            raising(UserError("no")),
            raising(UserError("x" * 5000)),
            raising(KeyError("a")),
            slow,
            lambda rng: None,
        )
    }
    assert list(told.values()) == [fuzz.REFUSED, fuzz.TRACEBACK, fuzz.TRACEBACK, fuzz.HANG, fuzz.OK]


def test_a_case_is_given_again_by_its_seed_and_number(seed):
    first, again = (
        [
            change(np.random.default_rng([seed, 3]))
            for change in (lambda r: mutated_bytes(b"abc" * 9, r, b"xyz"), lambda r: mutated_json({"a": [1]}, r))
        ]
        for _ in range(2)
    )
    assert first == again
