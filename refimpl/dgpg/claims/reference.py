"""Claims about the reference state and what it is a reference for [DG-PG App. C]."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from linear_models.gradcheck import complex_step_jvp
from lp_solvers.convex_program import verify
from lp_solvers.cvx import minimise
from refimpl.dgpg.objective.reference import (
    alignment,
    imbalance,
    imbalance_gradient,
    reference_state,
)
from refimpl.dgpg.theory.domains.alignment import slope_towards
from refimpl.dgpg.theory.domains.balancing import balancing_program
from refimpl.findings import exactly
from refimpl.ledger import Claim, Context, Control, Finding, Kind

Floats = NDArray[np.float64]
Reference = Callable[[Floats, Floats], Floats]
ROUNDING = 1e-12


def equal_split(load: Floats, capacity: Floats) -> Floats:
    """Return a reference that ignores capacities."""
    del capacity
    return np.broadcast_to(load.mean(axis=-2, keepdims=True), load.shape)


def check_gradient(functional: Callable[..., Floats], context: Context) -> Finding:
    """Complex-step gradient of the functional against utilisation, and its value in loops."""
    worst, off = 0.0, 0.0
    for capacity, load in _clusters(context, "eq-18", 20):
        direction = context.rng("dgpg", "eq-18-direction").normal(size=load.shape)

        def along(x: Floats, capacity: Floats = capacity) -> Floats:
            return np.asarray(functional(x, capacity))

        slope = float(complex_step_jvp(along, load, direction).real)
        terms = imbalance_gradient(load, capacity) * direction
        worst = max(worst, abs(slope - float(terms.sum())) / float(np.abs(terms).sum()))
        total = sum(
            load[n, k] ** 2 / capacity[n, k] / 2 for n in range(len(load)) for k in range(2)
        )
        off = max(off, abs(float(functional(load, capacity)) / float(total) - 1.0))
    return exactly(max(worst, off), ROUNDING, gradient_error=worst, value_error=off)


def check_program(reference: Reference, context: Context) -> Finding:
    """Compare the reference with the quadratic program, solved by cvxpy and certified by us."""
    error, certificate = 0.0, 0.0
    for capacity, load in _clusters(context, "program", 6):
        program = balancing_program(capacity, load.sum(axis=0))
        solution = minimise(program)
        certificate = max(certificate, verify(program, solution).worst)
        gap = solution.x.reshape(load.shape) - reference(load, capacity)
        error = max(error, float(np.abs(gap).max()))
    return exactly(error, 1e-8, largest_certificate_residual=certificate)


def check_multipliers(price: Reference, context: Context) -> Finding:
    """Utilisation of every server at the optimum, and the multiplier, against ``price``."""
    error = 0.0
    for capacity, load in _clusters(context, "multipliers", 6):
        solution = minimise(balancing_program(capacity, load.sum(axis=0)))
        utilization = solution.x.reshape(load.shape) / capacity
        expected = price(load, capacity)
        gaps = [utilization - expected, solution.y_eq - expected]
        error = max(error, *(float(np.abs(gap).max()) for gap in gaps))
    return exactly(error, 1e-6)


def utilization_of_all(load: Floats, capacity: Floats) -> Floats:
    """Return ``W / sum C`` of every resource, (R,)."""
    return np.asarray(load.sum(axis=0) / capacity.sum(axis=0))


def mean_utilization(load: Floats, capacity: Floats) -> Floats:
    """Return the mean of the servers' utilisations, (R,)."""
    return np.asarray((load / capacity).mean(axis=0))


def check_unique(reference: Reference, context: Context) -> Finding:
    """Excess ``L(x) - L(xr)`` over states of equal workload, and its closed form.

    ``sum (x - xr)^2 / (2 C)`` is positive unless x = xr: strict convexity with its constant.
    """
    least, error = np.inf, 0.0
    for capacity, load in _clusters(context, "unique", 200):
        target = np.asarray(reference(load, capacity))
        excess = float(imbalance(load, capacity) - imbalance(target, capacity))
        distance = float(((load - target) ** 2 / capacity).sum() / 2)
        least = min(least, excess / distance)
        error = max(error, abs(excess - distance) / float(imbalance(load, capacity)))
    return exactly(error, ROUNDING, least_excess_over_distance=least)


