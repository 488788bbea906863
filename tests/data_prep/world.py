"""Small worlds for the tests of the build: a source that yields exactly the drafts that a test wrote down."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from data_prep.build import build, configuration
from data_prep.draft import Draft, Reject
from data_prep.sources.source import Source
from data_prep.work import runner
from data_prep.work.chunks import Work
from kerasmm.data.manifest import Manifest
from kerasmm.data.post import Post


class Written(Source):
    """Yields the lines of `drafts.jsonl`; a line that is no draft is a reject."""

    name: ClassVar[str] = "written"
    summary: ClassVar[str] = "drafts of a test"
    layout: ClassVar[str] = "drafts.jsonl"

    def posts(self) -> Iterator[Draft | Reject]:
        for number, line in enumerate((self.folder / "drafts.jsonl").read_text().splitlines(), 1):
            yield (
                Draft.from_json(line) if line.startswith("{") else self.reject(f"drafts.jsonl:{number}", "not a draft")
            )


def picture_bytes(colour: Sequence[int], size: tuple[int, int] = (8, 8), kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, tuple(colour)).save(file, kind)
    return file.getvalue()


def write_world(folder: Path, drafts: Iterable[Draft | str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    lines = (draft if isinstance(draft, str) else draft.to_json() for draft in drafts)
    (folder / "drafts.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return folder


def random_drafts(folder: Path, count: int, rng: np.random.Generator, **fields: Callable[[int], Any]) -> list[Draft]:
    """Posts of unlike pictures with random tags and labels; `fields` sets `user`, `group` … by number."""
    folder.mkdir(parents=True, exist_ok=True)
    drafts = []
    for number in range(count):
        path = folder / f"{number}.png"
        path.write_bytes(picture_bytes((number % 256, number // 256, int(rng.integers(256)))))
        tags = rng.choice(
            [f"tag{n}" for n in range(12)], rng.integers(1, 5), p=np.arange(12, 0, -1) / 78, replace=False
        )
        labels = rng.choice(["sea", "city", "forest", "night"], rng.integers(1, 3), replace=False)
        values = {name: value(number) for name, value in fields.items()}
        own = {name: values.pop(name) for name in ("split", "group") if name in values}
        post = Post(id=f"post {number}", **({"tags": tuple(tags.tolist()), "labels": tuple(labels.tolist())} | values))
        drafts.append(Draft(post, picture=str(path), **own))
    return drafts


def build_world(folder: Path, drafts: Iterable[Draft | str], config: dict[str, Any], **options: Any) -> Manifest:
    """Builds `folder / "data"` out of the drafts."""
    world = write_world(folder / "world", drafts)
    return build(configuration(Written, None, config), Written, folder / "data", folder=world, quiet=True, **options)


def chunked(work: Work, kind: str, drafts: Sequence[Draft], size: int) -> range:
    """Writes chunks as a pass would; returns their numbers."""
    numbers = range(-(-len(drafts) // size))
    for number in numbers:
        part = drafts[size * number : size * (number + 1)]
        work.write_lines(work.path(kind, number), (draft.to_json() for draft in part))
    return numbers


def run_steps(work: Work, numbers: range, steps: Callable[[Any], Any]) -> None:
    """One Beam pipeline over chunk numbers."""
    runner.run(runner.beam_options([]), work, "test", numbers, 1, True, steps)
