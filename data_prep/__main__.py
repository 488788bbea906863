"""`python -m data_prep sources|features|build|inspect`."""

from __future__ import annotations

import difflib
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from kerasmm.console import MOST_SEED, OK, Parser, UserError, console, guarded, show, whole
from kerasmm.printable import is_unicode

_PROGRAM = "python -m data_prep"
_CONFIGS = Path(__file__).parent / "configs"
"""Has a folder `build` of configurations that are asked for by name."""


def main(argv: list[str]) -> int:
    """Runs one command; see `--help`."""
    parser = Parser(
        prog=_PROGRAM,
        description="Posts in, TFRecord data set out.",
        example=f"{_PROGRAM} build --source shapes --output data/shapes",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    for add in (_add_sources, _add_features, _add_build, _add_inspect):
        add(commands)
    for word in argv:
        if not is_unicode(word):
            raise UserError(f"argument {word!r} is not valid Unicode; rename what it names")
    options, rest = parser.parse_known_args(argv)
    if rest and options.command != "build":
        parser.error(f"unknown argument {rest[0]!r}")
    answer: int = {"sources": _sources, "features": _features, "build": _build, "inspect": _inspect}[options.command](
        options, rest, argv
    )
    return answer


def _add_sources(commands: Any) -> None:
    parser = commands.add_parser(
        "sources",
        help="list what can be read",
        example=f"{_PROGRAM} sources",
        description="Lists the sources.",
        allow_abbrev=False,
    )
    parser.add_quiet()


def _add_features(commands: Any) -> None:
    parser = commands.add_parser(
        "features",
        help="list what --features can be",
        example=f"{_PROGRAM} features",
        description="Lists image encoders, with the size of their pictures and where their weights come from, and the forms of\n"
        "files with features that were made elsewhere.",
        allow_abbrev=False,
    )
    parser.add_quiet()


def _add_build(commands: Any) -> None:
    parser = commands.add_parser(
        "build",
        help="build a data set",
        description="Builds a data set: TFRecord shards, vocabularies and dataset.json. Flags win over --config, --set over all.\n"
        "Options that are not listed go to Apache Beam, e.g. --direct_running_mode=multi_processing --direct_num_workers=2;\n"
        "a distributed --runner needs an --output on a file system that all workers share.\n"
        "--set collect.clean=DIR takes only posts whose tags name frequent words of the sentences of the data set in DIR.\n"
        "--set connotations.method=hashtags, gazetteer (with connotations.concepts=FILE) or column (with\n"
        "connotations.annotations=FILE) takes labels from texts or a file in place of the source's.",
        example=f"{_PROGRAM} build --source movielens --input ml-10m --output data/movielens --features efficientnet_lite0",
        allow_abbrev=False,
    )
    parser.add_argument("--source", help="name of the source, see `sources`")
    parser.add_argument("--input", type=Path, metavar="DIR", help="where the published files lie")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="where the pictures lie, when not in --input")
    parser.add_argument("--follow-links", action="store_true", help="take pictures that links lead to outside of these")
    parser.add_argument("--output", type=Path, metavar="DIR", help="the data set's folder")
    parser.add_argument("--unit", help="what one post is, where the source offers several")
    parser.add_argument("--columns", metavar="FIELD=COLUMN,…", help="posts: columns of another name, e.g. text=caption")
    parser.add_argument("--separator", metavar="SIGN", help="posts: what separates tags in a cell; found unless given")
    named = ", ".join(sorted(path.stem for path in _CONFIGS.glob("build/*.yaml")))
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"YAML of the build configuration, or the name of one that comes with data_prep ({named})",
    )
    parser.add_argument(
        "--features",
        metavar="ENCODER",
        help="store features of this image encoder, or those in a file: .npz (ids, vectors), .npy (ids beside it), .parquet",
    )
    parser.add_argument("--weights", metavar="FILE", help="weights of that encoder, in place of its own download")
    parser.add_argument("--tags", type=whole(), metavar="N", help="keep the N most frequent tags")
    parser.add_argument(
        "--vocabularies-of",
        metavar="DATA",
        help="take the words of this data set: new posts for a model that was trained on it; all that have a picture stay",
    )
    parser.add_argument(
        "--labels-from-tags",
        type=whole(),
        metavar="N",
        help="the N most frequent tags become labels, and stay tags, too",
    )
    parser.add_argument(
        "--split", choices=("random", "time", "latest", "published", "counts"), help="how posts are split"
    )
    parser.add_argument("--seed", type=whole(0, MOST_SEED), help="decides splits and links")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="any key, e.g. split.test=0.1")
    parser.add_argument(
        "--list-settings",
        action="store_true",
        help="print every key with its value and meaning, those of --source where given, and build nothing",
    )
    parser.add_argument("--runner", help="Beam runner; in this process by default")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing data set")
    parser.add_quiet()


