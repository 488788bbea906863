import numpy as np
import pytest

from kerasmm.data.growing_arrays import GrowingArrays


def test_what_went_in_comes_out(rng, tmp_path):
    sizes = rng.integers(0, 5, 30)
    batches = [
        {
            "vectors": rng.normal(size=(n, 3)).astype("float16"),
            "post": rng.integers(0, 99, n),
            "maps": np.asfortranarray(rng.normal(size=(n, 2, 4))),
            "known": rng.random(n) < 0.5,
        }
        for n in sizes
    ]
    grown = GrowingArrays(tmp_path / "new" / "folder")
    for batch in batches:
        grown.append(batch)
    assert grown.rows == sizes.sum()
    found = grown.mapped()
    assert list(found) == list(batches[0])
    for name, array in found.items():
        want = np.concatenate([batch[name] for batch in batches])
        assert isinstance(array, np.memmap) and array.dtype == want.dtype
        np.testing.assert_array_equal(array, want)


def test_no_rows_and_rows_without_a_width(tmp_path):
    assert GrowingArrays(tmp_path / "none").mapped() == {}
    grown = GrowingArrays(tmp_path / "empty")
    grown.append({"vectors": np.zeros((0, 4), "float32")})
    grown.append({"vectors": np.zeros((0, 4), "float32")})
    assert grown.mapped()["vectors"].shape == (0, 4) and grown.rows == 0
    grown = GrowingArrays(tmp_path / "narrow")
    grown.append({"vectors": np.zeros((3, 0), "float32")})
    assert grown.mapped()["vectors"].shape == (3, 0)


def test_a_folder_that_was_used_begins_anew(tmp_path):
    for value in (1.0, 2.0):
        grown = GrowingArrays(tmp_path)
        grown.append({"x": np.full(3, value)})
    assert grown.mapped()["x"].tolist() == [2.0, 2.0, 2.0]


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({"x": np.zeros((2, 3)), "y": np.zeros(3)}, r"as many rows as each other. Received: {'x': 2, 'y': 3}"),
        ({"x": np.array([b"a"], object), "y": np.zeros(1)}, "must hold numbers. Received: objects in x"),
        ({"x": np.zeros((2, 4)), "y": np.zeros(2)}, "must be like those before"),
        ({"x": np.zeros((2, 3), "float32"), "y": np.zeros(2)}, "must be like those before"),
        ({"x": np.zeros((2, 3))}, "must be like those before"),
    ],
)
def test_a_batch_that_does_not_fit_adds_nothing(tmp_path, batch, message):
    grown = GrowingArrays(tmp_path)
    grown.append({"x": np.ones((2, 3)), "y": np.ones(2)})
    with pytest.raises(ValueError, match=message):
        grown.append(batch)
    assert grown.rows == 2 and grown.mapped()["x"].tolist() == np.ones((2, 3)).tolist()
