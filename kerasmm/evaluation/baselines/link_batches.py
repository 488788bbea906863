"""Batches of linked and unlinked pictures and texts."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from kerasmm.evaluation.baselines.link_graph import LinkGraph

BATCH, STEPS = 128, 50

Batch = tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, np.ndarray]]


class LinkBatches:
    """Posts in batches, with what is linked among the pictures and the texts of each.

    Half of a batch are anchors, each post once an epoch, or several times where an epoch would be shorter than `STEPS`
    batches; the other half is one linked post of each. All pairs of the batch are then looked up: a picture is linked
    with the text of its own post and of linked posts. So every anchor with links has a linked post, and its unlinked
    ones come at random. In a text without words there is nothing to tell: its pairs take no part, nor do the pairs of
    a post with itself. Costs O(batch²) a step, whatever the number of posts.

    Every draw comes from the seed and the number of the epoch.

    Args:
        features: `(n, M)`; only the rows of a batch are read.
        tags: `(n, L)` multi-hot.
        graph: The links of `posts`, numbered in their order.
        posts: The rows to train on.
        seed: Seeds the draws.
        anchors: Anchors in a batch, at most.
        linked_texts: Whether a picture is linked with the texts of linked posts. If not, such pairs take no part, and it
            is linked with its own text alone.
        partners: Whether to draw linked posts. Without them each post comes once, and the batches are the same in every
            epoch, which is how to measure.
    """

    def __init__(
        self,
        features: np.ndarray,
        tags: np.ndarray,
        graph: LinkGraph,
        posts: np.ndarray,
        seed: int,
        anchors: int = BATCH // 2,
        linked_texts: bool = True,
        partners: bool = True,
    ) -> None:
        self.features, self.tags, self.graph, self.posts = features, tags, graph, np.asarray(posts)
        self.seed, self.linked_texts, self.partners = seed, linked_texts, partners
        self.anchors = min(anchors, len(self.posts))
        self.rounds = math.ceil(STEPS * self.anchors / len(self.posts)) if partners else 1

    def epoch(self, number: int) -> Iterator[Batch]:
        """Inputs of `hne`, targets of `LinkLoss` and weights of rows, batch by batch."""
        generator = np.random.default_rng([self.seed, number if self.partners else 0])
        order = np.concatenate([generator.permutation(len(self.posts)) for _ in range(self.rounds)])
        # Whole batches only, of one shape for one compiled step. What is left out differs from epoch to epoch.
        for start in range(0, len(order) - self.anchors + 1, self.anchors):
            rows = order[start : start + self.anchors]
            yield self._batch(np.concatenate([rows, self.graph.draw(rows, generator)]) if self.partners else rows)

    def _batch(self, rows: np.ndarray) -> Batch:
        posts = self.posts[rows]
        inputs = {"image": self.features[posts].astype("float32"), "text": self.tags[posts].astype("float32")}
        targets = pair_targets(self.graph, rows, inputs["text"].any(axis=1), self.linked_texts)
        return inputs, targets, {kind: link_weights(linked) for kind, linked in targets.items()}


def pair_targets(
    graph: LinkGraph, rows: np.ndarray, has_text: np.ndarray, linked_texts: bool = True
) -> dict[str, np.ndarray]:
    """Targets of `LinkLoss` for all pairs of some posts, by kind of link.

    Args:
        graph: The links.
        rows: `(B,)`; a post may come twice.
        has_text: `(B,)`, False for a post without words.
        linked_texts: As in `LinkBatches`.

    Returns:
        `image_image`, `text_text` and `image_text`, each `(B, B)`: 1 linked, 0 unlinked, -1 takes no part.
    """
    linked, same = graph.linked(rows, rows), rows[:, None] == rows
    between = np.where(same, -1.0, linked)
    across = linked | same if linked_texts else np.where(linked, -1.0, same)
    targets = {
        "image_image": between,
        "text_text": np.where(has_text[:, None] & has_text, between, -1.0),
        "image_text": np.where(has_text, across, -1.0),
    }
    return {kind: values.astype("float32") for kind, values in targets.items()}


def link_weights(targets: np.ndarray) -> np.ndarray:
    """Weights of rows `(B,)` that turn Keras' mean over rows into the sum divided by the number of linked pairs.

    Zero where nothing is linked.
    """
    count = int((targets == 1).sum())
    return np.full(len(targets), len(targets) / count if count else 0.0, "float32")
