"""Shared by the tests of webly."""

import pytest

from tests.systems.webly.world import write_clean, write_web


@pytest.fixture(scope="package")
def clean(tmp_path_factory):
    """Clean posts; no test changes them."""
    return write_clean(tmp_path_factory.mktemp("webly") / "clean")


@pytest.fixture(scope="package")
def web(tmp_path_factory):
    """Web posts; no test changes them."""
    return write_web(tmp_path_factory.mktemp("webly") / "web")
