"""Shared by the tests of hashtag."""

import pytest

from tests.systems.hashtag.asked import Asked
from tests.systems.hashtag.exported import made_elsewhere
from tests.systems.hashtag.world import write_world


@pytest.fixture(scope="package")
def world(tmp_path_factory):
    """A data set that no test changes."""
    return write_world(tmp_path_factory.mktemp("hashtag") / "world", second=True)


@pytest.fixture(scope="package")
def elsewhere(tmp_path_factory):
    """Posts whose features came from elsewhere, so that pictures are asked by vectors, without an encoder."""
    return made_elsewhere(write_world(tmp_path_factory.mktemp("elsewhere") / "world", 36, 12, second=True))


@pytest.fixture
def asked(elsewhere, tmp_path, rng):
    """Makes signatures of a configuration."""

    def make(*changes, second=True):
        return Asked(elsewhere, tmp_path, rng, *changes, second=second)

    return make
