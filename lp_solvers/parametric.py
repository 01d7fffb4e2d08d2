"""The optimal value as a function of a shifted right-hand side, exactly.

``V(t) = min { c.x : A_ub x <= b_ub + t d, A_eq x = b_eq, x >= 0 }`` is convex and piecewise linear
wherever it is finite. Every solved t gives a tangent ``V(t) - (d.y_ub)(s - t)`` that supports the
whole curve. Tangents of two neighbouring points intersect between them; either the curve passes
through the intersection, which is then a breakpoint, or solving there yields a new tangent. A
curve with K pieces takes about 2 K programs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from lp_solvers import highs, validation
from lp_solvers.errors import InfeasibleError, SolverError
from lp_solvers.linear_program import LinearProgram, LPSolution
from lp_solvers.validation import Vector

# Lines that differ by less than this fraction of the value at both ends are the same line.
_SAME = 1e-10


@dataclass(frozen=True, eq=False)
class ValueCurve:
    """Convex piecewise linear function on an interval.

    Parameters
    ----------
    breakpoints : (K + 1,) array
        Increasing; first and last are the ends of the interval.
    values : (K + 1,) array
        Values at the breakpoints.
    slopes : (K,) array
        Slope between neighbouring breakpoints, increasing.
    """

    breakpoints: Vector
    values: Vector
    slopes: Vector

    def value(self, t: float | Vector) -> Vector:
        """Value at ``t`` (any shape).

        Raises
        ------
        ValueError
            If an entry of ``t`` lies outside the interval.
        """
        t = np.asarray(t, dtype=np.float64)
        low, high = self.breakpoints[0], self.breakpoints[-1]
        outside = ~((t >= low) & (t <= high))
        if outside.any():
            raise ValueError(f"t must lie in [{low}, {high}]; got {t[outside].ravel()[0]}")
        return np.asarray(np.interp(t, self.breakpoints, self.values))


@dataclass(frozen=True)
class _Tangent:
    """A solved point of the curve and a subgradient there."""

    t: float
    value: float
    slope: float

    def at(self, t: float) -> float:
        return self.value + self.slope * (t - self.t)


def value_curve(
    lp: LinearProgram,
    direction: Vector,
    interval: tuple[float, float],
    solve: Callable[[LinearProgram], LPSolution] = highs.solve,
) -> ValueCurve:
    """Optimal value of ``lp`` with ``b_ub + t * direction`` for all t of ``interval``.

    Parameters
    ----------
    lp : LinearProgram
        The program at t = 0.
    direction : (m_ub,) array
        Shift of ``b_ub`` per unit of t.
    interval : pair of float
        ``t_low < t_high``.
    solve : callable
        Back end; must return multipliers to full precision (a vertex solver).

    Returns
    -------
    ValueCurve
        Its slope is ``-direction.y_ub`` with ``y_ub`` the optimal multipliers.

    Raises
    ------
    InfeasibleError
        If the program is infeasible at an end of the interval, with the Farkas ray there. (If
        both ends are feasible, all of the interval is.)
    UnboundedError
        If the program is unbounded, which does not depend on t.
    SolverError
        If the multipliers returned by ``solve`` are too inexact to be tangents.
    TypeError, ValueError
        If an argument has the wrong shape, is not finite, or the interval is empty.
    """
    direction = validation.vector("direction", direction, lp.n_ub)
    low, high = (float(end) for end in validation.vector("interval", interval, 2))
    if not low < high:
        raise ValueError(f"interval must satisfy t_low < t_high; got ({low}, {high})")

    def tangent(t: float) -> _Tangent:
        solution = solve(replace(lp, b_ub=lp.b_ub + t * direction))
        return _Tangent(t, solution.value, -float(direction @ solution.y_ub) + 0.0)

    return _curve(_segments(tangent, _at_end(tangent, low), _at_end(tangent, high)))


@dataclass(frozen=True)
class _Segment:
    """A stretch of the curve on which it is one line."""

    left: _Tangent
    right: _Tangent
    slope: float

    @property
    def width(self) -> float:
        return self.right.t - self.left.t


def _at_end(tangent: Callable[[float], _Tangent], t: float) -> _Tangent:
    try:
        return tangent(t)
    except InfeasibleError as error:
        raise InfeasibleError(f"infeasible at t = {t:.6g}: {error}", error.ray) from error


def _segments(
    tangent: Callable[[float], _Tangent], left: _Tangent, right: _Tangent
) -> list[_Segment]:
    """Linear stretches between two solved points, from left to right."""
    done: list[_Segment] = []
    waiting = [(left, right)]
    while waiting:
        a, b = waiting.pop()
        slope = _joining_slope(a, b)
        if slope is not None:
            done.append(_Segment(a, b, slope))
            continue
        middle = tangent(_crossing(a, b))
        if middle.value - a.at(middle.t) <= _rounding(a, b):
            done += [_Segment(a, middle, a.slope), _Segment(middle, b, b.slope)]
        else:
            waiting += [(middle, b), (a, middle)]
    return done


def _joining_slope(a: _Tangent, b: _Tangent) -> float | None:
    """Slope of the tangent that passes through both points, if one does.

    A point on a kink may carry a slope that belongs to no piece, so either tangent may be the one.
    """
    candidates = ((abs(a.at(b.t) - b.value), a.slope), (abs(b.at(a.t) - a.value), b.slope))
    miss, slope = min(candidates)
    if miss <= _rounding(a, b):
        return slope
    if not (a.slope < b.slope and a.t < _crossing(a, b) < b.t):
        raise SolverError(
            f"tangents at t = {a.t} and {b.t} do not bound a convex curve: their slopes "
            f"{a.slope} and {b.slope} are not exact enough; use a vertex solver"
        )
    return None


def _crossing(a: _Tangent, b: _Tangent) -> float:
    return a.t + (a.value - b.at(a.t)) / (b.slope - a.slope)


def _rounding(a: _Tangent, b: _Tangent) -> float:
    steepest = max(abs(a.slope), abs(b.slope))
    return _SAME * max(abs(a.value), abs(b.value), steepest * (b.t - a.t))


def _curve(segments: list[_Segment]) -> ValueCurve:
    """Curve made of the segments, neighbours on the same line joined."""
    joined = segments[:1]
    for segment in segments[1:]:
        last = joined[-1]
        narrow, wide = sorted((last, segment), key=lambda s: s.width)
        if abs(segment.slope - last.slope) * narrow.width <= _rounding(last.left, segment.right):
            joined[-1] = _Segment(last.left, segment.right, wide.slope)
        else:
            joined.append(segment)
    points = [joined[0].left, *(segment.right for segment in joined)]
    return ValueCurve(
        np.array([point.t for point in points]),
        np.array([point.value for point in points]),
        np.array([segment.slope for segment in joined]),
    )
