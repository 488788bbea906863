"""Headers of NumPy's files that say more than the file has."""

import io

import numpy as np
import pytest

from kerasmm.data.npy import load_npy, npy_header
from kerasmm.search import main


def written(path, shape, values=b"\0" * 32, dtype="'<f4'"):
    header = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + values)
    return path


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("shape", [(), (0,), (5,), (2, 3), (2, 0, 3)])
def test_reads_what_numpy_writes(tmp_path, rng, shape, mapped):
    array = np.asarray(rng.normal(size=shape))
    np.save(tmp_path / "a.npy", array)
    if not mapped or array.shape:
        np.testing.assert_array_equal(load_npy(tmp_path / "a.npy", mapped and bool(array.size)), array)
    with (tmp_path / "a.npy").open("rb") as file:
        assert npy_header(file, (tmp_path / "a.npy").stat().st_size) == (shape, array.dtype)


@pytest.mark.parametrize(
    ("shape", "dtype", "says"),
    [
        ("(100000000000, 8)", "'<f4'", "has only"),
        ("(9,)", "'<f4'", "has only"),
        ("(100000000000,)", "'<U0'", "has only"),
        ("(True, 8)", "'<f4'", "expected whole numbers"),
        ("(-1, 8)", "'<f4'", "expected whole numbers"),
        ("(2,)", "'|O'", "holds Python objects"),
        ("(2,)", "'what'", "header can't be read"),
        ("(" * 300, "'<f4'", "header can't be read"),
    ],
)
def test_a_header_that_is_wrong(tmp_path, shape, dtype, says):
    with pytest.raises(ValueError, match=says) as error:
        load_npy(written(tmp_path / "a.npy", shape, dtype=dtype))
    assert "\n" not in str(error.value)


def test_a_file_that_is_none(tmp_path):
    with pytest.raises(ValueError, match="is no NumPy file"):
        npy_header(io.BytesIO(b"0.1 0.2\n"), 8)
    (tmp_path / "q.npz").write_text("0.1 0.2\n")
    from kerasmm.console import UserError

    with pytest.raises(UserError, match=r"--vector: .*q.npz: can't be read as a .npy file \(is no NumPy file\)"):
        main(["--model", "nowhere", "--vector", str(tmp_path / "q.npz")])
