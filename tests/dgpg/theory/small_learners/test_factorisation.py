"""Fits are the closest of their kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lp_solvers import cvx
from lp_solvers.convex_program import ConvexProgram, SeparableCost
from lp_solvers.linear_program import linear_program
from refimpl.dgpg.theory.games import Game
from refimpl.dgpg.theory.small_learners.factorisation import (
    additive_fit,
    isotonic,
    largest_error,
    mean_field_error,
    monotone_fit,
    payoff_table,
    upper_sets,
)

tables = hnp.arrays(np.float64, (3, 3), elements=st.integers(-9, 9).map(float))


@given(tables)
def test_additive_fit_is_the_least_squares_solution(table) -> None:
    cells = [(i, j) for i in range(3) for j in range(3)]
    design = np.array([[*np.eye(3)[i], *np.eye(3)[j]] for i, j in cells])
    expected = design @ np.linalg.lstsq(design, table.ravel(), rcond=None)[0]
    np.testing.assert_allclose(additive_fit(table).ravel(), expected, atol=1e-10)


@given(tables)
def test_isotonic_fit_is_the_quadratic_program(table) -> None:
    """Entries are shifted above 0, where the program's bound does not matter."""
    found = isotonic(table, upper_sets(3))
    assert (np.diff(found, axis=0) >= -1e-12).all()
    assert (np.diff(found, axis=1) >= -1e-12).all()
    rows = [np.eye(9)[3 * i + j] - np.eye(9)[3 * a + b]
            for i in range(3) for j in range(3) for a, b in ((i + 1, j), (i, j + 1))
            if a < 3 and b < 3]  # fmt: skip
    target = (table + 20.0).ravel()
    lp = linear_program(-target, np.array(rows), np.zeros(len(rows)))
    program = ConvexProgram(lp, SeparableCost(quadratic=np.ones(9)))
    # The minimiser is unique, so a feasible point of the least value is it.
    least = cvx.minimise(program).value
    assert program.value(found.ravel() + 20.0) <= least + 1e-9 * abs(least)


@given(tables)
def test_monotone_fit_is_no_worse_than_the_additive_one(table) -> None:
    """Additive tables are monotone, so the larger class fits at least as well."""
    additive, monotone = additive_fit(table), monotone_fit(table)
    assert ((table - monotone) ** 2).sum() <= ((table - additive) ** 2).sum() + 1e-9


@given(tables)
def test_monotone_tables_are_fitted_exactly(table) -> None:
    rising = np.sort(np.sort(table, axis=0), axis=1)
    shuffled = rising[[2, 0, 1]][:, [1, 0, 2]]
    np.testing.assert_allclose(monotone_fit(shuffled), shuffled, atol=1e-12)


def test_upper_sets_are_counted() -> None:
    """Lattice paths through a 3 by 3 square: 6 choose 3, all closed upwards."""
    sets = upper_sets(3).reshape(-1, 3, 3)
    assert len({each.tobytes() for each in sets}) == len(sets) == 20
    assert (np.diff(sets.astype(int), axis=1) >= 0).all()
    assert (np.diff(sets.astype(int), axis=2) >= 0).all()


def test_the_textbook_game_is_neither() -> None:
    """Payoffs 8, -12 and 0 of the value-decomposition literature."""
    table = np.array([[8.0, -12, -12], [-12, 0, 0], [-12, 0, 0]])
    assert largest_error(table, additive_fit(table)) > 1.0
    assert largest_error(table, monotone_fit(table)) > 1.0


def test_equal_jobs_make_a_mean_field_unequal_ones_do_not() -> None:
    game = Game(np.ones((3, 1)), np.ones((2, 1)), lambda x: -(x**2).sum((-2, -1)))
    assert mean_field_error(game, 0) == 0.0
    unequal = replace(game, demand=np.array([[1.0], [1.0], [2.0]]))
    assert mean_field_error(unequal, 2) == 0.0
    # Others on different servers: load 2 beside the big or beside the small job.
    assert mean_field_error(unequal, 0) == pytest.approx((3**2 + 1) - (2**2 + 2**2))


def test_bad_games_are_refused() -> None:
    game = Game(np.ones((2, 1)), np.ones((2, 1)), lambda x: x.sum((-2, -1)), n_steps=2)
    with pytest.raises(ValueError, match="game must have one step; got n_steps 2"):
        payoff_table(game)
    with pytest.raises(ValueError, match=r"table must be \(K, K\).*got shape \(5, 5\)"):
        monotone_fit(np.zeros((5, 5)))
