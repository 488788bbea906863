"""Memory doesn't grow with the pictures: seven times the pictures, the same peak."""

import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from tests.peak_memory import ROOT

_CODE = """
import sys
from pathlib import Path
from data_prep.build import build, configuration
from tests.peak_memory import peak
folder = Path(sys.argv[1])
build(configuration("posts", None, {"shard_records": 50}), "posts", folder / "data", folder=folder, quiet=True)
print(peak())
"""


def large_pictures(folder: Path, count: int) -> Path:
    """Noise of a million pixels: about a megabyte a picture, each a little different."""
    (folder / "images").mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 256, (1000, 1000, 3), dtype="uint8")
    Image.fromarray(noise).save(folder / "noise.jpg", quality=85)
    content = (folder / "noise.jpg").read_bytes()
    lines = []
    for number in range(count):
        # A comment segment after the two bytes of SOI makes each file another one.
        comment = b"\xff\xfe\x00\x06" + number.to_bytes(4, "big")
        (folder / "images" / f"{number}.jpg").write_bytes(content[:2] + comment + content[2:])
        lines.append(f'{{"id": "{number}", "tags": ["t"], "labels": ["l"]}}\n')
    (folder / "posts.jsonl").write_text("".join(lines))
    return folder


def test_peak_memory_is_the_same_for_seven_times_the_pictures(tmp_path):
    peaks, sizes = [], []
    for count in (20, 140):
        folder = large_pictures(tmp_path / str(count), count)
        done = subprocess.run([sys.executable, "-c", _CODE, str(folder)], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        peaks.append(int(done.stdout))
        sizes.append(sum(path.stat().st_size for path in (folder / "images").iterdir()) >> 20)
    print(f"{sizes} MiB of pictures, peaks of {peaks} MiB")
    assert sizes[1] - sizes[0] > 80
    assert peaks[1] - peaks[0] < 40
