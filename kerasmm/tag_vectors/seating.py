"""Senses of tags by the Chinese restaurant process: a restaurant a tag, a table a sense, a customer an occurrence."""

from __future__ import annotations

import dataclasses

import numpy as np
from rich.progress import Progress, TaskID
from scipy.special import gammaln

from kerasmm.tag_vectors.contexts import Contexts, chunks


@dataclasses.dataclass(frozen=True)
class Restaurant:
    """How customers are seated.

    Formula, with N_z the customers at table z of a tag, without the one to be seated, n_zc how many of them have tag c
    beside them, n_z = Σ_c n_zc, and P(c) the share of c among all contexts:

        P(z | context) ∝ N_z Π_{c ∈ context} P(c | z)      a table with customers
                       ∝ γ Π_{c ∈ context} P(c)            a new one
        P(c | z) = (n_zc + β P(c)) / (n_z + β)

    (the denominator grows by one with each tag of the context, so that it is the Pólya urn's probability of them all).

    Args:
        gamma: γ: how readily a new table is opened.
        beta: β: how many tags of anybody's contexts each table has in advance, so that few customers make no sense.
        most: Tables of a tag at most.
        least: A table with a smaller share of the tag's customers is closed at the end,
        fewest: and one with fewer customers: by chance alone one of two customers sits alone every other time.
        sweeps: How often all customers are seated anew before tables are merged.
        restarts: How often all begins anew, with other first customers; of each tag the most probable seating is kept.
    """

    gamma: float
    beta: float
    most: int
    least: float
    fewest: int
    sweeps: int
    restarts: int

    def seat(self, contexts: Contexts, rng: np.random.Generator, bar: Progress, task: TaskID) -> np.ndarray:
        """The table of each occurrence `(n,)` int8, of each tag the largest one first.

        All customers of a sweep are seated at once, from the tables of the sweep before. Then two tables of a tag become one
        where that is more probable, the best two first:

            Γ(N_a + N_b) / (γ Γ(N_a) Γ(N_b)) · P(contexts of a and b | one table) / (P(of a) P(of b)) > 1

        Time is O(P `most`) a sweep for P pairs in posts; memory 4 `most` bytes for each of Z different pairs, 2 an occurrence.
        """
        best = np.full(contexts.tags, -np.inf)
        kept = np.zeros(len(contexts.tag), "int8")
        for _ in range(self.restarts):
            seating = _Seating(self, contexts, _first_customers(contexts, self.most, rng))
            for sweep in range(self.sweeps):
                seating.sweep(rng)
                bar.advance(task)
                if sweep >= self.sweeps // 2:
                    seating.merge()
            seating.sweep(None)
            seating.merge()
            bar.advance(task)
            merit = seating.log_probability()
            better = merit > best
            best[better] = merit[better]
            kept = np.where(better[contexts.tag], seating.table, kept)
        return _Seating(self, contexts, kept).without_small_ones()


def _first_customers(contexts: Contexts, most: int, rng: np.random.Generator) -> np.ndarray:
    """Of each tag some customers drawn, each at a table of its own; all others wait (-1)."""
    order = rng.permutation(len(contexts.tag))
    order = order[np.argsort(contexts.tag[order], kind="stable")]
    ends = np.cumsum(contexts.occurrences())
    nth = np.arange(len(order)) - np.concatenate([[0], ends])[contexts.tag[order]]
    table = np.full(len(order), -1, "int8")
    table[order] = np.where(nth < most, nth, -1)
    return table


