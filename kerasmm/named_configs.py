"""Configurations that come with the package: `kerasmm/configs/<model>/<name>.yaml`, asked for by name."""

from __future__ import annotations

from pathlib import Path

from kerasmm.console import UserError, nearest

FOLDER = Path(__file__).parent / "configs"


def config_names(model: str, folder: Path = FOLDER) -> list[str]:
    """Names of a model's configurations."""
    return sorted(path.stem for path in (folder / model).glob("*.yaml"))


def find_config(model: str, asked: Path | None, folder: Path = FOLDER) -> Path | None:
    """The file of a configuration that was asked for by its path, which wins, or by its name.

    Args:
        model: Whose configuration; the name of a folder in `folder`.
        asked: A path or a name.
        folder: Where those with names lie.

    Raises:
        UserError: When it is neither; the message names the nearest name and all there are.

    Example:

    >>> find_config("dman", Path("few_posts")).name
    'few_posts.yaml'
    """
    if asked is None or asked.is_file():
        return asked
    names = config_names(model, folder)
    if str(asked) in names:
        return folder / model / f"{asked}.yaml"
    raise UserError(
        f"--config {asked}: no such file, and no configuration of {model}; there are: {', '.join(names) or 'none'}."
        f"{nearest(asked.stem, names)}"
    )


def config_help() -> str:
    """The help of `--config`: which names there are."""
    models = sorted(folder.name for folder in FOLDER.iterdir() if folder.is_dir())
    named = "; ".join(f"{model}: {', '.join(config_names(model))}" for model in models)
    return f"a YAML file, or a configuration that comes with kerasmm ({named})"
