import numpy as np
import pytest

from kerasmm.evaluation.baselines.tweets import topics
from kerasmm.evaluation.baselines.tweets.topics import Topics
from tests.public_class import check_examples

THEMES = (["snow", "ice", "sled", "frost"], ["sun", "sand", "shell", "wave"], ["vote", "law", "party", "bill"])


def drawn(rng, posts=300):
    """Each text of words of one theme."""
    themes = rng.integers(0, 3, posts)
    return [" ".join(rng.choice(THEMES[theme], 6)) for theme in themes], themes


def test_planted_themes_become_topics(rng, seed):
    texts, themes = drawn(rng)
    unseen, wanted = drawn(rng, 60)
    model = Topics(topics=3, seed=seed % 1000, passes=20, largest_share=0.5).fit(texts)
    shares = model.transform(unseen)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    assert shares.dtype == np.float32 and (shares > 0).all()
    # Two texts are of one theme where they are of one topic, but for a start that merges two themes.
    same_topic = shares.argmax(axis=1)[:, None] == shares.argmax(axis=1)
    assert np.mean(same_topic == (wanted[:, None] == wanted)) > 0.7


def test_the_paper_has_fifty_topics(rng):
    texts, _ = drawn(rng, 50)
    assert Topics(passes=1, largest_share=0.5).fit(texts).transform(texts).shape == (50, 50)


def test_shares_depend_on_the_text_alone_and_the_seed(rng, monkeypatch):
    texts, _ = drawn(rng)
    model = Topics(topics=4, seed=1, largest_share=0.5).fit(texts)
    wanted = model.transform(texts)
    assert (model.transform(texts) == wanted).all()
    assert (model.transform(texts[::-1])[::-1] == wanted).all()
    monkeypatch.setattr(topics, "ROWS", 7)
    assert (model.transform(texts[3:20]) == wanted[3:20]).all()
    assert (Topics(topics=4, seed=1, largest_share=0.5).fit(texts).transform(texts) == wanted).all()
    assert (Topics(topics=4, seed=2, largest_share=0.5).fit(texts).transform(texts) != wanted).any()


def test_rare_and_common_words_are_not_known(rng):
    """`the` is in every text, `once` in one; what they say is nothing."""
    texts, _ = drawn(rng)
    texts = [f"the {text}" for text in texts]
    texts[0] += " once"
    got = Topics(topics=3, largest_share=0.5).fit(texts).transform(["the", "once", "snow"])
    np.testing.assert_allclose(got[:2], 1 / 3, rtol=1e-6)
    assert got[2].max() > 0.4


def test_only_the_commonest_words_are_known():
    texts = ["snow ice", "snow ice", "snow", "sun", "sun ice", "rain", "rain"]
    got = Topics(topics=2, most_words=2, largest_share=0.5).fit(texts).transform(["rain", "sun", "snow"])
    np.testing.assert_allclose(got[0], 0.5)
    assert got[2, 0] != got[2, 1]


def test_texts_of_any_kind_and_none():
    texts = ["", "\ud800 snow", "x" * 5000, "snow 🙂 ice", "ICE, snow!", "\0"]
    got = Topics(topics=2, largest_share=0.5).fit(texts).transform([*texts, "nothing known"])
    assert got.shape == (7, 2) and np.isfinite(got).all()
    assert got[0].tolist() == got[2].tolist() == got[6].tolist() == [0.5, 0.5]
    # Words are in lower case and without punctuation; a symbol is a word, but a rare one here.
    assert got[3].tolist() == got[4].tolist()
    assert Topics(topics=2, largest_share=0.5).fit(texts).transform([]).shape == (0, 2)


@pytest.mark.parametrize("texts", [[], ["", " "], ["each", "word", "once"]])
def test_without_a_known_word_all_texts_are_alike(texts):
    np.testing.assert_allclose(Topics(topics=4, largest_share=0.5).fit(texts).transform(["each", "word"]), 0.25)


@pytest.mark.parametrize("name", ["topics", "fewest", "largest_share", "most_words", "passes"])
def test_wrong_arguments(name):
    with pytest.raises(ValueError, match=f"`{name}` must be positive. Received: {name}=0"):
        Topics(**{name: 0})


def test_example():
    check_examples(Topics)
