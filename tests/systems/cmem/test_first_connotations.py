from types import SimpleNamespace

import numpy as np
import pytest

from kerasmm.console import UserError
from kerasmm.systems.cmem.sheet import first_connotations

LABELS = ["Europe", "Referendum", "Scotland", "Finance"]


def system_of(**outputs):
    """A system whose outputs are given, in batches of two."""

    def answer(model, dataset, split):
        for start in range(0, 6, 2):
            yield {name: output[start : start + 2] for name, output in outputs.items()}

    return SimpleNamespace(name="fake", vocabularies={"labels": LABELS}, outputs=answer)


def test_agrees_with_sorted_lists(rng):
    # Few values: many labels have equal scores, and the earlier one goes first.
    scores = rng.integers(0, 3, (6, 4)).astype("float16")
    for k in (1, 2, 4, 9):
        got = first_connotations(system_of(scores=scores), None, None, "test", [4, 0, 5], k)
        wanted = [
            tuple(LABELS[place] for place in sorted(range(4), key=lambda place: (-scores[row][place], place))[:k])
            for row in (4, 0, 5)
        ]
        assert got == wanted


def test_a_score_that_is_not_a_number_ranks_last():
    scores = np.tile(np.array([np.nan, -5.0, -np.inf, -2.0]), (6, 1))
    (found,) = first_connotations(system_of(scores=scores), None, None, "test", [3], 4)
    assert found[:2] == ("Finance", "Referendum") and set(found[2:]) == {"Europe", "Scotland"}


def test_a_system_that_ranks_no_labels():
    with pytest.raises(UserError, match="fake ranks no labels; expected a run of cmem"):
        first_connotations(system_of(vectors=np.zeros((6, 3))), None, None, "test", [3], 4)
