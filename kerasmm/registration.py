"""Our classes by name in Keras' registry, so that after `import kerasmm` any saved model that holds them can be loaded.

Keras finds a class of a saved model by its registered name, and a class registers itself when its file is imported. To
import all files with `import kerasmm` would bring TensorFlow along. So a promise stands for each class, put there when
Keras itself is imported (at once where it is there already); it imports the file when Keras revives the class.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_PACKAGES = ("layers", "losses", "metrics")


def register() -> None:
    """Promises Keras every class of `kerasmm.layers`, `losses` and `metrics`, now or as soon as Keras is imported.

    Example, in a new process:

    >>> import kerasmm  # calls `register`
    >>> import keras
    >>> model = keras.models.load_model("model.keras")  # doctest: +SKIP
    """
    if "keras" in sys.modules:
        _promise_all()
    elif not any(isinstance(finder, _KerasWatch) for finder in sys.meta_path):
        sys.meta_path.insert(0, _KerasWatch())


def _promise_all() -> None:
    # Not `keras.saving`: while another thread is importing Keras, this waits for it.
    from keras.saving import get_custom_objects, register_keras_serializable

    known = get_custom_objects()
    for package in _PACKAGES:
        module = importlib.import_module(f"kerasmm.{package}")
        # What isn't a class is never part of a saved model.
        for name in (name for name in module.__all__ if name[0].isupper()):
            if f"kerasmm>{name}" not in known:
                register_keras_serializable("kerasmm", name)(_promise(module, name))


def _promise(package: ModuleType, name: str) -> type:
    """A class that makes objects of `package.name`; once that is imported, it takes this one's place in the registry."""

    class Promise:
        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            return getattr(package, name)(*args, **kwargs)

        @classmethod
        def from_config(cls, config: dict[str, Any]) -> Any:
            return getattr(package, name).from_config(config)

        def get_config(self) -> dict[str, Any]:
            raise NotImplementedError("Only what a promise makes has a configuration.")

    Promise.__name__ = Promise.__qualname__ = name
    return Promise


class _KerasWatch:
    """A finder that finds Keras where the others do, and has our classes promised once Keras is imported."""

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != "keras":
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, (finder.find_spec(name, path, target) for finder in others)), None)
        if spec is None or spec.loader is None:
            return spec
        loader, execute = spec.loader, spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            if module.__name__ == name and self in sys.meta_path:
                sys.meta_path.remove(self)
                _promise_all()

        loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
