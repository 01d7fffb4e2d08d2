"""Separable convex costs under linear constraints, and the certificate of their optima.

Primal::

    minimise    c.x + sum_j phi_j(x_j)
    subject to  A_ub x <= b_ub,   A_eq x = b_eq,   x >= 0

A feasible point x is optimal exactly when it is optimal for the linear program whose cost is the
gradient at x: the conditions of :mod:`lp_solvers.certificate`, stated for that linear program, are
the Karush-Kuhn-Tucker conditions of this one, and its gap bounds the distance to the optimal value
from above.

Convention: that of :mod:`lp_solvers.linear_program`, ``dV/db_ub = -y_ub``, ``dV/db_eq = y_eq``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

import numpy as np

from lp_solvers import certificate, validation
from lp_solvers.certificate import TOLERANCE, Certificate
from lp_solvers.errors import CertificateError
from lp_solvers.linear_program import LinearProgram, LPSolution, dual_value, reduced_costs
from lp_solvers.validation import Vector

_ROUNDS = 6
# Of a pair of about equal size, both are 0.
_TOWARDS_ACTIVE = 1e6


def _none() -> Vector:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class SeparableCost:
    """Sum of ``q x^2 / 2 + p x^d / d - w log x + h / (m - x)`` over the variables.

    Parameters
    ----------
    quadratic, power, log_weight, barrier : (n,) arrays, entries >= 0
        q, p, w and h; a term left out is absent.
    degree : float
        d >= 1, the same for all variables.
    ceiling : (n,) array
        m; matters where h > 0, and then x < m.

    Raises
    ------
    TypeError, ValueError
        If a coefficient is not real, not finite, negative, or d < 1; if lengths differ.
    """

    quadratic: Vector = field(default_factory=_none)
    power: Vector = field(default_factory=_none)
    log_weight: Vector = field(default_factory=_none)
    barrier: Vector = field(default_factory=_none)
    ceiling: Vector = field(default_factory=_none)
    degree: float = 2.0

    def __post_init__(self) -> None:
        names = [each.name for each in fields(self) if each.name != "degree"]
        given = {name: validation.vector(name, getattr(self, name)) for name in names}
        size = max(values.size for values in given.values())
        for name, values in given.items():
            clean = validation.vector(name, values if values.size else np.zeros(size), size)
            if name != "ceiling" and clean.size and clean.min() < 0:
                raise ValueError(
                    f"{name} must be >= 0, or the cost is not convex; got {clean.min()}"
                )
            object.__setattr__(self, name, clean)
        if not self.degree >= 1:
            raise ValueError(f"degree must be >= 1 for the cost to be convex; got {self.degree}")

    @property
    def n_variables(self) -> int:
        """Number of variables."""
        return self.quadratic.size

    def value(self, x: Vector) -> float:
        """Return the cost at ``x``; infinite where a logarithm or a barrier has no value."""
        if self._outside(x):
            return np.inf
        logs = np.log(np.where(self.log_weight > 0, x, 1.0))
        terms = self.quadratic * x**2 / 2 + self.power * x**self.degree / self.degree
        return float(np.sum(terms - self.log_weight * logs + self.barrier / self._room(x)))

    def derivative(self, x: Vector) -> Vector:
        """Return ``phi_j'(x_j)``, (n,)."""
        room, inverse = self._room(x), self._inverse(x)
        smooth = self.quadratic * x + self.power * x ** (self.degree - 1)
        return np.asarray(smooth - self.log_weight * inverse + self.barrier / room**2)

    def derivative_terms(self, x: Vector) -> Vector:
        """Return the derivative's terms summed as absolute values, (n,): what rounds."""
        room, inverse = self._room(x), self._inverse(x)
        smooth = self.quadratic * x + self.power * x ** (self.degree - 1)
        return np.asarray(smooth + self.log_weight * inverse + self.barrier / room**2)

    def curvature(self, x: Vector) -> Vector:
        """Return ``phi_j''(x_j)``, (n,); a power below 2 counts as straight at 0."""
        room, inverse = self._room(x), self._inverse(x)
        base = np.where(x > 0, x, 1.0 if self.degree < 2 else 0.0)
        bent = self.quadratic + self.power * (self.degree - 1) * base ** (self.degree - 2)
        return np.asarray(bent + self.log_weight * inverse**2 + 2 * self.barrier / room**3)

    def _outside(self, x: Vector) -> bool:
        without_log = (self.log_weight > 0) & (x <= 0)
        return bool(without_log.any() or ((self.barrier > 0) & (x >= self.ceiling)).any())

    def _room(self, x: Vector) -> Vector:
        return np.where(self.barrier > 0, self.ceiling - x, 1.0)

    def _inverse(self, x: Vector) -> Vector:
        return 1.0 / np.where(self.log_weight > 0, x, 1.0)


