"""What systems measure on the training split."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerasmm.data.dataset import Dataset

MEASURED_POSTS = 4096
"""Training posts that the means and variances of the features are taken from."""


def feature_moments(dataset: Dataset) -> dict[str, Any]:
    """`mean` and `variance` of the stored features over the training split; empty where no post has any."""
    import numpy as np
    from sklearn.preprocessing import StandardScaler

    features = dataset.manifest.features
    if features is None:
        return {}
    scaler = StandardScaler()
    for number, post in enumerate(dataset.posts("train")):
        if post.features is not None:
            scaler.partial_fit(post.features.reshape(-1, features.shape[-1]).astype("float64"))
        if number + 1 == MEASURED_POSTS:
            break
    if not hasattr(scaler, "mean_"):
        return {}
    # A feature that never varies stays as it is: its scale is 1.
    return {"mean": scaler.mean_.tolist(), "variance": np.square(scaler.scale_).tolist()}
