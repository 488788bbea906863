"""`python -m kerasmm.sentences`: the former name of `python -m kerasmm.draw sentences`, for one version."""

from __future__ import annotations

import sys

from kerasmm.console import guarded, say_renamed
from kerasmm.draw import main as draw


def main(argv: list[str]) -> int:
    """Says the new name and does what it does."""
    say_renamed("sentences", "draw sentences", argv)
    return draw(["sentences", *argv])


if __name__ == "__main__":
    sys.exit(guarded(main))
