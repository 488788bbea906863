import dataclasses
import math

import numpy as np
import pytest

from kerasmm.console import progress
from kerasmm.tag_vectors.contexts import Contexts
from kerasmm.tag_vectors.seating import Restaurant, _first_customers, _Seating
from tests.tag_vectors.test_cooccurrence import some_posts

RULES = Restaurant(gamma=0.7, beta=3.5, most=4, least=0.0, fewest=1, sweeps=4, restarts=2)
TAGS = 12


def listed(contexts):
    """Of each occurrence its tag and context."""
    return [
        (int(tag), contexts.second[contexts.pairs[start:end]].tolist())
        for tag, start, end in zip(contexts.tag, contexts.starts, contexts.starts[1:], strict=False)
    ]


def shares(contexts):
    beside = [tag for _, context in listed(contexts) for tag in context]
    return [beside.count(tag) / len(beside) for tag in range(TAGS)]


def seat(contexts, rng, **rules):
    with progress(quiet=True) as bar:
        return dataclasses.replace(RULES, **rules).seat(contexts, rng, bar, bar.add_task("", note=""))


@pytest.fixture
def contexts(rng):
    return Contexts.of(some_posts(rng), TAGS)


def seating(contexts, table, **rules):
    return _Seating(dataclasses.replace(RULES, **rules), contexts, np.asarray(table, "int8"))


def test_weights_are_the_formula_in_a_loop(contexts, rng):
    """Some wait, the others are seated at random."""
    table, prior, everybody = rng.integers(-1, 4, len(contexts.tag)), shares(contexts), listed(contexts)
    got = seating(contexts, table).log_weights(3, len(table) - 2, new=True)
    for place, (tag, context) in list(enumerate(everybody))[3 : len(table) - 2]:
        opened = False
        for z in range(4):
            there = [
                other for at, (its, other) in enumerate(everybody) if its == tag and table[at] == z and at != place
            ]
            if not there and opened:
                assert got[place - 3, z] == -math.inf
                continue
            wanted = math.log(len(there) or RULES.gamma)
            opened |= not there
            beside = [tag for other in there for tag in other]
            for nth, c in enumerate(context):
                wanted += math.log((beside.count(c) + RULES.beta * prior[c]) / (len(beside) + nth + RULES.beta))
            assert got[place - 3, z] == pytest.approx(wanted, abs=1e-9)


def arriving(contexts, table, tag):
    """log P of a tag's seating and contexts, customer by customer as they arrive, but for what all seatings have."""
    prior, found, tables = shares(contexts), 0.0, {}
    for (its, context), z in zip(listed(contexts), table, strict=True):
        if its != tag:
            continue
        there = tables.setdefault(int(z), [])
        found += math.log(len(there) or RULES.gamma)
        beside = [other for before in there for other in before]
        for nth, c in enumerate(context):
            found += math.log((beside.count(c) + RULES.beta * prior[c]) / (len(beside) + nth + RULES.beta))
        there.append(context)
    return found


def test_probability_of_a_seating_is_that_of_customers_who_arrive(contexts, rng):
    table = rng.integers(4, size=len(contexts.tag))
    wanted = [arriving(contexts, table, tag) for tag in range(TAGS)]
    np.testing.assert_allclose(seating(contexts, table).log_probability(), wanted, rtol=1e-9, atol=1e-9)


def test_tables_are_merged_while_that_is_more_probable(contexts, rng):
    made = seating(contexts, rng.integers(4, size=len(contexts.tag)), beta=20.0)
    before = made.log_probability()
    tables = (made.customers > 0).sum()
    made.merge()
    assert (made.customers > 0).sum() < tables
    assert (made.log_probability() >= before - 1e-9).all()
    for a in range(4):
        for b in range(a + 1, 4):
            joined = seating(contexts, np.where(made.table == b, a, made.table), beta=20.0)
            both = (made.customers[:, a] > 0) & (made.customers[:, b] > 0)
            assert (joined.log_probability() <= made.log_probability() + 1e-9)[both].all()


def test_first_customers(contexts, rng):
    table = _first_customers(contexts, 4, rng)
    for tag in range(TAGS):
        own = table[contexts.tag == tag]
        assert sorted(own[own >= 0]) == list(range(min(4, len(own))))


def planted(rng, posts=400):
    """Tag 0 stands with three of 1 … 5 or three of 6 … 10; all the others know one company."""
    group = rng.random(posts) < 0.4
    return [[0, *(rng.permutation(5)[:3] + (6 if second else 1))] for second in group], group


def test_a_planted_second_sense_is_found_and_none_else(rng):
    posts, group = planted(rng)
    contexts = Contexts.of(posts, TAGS)
    table = seat(contexts, rng, beta=10.0, most=5)
    np.testing.assert_array_equal(table[contexts.tag == 0], group if group.mean() < 0.5 else ~group)
    assert not table[contexts.tag > 0].any()


def test_small_tables_are_closed_and_the_largest_comes_first(contexts, rng):
    drawn = rng.choice(4, len(contexts.tag), p=[0.05, 0.15, 0.2, 0.6])
    made = seating(contexts, drawn, least=0.1, fewest=3)
    table = made.without_small_ones()
    for tag in range(TAGS):
        sizes = np.bincount(table[contexts.tag == tag], minlength=1)
        assert (np.diff(sizes) <= 0).all()
        assert (sizes > 0).all()
        assert len(sizes) == 1 or sizes.min() >= max(0.1 * sizes.sum(), 3)


@pytest.mark.parametrize("posts", [[], [[0]], [[0, 1]], [[0, 1], [0, 2], [1, 3]], [range(5)] * 3])
def test_few_customers_sit_at_one_table(posts, rng):
    contexts = Contexts.of(posts, TAGS)
    table = seat(contexts, rng, beta=20.0)
    assert table.shape == contexts.tag.shape
    assert not table.any()


def test_one_table_at_most(contexts, rng):
    assert not seat(contexts, rng, most=1).any()
