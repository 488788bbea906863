"""The build: a source's posts in, a whole data set out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data_prep.config import BuildConfig
from data_prep.sources import find
from data_prep.sources.source import Source
from data_prep.vocabulary.given import in_given_words
from data_prep.work.workspace import check_output, publish, recover, workspace
from data_prep.write.vectors import is_vector_file
from kerasmm.console import UserError, console
from kerasmm.data.manifest import Manifest
from kerasmm.settings import merged, validated

_CONNOTATIONS = 25
"""Posts that a connotation needs to stay, unless the configuration says otherwise (CMEM, section 4.1.3)."""


def configuration(source: str | type[Source] | None, unit: str | None, *layers: Mapping[str, Any]) -> BuildConfig:
    """The source's own defaults, if there is a source, with `layers` over them, checked.

    Where `connotations.method` is on, three defaults are other ones, and each can still be given: posts need `labels`
    beside what the source needs, labels need 25 posts (`labels.minimum`), and no tag becomes a label. With
    `vocabularies_of`, see `data_prep.vocabulary.given`. Features from a file stand for pictures, which
    then aren't needed.

    Raises:
        UserError: For an unknown source or key, or a wrong value.
    """
    found = find(source) if isinstance(source, str) else source
    defaults, given = found.defaults_for(unit) if found else {}, merged(*layers)
    split = given.get("split")
    if "split" in defaults and isinstance(split, Mapping) and split.get("method", "counts") != "counts":
        # The source's numbers of posts go with its own method: `--split random` alone must do.
        shares = {key: value for key, value in defaults["split"].items() if key != "counts"}
        defaults = {**defaults, "split": shares}
    features = given.get("features")
    if isinstance(features, Mapping) and is_vector_file(features.get("encoder")):
        # The vectors stand for the pictures, which needn't be there.
        needs = [field for field in defaults.get("needs", BuildConfig().needs) if field != "image"]
        defaults = merged(defaults, {"image": {"required": False}, "needs": needs})
    if given.get("vocabularies_of") is not None:
        return validated(BuildConfig, merged(in_given_words(defaults, given), given), "build configuration")
    connotations = given.get("connotations")
    if isinstance(connotations, Mapping) and connotations.get("method") is not None:
        needs = list(dict.fromkeys((*defaults.get("needs", BuildConfig().needs), "labels")))
        on = {"labels": {"minimum": _CONNOTATIONS}, "annotate": {"labels_from_tags": 0}, "needs": needs}
        defaults = merged(defaults, on)
    return validated(BuildConfig, merged(defaults, given), "build configuration")


def build(
    config: BuildConfig,
    source: str | type[Source],
    output: Path,
    *,
    folder: Path | None = None,
    unit: str | None = None,
    pictures: Path | None = None,
    follow_links: bool = False,
    beam_options: Sequence[str] = (),
    quiet: bool = False,
    overwrite: bool = False,
    command: Sequence[str] = (),
) -> Manifest:
    """Builds a data set.

    Args:
        config: What each step does; see `configuration`.
        source: Name or class of the source.
        output: The data set's folder; it appears when it is whole.
        folder: Where the source's files lie.
        unit: What one post is, when the source offers several.
        pictures: Where the pictures lie, when not in `folder`.
        follow_links: Take pictures that links lead to outside of `folder` and `pictures`.
        beam_options: Passed to Beam, e.g. `["--direct_running_mode=multi_processing"]`.
        quiet: Print nothing.
        overwrite: Replace an existing data set.
        command: Recorded in the manifest.

    Returns:
        The manifest of the data set.

    Raises:
        UserError: For bad input, too many rejects, or when no post is left; the message says what to change.

    Example:

    >>> build(configuration("shapes", None), "shapes", Path("data/shapes")).records("train")  # doctest: +SKIP
    2157
    """
    output = Path(output).resolve()
    if told := recover(output):
        console(quiet).print(f"note: {told}", soft_wrap=True)
    check_output(output, overwrite)
    found = find(source) if isinstance(source, str) else source
    with workspace(output) as hidden:
        scratch, whole = hidden / "scratch", hidden / "whole"
        scratch.mkdir()
        whole.mkdir()
        if pictures is not None and not found.needs_input:
            raise UserError(
                f"source {found.name} draws its own pictures: leave `--pictures` out. Received: {str(pictures)!r}"
            )
        places: dict[str, Any] = {"pictures": pictures, "follow_links": follow_links}
        opened = found(folder, unit, scratch, **{name: given for name, given in places.items() if given})
        if not found.names_columns and config.read.model_fields_set:
            raise UserError(
                f"source {found.name} has no columns to name: leave `read` out (`--columns`, `--separator`)"
            )
        opened.columns, opened.separator = config.read.columns, config.read.separator
        # Beam is imported only now: whatever is wrong with the call has been said. The runner comes before the passes,
        # since it imports Beam quietly.
        from data_prep.work import runner

        options = runner.beam_options(beam_options)
        from data_prep.assemble import assemble
        from data_prep.passes import Passes

        passes = Passes(config, opened, hidden / "work", output, options, quiet)
        manifest = assemble(passes.run(), config, opened, whole, list(command))
        publish(whole, output, hidden / "replaced")
        passes.rejects.forget()
    return manifest