@dataclass(frozen=True, eq=False)
class ConvexProgram:
    """Minimise ``linear.c @ x + cost(x)`` over the feasible points of ``linear``.

    Raises
    ------
    ValueError
        If the two do not have the same number of variables.
    """

    linear: LinearProgram
    cost: SeparableCost

    def __post_init__(self) -> None:
        if self.cost.n_variables != self.linear.n_variables:
            raise ValueError(
                f"cost must have the {self.linear.n_variables} variables of the constraints; "
                f"got {self.cost.n_variables}"
            )

    def value(self, x: Vector) -> float:
        """Objective at ``x``."""
        return float(self.linear.c @ x) + self.cost.value(x)

    def gradient(self, x: Vector) -> Vector:
        """Gradient of the objective at ``x``, (n,)."""
        return np.asarray(self.linear.c + self.cost.derivative(x))


def linearised(program: ConvexProgram, x: Vector) -> LinearProgram:
    """Linear program with the gradient at ``x`` as its cost; x solves one iff it solves both."""
    return replace(program.linear, c=program.gradient(x))


def certify(program: ConvexProgram, solution: LPSolution) -> Certificate:
    """Relative residuals of the Karush-Kuhn-Tucker conditions of ``solution``.

    Raises
    ------
    TypeError, ValueError
        If the solution has the wrong shape, is not finite, or lies where the cost has no value.
    """
    x = validation.vector("solution.x", solution.x, program.linear.n_variables)
    if not np.isfinite(program.value(x)):
        raise ValueError(f"solution.x must lie where the cost is finite; got {x}")
    lp = linearised(program, x)
    primal = certificate.certify(lp, replace(solution, value=float(lp.c @ x))).primal
    y_ub, y_eq = solution.y_ub, solution.y_eq
    prices = float(np.abs(np.append(y_ub, y_eq)).max(initial=0.0))
    columns = np.asarray(abs(lp.A_ub).sum(axis=0) + abs(lp.A_eq).sum(axis=0)).ravel()
    # A gradient may cancel to nothing; it is as exact as the terms that it is the sum of.
    terms = np.abs(program.linear.c) + program.cost.derivative_terms(x)
    reduced = reduced_costs(lp, y_ub, y_eq)
    wrong = np.maximum(0.0, -reduced)
    size = float(terms @ x + np.abs(lp.b_ub) @ np.abs(y_ub) + np.abs(lp.b_eq) @ np.abs(y_eq))
    products = float(np.abs(x * reduced).sum() + np.abs(y_ub * (lp.b_ub - lp.A_ub @ x)).sum())
    negative = float(np.maximum(0.0, -y_ub).max(initial=0.0))
    return Certificate(
        primal=primal,
        dual=max(_worst(wrong, prices * columns + terms), _worst(negative, prices)),
        complementarity=_worst(products, size),
        gap=_worst(abs(float(lp.c @ x) - dual_value(lp, y_ub, y_eq)), size),
    )


