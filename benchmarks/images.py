"""Pictures through data preparation: ours against a plain Pillow loop and img2dataset's resizer, one process each.

    python benchmarks/images.py
    python benchmarks/images.py --pictures data/photos --count 500 --side-pixels 256

Three kinds of work, with the same outcome on every side:

    check   decode, to know that it can be decoded; SHA-256 of the file. The file is kept as it is.
    shrink  the same, and a JPEG of quality 95 whose longer side is at most --side-pixels.
    pixels  a batch of 224 × 224 float32 for an encoder. img2dataset has no such thing.

Without --pictures JPEGs of 500 × 375 and of 1600 × 1200 are drawn. What the sides return is compared before the timing:
digests and sizes must be equal, pixels within a level or two of 255 (the resizing filters are alike, not the same).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from side_by_side import Round, Side, middle, parser, print_machine, print_table, ratios, serve, spread, take_turns

WORK = ("check", "shrink", "pixels")
DRAWN = {"500 × 375": (500, 375, 8), "1600 × 1200": (1600, 1200, 1)}
"""Width, height and how many of these come on one of the largest."""
SUFFIXES = {".jpg", ".jpeg", ".png"}
ROUNDING = 1
"""Pixels by which two libraries round the shorter side apart."""
MEAN_LEVELS = 2.0


def draw(folder: Path, count: int) -> None:
    """Photo-like JPEGs: soft patches of colour with grain."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    for name, (width, height, often) in DRAWN.items():
        (folder / name).mkdir()
        for number in range(max(count * often // 8, 1)):
            patches = rng.integers(0, 256, (height // 25, width // 25, 3), dtype=np.uint8)
            soft = Image.fromarray(patches).resize((width, height), Image.Resampling.BICUBIC)
            grain = rng.normal(0, 6, (height, width, 1))
            pixels = np.clip(np.asarray(soft, "float32") + grain, 0, 255).astype("uint8")
            Image.fromarray(pixels).save(folder / name / f"{number}.jpg", quality=90)


def groups_of(folder: Path, count: int) -> dict[str, list[Path]]:
    """Pictures by the folder that they lie in, `count` of each at most, evenly over the sorted names."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            found.setdefault(path.parent.name, []).append(path)
    if not found:
        raise SystemExit(f"--pictures {folder}: holds no {', '.join(sorted(SUFFIXES))} files")
    return {name: paths[:: max(len(paths) // count, 1)][:count] for name, paths in found.items()}


def answers(options: argparse.Namespace) -> Mapping[str, Callable[[], Any]]:
    """What a side answers: each kind of work on each group, and once more with its outcome."""
    import picture_sides

    groups = groups_of(options.pictures, options.count)
    if options.side == "machine":
        from machine_limits import decode

        contents = {name: [path.read_bytes() for path in paths] for name, paths in groups.items()}
        return {f"{work} {name}": lambda c=c: decode(c) for name, c in contents.items() for work in WORK}
    does = getattr(picture_sides, options.side)(options.side_pixels)
    made: dict[str, Callable[[], Any]] = {}
    for name, paths in groups.items():
        for work in WORK:
            run = does.get(work)
            made[f"outcome {work} {name}"] = lambda run=run, paths=paths: told(run(paths)) if run else None
            if run:
                made[f"{work} {name}"] = lambda run=run, paths=paths: len(run(paths))
    return made


def told(outcome: Any) -> Any:
    """An outcome as JSON: digests and sizes; of pixels, the means of 16 × 16 cells of each colour."""
    import io

    from PIL import Image

    if isinstance(outcome, list):
        return [[digest, made and Image.open(io.BytesIO(made)).size] for digest, made in outcome]
    cells = outcome.reshape(len(outcome), 16, outcome.shape[1] // 16, 16, outcome.shape[2] // 16, 3).mean((2, 4))
    return [[round(float(value), 2) for value in row] for row in cells.reshape(len(outcome), -1)]


def agree(ours: Any, peer: Any) -> bool:
    """Whether two outcomes are the same."""
    pairs = list(zip(ours, peer, strict=True))
    if isinstance(ours[0][0], str):
        return all(own[0] == other[0] and same_size(own[1], other[1]) for own, other in pairs)
    differences = [abs(x - y) for own, other in pairs for x, y in zip(own, other, strict=True)]
    return sum(differences) / len(differences) <= MEAN_LEVELS


def same_size(ours: list[int] | None, peer: list[int] | None) -> bool:
    """Whether both left the file as it is, or made pictures of the same size."""
    if ours is None or peer is None:
        return ours is peer
    return all(abs(x - y) <= ROUNDING for x, y in zip(ours, peer, strict=True))


def compare(options: argparse.Namespace) -> None:
    groups = groups_of(options.pictures, options.count)
    sides = [Side("ours", arguments=options.passed)]
    sides += [Side(name, options.peer_python, options.passed) for name in ("pillow", "pillow_drafts")]
    try:
        sides.append(Side("img2dataset", options.peer_python, options.passed))
    except RuntimeError as error:
        print("img2dataset doesn't work here:", str(error).strip().splitlines()[-1])
    machine = Side("machine", arguments=options.passed)
    for work in WORK:
        rows = []
        for name, paths in groups.items():
            question = f"{work} {name}"
            outcomes = {side.name: side.ask(f"outcome {question}")["answer"] for side in sides}
            took_part = [side for side in sides if outcomes[side.name] is not None]
            for side in took_part[1:]:
                if not agree(outcomes["ours"], outcomes[side.name]):
                    raise SystemExit(f"not the same work: ours and {side.name} differ on {question}")
            found = take_turns([*took_part, machine], question, options.rounds)
            rows += rows_of(name, paths, took_part, found)
        columns = ["pictures", "", "ms a picture", "× ours", "CPU ms", "× ours", "peak GiB", "MB/s", "× decoding"]
        print_table(f"{work}, {options.rounds} rounds", columns, rows)
    print("needed: the file's bytes read once and decoded once; the last column is the time over that of libjpeg alone")
    print("cost grows linearly in the pictures' bytes and pixels; peak is of the process, with its libraries")
    print_machine(options.cores, {name: text for side in sides for name, text in side.versions.items()})
    for side in (*sides, machine):
        side.close()


def rows_of(name: str, paths: list[Path], sides: list[Side], found: dict[str, list[Round]]) -> list[list[str]]:
    """The rows of a group in the table."""
    size = sum(path.stat().st_size for path in paths)
    decoding = middle([row["answer"] for row in found["machine"]])
    rows = []
    for side in sides:
        seconds, cpu = ([1e3 * row[key] / len(paths) for row in found[side.name]] for key in ("seconds", "cpu"))
        ratio, cpu_ratio = "", ""
        if side is not sides[0]:
            ratio = spread(ratios(found["ours"], found[side.name]), 2)
            cpu_ratio = f"{middle(ratios(found['ours'], found[side.name], 'cpu')):.2f}"
        whole = middle(seconds) * len(paths) / 1e3
        peak = f"{found[side.name][-1]['peak'] / 2**30:.2f}"
        rates = [f"{size / 1e6 / whole:.1f}", f"{whole / decoding:.2f}"]
        rows.append([name, side.name, spread(seconds, 2), ratio, f"{middle(cpu):.2f}", cpu_ratio, peak, *rates])
    return rows


def main() -> None:
    made = parser(__doc__, cores=1)
    made.add_argument("--pictures", type=Path, help="folder of JPEG and PNG files (default: drawn ones)")
    made.add_argument("--count", type=int, default=200, help="pictures of each folder (default: %(default)s)")
    made.add_argument("--side-pixels", type=int, default=224, help="longer side of `shrink` (default: %(default)s)")
    options = made.parse_args()
    options.passed = []
    if options.side:
        packages = {
            "ours": ("tensorflow",),
            "pillow": ("pillow",),
            "pillow_drafts": ("pillow",),
            "img2dataset": ("img2dataset",),
            "machine": (),
        }
        serve(options.cores, packages[options.side], lambda: answers(options))
        return
    with tempfile.TemporaryDirectory() as temporary:
        if options.pictures is None:
            options.pictures = Path(temporary)
            draw(options.pictures, options.count)
            options.passed = ["--pictures", temporary]
        compare(options)


if __name__ == "__main__":
    main()
