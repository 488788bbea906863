"""The planted truth: `truth.json` about the world and its people, `truth.jsonl` with one line a post, `boxes.jsonl`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from data_prep.sources.shapes.people import COOL, GROUPS, HABITS, WRONG_TAG_SHARE, User
from data_prep.sources.shapes.world import BACKGROUNDS, COLOURS, CONNOTATIONS, SHAPES, SIDE, TEXTURES, Scene
from kerasmm.console import UserError
from kerasmm.data.boxes import BOXES_FILE, Box, overlapped_cells, write_boxes

WORLD_FILE, POSTS_FILE = "truth.json", "truth.jsonl"


@dataclasses.dataclass(frozen=True)
class ThingTruth:
    """One thing of a picture; `box` is `(y0, x0, y1, x1)` as shares of height and width."""

    shape: str
    colour: str
    texture: str
    word: str
    box: Box

    def cells(self, grid: tuple[int, int]) -> frozenset[int]:
        """Row-major numbers of the cells of a `(rows, columns)` grid over the picture that the box overlaps."""
        return frozenset(overlapped_cells(self.box, grid))


@dataclasses.dataclass(frozen=True)
class PostTruth:
    """What is true of one post."""

    id: str
    user: str
    group: str
    background: str
    connotations: tuple[str, ...]
    things: tuple[ThingTruth, ...]
    wrong_tags: tuple[str, ...]

    @classmethod
    def of(cls, post_id: str, user: User, scene: Scene, wrong_tags: tuple[str, ...]) -> PostTruth:
        """The truth about a scene that the user posted."""
        things = []
        for thing in scene.things:
            y0, x0, y1, x1 = (edge / SIDE for edge in thing.box)
            things.append(ThingTruth(thing.shape, thing.colour, thing.texture, thing.word, (y0, x0, y1, x1)))
        return cls(post_id, user.name, user.group.name, scene.background, scene.connotations, tuple(things), wrong_tags)

    @classmethod
    def from_json(cls, line: str) -> PostTruth:
        content: dict[str, Any] = json.loads(line)
        things = [ThingTruth(**{**thing, "box": tuple(thing["box"])}) for thing in content["things"]]
        lists = {name: tuple(content[name]) for name in ("connotations", "wrong_tags")}
        return cls(**{**content, **lists, "things": tuple(things)})


def write(folder: Path, seed: int, users: Iterable[User], posts: Iterable[PostTruth]) -> list[Path]:
    """Writes the files and returns their paths."""
    world = {
        "synthetic": True,
        "seed": seed,
        "picture": [SIDE, SIDE],
        "shapes": SHAPES,
        "colours": COLOURS,
        "textures": TEXTURES,
        "backgrounds": BACKGROUNDS,
        "connotations": {name: rule for name, (rule, _) in CONNOTATIONS.items()},
        "habits": HABITS,
        "wrong_tag_share": WRONG_TAG_SHARE,
        "groups": {group.name: {"words": dict(group.words), COOL: group.cool} for group in GROUPS},
        "users": {user.name: user.group.name for user in users},
    }
    paths = [folder / WORLD_FILE, folder / POSTS_FILE, folder / BOXES_FILE]
    paths[0].write_text(json.dumps(world, indent=2) + "\n", encoding="utf-8")
    with paths[1].open("w", encoding="utf-8") as file:
        for post in posts:
            file.write(json.dumps(dataclasses.asdict(post)) + "\n")
    write_boxes(paths[2], ((post.id, [(t.word, t.box) for t in post.things]) for post in read_posts(folder).values()))
    return paths


def read_world(folder: Path) -> dict[str, Any]:
    """What `truth.json` in a data set's folder says about the words, groups and users."""
    content: dict[str, Any] = json.loads(_existing(folder / WORLD_FILE).read_text(encoding="utf-8"))
    return content


def read_posts(folder: Path) -> dict[str, PostTruth]:
    """The truth about every post, by id, from `truth.jsonl` in a data set's folder."""
    with _existing(folder / POSTS_FILE).open(encoding="utf-8") as file:
        return {truth.id: truth for truth in map(PostTruth.from_json, file)}


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise UserError(f"{path}: missing; only data sets of the source `shapes` hold planted truth")
    return path
