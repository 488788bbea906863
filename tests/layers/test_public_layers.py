"""Every public layer passes the same contract."""

import functools

import keras
import pytest

import kerasmm.layers
from kerasmm.layers import (
    CharacterLSTM,
    LocallyFullyConnected,
    PooledGRU,
    SampledLogits,
    ThreeWayTensor,
    TripletMLP,
    TweetBias,
    UserVectors,
    VisualTextualAttention,
)
from tests.layers.by_loop import gru_by_loop, maxima_are_clear, units_are_clear
from tests.layers.layer_contract import LayerCase, check_layer, further_inputs
from tests.public_class import check_names

CASES = [
    LayerCase(
        LocallyFullyConnected,
        {
            "units": 3,
            "activation": "tanh",
            "kernel_initializer": "he_normal",
            "bias_initializer": "ones",
            "kernel_regularizer": keras.regularizers.L2(0.1),
            "bias_regularizer": keras.regularizers.L1(0.1),
            "activity_regularizer": keras.regularizers.L2(0.01),
        },
        inputs=(4, 5, 6),
        outputs=[(4, 5, 3)],
        weights=[(5, 6, 3), (5, 3)],
    ),
    LayerCase(
        LocallyFullyConnected,
        {"units": 2, "use_bias": False, "words_first": True},
        inputs=(5, 4, 6),
        outputs=[(5, 4, 2)],
        weights=[(5, 6, 2)],
        batch_axis=(1, 1),
    ),
    LayerCase(
        VisualTextualAttention,
        {
            "words": 5,
            "scale": 3.0,
            "kernel_initializer": "he_normal",
            "bias_initializer": "zeros",
            "kernel_regularizer": keras.regularizers.L2(0.1),
            "bias_regularizer": keras.regularizers.L1(0.1),
        },
        inputs=(4, 7, 6),
        outputs=[(4, 5, 6)],
        weights=[(6, 5), (5,)],
        mask=(4, 7),
    ),
    LayerCase(
        VisualTextualAttention,
        {"words": 5, "return_attention": True, "words_first": True},
        inputs=(4, 7, 6),
        outputs=[(5, 4, 6), (4, 5, 7)],
        weights=[(6, 5), (5,)],
        mask=(4, 7),
        batch_axis=(0, 1),
    ),
    LayerCase(
        PooledGRU,
        {
            "units": 3,
            "kernel_initializer": "he_normal",
            "recurrent_initializer": "glorot_normal",
            "bias_initializer": "ones",
        },
        inputs=(4, 7, 6),
        outputs=[(4, 3)],
        weights=[(6, 9), (3, 9), (2, 9)],
        mask=(4, 7),
    ),
    *(
        LayerCase(
            PooledGRU,
            {"units": 2, "pooling": pooling},
            inputs=(4, 7, 6),
            outputs=[(4, 2)],
            weights=[(6, 6), (2, 6), (2, 6)],
            mask=(4, 7),
            clear=functools.partial(maxima_are_clear, gru_by_loop),
        )
        for pooling in ("mean", "max")
    ),
    LayerCase(
        CharacterLSTM,
        {
            "units": 3,
            "characters": 9,
            "dimension": 5,
            "regularizer": keras.regularizers.L2(0.1),
            "embeddings_initializer": "he_normal",
            "kernel_initializer": "lecun_normal",
            "recurrent_initializer": "glorot_normal",
        },
        inputs=(4, 7),
        outputs=[(4, 3)],
        weights=[(9, 5), (5, 12), (3, 12), (12,)],
        mask=(4, 7),
        ids=9,
    ),
    LayerCase(
        UserVectors,
        {"users": 9, "dimension": 3, "initializer": "he_normal"},
        inputs=(4, 7),
        outputs=[(4, 7, 3)],
        weights=[(9, 3)],
        ids=9,
    ),
    LayerCase(
        TweetBias,
        {"dimension": 3, "kernel_initializer": "he_normal", "regularizer": keras.regularizers.L2(0.1)},
        inputs=(4, 6),
        outputs=[(4, 3)],
        weights=[(6, 3), (5, 3)],
        further=((1, 5),),
    ),
    LayerCase(
        ThreeWayTensor,
        {
            "tag": 5,
            "image": 3,
            "user": 2,
            "kernel_initializer": "he_normal",
            "regularizer": keras.regularizers.L2(0.1),
        },
        inputs=(4, 3),
        outputs=[(4, 5)],
        weights=[(5, 3, 2)],
        further=((1, 2),),
    ),
    LayerCase(
        TripletMLP,
        {
            "units": [5, 6],
            "normalised": False,
            "kernel_initializer": "he_normal",
            "regularizer": keras.regularizers.L2(0.1),
        },
        inputs=(4, 3),
        outputs=[(4, 7)],
        weights=[(11, 5), (5,), (5, 6), (6,), (6, 1), (1,)],
        further=((7, 6), (1, 2)),
        clear=lambda images, weights: units_are_clear(weights, images, *further_inputs((7, 6), (1, 2))),
    ),
    LayerCase(
        SampledLogits,
        {
            "classes": 9,
            "sampled": 3,
            "seed": 4,
            "kernel_initializer": "he_normal",
            "regularizer": keras.regularizers.L2(0.1),
        },
        inputs=(4, 6),
        outputs=[(4, 9)],
        weights=[(9, 6)],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng, tmp_path):
    check_layer(case, rng, tmp_path)


def test_no_layer_escapes():
    check_names(kerasmm.layers, {case.layer.__name__ for case in CASES})
