"""Optimality and its opposites, checked from the data alone, never from a solver's status.

A pair (x, y) is optimal when it is primal feasible, dual feasible and complementary; then the
duality gap vanishes too. Each condition becomes one relative residual: the violation divided by
the size of the terms it is computed from, so that changing the unit of the objective or of the
right-hand side changes no residual, and zero means exactly satisfied. (The price of having no
absolute scale: where x or y should vanish altogether, noise of any size is a residual of 1.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lp_solvers import validation
from lp_solvers.errors import CertificateError, FarkasRay
from lp_solvers.linear_program import LinearProgram, LPSolution, dual_value, reduced_costs
from lp_solvers.validation import Matrix, Vector

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Certificate:
    """Relative residuals of the optimality conditions, all >= 0.

    Parameters
    ----------
    primal : float
        Largest violation of ``A_ub x <= b_ub``, ``A_eq x = b_eq``, ``x >= 0``. Row i is divided by
        ``max|x| * sum_j |A_ij| + |b_i|``, a negative entry of x by ``max|x|``.
    dual : float
        Largest violation of ``c + A_ub' y_ub - A_eq' y_eq >= 0``, ``y_ub >= 0``. Column j is
        divided by ``max|y| * sum_i |A_ij| + |c_j|``, a negative multiplier by ``max|y|``.
    complementarity : float
        ``sum |x_j r_j| + sum |y_i s_i|`` with reduced costs r and slacks s, divided by
        ``|c|.|x| + |b|.|y|``.
    gap : float
        Largest difference among the stated value, ``c.x`` and the dual value, divided likewise.
    """

    primal: float
    dual: float
    complementarity: float
    gap: float

    @property
    def worst(self) -> float:
        """Largest of the four residuals."""
        return max(self.primal, self.dual, self.complementarity, self.gap)


def certify(lp: LinearProgram, solution: LPSolution) -> Certificate:
    """Residuals of the optimality conditions of ``solution``.

    Raises
    ------
    TypeError, ValueError
        If the solution has the wrong shape for ``lp`` or is not finite.
    """
    x = validation.vector("solution.x", solution.x, lp.n_variables)
    y_ub = validation.vector("solution.y_ub", solution.y_ub, lp.n_ub)
    y_eq = validation.vector("solution.y_eq", solution.y_eq, lp.n_eq)
    value = float(validation.real_array("solution.value", solution.value, 0))
    reduced = reduced_costs(lp, y_ub, y_eq)
    slack = lp.b_ub - lp.A_ub @ x
    objective = float(lp.c @ x)
    size = _absolute_terms(lp, x, y_ub, y_eq)
    values = (value, objective, dual_value(lp, y_ub, y_eq))
    products = float(np.abs(x * reduced).sum() + np.abs(y_ub * slack).sum())
    return Certificate(
        primal=_primal_residual(lp, x, slack),
        dual=_dual_residual(lp, y_ub, y_eq, reduced),
        complementarity=_ratio(products, size),
        gap=_ratio(max(values) - min(values), size),
    )


def verify(lp: LinearProgram, solution: LPSolution, tolerance: float = TOLERANCE) -> Certificate:
    """Certificate of ``solution``, refused unless every residual is within ``tolerance``.

    Raises
    ------
    CertificateError
        If a residual exceeds ``tolerance``; the message shows all four.
    """
    certificate = certify(lp, solution)
    if not certificate.worst <= tolerance:
        raise CertificateError(f"not optimal to {tolerance:g}: {certificate}")
    return certificate


def verify_farkas(lp: LinearProgram, ray: FarkasRay, tolerance: float = TOLERANCE) -> bool:
    """Whether ``ray`` proves ``lp`` infeasible, robustly.

    True when ``y_ub >= 0`` exactly, ``A_ub' y_ub - A_eq' y_eq >= 0`` up to a relative change of
    ``tolerance`` in the matrix entries, and ``b_eq.y_eq - b_ub.y_ub > 0`` for every relative
    change of ``tolerance`` in the right-hand sides.

    Raises
    ------
    TypeError, ValueError
        If the ray has the wrong shape or is not finite.
    """
    y_ub = validation.vector("ray.y_ub", ray.y_ub, lp.n_ub)
    y_eq = validation.vector("ray.y_eq", ray.y_eq, lp.n_eq)
    combined = lp.A_ub.T @ y_ub - lp.A_eq.T @ y_eq
    terms = abs(lp.A_ub).T @ np.abs(y_ub) + abs(lp.A_eq).T @ np.abs(y_eq)
    gain = dual_value(lp, y_ub, y_eq)
    gain_terms = np.abs(lp.b_ub) @ np.abs(y_ub) + np.abs(lp.b_eq) @ np.abs(y_eq)
    return bool(
        (y_ub >= 0).all()
        and (combined >= -tolerance * terms).all()
        and gain > tolerance * gain_terms
    )


def verify_unbounded(
    lp: LinearProgram, point: Vector, direction: Vector, tolerance: float = TOLERANCE
) -> bool:
    """Whether ``lp`` is unbounded: feasible ``point``, and ``direction`` feasible and improving.

    True when ``point`` satisfies the constraints to ``tolerance`` (measured as in
    :class:`Certificate`), ``direction >= 0`` exactly, ``A_ub direction <= 0`` and
    ``A_eq direction = 0`` up to a relative change of ``tolerance`` in the matrix entries, and
    ``c.direction < 0`` for every relative change of ``tolerance`` in c.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong shape or is not finite.
    """
    point = validation.vector("point", point, lp.n_variables)
    direction = validation.vector("direction", direction, lp.n_variables)
    size = np.abs(direction)
    rise = lp.A_ub @ direction - tolerance * (abs(lp.A_ub) @ size)
    drift = np.abs(lp.A_eq @ direction) - tolerance * (abs(lp.A_eq) @ size)
    return bool(
        _primal_residual(lp, point, lp.b_ub - lp.A_ub @ point) <= tolerance
        and (direction >= 0).all()
        and (rise <= 0).all()
        and (drift <= 0).all()
        and lp.c @ direction < -tolerance * (np.abs(lp.c) @ size)
    )


def _primal_residual(lp: LinearProgram, x: Vector, slack: Vector) -> float:
    largest = _largest(x)
    return max(
        _ratio(max(0.0, -float(x.min())), largest),
        _worst_ratio(np.maximum(0.0, -slack), largest * _row_sums(lp.A_ub) + np.abs(lp.b_ub)),
        _worst_ratio(np.abs(lp.A_eq @ x - lp.b_eq), largest * _row_sums(lp.A_eq) + np.abs(lp.b_eq)),
    )


def _dual_residual(lp: LinearProgram, y_ub: Vector, y_eq: Vector, reduced: Vector) -> float:
    largest = max(_largest(y_ub), _largest(y_eq))
    columns = _row_sums(lp.A_ub.T) + _row_sums(lp.A_eq.T)
    return max(
        _worst_ratio(np.maximum(0.0, -y_ub), np.full(lp.n_ub, largest)),
        _worst_ratio(np.maximum(0.0, -reduced), largest * columns + np.abs(lp.c)),
    )


def _absolute_terms(lp: LinearProgram, x: Vector, y_ub: Vector, y_eq: Vector) -> float:
    return float(
        np.abs(lp.c) @ np.abs(x) + np.abs(lp.b_ub) @ np.abs(y_ub) + np.abs(lp.b_eq) @ np.abs(y_eq)
    )


def _row_sums(A: Matrix) -> Vector:
    return np.asarray(abs(A).sum(axis=1), dtype=np.float64).ravel()


def _largest(v: Vector) -> float:
    return float(np.abs(v).max()) if v.size else 0.0


def _ratio(violation: float, scale: float) -> float:
    if violation == 0:
        return 0.0
    return violation / scale if scale > 0 else np.inf


def _worst_ratio(violations: Vector, scales: Vector) -> float:
    pairs = zip(violations[violations > 0], scales[violations > 0], strict=True)
    return max((_ratio(float(violation), float(scale)) for violation, scale in pairs), default=0.0)
