import numpy as np
import pytest

from kerasmm.systems.outputs import picked_rows


def batches(scores, size, read):
    for start in range(0, len(scores), size):
        read.append(start)
        yield {"id": np.arange(start, start + size), "scores": scores[start : start + size]}


@pytest.mark.parametrize("rows", [[0], [9, 2, 3], [4, 4], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]])
def test_picks_rows_in_the_order_that_was_asked_for(rng, rows):
    scores = rng.normal(size=(10, 3))
    got = picked_rows(batches(scores, 4, []), "scores", rows)
    assert got.tolist() == [scores[row].tolist() for row in rows]


def test_reads_no_further_than_the_last_row(rng):
    read = []
    picked_rows(batches(rng.normal(size=(10, 3)), 4, read), "scores", [5, 1])
    assert read == [0, 4]
