import numpy as np
import pytest

from kerasmm.asking.attention import ROWS, Attention, attention, has_attention, require_attention
from kerasmm.asking.loaded import LoadedExport
from kerasmm.console import UserError
from tests.serving.fake import COLOURS, exported, picture, quarters


class Offer:
    """An export that answers from a formula: the weight of cell c for picture p and word w, and counts its questions."""

    folder = "saved_models/m/1"

    def __init__(self, score=True, **signatures):
        outputs = {"map": {}, "valid": {}, **({"score": {}} if score else {})}
        self.inputs = {"attend": {"image": {}, "word": {}}, **signatures}
        self.outputs = {"attend": outputs, **{name: {} for name in signatures}}
        self.sizes = []

    def answer(self, signature, inputs):
        assert signature == "attend"
        self.sizes.append(len(inputs["image"]))
        numbers = [(int(p or b"0"), int(w)) for p, w in zip(inputs["image"], inputs["word"], strict=True)]
        maps = [[[100 * p + w, 1], [2, 3]] for p, w in numbers]
        found = {"map": np.array(maps, "float32"), "valid": np.array([p > 0 for p, _ in numbers])}
        return (
            {**found, "score": np.array([w / 10 for _, w in numbers])} if "score" in self.outputs["attend"] else found
        )


def test_peak_and_box_are_found_by_looking_at_every_cell(rng):
    for rows, columns in ((7, 7), (3, 5), (1, 4)):
        weights = rng.dirichlet(np.ones(rows * columns)).reshape(rows, columns)
        best = max(((weights[r, c], r, c) for r in range(rows) for c in range(columns)), key=lambda cell: cell[0])
        seen = Attention("sea", 0.5, weights)
        assert (seen.largest, *seen.peak) == best
        _, row, column = best
        np.testing.assert_allclose(seen.box, (row / rows, column / columns, (row + 1) / rows, (column + 1) / columns))
    assert Attention("sea", None, np.full((2, 3), 1 / 6)).peak == (0, 0)


def test_every_picture_gets_its_words_in_order_some_at_a_time():
    export, told = Offer(), []
    pictures, words = [str(p).encode() for p in (3, 0, 5, 1, 2, 4, 6)], ["1", "2", "7"]
    found = attention(export, pictures, words, told.append)
    assert [found[1]] == [None] and len(found) == 7
    for asked, looks in zip(pictures, found, strict=True):
        for word, look in zip(words, looks or (), strict=looks is not None):
            assert (look.word, look.score) == (word, int(word) / 10)
            assert look.weights[0, 0] == 100 * int(asked) + int(word)
    assert export.sizes == told == [ROWS, 5]
    assert attention(export, [], words) == attention(export, [], []) == []


def test_an_export_that_answers_no_score_still_has_maps():
    (looks,) = attention(Offer(score=False), [b"1"], ["4"])
    assert looks[0].score is None and looks[0].weights[0, 0] == 104


def test_a_model_without_attention_is_told_in_one_line():
    export = Offer()
    del export.inputs["attend"]
    export.inputs["search_by_image"] = {"image": {}, "k": {}}
    assert not has_attention(export)
    with pytest.raises(UserError, match="saved_models/m/1: has no signature 'attend'.*it has: search_by_image"):
        require_attention(export)
    with pytest.raises(UserError, match="has no signature 'attend'"):
        attention(export, [b"1"], ["1"])


def test_a_word_looks_at_its_colour():
    export = LoadedExport(exported())
    images = [quarters("blue", "red", "green", "blue"), quarters("green", "blue", "blue", "red"), b"junk"]
    first, second, bad = attention(export, images, ["red", "green"])
    assert [look.peak for look in first] == [(0, 1), (1, 0)] and [look.peak for look in second] == [(1, 1), (0, 0)]
    assert first[0].box == (0.0, 0.5, 0.5, 1.0) and bad is None
    # The cosine of that red and pure red, by hand; resizing blurs the edges of a quarter.
    red = np.array(COLOURS["red"])
    assert first[0].score == pytest.approx(red[0] / np.linalg.norm(red), abs=5e-3)
    assert attention(export, [picture((0, 0, 0))], ["red"])[0][0].weights == pytest.approx(0.25)
