"""Rows a second and memory of reading YFCC100M's table, in one process and with two workers.

    python benchmarks/yfcc_read.py --rows 10000000 --folder yfcc

Writes generated rows in the published layout of 25 columns (0.5 GB a million), then reads them into the chunks of a build:
in the process itself, and with two worker processes of Beam's direct runner. `--build` makes the whole data set, without
pictures. Peak memory is that of the process and its workers together, resident pages summed over them every 0.1 s, so that
pages they share count in each; the CPU's seconds include starting them. Prints JSON lines; `same` says that both sides left
the same bytes.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

ROOT = Path(__file__).resolve().parents[1]
WORKERS = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
POSTS_A_USER, TAGS, TAGS_A_POST, WORDS, BLOCK = 176, 500_000, 4.7, 20_000, 20_000
"""Of the paper, section 4.1, are posts a user (55.6 million by 315,745) and tags a post."""
TAGLESS, VIDEOS = 0.4, 0.008
FIRST, LAST = 1_076_371_200, 1_396_310_400
"""Uploads: February 2004, when Flickr opened, to April 2014."""


def rows(count: int, seed: int) -> Iterator[str]:
    """Generated rows of 25 columns, users and tags as unevenly frequent as people are (Zipf)."""
    import numpy as np

    rng = np.random.default_rng(seed)

    def zipf(size: int) -> Any:
        frequency = 1 / (np.arange(size) + 2.7)
        return np.cumsum(frequency / frequency.sum())

    users, tags, words = (zipf(size) for size in (max(count // POSTS_A_USER, 1), TAGS, WORDS))
    # Every tenth tag is a year or a number, every seventh several words.
    spelled = [str(n) if n % 10 == 9 else f"tag+{n:x}" if n % 7 == 6 else f"tag{n:x}" for n in range(TAGS)]
    vocabulary = [quote_plus(f"wörd{n:x}" if n % 20 == 19 else f"word{n:x}") for n in range(WORDS)]
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        owner = np.searchsorted(users, rng.random(size))
        tagged = np.where(rng.random(size) < TAGLESS, 0, rng.geometric(1 / TAGS_A_POST, size))
        said = rng.geometric(1 / 12, size)
        used = iter(np.searchsorted(tags, rng.random(int(tagged.sum()))).tolist())
        spoken = iter(np.searchsorted(words, rng.random(int(said.sum()))).tolist())
        uploaded, video = rng.integers(FIRST, LAST, size), rng.random(size) < VIDEOS
        columns = zip(owner.tolist(), tagged.tolist(), said.tolist(), uploaded.tolist(), video.tolist(), strict=True)
        for place, (user, tag_count, word_count, at, marker) in enumerate(columns, start):
            photo, nsid = 2_000_000_000 + place, f"{10_000_000 + user}@N{user % 10:02d}"
            own = ",".join([spelled[next(used)] for _ in range(tag_count)])
            text = "+".join([vocabulary[next(spoken)] for _ in range(word_count)])
            digest = f"{(place * 0x9E3779B97F4A7C15F39CC0605CEDC835) % (1 << 128):032x}"
            yield (
                f"{place}\t{photo}\t{digest}\t{nsid}\tuser+{user}\t2012-02-16 09:56:37.0\t{at}\tCanon+PowerShot+ELPH\tIMG_{place % 10_000}"
                f"\t{text}\t{own}\t\t\t\t\thttp://www.flickr.com/photos/{nsid}/{photo}/"
                f"\thttp://farm8.staticflickr.com/7205/{photo}_{digest[:10]}.jpg\tAttribution-NonCommercial License"
                f"\thttp://creativecommons.org/licenses/by-nc/2.0/\t7205\t8\t{digest[:10]}\t{digest[10:20]}\tjpg\t{int(marker)}\n"
            )


def read(folder: Path, scratch: Path, options: list[str]) -> dict[str, Any]:
    """Reads the folder as a build does."""
    from data_prep.work import runner  # imports Beam quietly, so it comes first

    beam = runner.beam_options(options)
    from data_prep.read.read_parts import read_parts
    from data_prep.sources.yfcc100m import Yfcc100m
    from data_prep.work.chunks import Work

    source, work = Yfcc100m(folder, None, scratch), Work(scratch / "work")

    def run(task: str, numbers: range, total: int | None, steps: Any) -> None:
        runner.run(beam, work, task, numbers, total, True, lambda n: n | steps)

    began, parts = time.monotonic(), source.parts()
    had = read_parts(source, parts, work, 1000, run)
    seconds = time.monotonic() - began
    return {
        "seconds": seconds,
        "parts": len(parts),
        "rows": had.seen,
        "posts": had.drafts,
        "sha256": digest(work.folder),
    }


def build(folder: Path, scratch: Path, options: list[str]) -> dict[str, Any]:
    """Builds a data set of the folder, without pictures."""
    from data_prep.__main__ import main as data_prep

    command = ["build", "--source", "yfcc100m", "--input", str(folder), "--output", str(scratch / "data"), "--quiet"]
    settings = ["image.required=false", "needs=[tags, user]", "links.most=0"]
    began = time.monotonic()
    code = data_prep([*command, *(word for setting in settings for word in ("--set", setting)), *options])
    if code:
        raise SystemExit(code)
    seconds = time.monotonic() - began
    content = json.loads((scratch / "data" / "dataset.json").read_text("utf-8"))
    posts = sum(shard["records"] for shards in content["splits"].values() for shard in shards)
    # The manifest has the digests of all files, and the command.
    return {
        "seconds": seconds,
        "rows": content["statistics"]["posts_seen"],
        "posts": posts,
        "sha256": digest_of(content),
    }


def digest_of(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps({**manifest, "command": []}).encode()).hexdigest()


def digest(folder: Path) -> str:
    """Of all chunks in order."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*.jsonl")):
        found.update(str(path.relative_to(folder)).encode())
        found.update(path.read_bytes())
    return found.hexdigest()


