"""`python -m kerasmm.index`: adds posts to an export, or takes some out, with the weights that it serves."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import Parser, UserError, console, guarded, show
from kerasmm.files.folders import remove

if TYPE_CHECKING:
    from kerasmm.serving.reindex import Change


def parser() -> Parser:
    """The command line."""
    made = Parser(
        prog="python -m kerasmm.index",
        description="Adds the posts of a data set to an export, takes posts out, or forgets a user: a new version with the same\n"
        "weights, checked like an export. Prints its folder. Build new posts with `data_prep build --vocabularies-of` the\n"
        "data set of the model. Older versions stay on disk, and hold what they held, unless --delete-older is given.",
        example="python -m kerasmm.index --model saved_models/dman --data data/new\n"
        "  python -m kerasmm.index --model saved_models/dman --remove 17,42\n"
        "  python -m kerasmm.index --model saved_models/dman --forget-user ann --delete-older",
    )
    made.add_argument(
        "--model", type=Path, required=True, help="an export: its newest version, or one version's folder"
    )
    made.add_argument(
        "--data", type=Path, help="data set whose posts are added; those that are there are embedded again"
    )
    made.add_argument(
        "--remove",
        action="append",
        default=[],
        metavar="IDS",
        help="ids of posts to take out: a file with one a line, or a list with commas",
    )
    made.add_argument(
        "--forget-user",
        metavar="U",
        help="take out all posts of this author, and search the new version for what they were",
    )
    made.add_argument("--no-thumbnails", action="store_true", help="keep no small pictures of the added posts")
    made.add_argument("--delete-older", action="store_true", help="delete the older versions when the new one is there")
    made.add_quiet()
    return made


def ids_of(given: Sequence[str]) -> set[str]:
    """The ids that `--remove` names.

    Raises:
        UserError: For a file that can't be read, or nothing.
    """
    found: set[str] = set()
    for one in given:
        path = Path(one)
        if "," not in one and path.is_file():
            try:
                lines = path.read_text(encoding="utf-8-sig").split("\n")
            except (OSError, UnicodeDecodeError) as error:
                raise UserError(f"--remove: {path}: can't be read as lines of UTF-8 ({error})") from error
            # An id may hold a comma, which only a file can say.
            found.update(line.rstrip("\r") for line in lines)
        else:
            found.update(part.strip() for part in one.split(","))
    found.discard("")
    if given and not found:
        raise UserError(f"--remove names no ids: {', '.join(given)}; expected a file with one a line, or e.g. 17,42")
    return found


def refuse_missing_files(given: Sequence[str], version: Path) -> None:
    """Refuses what was meant as a file of ids and isn't there; an id may look like a path, too.

    Raises:
        UserError: For the first such file.
    """
    from kerasmm.serving.posts import POSTS_FILE, PostStore

    paths = [one for one in given if "," not in one and ("/" in one or one.lower().endswith((".txt", ".csv")))]
    paths = [one for one in paths if not Path(one).is_file()]
    if not paths:
        return
    with closing(PostStore(version / "assets.extra" / POSTS_FILE)) as store:
        for one in paths:
            if one.strip() not in store.find([one.strip()]):
                raise UserError(f"--remove: {one}: no such file, and no post of this id")


def main(argv: list[str]) -> int:
    """Parses, calls and prints."""
    arguments = parser().parse_args(argv)
    remove = ids_of(arguments.remove)
    if arguments.data is None and not remove and arguments.forget_user is None:
        raise UserError("nothing to do: give --data, --remove or --forget-user (see `python -m kerasmm.index --help`)")
    if arguments.forget_user is not None and not arguments.forget_user.strip():
        raise UserError("--forget-user names nobody; expected an author, e.g. --forget-user ann")
    from kerasmm.serving.check import newest

    refuse_missing_files(arguments.remove, newest(arguments.model))
    from kerasmm.data.dataset import open_dataset

    dataset = None if arguments.data is None else open_dataset(arguments.data)
    from kerasmm.serving.export import hide_gpus
    from kerasmm.serving.reindex import reindex

    hide_gpus()
    change = reindex(
        arguments.model,
        dataset=dataset,
        remove=remove,
        forget_user=arguments.forget_user,
        thumbnails=not arguments.no_thumbnails,
        quiet=arguments.quiet,
    )
    _say(change, arguments.forget_user is not None, arguments.delete_older, arguments.quiet)
    if not arguments.quiet:
        show(str(change.folder))
    return 0


def _say(change: Change, forgotten: bool, delete: bool, quiet: bool) -> None:
    from kerasmm.serving.check import versions

    shown = console(quiet)
    named = ", ".join(change.first_unknown) + (", …" if change.unknown > len(change.first_unknown) else "")
    unknown = f" ({change.unknown:,} ids to remove were not there: {named})" if change.unknown else ""
    shown.print(
        f"{change.folder}: {change.posts:,} posts; {change.added:,} added, {change.replaced:,} embedded again, "
        f"{change.removed:,} removed{unknown}",
        soft_wrap=True,
    )
    if forgotten and not change.forgotten:
        shown.print("forgotten: nothing; the export held no post of this author", soft_wrap=True)
    elif forgotten:
        seen = (
            f"{change.of_training:,} of them were training posts, so the weights still saw them; MODEL_CARD.md in assets.extra "
            "says so"
            if change.of_training
            else "None of them was a training post"
        )
        shown.print(
            f"forgotten: {change.forgotten:,} posts; no file of the new version holds their ids, texts or pictures. {seen}",
            soft_wrap=True,
        )
    base = change.folder.parent
    older = [base / str(version) for version in versions(base) if version < int(change.folder.name)]
    if delete:
        for folder in older:
            remove(folder)
        shown.print(f"deleted: {', '.join(map(str, older)) or 'no older version'}", soft_wrap=True)
    elif older and change.removed:
        shown.print(
            f"note: a server serves the newest version, but {', '.join(map(str, older))} still hold what was taken out; delete "
            "them, or call with --delete-older",
            soft_wrap=True,
        )


if __name__ == "__main__":
    sys.exit(guarded(main))
