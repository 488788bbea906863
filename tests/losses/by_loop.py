"""The printed equations of the losses, slowly, one row of Python numbers at a time."""

import math


def hinge_rank(margin):
    """Equations 2 and 3: every positive against every negative."""

    def row(y_true, y_pred):
        positives = [s for t, s in zip(y_true, y_pred, strict=True) if t == 1]
        negatives = [s for t, s in zip(y_true, y_pred, strict=True) if t == 0]
        return sum(max(0.0, margin - p + n) for p in positives for n in negatives)

    return row


def weighted_crossentropy(positive_weight, word_reduction="sum", from_logits=False):
    """Equation 11 with log(1 - Y) for log(1 - T) and both terms under the minus."""

    def row(y_true, y_pred):
        total = 0.0
        for t, y in zip(y_true, y_pred, strict=True):
            if from_logits:
                y = 1 / (1 + math.exp(-y))
            total -= positive_weight * t * math.log(y) + (1 - t) * math.log(1 - y)
        return total / max(1, len(y_true)) if word_reduction == "mean" else total

    return row


def link(unlinked_ratio=None):
    """log(1 + exp(-A d)) of every pair with A = ±1; with a ratio the unlinked ones weigh so many times the linked."""

    def row(y_true, y_pred):
        linked = [math.log(1 + math.exp(-d)) for t, d in zip(y_true, y_pred, strict=True) if t == 1]
        unlinked = [math.log(1 + math.exp(d)) for t, d in zip(y_true, y_pred, strict=True) if t == 0]
        if unlinked_ratio is None:
            return sum(linked) + sum(unlinked)
        return sum(linked) + (unlinked_ratio * len(linked) * sum(unlinked) / len(unlinked) if unlinked else 0.0)

    return row


def similarity(a, b, normalization):
    """Equation 1, and the cosine."""
    inner = sum(x * y for x, y in zip(a, b, strict=True))
    norm_a, norm_b = math.sqrt(sum(x * x for x in a)), math.sqrt(sum(y * y for y in b))
    divisor = norm_a * norm_b if normalization == "product" else norm_a + norm_b
    return inner / divisor if divisor else 0.0


def bidirectional_ranking(margin, negatives):
    """Equations 1 and 2 on a whole matrix: each pair against the negatives of its row and those of its column."""

    def matrix(y_true, y_pred):
        rows = []
        for i, row in enumerate(y_true):
            total = 0.0
            for s, label in enumerate(row):
                if label != 1:
                    continue
                sentences = [y_pred[i][t] for t in range(len(row)) if row[t] == 0]
                images = [y_pred[j][s] for j in range(len(y_true)) if y_true[j][s] == 0]
                for others in (sentences, images):
                    if negatives == "hardest":
                        others = sorted(others)[-1:]
                    total += sum(max(0.0, margin - y_pred[i][s] + other) for other in others)
            rows.append(total)
        return rows

    return matrix


def pairs(y_true, y_pred):
    """Scores of each positive, with those of all negatives."""
    negatives = [s for t, s in zip(y_true, y_pred, strict=True) if t == 0]
    return [(s, negatives) for t, s in zip(y_true, y_pred, strict=True) if t == 1]


def warp(margin, normalize):
    """Equation 4, with the weight divided by the number of violators or not."""

    def row(y_true, y_pred):
        total = 0.0
        for p, negatives in pairs(y_true, y_pred):
            hinges = [max(0.0, margin + n - p) for n in negatives]
            violators = sum(hinge > 0 for hinge in hinges)
            weight = sum(1 / j for j in range(1, violators + 1))
            total += weight * sum(hinges) / (violators if normalize and violators else 1)
        return total

    return row


def lsep():
    """Equation 5."""

    def row(y_true, y_pred):
        return math.log1p(sum(math.exp(n - p) for p, negatives in pairs(y_true, y_pred) for n in negatives))

    return row


def plsp(truncation):
    """Equation 6."""

    def row(y_true, y_pred):
        total = 0.0
        for p, negatives in pairs(y_true, y_pred):
            for n in negatives:
                total += math.exp(min(n - p, truncation) / max(n - p, -truncation))
        return math.log1p(total)

    return row


def triplet_tensor(margin):
    """Of each axis the hardest unobserved entry, and one that is drawn: there may be no other."""

    def row(y_true, y_pred):
        total = 0.0
        for labels, scores in zip(y_true, y_pred, strict=True):
            itself = [s for t, s in zip(labels, scores, strict=True) if t == 1]
            unobserved = [s for t, s in zip(labels, scores, strict=True) if t == 0]
            if itself and unobserved:
                (drawn,), (positive,) = unobserved, itself
                total += max(0.0, margin + max(unobserved) - positive) + max(0.0, margin + drawn - positive)
        return total

    return row
