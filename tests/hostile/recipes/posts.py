"""Posts that take for ever to be read, or lead out of their folder."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.hostile.recipes import recipe

LONG = 100_000


@recipe
def quotes_that_never_close(folder: Path) -> Path:
    """A table of 150 kB in which every line opens a quote."""
    return _written(folder / "posts.csv", "id,text\n" + 'a","\n' * 30_000)


@recipe
def one_endless_record(folder: Path) -> Path:
    """A table whose only record goes on to its end, 8 MB later."""
    return _written(folder / "posts.csv", 'id,text\n1,"' + "words\n" * 1_400_000)


@recipe
def a_line_of_fifty_megabytes(folder: Path) -> Path:
    """A line that no post has."""
    return _written(folder / "posts.jsonl", '{"id": "1", "text": "' + "x" * 50_000_000 + '"}')


@recipe
def a_hundred_thousand_columns(folder: Path) -> Path:
    """A table of a hundred thousand columns."""
    names = ["id", *(f"c{number}" for number in range(LONG))]
    return _written(folder / "posts.csv", ",".join(names) + "\n" + ",".join("1" for _ in names))


@recipe
def deep(folder: Path) -> Path:
    """Posts a hundred thousand lists deep."""
    return _written(folder / "posts.jsonl", "[" * LONG + '\n{"id": "1", "tags": ' + "[" * LONG)


@recipe
def words_without_end(folder: Path) -> Path:
    """Texts of one word, of marks on one letter, of signs and of quotes."""
    texts = ["x" * 4000, "x" * LONG, "a" + "\u0315\u0300" * 40_000, "?" * LONG, "#a" * LONG, "['" * LONG, "a-" * LONG]
    lines = [json.dumps({"id": str(number), "text": text, "tags": text}) for number, text in enumerate(texts)]
    return _written(folder / "posts.jsonl", "\n".join(lines))


@recipe
def places_outside(folder: Path) -> Path:
    """Pictures by absolute names, by `..`, by links, by names of 5,000 characters and with a NUL."""
    (folder / "link.jpg").symlink_to("/etc/passwd")
    (folder / "album").symlink_to("/etc")
    (folder / "circle.jpg").symlink_to("circle.jpg")
    names = ["/etc/passwd", "../../etc/passwd", "link.jpg", "album/passwd", "circle.jpg", "x" * 5000, "a\0b.jpg"]
    lines = [json.dumps({"id": str(number), "image": name}) for number, name in enumerate(names)]
    return _written(folder / "posts.jsonl", "\n".join(lines))


@recipe
def links_to_nobody(folder: Path) -> Path:
    """Posts that share their labels, of which one links to a post that isn't there."""
    posts = [{"id": str(number), "text": f"post {number}", "tags": ["a"], "labels": ["b"]} for number in range(9)]
    posts[3]["links"] = ["nobody", "nobody", "3"]
    return _written(folder / "posts.jsonl", "\n".join(map(json.dumps, posts)))


@recipe
def a_link_for_posts(folder: Path) -> Path:
    """Posts that are a link to another's file."""
    (folder / "posts.jsonl").symlink_to("/etc/passwd")
    return folder


@recipe
def a_pipe_for_posts(folder: Path) -> Path:
    """Posts that are a pipe which nobody writes to."""
    os.mkfifo(folder / "posts.jsonl")
    return folder / "posts.jsonl"


def _written(path: Path, content: str) -> Path:
    path.write_text(content + "\n", encoding="utf-8")
    return path.parent
