"""The ranking metrics, slowly, one row of Python numbers at a time. None: the row is left out."""


def ranked(y_true, y_pred):
    """Targets, best score first; of equal scores the one that stands first."""
    return [y_true[i] for i in sorted(range(len(y_true)), key=lambda i: (-y_pred[i], i))]


def precision_at(k, empty_rows="count"):
    def row(y_true, y_pred):
        if not y_true or (empty_rows == "skip" and 1 not in y_true):
            return None
        top = ranked(y_true, y_pred)[:k]
        return top.count(1) / len(top)

    return row


def average_precision(empty_rows="count"):
    def row(y_true, y_pred):
        if not y_true or (empty_rows == "skip" and 1 not in y_true):
            return None
        order = ranked(y_true, y_pred)
        precisions = [order[: i + 1].count(1) / (i + 1) for i in range(len(order)) if order[i] == 1]
        return sum(precisions) / len(precisions) if precisions else 0.0

    return row


def rank():
    def row(y_true, y_pred):
        return 1 + ranked(y_true, y_pred).index(1) if 1 in y_true else None

    return row


def recall_at(k):
    def row(y_true, y_pred):
        return float(1 in ranked(y_true, y_pred)[:k]) if 1 in y_true else None

    return row


def of_labels(value, empty_rows="skip"):
    """A row's value from its true labels Y and the places of all its labels, best score first."""

    def row(y_true, y_pred):
        if not y_true or (empty_rows == "skip" and 1 not in y_true):
            return None
        order = sorted(range(len(y_true)), key=lambda i: (-y_pred[i], i))
        return value({i for i in order if y_true[i] == 1}, order)

    return row


def label_recall_at(k, empty_rows="skip"):
    return of_labels(lambda true, order: len(true & set(order[:k])) / len(true) if true else 0.0, empty_rows)


def multi_label_accuracy_at(k, empty_rows="skip"):
    return of_labels(lambda true, order: len(true & set(order[:k])) / len(true | set(order[:k])), empty_rows)


def hit_rate_at(k, empty_rows="skip"):
    return of_labels(lambda true, order: float(any(label in true for label in order[:k])), empty_rows)


def hamming_loss_at(k, empty_rows="skip"):
    def wrong(true, order):
        given = set(order[:k])
        return sum((label in given) != (label in true) for label in order) / len(order)

    return of_labels(wrong, empty_rows)


def coverage(empty_rows="skip"):
    return of_labels(lambda true, order: max((order.index(label) for label in true), default=0), empty_rows)
