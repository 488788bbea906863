"""Cross-modal retrieval with any correspondence: recall at k and ranks, both ways (webly, section 4.1)."""

from __future__ import annotations

import numpy as np

from kerasmm.evaluation.chance import chance_figures
from kerasmm.evaluation.ranks import DIRECTIONS, RECALLS

TILE = 2048
"""Images, and sentences, that are compared at a time: `TILE`² scores are held, whatever the numbers of both."""


def retrieval_figures(
    images: np.ndarray, sentences: np.ndarray, pairs: np.ndarray, folds: tuple[int, int] | None = None
) -> dict[str, float]:
    """Asks every image for its sentences and every sentence for its images.

    Formula, over the Q questions of a direction, with rank_q of the best-ranked true answer among all n candidates:

        R@k = |{q : rank_q ≤ k}| / Q        median_rank = median of rank_q        mean_rank = 1/Q Σ_q rank_q

    An image without a sentence and a sentence without an image ask nothing, but are candidates; see `true_ranks`.
    For chance see `chance_figures`.

    Args:
        images: `(n, d)`.
        sentences: `(m, d)`.
        pairs: `(p, 2)` integers: row of an image, row of a sentence that is true of it. Any number of either.
        folds: `(5, 1000)`: also the mean over the first five thousands of images, each with the sentences that are paired
            to them, which is how COCO's test images are reported. A last fold that isn't whole is left out.

    Returns:
        `rsum`, the six recalls in percent points together (0 … 600); under `image_to_text/` and `text_to_image/`: `R@1`,
        `R@5`, `R@10` (0 … 1), `median_rank`, `mean_rank`, `queries`, and `chance/` of all but the last. Under `folds/` the
        same, and `folds`, how many; absent where there is no whole fold. Empty without pairs.

    Raises:
        ValueError: If the shapes don't go together or a pair names an absent row.

    Example:

    >>> figures = retrieval_figures(np.eye(2), np.eye(2)[[0, 1, 0]], np.array([[0, 0], [1, 1], [1, 2]]))
    >>> figures["image_to_text/R@1"], round(figures["text_to_image/R@1"], 3), figures["text_to_image/mean_rank"]
    (1.0, 0.667, 1.3333333333333333)
    """
    pairs = _checked(images, sentences, pairs)
    figures = _figures(images, sentences, pairs)
    count, size = folds or (0, 1)
    found = []
    for start in range(0, min(count * size, len(images) // size * size), size):
        inside = pairs[(pairs[:, 0] >= start) & (pairs[:, 0] < start + size)]
        rows, places = np.unique(inside[:, 1], return_inverse=True)
        fold = np.stack([inside[:, 0] - start, places.reshape(-1)], axis=1)
        found += [one] if (one := _figures(images[start : start + size], sentences[rows], fold)) else []
    if found:
        figures |= {f"folds/{key}": float(np.mean([one[key] for one in found])) for key in found[0]}
        figures["folds/folds"] = float(len(found))
    return figures


def true_ranks(images: np.ndarray, sentences: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rank of the best-ranked true sentence of each image, and of the best-ranked true image of each sentence.

    Ranks count from 1 by falling inner product, which is the cosine of normalised vectors. Of equal products the earlier
    row ranks higher, and one that is not a number ranks last. Products are taken in float64 and compared in float32, so
    that copies of a vector are ties whatever the order of the sums. Costs O(n m d), one product for both directions;
    holds `TILE`² of them and `TILE` vectors of either kind at a time, so that both may be memory maps.

    Args:
        images: `(n, d)`.
        sentences: `(m, d)`.
        pairs: `(p, 2)`, see `retrieval_figures`.

    Returns:
        `(n,)` and `(m,)` int64; 0 where nothing is true.

    Raises:
        ValueError: If the shapes don't go together or a pair names an absent row.
    """
    pairs = _checked(images, sentences, pairs)
    products = _pair_products(images, sentences, pairs)
    best_of_image, sentence_of_image = _best(pairs[:, 0], pairs[:, 1], products, len(images))
    best_of_sentence, image_of_sentence = _best(pairs[:, 1], pairs[:, 0], products, len(sentences))
    image_ranks, sentence_ranks = np.zeros(len(images), "int64"), np.zeros(len(sentences), "int64")
    for top in range(0, len(images), TILE):
        above, rows = _float64(images[top : top + TILE]), slice(top, top + TILE)
        first, last = np.searchsorted(pairs[:, 0], [top, top + TILE])
        for left in range(0, len(sentences), TILE):
            columns = slice(left, left + TILE)
            tile = _products(above, _float64(sentences[columns]).T)
            # A true pair has one product, here and above, or rounding could rank it before itself.
            here = np.flatnonzero((pairs[first:last, 1] >= left) & (pairs[first:last, 1] < left + TILE)) + first
            tile[pairs[here, 0] - top, pairs[here, 1] - left] = products[here]
            places = np.arange(top, top + tile.shape[0]), np.arange(left, left + tile.shape[1])
            image_ranks[rows] += _ahead(tile, best_of_image[rows], places[1], sentence_of_image[rows])
            sentence_ranks[columns] += _ahead(tile.T, best_of_sentence[columns], places[0], image_of_sentence[columns])
    image_ranks[sentence_of_image >= 0] += 1
    sentence_ranks[image_of_sentence >= 0] += 1
    return image_ranks, sentence_ranks


def _checked(images: np.ndarray, sentences: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """The pairs, each once, by image and sentence."""
    if images.ndim != 2 or sentences.ndim != 2 or images.shape[1] != sentences.shape[1]:
        raise ValueError(
            f"`images` and `sentences` must have shape (rows, d). Received: {images.shape} and {sentences.shape}"
        )
    pairs = np.unique(np.asarray(pairs, "int64").reshape(-1, 2), axis=0)
    if len(pairs) and (pairs.min() < 0 or (pairs.max(axis=0) >= (len(images), len(sentences))).any()):
        raise ValueError(
            f"`pairs` must name rows of {len(images)} images and {len(sentences)} sentences. "
            f"Received: rows {pairs.min(axis=0).tolist()} to {pairs.max(axis=0).tolist()}"
        )
    return pairs


def _float64(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors, "float64")


def _comparable(products: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        rounded = products.astype("float32")
    rounded[np.isnan(rounded)] = -np.inf
    return rounded


def _products(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", over="ignore"):
        return _comparable(rows @ columns)


def _pair_products(images: np.ndarray, sentences: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    found = np.empty(len(pairs), "float32")
    for start in range(0, len(pairs), TILE):
        rows, columns = pairs[start : start + TILE].T
        with np.errstate(invalid="ignore", over="ignore"):
            products = np.einsum("ij,ij->i", _float64(images[rows]), _float64(sentences[columns]))
        found[start : start + TILE] = _comparable(products)
    return found


def _best(queries: np.ndarray, answers: np.ndarray, products: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """For each of `count` queries the product and the row of its best-ranked true answer; not a number and -1 of none."""
    order = np.lexsort((answers, -products, queries))
    asked, first = np.unique(queries[order], return_index=True)
    best, place = np.full(count, np.nan, "float32"), np.full(count, -1)
    best[asked], place[asked] = products[order[first]], answers[order[first]]
    return best, place


def _ahead(tile: np.ndarray, best: np.ndarray, places: np.ndarray, place: np.ndarray) -> np.ndarray:
    """How many candidates of a tile (columns, at `places`) rank before the best true one of each row."""
    tied = (tile == best[:, None]) & (places < place[:, None])
    ahead: np.ndarray = np.count_nonzero(tile > best[:, None], axis=1) + np.count_nonzero(tied, axis=1)
    return ahead


def _figures(images: np.ndarray, sentences: np.ndarray, pairs: np.ndarray) -> dict[str, float]:
    if not len(pairs):
        return {}
    figures: dict[str, float] = {}
    candidates = (len(sentences), len(images))
    for direction, ranks, asked, among in zip(
        DIRECTIONS, true_ranks(images, sentences, pairs), pairs.T, candidates, strict=True
    ):
        ranks = ranks[ranks > 0]
        true = np.unique(asked, return_counts=True)[1]
        found = {f"chance/{key}": value for key, value in chance_figures(true, among, RECALLS).items()}
        found |= {f"R@{k}": float(np.mean(ranks <= k)) for k in RECALLS}
        median, mean = float(np.median(ranks)), float(ranks.mean())
        found |= {"median_rank": median, "mean_rank": mean, "queries": float(len(ranks))}
        figures |= {f"{direction}/{key}": value for key, value in found.items()}
    figures["rsum"] = 100.0 * sum(figures[f"{direction}/R@{k}"] for direction in DIRECTIONS for k in RECALLS)
    return figures
