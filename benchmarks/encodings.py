"""How many texts come out as they went in, when nobody says their encoding: ours and charset-normalizer.

    python benchmarks/encodings.py --texts MVSA/data

Every text file of the folder that has more than ASCII and is UTF-8 is written in each encoding that can spell it, and read
again. The peer is told that there are only these encodings.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from charset_normalizer import from_bytes
from side_by_side import print_table

from data_prep.sources.decoding import decoded

ENCODINGS = ("utf-8", "gb18030", "gbk", "cp1252")


def texts(folder: Path) -> list[str]:
    """The texts that are read as UTF-8 and hold more than ASCII."""
    found = []
    for path in sorted(folder.glob("*.txt")):
        try:
            text = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            continue
        if not text.isascii():
            found.append(text)
    return found


def theirs(content: bytes) -> str | None:
    best = from_bytes(content, cp_isolation=list(ENCODINGS)).best()
    return None if best is None else str(best)


def ours(content: bytes) -> str | None:
    found = decoded(content)
    return None if found is None else found.text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, required=True, help="a folder of .txt files")
    folder = parser.parse_args().texts
    given, rows = texts(folder), []
    if not given:
        parser.error(f"--texts: {folder} has no .txt file in UTF-8 that holds more than ASCII")
    for encoding in ENCODINGS:
        contents = []
        for text in given:
            try:
                contents.append((text, text.encode(encoding)))
            except UnicodeEncodeError:
                continue
        row = [encoding, str(len(contents))]
        for read in (ours, theirs):
            started = time.process_time()
            right = sum(read(content) == text for text, content in contents)
            row += [str(right), f"{1000 * (time.process_time() - started) / max(len(contents), 1):.2f}"]
        rows.append(row)
    print_table(
        f"{len(given)} texts with more than ASCII",
        ["written in", "texts", "ours right", "ms a text", "charset-normalizer right", "ms a text"],
        rows,
    )


if __name__ == "__main__":
    main()
