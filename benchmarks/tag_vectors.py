"""Vectors of 100,000 tags from 5 million posts: counts of pairs, PPMI and truncated SVD, with peak memory, beside peers.

    python benchmarks/tag_vectors.py --cores 2

Posts are generated: the number of tags heavy-tailed, 4.7 different ones on average; four tags in five from the topic of the
post, one of 2,000, the others from all, by Zipf's law. The peers, on a smaller sample: a plain dictionary of pairs for the
counts, and SciPy's `svds` (ARPACK) for the vectors. Each side runs in a process of its own on the same cores.
"""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from side_by_side import Round, Side, parser, print_machine, print_table, serve

PACKAGES = ("numpy", "scipy", "scikit-learn")
SCALE, MOST_TAGS, TOPICS, CHUNK = 4.75, 75, 2000, 1 << 16


def generated(posts: int, tags: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Tag ids of posts, one after the other; the first tags are the most frequent ones."""
    rng = np.random.default_rng(seed)
    topics = np.argsort(rng.random(tags)) % TOPICS
    order = np.argsort(topics, kind="stable")
    starts = np.searchsorted(topics[order], np.arange(TOPICS + 1))
    popular = np.cumsum(1 / np.arange(1, TOPICS + 1))
    for start in range(0, posts, CHUNK):
        count = min(CHUNK, posts - start)
        # Pareto's law, from one tag on; some are drawn twice, so that 4.7 different ones are left.
        sizes = np.minimum(np.ceil(rng.pareto(1.8, count) * SCALE), MOST_TAGS).astype(int)
        topic = np.repeat(np.searchsorted(popular, rng.random(count) * popular[-1]), sizes)
        n = len(topic)
        within, width = rng.random(n), starts[topic + 1] - starts[topic]
        # Zipf's law by its inverse: the rank grows as the width to a uniform power.
        own = order[starts[topic] + np.minimum((width**within).astype(int) - 1, width - 1)]
        anybodys = np.minimum((tags ** rng.random(n)).astype(int) - 1, tags - 1)
        ids = np.where(rng.random(n) < 0.8, own, anybodys)
        yield from np.split(ids, np.cumsum(sizes)[:-1])


def ours(posts: int, tags: int, dimension: int) -> dict[str, Callable[[], Any]]:
    import sklearn.utils.extmath  # noqa: F401 - loaded before the clock runs

    from kerasmm.tag_vectors import count_cooccurrences, ppmi_matrix, singular_vectors

    made: dict[str, Any] = {}

    def counts() -> list[int]:
        made["counts"] = count_cooccurrences(generated(posts, tags), tags)
        return [int(made["counts"].nnz), int(made["counts"].sum(dtype="int64"))]

    def vectors() -> float:
        matrix = ppmi_matrix(made.pop("counts"))
        found = singular_vectors(matrix, dimension)
        return float(((found**2).sum(axis=0) ** 2).sum())

    return {"generate": lambda: sum(len(post) for post in generated(posts, tags)), "counts": counts, "vectors": vectors}


def plain(posts: int, tags: int, dimension: int) -> dict[str, Callable[[], Any]]:
    """A dictionary of pairs; and the same matrix by SciPy's `svds`."""
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import svds

    from kerasmm.tag_vectors import ppmi_matrix

    counted: Counter[tuple[int, int]] = Counter()

    def counts() -> list[int]:
        for post in generated(posts, tags):
            counted.update(itertools.combinations(sorted(set(post.tolist())), 2))
        return [2 * len(counted), 2 * sum(counted.values())]

    def vectors() -> float:
        first, second = np.array(list(counted)).T
        above = coo_array((np.fromiter(counted.values(), "int32"), (first, second)), (tags, tags)).tocsr()
        values = svds(ppmi_matrix((above + above.T).tocsr()), dimension, random_state=0)[1]
        return float((values**2).sum())

    return {"counts": counts, "vectors": vectors}


def row(name: str, asked: Round) -> tuple[str, ...]:
    return name, f"{asked['seconds']:.1f}", f"{asked['cpu']:.1f}", f"{asked['peak'] / 2**30:.2f}", str(asked["answer"])


def main(argv: list[str] | None = None) -> int:
    options = parser(__doc__, cores=2)
    options.add_argument("--posts", type=int, default=5_000_000, help="ours (default: %(default)s)")
    options.add_argument("--tags", type=int, default=100_000, help="ours (default: %(default)s)")
    options.add_argument("--dimension", type=int, default=300, help="of vectors (default: %(default)s)")
    options.add_argument("--peer-posts", type=int, default=100_000, help="both (default: %(default)s)")
    options.add_argument("--peer-tags", type=int, default=10_000, help="both (default: %(default)s)")
    options.add_argument("--peer-dimension", type=int, default=100, help="both (default: %(default)s)")
    args = options.parse_args(argv)
    small, large = (args.peer_posts, args.peer_tags, args.peer_dimension), (args.posts, args.tags, args.dimension)
    sides = {"ours": (ours, small), "plain": (plain, small), "large": (ours, large)}
    if args.side:
        make, sizes = sides[args.side]
        serve(args.cores, PACKAGES, lambda: make(*sizes))
        return 0
    heads = ("", "seconds", "CPU seconds", "peak GiB", "entries and sum, or sum of squared singular values")
    rows, asked = [], {}
    for name in ("ours", "plain"):
        side = Side(name)
        for question in ("counts", "vectors"):
            asked[name, question] = side.ask(question)
            rows.append(row(f"{name}, {question}", asked[name, question]))
        versions = side.versions
        side.close()
    print_machine(args.cores, versions)
    print_table(f"{small[0]:,} posts, {small[1]:,} tags, {small[2]} dimensions", heads, rows)
    for question in ("counts", "vectors"):
        ratio = [asked["plain", question][key] / asked["ours", question][key] for key in ("seconds", "cpu")]
        print(f"{question}: plain / ours {ratio[0]:.1f} by the clock, {ratio[1]:.1f} in CPU time")
    side = Side("large")
    rows = [row(question, side.ask(question)) for question in ("generate", "counts", "vectors")]
    side.close()
    print_table(f"{large[0]:,} posts, {large[1]:,} tags, {large[2]} dimensions", heads, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
