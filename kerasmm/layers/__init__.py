"""Keras layers, one a file; `keras.ops` only, so they run on every backend."""

from __future__ import annotations

from typing import Any

from kerasmm.lazy import lazily

_WHERE = {
    "CharacterLSTM": "character_lstm",
    "LocallyFullyConnected": "locally_fully_connected",
    "PooledGRU": "pooled_gru",
    "SampledLogits": "sampled_logits",
    "ThreeWayTensor": "three_way_tensor",
    "TripletMLP": "triplet_mlp",
    "TweetBias": "tweet_bias",
    "UserVectors": "user_vectors",
    "VisualTextualAttention": "visual_textual_attention",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    return lazily(__name__, _WHERE, name)


def __dir__() -> list[str]:
    return __all__