class _Seating:
    """Who sits where, and what that makes of the tables."""

    def __init__(self, rules: Restaurant, contexts: Contexts, table: np.ndarray) -> None:
        self.rules, self.contexts, self.table = rules, contexts, table
        shares = np.bincount(contexts.second, weights=contexts.seen, minlength=contexts.tags)
        # β P(c) of each pair's tag c
        self.prior = (rules.beta * shares / max(shares.sum(), 1.0))[contexts.second]
        self._count()

    def _count(self) -> None:
        """`customers` N and `tokens` n `(tags, most)`, and `beside` n_zc `(Z, most)`."""
        contexts, most = self.contexts, self.rules.most
        sizes, seated = contexts.sizes(), self.table >= 0
        place = contexts.tag[seated].astype("int64") * most + self.table[seated]
        shape = (contexts.tags, most)
        self.customers = np.bincount(place, minlength=contexts.tags * most).reshape(shape)
        self.tokens = np.bincount(place, sizes[seated], minlength=contexts.tags * most).reshape(shape)
        self.beside = np.zeros((len(contexts.first), most), "int32")
        for low, high in chunks(contexts.starts):
            table = np.repeat(self.table[low:high], sizes[low:high])
            pairs = contexts.pairs[contexts.starts[low] : contexts.starts[high]][table >= 0]
            np.add.at(self.beside, (pairs, table[table >= 0]), 1)

    def sweep(self, rng: np.random.Generator | None) -> None:
        """Seats all customers anew: drawn, or without `rng` where each is most probable, at tables that are there."""
        contexts, table = self.contexts, np.empty_like(self.table)
        for low, high in chunks(contexts.starts):
            weights = self.log_weights(low, high, new=rng is not None)
            if rng is not None:
                weights += rng.gumbel(size=weights.shape)
            table[low:high] = weights.argmax(axis=1)
        self.table = table
        self._count()

    def log_weights(self, low: int, high: int, new: bool) -> np.ndarray:
        """log P(z | context) of some customers `(high - low, most)`, but for a constant of each.

        A `new` table is the first one without customers; without it, who sits alone stays alone, if there is no other.
        """
        contexts, rules = self.contexts, self.rules
        sizes = np.diff(contexts.starts[low : high + 1])
        tag, own = contexts.tag[low:high], self.table[low:high]
        seated = np.flatnonzero(own >= 0)
        customers, tokens = self.customers[tag], self.tokens[tag]
        customers[seated, own[seated]] -= 1
        tokens[seated, own[seated]] -= sizes[seated]
        pairs = contexts.pairs[contexts.starts[low] : contexts.starts[high]]
        beside = self.beside[pairs] + self.prior[pairs, None]
        mine = np.repeat(own, sizes)
        of_seated = np.flatnonzero(mine >= 0)
        beside[of_seated, mine[of_seated]] -= 1
        evidence = np.add.reduceat(np.log(beside, out=beside), contexts.starts[low:high] - contexts.starts[low])
        evidence -= gammaln(tokens + rules.beta + sizes[:, None]) - gammaln(tokens + rules.beta)
        with np.errstate(divide="ignore"):
            weights = np.log(customers)
        empty = customers == 0
        if new:
            opened = np.flatnonzero(empty.any(axis=1))
            weights[opened, empty[opened].argmax(axis=1)] = np.log(rules.gamma)
        else:
            alone = seated[empty[seated].all(axis=1)]
            weights[alone, own[alone]] = 0
        return weights + evidence

    def merge(self) -> None:
        """Makes two tables one as long as that is more probable."""
        contexts, gamma = self.contexts, self.rules.gamma
        for _ in range(self.rules.most - 1):
            several = (self.customers > 0).sum(axis=1) > 1
            rows = np.flatnonzero(several[contexts.first])
            alone = [self._evidence(rows, (table,)) for table in range(self.rules.most)]
            best, pair = np.zeros(contexts.tags), np.zeros((contexts.tags, 2), int)
            for a in range(self.rules.most):
                for b in range(a + 1, self.rules.most):
                    there = (self.customers[:, a] > 0) & (self.customers[:, b] > 0)
                    if not there.any():
                        continue
                    of_a, of_b = (np.maximum(self.customers[:, table], 1) for table in (a, b))
                    gain = gammaln(of_a + of_b) - gammaln(of_a) - gammaln(of_b) - np.log(gamma)
                    gain += self._evidence(rows, (a, b)) - alone[a] - alone[b]
                    better = there & (gain > best)
                    best[better], pair[better] = gain[better], (a, b)
            if not best.any():
                break
            into = np.tile(np.arange(self.rules.most, dtype="int8"), (contexts.tags, 1))
            merged = np.flatnonzero(best)
            into[merged, pair[merged, 1]] = pair[merged, 0]
            self.table = np.where(self.table >= 0, into[contexts.tag, self.table], self.table)
            self._count()

    def _evidence(self, rows: np.ndarray, tables: tuple[int, ...]) -> np.ndarray:
        """log P(contexts of these tables together) of each tag `(tags,)`, from its pairs."""
        beta, beside = self.rules.beta, self.beside[rows][:, tables].sum(axis=1)
        filled = np.flatnonzero(beside)
        rows, beside = rows[filled], beside[filled]
        terms = gammaln(beside + self.prior[rows]) - gammaln(self.prior[rows])
        tokens = self.tokens[:, tables].sum(axis=1)
        found = np.bincount(self.contexts.first[rows], terms, minlength=self.contexts.tags)
        return found - (gammaln(tokens + beta) - gammaln(beta))

    def log_probability(self) -> np.ndarray:
        """Of the seating and the contexts of each tag `(tags,)`, but for what all seatings have in common."""
        there, rows = self.customers > 0, np.arange(len(self.contexts.first))
        found = there.sum(axis=1) * np.log(self.rules.gamma)
        found += np.where(there, gammaln(np.maximum(self.customers, 1)), 0).sum(axis=1)
        for table in range(self.rules.most):
            found += self._evidence(rows, (table,))
        return found

    def without_small_ones(self) -> np.ndarray:
        """Tables once the small ones are closed, the smallest first, and their customers seated elsewhere; the largest first."""
        contexts, rules = self.contexts, self.rules
        least = np.maximum(rules.least * contexts.occurrences(), rules.fewest)
        for _ in range(rules.most - 1):
            sizes = np.where(self.customers > 0, self.customers, np.iinfo("int64").max)
            smallest = sizes.argmin(axis=1)
            closed = (sizes.min(axis=1) < least) & ((self.customers > 0).sum(axis=1) > 1)
            if not closed.any():
                break
            leave = closed[contexts.tag] & (self.table == smallest[contexts.tag])
            stay = self.table
            self.table = np.where(leave, -1, stay).astype("int8")
            self._count()
            self.sweep(None)
            self.table = np.where(leave, self.table, stay)
            self._count()
        order = np.argsort(-self.customers, axis=1, kind="stable")
        place = np.empty_like(order)
        np.put_along_axis(place, order, np.arange(self.rules.most)[None].repeat(len(order), 0), axis=1)
        return place[self.contexts.tag, self.table].astype("int8")
