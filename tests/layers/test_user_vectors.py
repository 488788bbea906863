from __future__ import annotations

import numpy as np
import pytest

from kerasmm.layers import UserVectors


def test_unknown_users_get_the_mean_of_all(rng):
    layer = UserVectors(users=5, dimension=3)
    ids = np.array([[4, -1], [0, -7]], "int32")
    layer.build(ids.shape)
    table = rng.normal(size=(5, 3)).astype("float32")
    layer.set_weights([table])
    mean = [sum(table[user, place] for user in range(5)) / 5 for place in range(3)]
    got = np.asarray(layer(ids))
    np.testing.assert_allclose(got, [[table[4], mean], [table[0], mean]], atol=1e-6)


@pytest.mark.parametrize("size", ["users", "dimension"])
def test_sizes_must_be_positive(size):
    with pytest.raises(ValueError, match=f"`{size}` must be positive. Received: {size}=0"):
        UserVectors(**{"users": 2, "dimension": 2, size: 0})
