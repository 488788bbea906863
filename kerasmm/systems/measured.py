"""What systems measure on the training split."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerasmm.data.dataset import Dataset

MEASURED_POSTS = 4096
"""Training posts that the means and variances of the features are taken from."""


def feature_moments(dataset: Dataset) -> dict[str, Any]:
    """`mean` and `variance` of the stored features over the training split; empty where no post has any."""
    from kerasmm.data.moments import moments

    features = dataset.manifest.features
    if features is None:
        return {}
    posts = itertools.islice(dataset.posts("train"), MEASURED_POSTS)
    found = moments(post.features.reshape(-1, features.shape[-1]) for post in posts if post.features is not None)
    return {"mean": found[0].tolist(), "variance": found[1].tolist()} if found else {}
