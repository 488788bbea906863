"""The source `shapes`: posts of the embedded sample, drawn when asked for."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from data_prep.draft import Draft, Reject
from data_prep.sources.shapes import drawing, people, truth
from data_prep.sources.shapes.sentences import sentences
from data_prep.sources.shapes.tweets import tweet
from data_prep.sources.shapes.world import Scene, draw_scene
from data_prep.sources.source import Source
from kerasmm.data.post import Post

POSTS = 3000
SEED = 7

_START = 1_420_070_400  # 2015-01-01 in UTC
_BETWEEN = 6 * 3600
_FIRST_OF_WEB = 50_000


@dataclasses.dataclass(frozen=True)
class Planned:
    """A post before its picture is drawn."""

    post: Post
    scene: Scene
    truth: truth.PostTruth


class Shapes(Source):
    """The embedded sample: synthetic pictures of coloured shapes, posted by made-up users.

    Every post has its own chance, seeded by the world's seed and its number, so a smaller sample is the beginning of
    a larger one and the same call gives the same bytes.

    Args:
        posts: How many.
        seed: Which world.

    Labels are the classes (background and shapes) and then the connotations of a scene. With the unit `web` the posts
    are further ones of the same world, as the web has them: pictures with tags, without sentences and labels.
    """

    name: ClassVar[str] = "shapes"
    summary: ClassVar[str] = "the embedded sample: synthetic pictures of coloured shapes with planted truth"
    layout: ClassVar[str] = "nothing: it draws its own pictures"
    synthetic: ClassVar[bool] = True
    needs_input: ClassVar[bool] = False
    units: ClassVar[tuple[str, ...]] = ("post", "web")
    defaults: ClassVar[dict[str, Any]] = {
        "needs": ["image", "tags", "labels"],
        "tags": {"most": 1000, "minimum": 5},
        "split": {"method": "random", "test": 0.2, "validation": 0.1},
    }

    def __init__(
        self, folder: Path | None, unit: str | None, scratch: Path, *, posts: int = POSTS, seed: int = SEED
    ) -> None:
        super().__init__(folder, unit, scratch)
        # Numbers that no smaller or larger sample of the other unit has.
        first = _FIRST_OF_WEB if self.unit == "web" else 0
        self.numbers, self.seed = range(first, first + posts), seed
        self.users = people.users(seed)

    @classmethod
    def defaults_for(cls, unit: str | None) -> dict[str, Any]:
        if unit != "web":
            return cls.defaults
        return {
            **cls.defaults,
            "needs": ["image", "tags"],
            "split": {"method": "random", "test": 0.0, "validation": 0.0},
        }

    def plan(self, number: int) -> Planned:
        """The post of that number, without drawing it."""
        rng = random.Random(f"shapes {self.seed} post {number}")
        user = rng.choices(self.users, [user.activity for user in self.users])[0]
        scene = draw_scene(rng, user.backgrounds, user.colours)
        tags, wrong = people.tag(user, scene, rng)
        post = Post(
            id=f"shapes-{number:05d}",
            text=tweet(user, scene, tags, rng),
            sentences=() if self.unit == "web" else sentences(scene, rng),
            tags=tags,
            labels=() if self.unit == "web" else (*scene.classes, *scene.connotations),
            user=user.name,
            time=_START + number * _BETWEEN + rng.randrange(_BETWEEN),
        )
        return Planned(post, scene, truth.PostTruth.of(post.id, user, scene, wrong))

    def picture(self, number: int) -> bytes:
        """The PNG of the post of that number."""
        return drawing.png(self.plan(number).scene, random.Random(f"shapes {self.seed} picture {number}"))

    def posts(self) -> Iterator[Draft | Reject]:
        folder = self.scratch / "shapes"
        folder.mkdir(parents=True, exist_ok=True)
        for number in self.numbers:
            post = self.plan(number).post
            path = folder / f"{post.id}.png"
            path.write_bytes(self.picture(number))
            yield Draft(post, picture=str(path))

    def extras(self) -> list[Path]:
        truths = (self.plan(number).truth for number in self.numbers)
        return truth.write(self.scratch, self.seed, self.users, truths)
