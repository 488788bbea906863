"""What every baseline has in common."""

import subprocess
import sys

import numpy as np
import pytest

from kerasmm.console import UserError
from kerasmm.evaluation import baselines
from kerasmm.evaluation.baselines import NAMES, Features, find
from kerasmm.evaluation.baselines.baseline import Baseline, Views
from kerasmm.evaluation.search import DISTANCES
from tests.evaluation.baselines.planted import planted, unlinked

CONTENT = [name for name in NAMES if name not in ("hne", "lhne")]
"""Those that learn from pictures and tags alone; the others have links and tests of their own."""


@pytest.mark.parametrize("name", CONTENT)
def test_contract(name, rng):
    features, tags, _ = planted(rng, posts=60)
    kind = find(name)
    assert issubclass(kind, Baseline)
    assert kind.name == name
    assert kind.distance in DISTANCES
    assert 1 <= len(kind.grid) <= 6
    for setting in kind.grid:
        kind(seed=3, **setting)
    model = kind(seed=3, **kind.grid[-1])
    views = unlinked(features, tags)
    before = features.copy(), tags.copy()
    assert model.fit(views) is model
    images = model.images(features[:7])
    assert images.shape[0] == 7
    assert images.dtype == "float32"
    # A picture's place depends on nothing but the picture.
    np.testing.assert_allclose(model.images(features[3:4])[0], images[3], rtol=1e-3, atol=1e-4)
    if kind.searches:
        words = model.words(np.eye(12, dtype="uint8")[:5])
        assert words.shape == (5, images.shape[1])
        assert words.dtype == "float32"
    else:
        with pytest.raises(TypeError, match="has no text view"):
            model.words(np.eye(12))
    scores = model.label_scores(np.eye(60)[:, :2], features[:7])
    assert scores is None or scores.shape == (7, 2)
    np.testing.assert_array_equal(features, before[0])
    np.testing.assert_array_equal(tags, before[1])


def test_features_are_left_as_they_are(rng):
    features, tags, _ = planted(rng, posts=5)
    np.testing.assert_array_equal(Features().fit(unlinked(features, tags)).images(features), features)


def test_an_unknown_name_is_the_users_error():
    with pytest.raises(UserError, match="no baseline 'kca'; there are features, cca, .* Did you mean 'kcca'?"):
        find("kca")
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = baselines.nothing


@pytest.mark.parametrize(
    ("features", "tags", "rows", "message"),
    [
        (np.ones((1, 3)), np.ones((1, 2)), 2, "two posts or more. Received: 1"),
        (np.ones((4, 3)), np.ones((5, 2)), 5, "the same posts. Received: 4 and 5"),
        (np.ones((4, 3, 2)), np.ones((4, 2)), 5, "must be matrices"),
        (np.ones((4, 3)), np.ones((4, 2)), 4, "one more row pointer than there are posts. Received: 4 for 4"),
    ],
)
def test_views_that_do_not_fit(features, tags, rows, message):
    with pytest.raises(ValueError, match=message):
        Views(features, tags, (np.zeros(rows, "int64"), np.zeros(0, "int64")))


def test_names_cost_nothing():
    """So that `--help` can list them."""
    code = (
        "import sys; from kerasmm.evaluation.baselines import NAMES, find; print(NAMES)\n"
        "try: find('x')\nexcept Exception: pass\n"
        "assert not {'numpy', 'sklearn', 'keras', 'tensorflow', 'cca_zoo'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "'kcca'" in done.stdout
