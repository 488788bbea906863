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
