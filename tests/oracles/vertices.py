"""Exact optimum of a tiny linear program: every vertex, in rational arithmetic.

Standard form ``A_ub x + s = b_ub``, ``A_eq x = b_eq``, ``(x, s) >= 0``: the vertices are the
non-negative solutions supported on linearly independent columns. Nothing is shared with the code
under test, not even floating point.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np

Rationals = list[Fraction]


def vertices(A_ub: Any, b_ub: Any, A_eq: Any, b_eq: Any) -> Iterator[Rationals]:
    """All vertices x of the feasible set (repeated when degenerate)."""
    n, n_ub = A_ub.shape[1], len(b_ub)
    slack = np.vstack([np.eye(n_ub), np.zeros((len(b_eq), n_ub))])
    columns = [
        [Fraction(entry) for entry in column]
        for column in np.hstack([np.vstack([A_ub, A_eq]), slack]).T.tolist()
    ]
    right = [Fraction(entry) for entry in np.concatenate([b_ub, b_eq]).tolist()]
    for size in range(len(right) + 1):
        for support in combinations(range(len(columns)), size):
            weights = _unique_solution([columns[j] for j in support], right)
            if weights is not None and all(weight >= 0 for weight in weights):
                point = dict(zip(support, weights, strict=True))
                yield [point.get(j, Fraction(0)) for j in range(n)]


def optimal_value(c: Any, A_ub: Any, b_ub: Any, A_eq: Any, b_eq: Any) -> Fraction | None:
    """Least ``c.x`` over the vertices; None when infeasible. Right if the program is bounded."""
    cost = [Fraction(entry) for entry in np.asarray(c).tolist()]
    values = (
        sum((a * b for a, b in zip(cost, x, strict=True)), Fraction(0))
        for x in vertices(A_ub, b_ub, A_eq, b_eq)
    )
    return min(values, default=None)


def _unique_solution(columns: list[Rationals], right: Rationals) -> Rationals | None:
    """Weights w with ``sum w_j columns_j = right``, or None unless there is exactly one."""
    rows = [[column[i] for column in columns] + [right[i]] for i in range(len(right))]
    for j in range(len(columns)):
        pivot = next((i for i in range(j, len(rows)) if rows[i][j] != 0), None)
        if pivot is None:
            return None
        rows[j], rows[pivot] = rows[pivot], rows[j]
        rows[j] = [entry / rows[j][j] for entry in rows[j]]
        for i in range(len(rows)):
            if i != j and rows[i][j] != 0:
                factor = rows[i][j]
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[j], strict=True)]
    if any(row[-1] != 0 for row in rows[len(columns) :]):
        return None
    return [rows[j][-1] for j in range(len(columns))]
