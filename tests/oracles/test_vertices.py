"""The vertex oracle against polyhedra whose vertices are known."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np

from tests.oracles.vertices import optimal_value, vertices

NO_ROWS = np.zeros((0, 2))


def test_unit_square_has_its_four_corners() -> None:
    found = {tuple(map(int, x)) for x in vertices(np.eye(2), np.ones(2), NO_ROWS, np.zeros(0))}
    assert found == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_simplex_has_one_vertex_per_variable() -> None:
    one = np.ones((1, 4))
    found = {tuple(map(int, x)) for x in vertices(np.zeros((0, 4)), np.zeros(0), one, np.ones(1))}
    assert found == {tuple(int(i == j) for i in range(4)) for j in range(4)}


def test_hypersimplex_has_binomially_many_vertices() -> None:
    found = {
        tuple(map(int, x))
        for x in vertices(np.eye(4), np.ones(4), np.ones((1, 4)), np.array([2.0]))
    }
    assert len(found) == comb(4, 2)


def test_redundant_equalities_do_not_lose_the_vertex() -> None:
    A_eq = np.array([[1.0, 1.0], [2.0, 2.0]])
    found = {tuple(map(int, x)) for x in vertices(NO_ROWS, np.zeros(0), A_eq, np.array([1.0, 2.0]))}
    assert found == {(0, 1), (1, 0)}


def test_optimum_is_exact() -> None:
    A_ub = np.array([[3.0, 1.0], [1.0, 3.0]])
    value = optimal_value([-1.0, -1.0], A_ub, np.ones(2), NO_ROWS, np.zeros(0))
    assert value == Fraction(-1, 2)


def test_infeasible_program_has_no_vertex() -> None:
    assert optimal_value([1.0, 1.0], np.ones((1, 2)), [-1.0], NO_ROWS, np.zeros(0)) is None
