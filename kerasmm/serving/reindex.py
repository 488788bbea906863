"""Another version of an export with the same graph and the same weights, and more posts or fewer."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from kerasmm.console import UserError, progress
from kerasmm.data.dataset import Dataset, vocabulary_digest
from kerasmm.data.manifest import FILE_NAME, sha256_of
from kerasmm.data.post import Post
from kerasmm.faults import machine_fault
from kerasmm.files.copying import copy_files, copy_within
from kerasmm.files.reading import read_text
from kerasmm.files.within import within
from kerasmm.serving.about import read_about
from kerasmm.serving.audit import leftovers
from kerasmm.serving.check import SIGNATURES_FILE, WARMUP, check_export, newest
from kerasmm.serving.encoded import POSTS, Rows, encode
from kerasmm.serving.examples import to_json
from kerasmm.serving.export import ExportError
from kerasmm.serving.harmless import GRAPH, require_harmless
from kerasmm.serving.indexable import indexable
from kerasmm.serving.indexed_rows import merged_rows, read_rows, write_rows
from kerasmm.serving.posts import ADDED, POSTS_FILE, PostStore, StoredPost, post_of, say_undecodable, write_posts
from kerasmm.serving.publish import aside, last_version, publish
from kerasmm.serving.recipe import MODEL_FILE, read_recipe, rebuilt
from kerasmm.serving.session_check import example_answers
from kerasmm.serving.version_card import CARD_FILE, version_card

USERS = "users"
"""A vocabulary of this name has a vector a user in the weights."""
_SHOWN = 3


@dataclasses.dataclass(frozen=True)
class Change:
    """What a new version has more or less than the one before.

    Args:
        folder: The new version.
        before: The version that it was made of.
        posts: How many posts it finds.
        added: Posts that are new to it.
        replaced: Posts that were there and were embedded again.
        removed: Posts that left, the forgotten ones, too.
        unknown: Ids that were to be removed and weren't there.
        first_unknown: The first few of them.
        forgotten: Posts of the user who was to be forgotten, of the version before; None where nobody was.
        of_training: Those of them that the weights saw.
    """

    folder: Path
    before: Path
    posts: int
    added: int
    replaced: int
    removed: int
    unknown: int
    forgotten: int | None = None
    of_training: int = 0
    first_unknown: tuple[str, ...] = ()


def reindex(
    folder: Path,
    *,
    dataset: Dataset | None = None,
    remove: Collection[str] = (),
    forget_user: str | None = None,
    thumbnails: bool = True,
    quiet: bool = False,
) -> Change:
    """Makes version N + 1 of an export out of version N.

    The graph, the words and the weights are copied, so answers about pictures and texts stay what they are; only rows, texts
    and thumbnails of posts change. Like an export, it is written aside, checked in a fresh process, and renamed.

    Args:
        folder: `saved_models/<name>`, for its newest version, or a version's folder.
        dataset: Posts to add, of all splits. A post whose id is there already is embedded again, in its place.
        remove: Ids of posts to take out.
        forget_user: An author whose posts are taken out, and aren't added.
        thumbnails: Keep small pictures of the posts that are added.
        quiet: No progress bar.

    Raises:
        UserError: For an export of an earlier version, a data set of other words or without pictures, when nothing would
            change or no post would be left, or when another version appeared meanwhile.
        ExportError: When the fresh process found a problem, or something of what was taken out is still there; nothing is
            left behind.
    """
    before = newest(Path(folder))
    require_harmless(before, quiet)
    last = last_version(before.parent)
    about = read_about(before)
    old = read_rows(before)
    with closing(PostStore(before / "assets.extra" / POSTS_FILE)) as store, aside(before.parent) as scratch:
        theirs = _posts_of(store, before, about, forget_user)
        have = set(_post_ids(old))
        going = (set(remove) | set(theirs)) & have
        unknown = sorted(set(remove) - have)
        if dataset is None and not going:
            raise UserError(_nothing(before, unknown, forget_user))
        new: dict[str, Rows] = {}
        if dataset is not None:
            unwanted = set(remove) | _ids_of_user(dataset, forget_user)
            new = _encoded(before, dataset, old, unwanted, scratch, quiet)
        coming = set(_post_ids(new))
        if not going and not coming:
            raise UserError(f"{_nothing(before, unknown, forget_user)}, and the data set has no post to add")
        rows = {kind: merged_rows(held, new.get(kind), _staying(kind, going, coming)) for kind, held in old.items()}
        if not any(held.ids for held in rows.values()):
            raise UserError(f"{before}: no post would be left to find")
        saved = scratch / "saved"
        (saved / "assets.extra").mkdir(parents=True)
        for part in (GRAPH, WARMUP, MODEL_FILE):
            if (before / part).is_file():
                copy_within(before, str(part), saved / part)
        copy_files(before, "assets", saved / "assets")
        # What was audited above may have been changed since; what is loaded from here on is the copy.
        require_harmless(saved, quiet=True)
        write_rows(before, rows, saved)
        change = Change(
            before,
            before,
            len(set(_post_ids(rows))),
            len(coming - have),
            len(coming & have),
            len(going),
            len(unknown),
            None if forget_user is None else len(theirs),
            sum(post.split == "train" for post in store.find(theirs).values()),
            tuple(unknown[:_SHOWN]),
        )
        _write_about(saved, about, rows, change, dataset)
        posts = _new_posts(dataset, coming, quiet) if dataset is not None else iter(())
        bad = write_posts(
            saved / "assets.extra" / POSTS_FILE,
            posts,
            thumbnails,
            of=before / "assets.extra" / POSTS_FILE,
            without=going,
        )
        say_undecodable(0 if quiet else bad)
        if going or forget_user is not None:
            problems = _audited(saved, store, old, rows, going, forget_user, about)
            if problems:
                raise ExportError(f"{before}: what was taken out is still there: {'; '.join(problems[:5])}")
        # Moved before the check: an export that still reads from where it was written would pass there.
        moved = saved.rename(scratch / "checked")
        if problems := check_export(moved)["problems"]:
            raise ExportError(f"{before}: {'; '.join(problems)}")
        return dataclasses.replace(change, folder=publish(moved, before.parent, after=last))


def _nothing(before: Path, unknown: list[str], user: str | None) -> str:
    """That nothing would change, and why."""
    why = [f"no post of the id {', '.join(map(repr, unknown[:_SHOWN]))}" + (", …" if unknown[_SHOWN:] else "")]
    why = (why if unknown else []) + ([] if user is None else [f"no post by the author {user!r}"])
    return f"{before}: nothing would change: {' and '.join(why) or 'nothing is to be removed'}"


def _staying(kind: str, going: set[str], coming: set[str]) -> Callable[[str], bool]:
    """Whether a row stays: sentences of a post that comes again aren't those of before."""
    if kind == POSTS:
        return lambda row_id: row_id not in going
    return lambda row_id: post_of(row_id) not in going and post_of(row_id) not in coming


