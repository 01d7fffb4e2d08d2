"""The one form in which this package states linear programs, and the one sign convention.

Primal::

    minimise    c.x
    subject to  A_ub x <= b_ub,   A_eq x = b_eq,   x >= 0

Dual::

    maximise    b_eq.y_eq - b_ub.y_ub
    subject to  c + A_ub' y_ub - A_eq' y_eq >= 0,   y_ub >= 0,   y_eq free

Convention: ``y_ub >= 0`` is the price of tightening a constraint, ``y_eq`` has the sign of the
value. So with V the optimal value ``dV/db_ub = -y_ub`` and ``dV/db_eq = y_eq``, and
``V = b_eq.y_eq - b_ub.y_ub``. Back ends convert to it in their own file and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lp_solvers import validation
from lp_solvers.validation import Matrix, Vector


@dataclass(frozen=True, eq=False)
class LinearProgram:
    """Minimise ``c.x`` subject to ``A_ub x <= b_ub``, ``A_eq x = b_eq``, ``x >= 0``.

    Parameters
    ----------
    c : (n,) array
        Cost of each variable, n >= 1.
    A_ub, A_eq : (m_ub, n), (m_eq, n) arrays or sparse matrices
        Constraint matrices; a block without rows has shape (0, n). Sparse ones are kept as
        ``csr_array``.
    b_ub, b_eq : (m_ub,), (m_eq,) arrays
        Right-hand sides.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real, not finite, of the wrong shape, or there is no variable.
    """

    c: Vector
    A_ub: Matrix
    b_ub: Vector
    A_eq: Matrix
    b_eq: Vector

    def __post_init__(self) -> None:
        c = validation.vector("c", self.c)
        if c.size == 0:
            raise ValueError("c must have at least one entry; got an empty vector")
        b_ub = validation.vector("b_ub", self.b_ub)
        b_eq = validation.vector("b_eq", self.b_eq)
        clean = {
            "c": c,
            "A_ub": validation.matrix("A_ub", self.A_ub, (b_ub.size, c.size)),
            "b_ub": b_ub,
            "A_eq": validation.matrix("A_eq", self.A_eq, (b_eq.size, c.size)),
            "b_eq": b_eq,
        }
        for name, value in clean.items():
            object.__setattr__(self, name, value)

    @property
    def n_variables(self) -> int:
        """Number of variables n."""
        return self.c.size

    @property
    def n_ub(self) -> int:
        """Number of inequality rows."""
        return self.b_ub.size

    @property
    def n_eq(self) -> int:
        """Number of equality rows."""
        return self.b_eq.size


@dataclass(frozen=True, eq=False)
class LPSolution:
    """Optimal point, value and multipliers of a :class:`LinearProgram`.

    Parameters
    ----------
    x : (n,) array
        Optimal point.
    value : float
        ``c.x``.
    y_ub, y_eq : (m_ub,), (m_eq,) arrays
        Multipliers. Convention: ``dV/db_ub = -y_ub``, ``dV/db_eq = y_eq``.
    """

    x: Vector
    value: float
    y_ub: Vector
    y_eq: Vector


def linear_program(
    c: Any, A_ub: Any = None, b_ub: Any = None, A_eq: Any = None, b_eq: Any = None
) -> LinearProgram:
    """Build a :class:`LinearProgram`; a block left out has no rows.

    Raises
    ------
    TypeError, ValueError
        As :class:`LinearProgram`, or if a matrix comes without its right-hand side or vice versa.
    """
    size = np.size(c)
    return LinearProgram(c, *_block("ub", A_ub, b_ub, size), *_block("eq", A_eq, b_eq, size))


def in_unit_scale(lp: LinearProgram, solve: Callable[[LinearProgram], LPSolution]) -> LPSolution:
    """Solve ``lp`` with its objective and its right-hand sides brought to size 1, and convert back.

    Solvers have absolute tolerances; this makes them relative. The factors are powers of two, so
    nothing is rounded.
    """
    f = _power_of_two(lp.c)
    g = _power_of_two(np.concatenate([lp.b_ub, lp.b_eq]))
    answer = solve(replace(lp, c=lp.c / f, b_ub=lp.b_ub / g, b_eq=lp.b_eq / g))
    return LPSolution(g * answer.x, f * g * answer.value, f * answer.y_ub, f * answer.y_eq)


def reduced_costs(lp: LinearProgram, y_ub: Vector, y_eq: Vector) -> Vector:
    """Reduced costs ``c + A_ub' y_ub - A_eq' y_eq``, (n,); non-negative when dual feasible."""
    return np.asarray(lp.c + lp.A_ub.T @ y_ub - lp.A_eq.T @ y_eq)


def dual_value(lp: LinearProgram, y_ub: Vector, y_eq: Vector) -> float:
    """Dual objective ``b_eq.y_eq - b_ub.y_ub``, a lower bound of V when dual feasible."""
    return float(lp.b_eq @ y_eq - lp.b_ub @ y_ub)


def _power_of_two(values: Vector) -> float:
    """Power of two next to the largest entry; 1 if there is none but 0."""
    largest = float(np.abs(values).max(initial=0.0))
    return float(2.0 ** np.floor(np.log2(largest))) if largest > 0 else 1.0


def _block(name: str, A: Any, b: Any, n_variables: int) -> tuple[Any, Any]:
    if (A is None) != (b is None):
        present, absent = (f"b_{name}", f"A_{name}") if A is None else (f"A_{name}", f"b_{name}")
        raise ValueError(f"{absent} must be given together with {present}; got None")
    return (np.zeros((0, n_variables)), np.zeros(0)) if A is None else (A, b)