def measured(arguments: argparse.Namespace, side: str, folder: Path) -> dict[str, Any]:
    """What a process of its own says that reads or builds, with its peak memory and that of its workers."""
    import psutil

    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        task = "build" if arguments.build else "read"
        command = [sys.executable, str(Path(__file__).resolve()), "--folder", str(folder), "--own", task, side, scratch]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            peak, spent, root = 0, dict[int, float](), psutil.Process(process.pid)
            while process.poll() is None:
                held = 0
                with contextlib.suppress(psutil.Error):  # one that has just ended
                    for one in (root, *root.children(recursive=True)):
                        held += one.memory_info().rss
                        spent[one.pid] = sum(one.cpu_times()[:2])
                peak = max(peak, held)
                time.sleep(0.1)
            said = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise SystemExit(process.returncode)
    answer: dict[str, Any] = json.loads(said)
    cpu, rows = sum(spent.values()), answer["rows"]
    rates = {"rows_per_second": round(rows / answer["seconds"]), "rows_per_cpu_second": round(rows / cpu)}
    return {"side": side, **answer, "seconds": round(answer["seconds"], 1), **rates, "peak_mib": peak >> 20}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--build", action="store_true", help="the whole build, not the reading only")
    parser.add_argument("--folder", type=Path, help="keep the rows here, and use them again")
    parser.add_argument("--own", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.own:
        task, side, scratch = arguments.own
        options = WORKERS if side == "two_workers" else []
        print(json.dumps({"read": read, "build": build}[task](arguments.folder, Path(scratch), options)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.folder or Path(temporary) / "yfcc").resolve()
        table = folder / "yfcc100m_dataset"
        if not table.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with table.open("w", encoding="utf-8") as file:
                file.writelines(rows(arguments.rows, arguments.seed))
        print(json.dumps({"gigabytes": round(table.stat().st_size / 1e9, 2)}), flush=True)
        digests = set()
        for side in ("in_process", "two_workers"):
            told = measured(arguments, side, folder)
            digests.add(told.pop("sha256"))
            print(json.dumps(told), flush=True)
        print(json.dumps({"same": len(digests) == 1}))


if __name__ == "__main__":
    main()
