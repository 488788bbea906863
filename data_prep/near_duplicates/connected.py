"""Which posts are connected, through others too, and the first of each group (union-find)."""

from __future__ import annotations

from collections.abc import Iterator

Order = tuple[int, int, int, int]
"""1 for a shared post; time; chunk; index in the chunk. The smallest of a group stays."""


class Groups:
    """Joins posts two by two.

    Example:

    >>> groups = Groups()
    >>> groups.join((0, 5, 0, 1), (0, 7, 0, 0))
    >>> groups.first((0, 7, 0, 0)), list(groups.later())
    ((0, 5, 0, 1), [(0, 7, 0, 0)])
    """

    def __init__(self) -> None:
        self._before: dict[Order, Order] = {}

    def first(self, order: Order) -> Order:
        """The smallest of the group."""
        root = order
        while (before := self._before.get(root, root)) != root:
            root = before
        while order != root:
            self._before[order], order = root, self._before[order]
        return root

    def join(self, one: Order, other: Order) -> None:
        first, second = sorted((self.first(one), self.first(other)))
        self._before[second] = first

    def later(self) -> Iterator[Order]:
        """All that are not the first of their group."""
        return (order for order, before in self._before.items() if before != order)
