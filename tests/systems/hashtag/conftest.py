"""Shared by the tests of hashtag."""

import pytest

from tests.systems.hashtag.world import write_world


@pytest.fixture(scope="package")
def world(tmp_path_factory):
    """A data set that no test changes."""
    return write_world(tmp_path_factory.mktemp("hashtag") / "world", second=True)