def _post_ids(rows: dict[str, Rows]) -> Iterator[str]:
    for kind, held in rows.items():
        yield from held.ids if kind == POSTS else map(post_of, held.ids)


def _posts_of(store: PostStore, before: Path, about: dict[str, Any], user: str | None) -> list[str]:
    """Ids of the posts of a user that the export holds."""
    if user is None:
        return []
    if USERS in about["vocabularies"] and user in _vocabulary(before, USERS):
        raise UserError(
            f"{before}: its weights hold a vector of {user!r}, which can't be taken out of them; train without this user"
        )
    found = store.of_author(user)
    if found is None:
        raise UserError(
            f"{before}: was exported before authors were known; give the ids of the user's posts with --remove, or export again"
        )
    return found


def _ids_of_user(dataset: Dataset, user: str | None) -> set[str]:
    if user is None:
        return set()
    splits = (split for split in dataset.manifest.splits if dataset.manifest.records(split))
    return {post.id for split in splits for post in dataset.posts(split) if post.user == user}


def _encoded(
    before: Path, dataset: Dataset, old: dict[str, Rows], unwanted: set[str], scratch: Path, quiet: bool
) -> dict[str, Rows]:
    """Rows of the posts of a data set, by the model of an export."""
    system, model = rebuilt(before)
    for name in system.vocabulary_names:
        if vocabulary_digest(dataset.vocabulary(name)) != vocabulary_digest(system.vocabularies[name]):
            raise UserError(
                f"{dataset.folder}: its vocabulary of {name} is not the one of {before}; build it with "
                "`--vocabularies-of` the data set that the model was trained on"
            )
    pictures = read_recipe(before)["pictures"]
    view = indexable(dataset, system, pictures, unwanted, scratch / "posts", quiet)
    splits = [split for split in view.manifest.splits if view.manifest.records(split)]
    found = encode(system, model, view, splits, scratch / "rows", quiet).rows
    return {kind: rows for kind, rows in found.items() if kind in old}