def check_proposition(reference: Reference, context: Context) -> Finding:
    """Slope of the imbalance towards the reference, identity ``-sum (x - xr)^2 / C`` included."""
    worst, error = -np.inf, 0.0
    for capacity, load in _clusters(context, "prop-c1", 500):
        target = np.asarray(reference(load, capacity))
        slope = float((imbalance_gradient(load, capacity) * (target - load)).sum())
        identity = -float(((load - target) ** 2 / capacity).sum())
        size = 2.0 * float(imbalance(load, capacity))
        worst = max(worst, slope / size)
        error = max(error, abs(slope - identity) / size)
    first = float(alignment(np.array([[1.0], [0.0]]), np.ones((2, 1))))
    return exactly(
        max(error, worst),
        ROUNDING,
        largest_relative_slope=worst,
        identity_error=error,
        slope_on_two_equal_servers=first,
        slope_with_the_reference_of_four_jobs=slope_towards(
            lambda x: x, np.array([1.0, 0.0]), np.array([2.0, 2.0])
        ),
    )


def for_another_workload(load: Floats, capacity: Floats) -> Floats:
    """Return the reference of four times the workload."""
    return np.asarray(reference_state(4.0 * load, capacity))


def check_cauchy(weights: Callable[[Floats], Floats], context: Context) -> Finding:
    """``(sum x)^2 <= (sum w)(sum x^2 / w)``, with equality at, and only at, x proportional to C."""
    worst, at_balance, apart = -np.inf, 0.0, np.inf
    for capacity, load in _clusters(context, "cauchy", 500):
        w = weights(capacity)
        bound = w.sum(axis=0) * (load**2 / w).sum(axis=0)
        worst = max(worst, float((load.sum(axis=0) ** 2 / bound).max()) - 1.0)
        apart = min(apart, float((1.0 - load.sum(axis=0) ** 2 / bound).min()))
        balanced = 0.3 * capacity
        equal = w.sum(axis=0) * (balanced**2 / w).sum(axis=0) / balanced.sum(axis=0) ** 2
        at_balance = max(at_balance, float(np.abs(equal - 1.0).max()))
    return exactly(max(worst, at_balance), ROUNDING, least_gap_apart_from_it=apart)


def _clusters(context: Context, purpose: str, n: int) -> list[tuple[Floats, Floats]]:
    """Draw capacities and loads (N, 2) of up to six servers."""
    rng = context.rng("dgpg", purpose)
    shapes = [(int(rng.integers(2, 7)), 2) for _ in range(n)]
    return [(rng.uniform(0.5, 4.0, shape), rng.uniform(0.1, 4.0, shape)) for shape in shapes]


CLAIMS = (
    Claim(
        "dgpg/eq-18",
        "eq. 18",
        "The load imbalance is half the sum of load squared over capacity, its gradient the "
        "utilisation.",
        ("DG-51",),
        Kind.EXACT,
        check_gradient,
        imbalance,
        Control("without the half", lambda x, c: 2.0 * imbalance(x, c)),
    ),
    Claim(
        "dgpg/eq-19",
        "eq. 19, unnumbered program of App. C.1",
        "Least imbalance at given workload is load proportional to capacity.",
        ("DG-52", "DG-54"),
        Kind.EXACT,
        check_program,
        reference_state,
        Control("equal loads", equal_split),
    ),
    Claim(
        "dgpg/balancing-condition",
        "App. C.1, Lagrangian",
        "At the optimum all servers have one utilisation, the multiplier, workload over capacity.",
        ("DG-53",),
        Kind.EXACT,
        check_multipliers,
        utilization_of_all,
        Control("the mean of the utilisations before", mean_utilization),
    ),
    Claim(
        "dgpg/unique-minimiser",
        "App. C.1",
        "The reference is the only minimiser of the imbalance at given workload.",
        ("DG-55",),
        Kind.EXACT,
        check_unique,
        reference_state,
        Control("equal loads", equal_split),
    ),
    Claim(
        "dgpg/proposition-c1",
        "Proposition C.1",
        "Walking towards the reference lowers the imbalance, strictly unless already there.",
        ("DG-56",),
        Kind.EXACT,
        check_proposition,
        reference_state,
        Control("the reference of another workload", for_another_workload),
    ),
    Claim(
        "dgpg/proposition-c1-cauchy-schwarz",
        "proof of Proposition C.1",
        "The squared workload is at most capacity times the sum of load squared over capacity, "
        "with equality for proportional loads only.",
        ("DG-57",),
        Kind.EXACT,
        check_cauchy,
        np.asarray,
        Control("servers counted alike", np.ones_like),
    ),
)
