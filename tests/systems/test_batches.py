"""The batches that every paper's trainings are made of."""

import gc
import weakref

import numpy as np
import pytest
import tensorflow as tf

from kerasmm.console import UserError
from kerasmm.data.batches import word_table
from kerasmm.data.dataset import open_dataset
from kerasmm.systems.batches import Batches
from tests.tiny import tiny_posts, write_dataset


class Rows(Batches):
    """Batches that tell which rows, step and draw they are of."""

    def batch(self, epoch, step, rows):
        return {"rows": rows}, {"step": step, "draw": self.draw(epoch, step)}


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = write_dataset(tmp_path_factory.mktemp("batches") / "data", {"train": tiny_posts(11, 1)})
    return open_dataset(folder).records("train")


def of(batches, epoch, skip=0):
    return [
        (inputs["rows"].numpy().tolist(), int(targets["step"]), targets["draw"].numpy().tolist())
        for inputs, targets in batches(epoch, skip)
    ]


def test_an_epoch_goes_through_whole_batches_in_an_order_of_its_own(records, seed):
    batches = Rows(records, 3, seed)
    first, second = of(batches, 0), of(batches, 1)
    for epoch in (first, second):
        assert len(epoch) == batches.steps(0) == 3 and [len(rows) for rows, *_ in epoch] == [3, 3, 3]
        assert [step for _, step, _ in epoch] == [0, 1, 2]
        shown = [row for rows, *_ in epoch for row in rows]
        assert len(set(shown)) == 9 and set(shown) <= set(range(11))
    assert first != second
    assert len({tuple(draw) for _, _, draw in first + second}) == 6


def test_what_is_skipped_changes_nothing_of_the_rest(records, seed):
    whole = of(Rows(records, 2, seed), 4)
    assert [of(Rows(records, 2, seed), 4, skip) for skip in range(6)] == [whole[skip:] for skip in range(6)]


def test_the_size_of_a_batch_is_known_before_it_is_made(records):
    inputs, _ = Rows(records, 4, 0)(0, 0).element_spec
    assert inputs["rows"] == tf.TensorSpec((4,), tf.int64)


def test_other_rows_than_posts(records):
    class Pairs(Rows):
        @property
        def available(self):
            return 5

        def rows(self, epoch):
            return np.array([[4, 4], [0, 1]])

    assert [rows for rows, *_ in of(Pairs(records, 2, 0), 0)] == [[4, 4], [0, 1]]
    with pytest.raises(UserError, match="training.batch_size: 6 is more than the 5 training pairs"):
        Pairs(records, 6, 0).not_empty("training pairs")
    assert Pairs(records, 5, 0).not_empty("training pairs").steps(0) == 1


def test_a_graph_is_made_once_whatever_the_epoch(records):
    traced = []

    class Traced(Rows):
        def batch(self, epoch, step, rows):
            traced.append(epoch)
            return super().batch(epoch, step, rows)

    batches = Traced(records, 4, 0)
    for epoch in range(3):
        of(batches, epoch)
    assert len(traced) == 1


def test_a_data_set_outlives_what_made_it(records):
    """What the graph of a batch asks of it: a table, a variable, a function in Python."""

    class Words(Rows):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.table, self.variable = word_table(["sun", "sea"]), tf.Variable(3)
            self.word = lambda: b"sea"

        def batch(self, epoch, step, rows):
            word = tf.numpy_function(self.word, [], tf.string)
            return {"rows": rows}, {"word": self.table.lookup(word), "three": self.variable.read_value()}

    batches = Words(records, 4, 0)
    gone = weakref.ref(batches)
    made = batches(0, 0)
    del batches
    gc.collect()
    assert gone() is None, "nothing would be tested"
    assert [(int(targets["word"]), int(targets["three"])) for _, targets in made] == [(1, 3)] * 2
