"""What papers are measured against: one baseline a file, those of pictures and words in one space behind `Baseline`.

`labels`, `tags` and `tweets` hold those of other questions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerasmm.console import UserError, nearest
from kerasmm.lazy import lazily

if TYPE_CHECKING:
    from kerasmm.evaluation.baselines.baseline import Baseline

_CLASSES = {
    "features": "Features",
    "cca": "CCA",
    "kcca": "KCCA",
    "dcca": "DCCA",
    "hne": "HNE",
    "lhne": "LHNE",
    "ridge": "Ridge",
}
_WHERE = {
    **{definition: name for name, definition in _CLASSES.items()},
    "Baseline": "baseline",
    "Views": "baseline",
    "ridge_scores": "ridge",
}

NAMES = tuple(_CLASSES)
"""Names of the baselines in the order of the tables."""

__all__ = sorted([*_WHERE, "NAMES", "find"])


def find(name: str) -> type[Baseline]:
    """The class of a baseline.

    Raises:
        UserError: For an unknown name; says the nearest known one.

    Example:

    >>> find("cca").title
    'CCA'
    """
    if name not in _CLASSES:
        raise UserError(f"no baseline {name!r}; there are {', '.join(NAMES)}.{nearest(name, NAMES)}")
    found: type[Baseline] = lazily(__name__, _WHERE, _CLASSES[name])
    return found


def __getattr__(name: str) -> Any:
    return lazily(__name__, _WHERE, name)


def __dir__() -> list[str]:
    return __all__