def _add_inspect(commands: Any) -> None:
    parser = commands.add_parser(
        "inspect",
        help="check and show a data set",
        description="Checks every shard against its SHA-256, then shows counts, what was dropped and sample posts.",
        example=f"{_PROGRAM} inspect data/movielens --plots plots",
        allow_abbrev=False,
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="the data set's folder")
    parser.add_argument(
        "--plots",
        type=Path,
        metavar="DIR",
        help="write plots of word frequencies, labels and, where they were counted, users, and a sheet of sample pictures, here",
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_quiet()


def _sources(options: Any, rest: list[str], argv: list[str]) -> int:
    from data_prep.sources import SOURCES, find

    for name in SOURCES:
        source = find(name)
        show(f"{name}\n  {source.summary}\n  layout: {source.layout}")
        if source.units:
            show(f"  --unit: {', '.join(source.units)}")
    return OK


def _features(options: Any, rest: list[str], argv: list[str]) -> int:
    from data_prep.inspect.encoder_table import encoder_table

    show("\n".join(encoder_table()))
    return OK


def _build(options: Any, rest: list[str], argv: list[str]) -> int:
    _refuse_slips(rest)
    from kerasmm.named_configs import find_config
    from kerasmm.settings import assigned, merged, read_yaml

    asked = find_config("build", options.config, _CONFIGS)
    content = read_yaml(asked) if asked else {}
    job = {name: content.pop(name, None) for name in ("source", "input", "pictures", "output", "unit")}
    for name, value in job.items():
        if value is not None and not isinstance(value, str):
            raise UserError(f"{options.config}: `{name}` must be text. Received: {value!r}")
    job.update({name: getattr(options, name) for name in job if getattr(options, name) is not None})
    given_flags = {key: getattr(options, key) for key in _FLAGS if getattr(options, key) is not None}
    flags = merged(*(_FLAGS[key](value) for key, value in given_flags.items()))
    from data_prep.build import build, configuration
    from data_prep.missing import told

    for name in () if options.list_settings else ("source", "output"):
        if job[name] is None:
            raise UserError(f"`--{name}` is missing (see `{_PROGRAM} build --help`)")
    config = configuration(job["source"], job["unit"], content, flags, *map(assigned, options.set))
    if options.list_settings:
        from kerasmm.settings_list import listed, print_settings

        print_settings(listed(config))
        return OK
    output = Path(job["output"])
    manifest = build(
        config,
        job["source"],
        output,
        folder=None if job["input"] is None else Path(job["input"]),
        unit=job["unit"],
        pictures=None if job["pictures"] is None else Path(job["pictures"]),
        follow_links=options.follow_links,
        beam_options=[*rest, *([f"--runner={options.runner}"] if options.runner else [])],
        quiet=options.quiet,
        overwrite=options.overwrite,
        command=[*_PROGRAM.split(), *argv],
    )
    posts = ", ".join(f"{manifest.records(split)} {split}" for split in manifest.splits)
    console(options.quiet).print(f"{output}: {posts}; {_dropped(manifest.dropped)}", soft_wrap=True)
    for line in told(manifest):
        console(options.quiet).print(line, soft_wrap=True)
    return OK


def _dropped(found: dict[str, dict[str, int]]) -> str:
    """How many posts were dropped, and the three most frequent reasons."""
    reasons = Counter({f"{step}: {reason}": count for step, each in found.items() for reason, count in each.items()})
    if not reasons:
        return "no post dropped"
    most = "; ".join(f"{reason} ({count:,})" for reason, count in reasons.most_common(3))
    return f"{reasons.total()} posts dropped ({most}), listed in rejects.jsonl"


def _refuse_slips(rest: list[str]) -> None:
    """What can't be meant for Beam is refused before Beam is loaded; whether it knows the rest, Beam says."""
    for before, unknown in zip(["", *rest], rest, strict=False):
        value_of_an_option = before.startswith("--") and "=" not in before
        if not unknown.startswith("--") and not value_of_an_option:
            raise UserError(f"unknown argument {unknown!r}. Options begin with `--`.")
        # Near enough to be a slip, and so near that none of Beam's own options is.
        near = difflib.get_close_matches(unknown.partition("=")[0], _OURS, 1, _SLIP)
        if near:
            raise UserError(f"unknown argument {unknown!r}. Did you mean {near[0]!r}?")


_SLIP = 0.7


def _columns(value: str) -> dict[str, Any]:
    from data_prep.sources.columns import assigned_columns

    return {"read": {"columns": assigned_columns(value)}}


_FLAGS: dict[str, Any] = {
    "columns": _columns,
    "separator": lambda value: {"read": {"separator": value}},
    "features": lambda value: {"features": {"encoder": value}},
    "weights": lambda value: {"features": {"weights": value}},
    "tags": lambda value: {"tags": {"most": value}},
    "vocabularies_of": lambda value: {"vocabularies_of": value},
    "labels_from_tags": lambda value: {"annotate": {"labels_from_tags": value, "keep_in_tags": True}},
    "split": lambda value: {"split": {"method": value}},
    "seed": lambda value: {"seed": value},
}
_JOB = (
    "source",
    "input",
    "pictures",
    "follow-links",
    "output",
    "unit",
    "config",
    "set",
    "list-settings",
    "overwrite",
    "quiet",
)
_OURS = [f"--{name.replace('_', '-')}" for name in (*_FLAGS, *_JOB)]


def _inspect(options: Any, rest: list[str], argv: list[str]) -> int:
    from data_prep.inspect.inspect import inspect

    inspect(options.folder, plots=options.plots, as_json=options.json, quiet=options.quiet)
    return OK


if __name__ == "__main__":
    sys.exit(guarded(main))