def verify(
    program: ConvexProgram, solution: LPSolution, tolerance: float = TOLERANCE
) -> Certificate:
    """Certificate of ``solution``, refused unless every residual is within ``tolerance``.

    Raises
    ------
    CertificateError
        If a residual exceeds ``tolerance``, or the stated value is not the objective at x.
    """
    found = certify(program, solution)
    off = abs(solution.value - program.value(solution.x))
    if not (found.worst <= tolerance and off <= tolerance * (1.0 + abs(solution.value))):
        raise CertificateError(f"not optimal to {tolerance:g}: {found}, value off by {off:g}")
    return found


def polished(program: ConvexProgram, solution: LPSolution) -> LPSolution:
    """Newton's method on the optimality conditions, with the active constraints kept.

    Interior-point solvers stop at an absolute tolerance, conic ones well before rounding. Which
    constraints are active is plain by then, and the rest is a system of equations. Where it is not
    plain, because a constraint holds with equality and costs nothing, both are tried. A step is
    kept only while it improves the certificate, so the result is never worse.
    """
    residual = certify(program, solution).worst
    for _ in range(_ROUNDS):
        steps = [_newton_step(program, solution, leaning) for leaning in (1.0, _TOWARDS_ACTIVE)]
        inside = [each for each in steps if np.isfinite(program.value(each.x))]
        residuals = [certify(program, each).worst for each in inside]
        if not inside or not min(residuals) < residual:
            break
        residual = min(residuals)
        solution = inside[residuals.index(residual)]
    return solution


def _newton_step(program: ConvexProgram, at: LPSolution, leaning: float) -> LPSolution:
    lp = linearised(program, at.x)
    A_ub, A_eq = np.asarray(lp.A_ub @ np.eye(at.x.size)), np.asarray(lp.A_eq @ np.eye(at.x.size))
    reduced = lp.c + A_ub.T @ at.y_ub - A_eq.T @ at.y_eq
    # Of a complementary pair, the entry that is larger on its own scale is not zero.
    terms = np.abs(program.linear.c) + program.cost.derivative_terms(at.x)
    free = _relative(at.x, at.x) >= leaning * _relative(reduced, terms)
    prices = np.concatenate([at.y_ub, at.y_eq])
    used = np.append(np.abs(A_ub) @ at.x, lp.b_ub)
    tight = leaning * _relative(at.y_ub, prices) > _relative(lp.b_ub - A_ub @ at.x, used)
    x, y_ub = np.where(free, at.x, 0.0), np.where(tight, at.y_ub, 0.0)
    rows = np.vstack([A_ub[tight], -A_eq])[:, free]
    left = np.concatenate([(lp.b_ub - A_ub @ x)[tight], -(lp.b_eq - A_eq @ x)])
    curvature = np.diag(program.cost.curvature(at.x)[free])
    system = np.block([[curvature, rows.T], [rows, np.zeros((len(rows), len(rows)))]])
    wanted = np.concatenate([-(lp.c + A_ub.T @ y_ub - A_eq.T @ at.y_eq)[free], left])
    step = np.linalg.lstsq(system, wanted, rcond=1e-13)[0]
    n_free, n_tight = int(free.sum()), int(tight.sum())
    x[free] += step[:n_free]
    y_ub[tight] += step[n_free : n_free + n_tight]
    x, y_ub = np.maximum(x, 0.0), np.maximum(y_ub, 0.0)
    return LPSolution(x, program.value(x), y_ub, at.y_eq + step[n_free + n_tight :])


def _relative(values: Vector, scale: Vector) -> Vector:
    return np.asarray(values / max(float(np.abs(scale).max(initial=0.0)), 1e-300))


def _worst(violations: Vector | float, scales: Vector | float) -> float:
    """Largest ratio; 0 where nothing is violated, whatever the scale."""
    found, sizes = np.broadcast_arrays(violations, scales)
    ratios = found / np.where(sizes > 0, sizes, 1e-300)
    return float(np.where(found > 0, ratios, 0.0).max(initial=0.0))
