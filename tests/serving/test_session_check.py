import unicodedata

import numpy as np
import pytest

from kerasmm.serving.session_check import JUNK, batched, differences, tied


def test_equal_answers_have_no_differences():
    answer = {
        "ids": np.array([[b"a", "é".encode()]], object),
        "x": np.array([1.0, 2.0], "float32"),
        "valid": np.array([True]),
    }
    recorded = {"ids": [["a", "é"]], "x": [1.0, 2.0], "valid": [True]}
    assert differences(recorded, answer) == []
    # Rounding is no difference.
    assert differences(recorded | {"x": [1.0001, 2.0]}, answer) == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x": [1.0, 2.1]}, "differs in 1 of 2"),
        ({"x": [1.0]}, "has shape"),
        ({"valid": [False]}, "'valid' is"),
        ({"ids": [["b", "é"]]}, "'ids' is"),
        ({"more": [1]}, "outputs"),
    ],
)
def test_differences_are_named(changed, message):
    answer = {
        "ids": np.array([[b"a", "é".encode()]], object),
        "x": np.array([1.0, 2.0], "float32"),
        "valid": np.array([True]),
    }
    recorded = {"ids": [["a", "é"]], "x": [1.0, 2.0], "valid": [True]}
    (problem,) = differences(recorded | changed, answer)
    assert message in problem


def test_not_a_number_is_a_difference():
    assert differences({"x": [1.0]}, {"x": np.array([np.nan])})


def test_only_posts_of_equal_score_may_change_places():
    scores = [[0.9, 0.5, 0.5, 0.3, 0.1]]
    # The last may have had an equal that is not shown.
    assert tied(scores, (1, 5)).tolist() == [[False, True, True, False, True]]
    got = np.array([[b"a", b"c", b"b", b"d", b"e"]], object)
    number = np.array(scores, "float32")
    assert differences({"ids": [list("abcde")], "scores": scores}, {"ids": got, "scores": number}) == []
    got = np.array([[b"b", b"a", b"c", b"d", b"e"]], object)
    assert differences({"ids": [list("abcde")], "scores": scores}, {"ids": got, "scores": number})


def test_a_batch_has_junk_in_the_middle():
    rows = batched(
        {"image": np.array([b"png\x00"], object), "tags": np.array([["a", "b"]], object), "k": np.array([4])}
    )
    assert rows["image"].tolist() == [b"png\x00", *JUNK, b"png\x00"]
    assert rows["tags"].tolist() == [["a", "b"], *([junk, junk] for junk in JUNK), ["a", "b"]]
    assert rows["k"].tolist() == [4] * 7


def test_junk_is_what_breaks_careless_readers_of_text():
    undecodable, nothing, emoji, leftwards, long = JUNK
    with pytest.raises(UnicodeDecodeError):
        undecodable.decode()
    assert nothing == b"" and "\N{DOG FACE}" in emoji.decode()
    assert {unicodedata.bidirectional(c) for c in leftwards.decode()} >= {"RLO", "AL"}
    assert len(long.split()) == 10_000
