"""Initialisers of several weights."""

from __future__ import annotations

from typing import Any

import keras


def cloned(initializer: Any) -> Any:
    """An initialiser gives the same values again and again: each of several weights has an instance of its own."""
    return initializer.clone() if isinstance(initializer, keras.initializers.Initializer) else initializer
