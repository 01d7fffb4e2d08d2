"""Linear programs of textbooks with the optimal primal and dual solution in closed form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lp_solvers.linear_program import LinearProgram, LPSolution, linear_program

Solved = tuple[LinearProgram, LPSolution]


def _solved(lp: LinearProgram, x: object, y_ub: object, y_eq: object) -> Solved:
    point, prices, potentials = (np.asarray(v, dtype=float) for v in (x, y_ub, y_eq))
    return lp, LPSolution(point, float(lp.c @ point), prices, potentials)


def product_mix() -> Solved:
    """Wyndor Glass, Hillier and Lieberman, Introduction to Operations Research, section 3.1."""
    lp = linear_program([-3, -5], [[1, 0], [0, 2], [3, 2]], [4, 12, 18])
    return _solved(lp, [2, 6], [0, 1.5, 1], [])


def klee_minty(n: int = 6) -> Solved:
    """Klee-Minty cube: the simplex method's worst case. Only the last constraint has a price."""
    i, j = np.indices((n, n))
    A_ub = np.where(j < i, 2.0 ** (i - j + 1), 0.0) + np.eye(n)
    lp = linear_program(-(2.0 ** np.arange(n - 1, -1, -1)), A_ub, 5.0 ** np.arange(1, n + 1))
    return _solved(lp, [*np.zeros(n - 1), 5.0**n], [*np.zeros(n - 1), 1], [])


def rock_paper_scissors() -> Solved:
    """Matrix game with a stake of 1, 2, 3 on the three wins: x = strategy and value + 3."""
    # Rows: loss of the maximiser's replies against strategy x, bounded by the shifted value v.
    loss = np.array([[0.0, 1.0, -2.0], [-1.0, 0.0, 3.0], [2.0, -3.0, 0.0]]) + 3.0
    lp = linear_program(
        [0, 0, 0, 1], np.hstack([loss, -np.ones((3, 1))]), np.zeros(3), [[1, 1, 1, 0]], [1]
    )
    mixed = np.array([3.0, 2.0, 1.0]) / 6
    return _solved(lp, [*mixed, 3.0], mixed, [3.0])


def shortest_path() -> Solved:
    """Shortest path 0 -> 3 over five arcs; multipliers of the flow rows are distances to 3."""
    arcs = [(0, 1, 1.0), (0, 2, 4.0), (1, 2, 2.0), (1, 3, 6.0), (2, 3, 3.0)]
    A_eq = np.zeros((3, len(arcs)))
    for k, (tail, head, _) in enumerate(arcs):
        A_eq[tail, k] += 1
        if head < 3:
            A_eq[head, k] -= 1
    lp = linear_program([length for *_, length in arcs], A_eq=A_eq, b_eq=[1, 0, 0])
    # 0 -> 1 -> 2 -> 3 costs 6, against 7 for the two others.
    return _solved(lp, [1, 0, 1, 0, 1], [], [6, 5, 3])


def transportation() -> Solved:
    """Two plants (20, 35 units), three shops (10, 25, 15 units); supply prices and shop prices."""
    cost = np.array([[8.0, 6.0, 10.0], [9.0, 12.0, 13.0]])
    supply = np.kron(np.eye(2), np.ones((1, 3)))
    demand = np.kron(np.ones((1, 2)), np.eye(3))
    # Shipping all of shop 2's demand it can from plant 1 saves 6 per unit, most of all shops.
    lp = linear_program(cost.ravel(), supply, [20, 35], demand, [10, 25, 15])
    return _solved(lp, [0, 20, 0, 10, 5, 15], [6, 0], [9, 12, 13])


TEXTBOOK: dict[str, Callable[[], Solved]] = {
    f.__name__: f
    for f in (product_mix, klee_minty, rock_paper_scissors, shortest_path, transportation)
}
