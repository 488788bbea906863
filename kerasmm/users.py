"""`python -m kerasmm.users`: fits users to their posts, so that an export answers as they would."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import Parser, UserError, console, guarded, progress, whole
from kerasmm.files.writing import check_file_path

if TYPE_CHECKING:
    import numpy as np

    from kerasmm.asking.fitting import Fitting
    from kerasmm.asking.user_posts import UserPosts

_NAMED = 20
"""Bad posts that are named; the others are counted."""


def parser() -> Parser:
    """The command line."""
    from kerasmm.systems.signature_inputs import MOST

    made = Parser(
        prog="python -m kerasmm.users",
        description="Finds the vectors of users from their posts, with the trained model as it is: of users whom training never\n"
        "saw, or of known ones by later posts. `label` and `search` take them with --users and --user. A vector belongs to\n"
        "the weights of the export: they serve every version with the same weights, and no others.",
        example="python -m kerasmm.users --model saved_models/hashtag --fit my_posts/posts.jsonl --output users.npz\n"
        "  python -m kerasmm.users --model saved_models/hashtag --fit data/mine --split test --output users.npz\n"
        "  python -m kerasmm.label --model saved_models/hashtag --users users.npz --user ann --image photo.jpg",
    )
    made.add_argument(
        "--model", type=Path, required=True, help="an export: its newest version, or one version's folder"
    )
    made.add_argument(
        "--fit", type=Path, required=True, metavar="POSTS",
        help="the posts: a data set's folder, or a .jsonl or .csv file with the columns user, image (a path in the file's "
        "folder) and tags (a list; in CSV with | or spaces between them)",
    )  # fmt: skip
    made.add_argument("--output", type=Path, required=True, metavar="FILE", help="where the users go: a .npz file")
    made.add_argument("--split", default="train", help="which posts of a data set (default: train)")
    made.add_argument(
        "--most-posts", type=whole(1, MOST), default=100, metavar="N",
        help=f"of a user with more posts take the last N in the order of the file, at most {MOST} (default: 100)",
    )  # fmt: skip
    made.add_quiet()
    return made


def main(argv: list[str]) -> int:
    """Parses, fits and writes."""
    arguments = parser().parse_args(argv)
    from kerasmm.asking.fitted_users import ENDING, weights_of, write_users

    output = arguments.output
    if output.suffix != ENDING:
        raise UserError(f"--output {output}: expected the name of a file that ends in {ENDING}")
    check_file_path(output)
    from kerasmm.asking.export import Export
    from kerasmm.asking.fitting import Fitting
    from kerasmm.asking.user_posts import user_posts

    with Export(arguments.model, quiet=arguments.quiet) as export:
        weights_of(export)
        fit = Fitting(export)
        posts = user_posts(arguments.fit, arguments.split, arguments.most_posts, fit.features, arguments.quiet)
        users = _fitted(fit, posts, arguments.quiet)
        if not users:
            name, problem = next(iter(posts.bad.items()))
            raise UserError(f"{arguments.fit}: no post of {len(posts):,} users can be fitted to; {name}: {problem}")
        write_users(output, users, export)
    _say_bad(posts.bad)
    _say_fitted(arguments.quiet, users, posts, output)
    return 0


def _fitted(fit: Fitting, posts: UserPosts, quiet: bool) -> dict[str, tuple[np.ndarray, int]]:
    """Vector and number of posts of each user who has a post that says something."""
    users = {}
    with progress(quiet) as bar:
        task = bar.add_task("fitting users", total=len(posts), note="")
        for user, own in posts:
            found = fit([post.picture for post in own], [post.tags for post in own])
            posts.bad |= {own[place].name: problem for place, problem in found.problems.items()}
            if found.vector is not None:
                users[user] = found.vector, found.posts
            bar.advance(task)
    return users


def _say_bad(bad: dict[str, str]) -> None:
    """Names posts that say nothing; an error, so `--quiet` doesn't silence it."""
    for name, problem in list(bad.items())[:_NAMED]:
        console().print(f"error: {name}: {problem}", soft_wrap=True)
    if len(bad) > _NAMED:
        console().print(f"and {len(bad) - _NAMED:,} more", soft_wrap=True)


def _say_fitted(quiet: bool, users: dict[str, tuple[np.ndarray, int]], posts: UserPosts, output: Path) -> None:
    fitted = sum(count for _, count in users.values())
    parts = [f"wrote {output}: {len(users):,} users, fitted to {fitted:,} posts"]
    parts += [f"{posts.left_out:,} posts left out (--most-posts {posts.most})"] if posts.left_out else []
    parts += [f"{len(posts.bad):,} bad posts set aside"] if posts.bad else []
    unfitted = len(posts) - len(users)
    parts += [f"{unfitted:,} users without a good post left out"] if unfitted else []
    console(quiet).print("; ".join(parts), soft_wrap=True)


if __name__ == "__main__":
    sys.exit(guarded(main))