def _new_posts(dataset: Dataset, coming: set[str], quiet: bool) -> Iterator[tuple[str, Post]]:
    with progress(quiet) as bar:
        task = bar.add_task("storing posts", total=len(coming), note="")
        for split in (name for name in dataset.manifest.splits if dataset.manifest.records(name)):
            for post in dataset.posts(split):
                if post.id in coming:
                    yield ADDED, post
                    bar.advance(task)


def _write_about(
    saved: Path, about: dict[str, Any], rows: dict[str, Rows], change: Change, dataset: Dataset | None
) -> None:
    """`signatures.json`, with the answers that the new rows give to the examples, and the model card."""
    was = {
        "of": int(change.before.name) if change.before.name.isdecimal() else change.before.name,
        "data": None if dataset is None else sha256_of(dataset.folder / FILE_NAME),
        "added": change.added,
        "replaced": change.replaced,
        "removed": change.removed,
        "forgotten": change.forgotten,
        "forgotten_of_training": change.of_training,
    }
    new = {
        **about,
        **{kind: len(held.ids) for kind, held in rows.items()},
        "splits": list(dict.fromkeys([*about.get("splits", []), *([ADDED] if change.added else [])])),
        "changes": [*about.get("changes", []), was],
    }
    # What finds no posts must answer as before; the check sees to that.
    finding = [name for name, signature in new["signatures"].items() if "ids" in signature["outputs"]]
    for name, answer in _example_answers(change.before, saved, finding).items():
        new["signatures"][name].setdefault("example", {})["answer"] = {
            key: to_json(np.asarray(value)) for key, value in answer.items()
        }
    (saved / SIGNATURES_FILE).write_text(json.dumps(new, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (saved / CARD_FILE).write_text(version_card(new), encoding="utf-8")


def _example_answers(before: Path, saved: Path, signatures: list[str]) -> dict[str, dict[str, Any]]:
    """What the new rows answer to the examples of the export."""
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    try:
        answers = example_answers(saved, signatures)
    except (tf.errors.OpError, DecodeError, ValueError, TypeError, KeyError, RuntimeError, IndexError) as error:
        if machine_fault(error):
            raise
        first = str(error).strip().split("\n")[0][:200]
        raise UserError(f"{before}: can't be asked its own examples ({first}); export again") from error
    if missing := sorted(set(signatures) - set(answers)):
        raise UserError(f"{before / WARMUP}: holds no request for {missing[0]}; export again")
    return answers


def _audited(
    saved: Path,
    store: PostStore,
    old: dict[str, Rows],
    rows: dict[str, Rows],
    going: set[str],
    user: str | None,
    about: dict[str, Any],
) -> list[str]:
    """What of the posts that went, or of the user, is still there."""
    gone: dict[str, str] = {} if user is None else {user: "the user's name"}
    pictures: list[bytes] = []
    for post in store.find(sorted(going)).values():
        gone |= {value: "the text of a post" for value in (post.text,) if value}
        pictures += [post.thumbnail] if post.thumbnail else []
    for kind, held in old.items():
        stay = set(rows[kind].ids)
        for place, row_id in enumerate(held.ids):
            if row_id not in stay:
                gone[row_id] = "the id of a post"
                if held.texts is not None and held.texts[place]:
                    gone[held.texts[place].decode(errors="replace")] = "the text of a post"
    gone |= dict.fromkeys(going, "the id of a post")

    with closing(PostStore(saved / "assets.extra" / POSTS_FILE)) as stays:

        def kept() -> Iterator[str]:
            for held in rows.values():
                yield from held.ids
                yield from (text.decode(errors="replace") for text in held.texts or ())
            for post in stays:
                yield from _said(post) if post.id not in going else ()
            for name in about["vocabularies"]:
                yield from _vocabulary(saved, name)

        seen = (post.thumbnail for post in stays if post.thumbnail and post.id not in going)
        return leftovers(saved, gone, kept(), pictures, seen if pictures else ())


def _vocabulary(version: Path, name: str) -> list[str]:
    path = within(version / "assets", f"{Path(name).name}.txt", version / SIGNATURES_FILE)
    return read_text(path, what="vocabulary of the export").split("\n")


def _said(post: StoredPost) -> Iterator[str]:
    yield post.id
    yield from (text for text in (post.text, *post.tags, *post.labels) if text)
