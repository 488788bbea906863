"""`python -m kerasmm.annotate`: the former name of `python -m kerasmm.label`, for one version."""

from __future__ import annotations

import sys

from kerasmm.console import guarded, say_renamed
from kerasmm.label import main as label


def main(argv: list[str]) -> int:
    """Says the new name and does what it does."""
    say_renamed("annotate", "label", argv)
    return label(argv)


if __name__ == "__main__":
    sys.exit(guarded(main))
