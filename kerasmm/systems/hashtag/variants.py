"""Rows of table 2 of hashtag's paper."""

from __future__ import annotations

from typing import Any

_TENSOR, _NONE = ({"network.user_model": name} for name in ("tensor", "none"))
# With the tensor's rate of 0.03 an MLP learns next to nothing.
_MLP = {"network.user_model": "mlp", "user_specific.optimizer.learning_rate": 0.01}
_MCLL = {"network.agnostic": "mcll"}
_PPMI, _SENSES = ({"network.agnostic": "ncsl", "network.tag_vectors": name} for name in ("ppmi", "multi_sense"))

VARIANTS: dict[str, dict[str, Any]] = {
    "Tensor (NCSL-MS)": {**_SENSES, **_TENSOR},
    "Tensor (NCSL-PPMI)": {**_PPMI, **_TENSOR},
    "Tensor (MCLL)": {**_MCLL, **_TENSOR},
    "MLP (NCSL-MS)": {**_SENSES, **_MLP},
    "MLP (NCSL-PPMI)": {**_PPMI, **_MLP},
    "MLP (MCLL)": {**_MCLL, **_MLP},
    "NCSL-MS": {**_SENSES, **_NONE},
    "NCSL-PPMI": {**_PPMI, **_NONE},
    "MCLL": {**_MCLL, **_NONE},
    "ImageNet": {**_MCLL, **_NONE, "network.projection": False},
}
"""The configuration of each row that is a model; the system itself first."""

ROWS = {
    "Tensor (NCSL-MS)": "the three-way tensor on an image model of multi-sense tag vectors",
    "Tensor (NCSL-PPMI)": "the same of PPMI tag vectors",
    "Tensor (MCLL)": "the same of the softmax over tags",
    "MLP (NCSL-MS)": "an MLP on the three embeddings in place of the tensor",
    "MLP (NCSL-PPMI)": "the same of PPMI tag vectors",
    "MLP (MCLL)": "the same of the softmax over tags",
    "NCSL-MS": "no users: cosine to the sum of multi-sense tag vectors",
    "NCSL-PPMI": "the same of PPMI tag vectors",
    "MCLL": "no users: softmax over tags",
    "ImageNet": "no users: logistic regression on the encoder's features",
    "frequency": "tags by how many training posts have them",
    "user_frequency": "tags by how many training posts of the user have them",
}
"""What the rows are, those that only count as well."""
