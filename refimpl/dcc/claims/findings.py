"""What the checks of this paper share: verdicts from errors, and the instances they run on."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lp_solvers.constrained_mdp import solve_by_lp
from lp_solvers.finite_mdp import FiniteMDP
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import DeviceParameters, draw_device
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective.local import LocalProblem, local_cmdp
from refimpl.dcc.objective.response import ResponseCurves, local_budget_curve, response_curves
from refimpl.dcc.theory.instances import GAMMA, age_only, golden_device, toy_device
from refimpl.ledger import Context

Floats = NDArray[np.float64]


def relative_error(found: object, expected: object) -> float:
    """Largest error relative to the largest expected entry (or to 1 if that is smaller)."""
    want, have = np.asarray(expected, dtype=np.float64), np.asarray(found, dtype=np.float64)
    return float(np.abs(have - want).max(initial=0.0) / max(1.0, np.abs(want).max(initial=0.0)))


@lru_cache(maxsize=1)
def toy() -> FiniteMDP:
    """Return the 25-state device, from AoI 1 and a uniform battery."""
    return device_mdp(toy_device())


@lru_cache(maxsize=1)
def golden() -> FiniteMDP:
    """Return the 240-state device of the paper's scale."""
    return device_mdp(golden_device())


@lru_cache(maxsize=1)
def toy_curve() -> ResponseCurves:
    """Response curve of one toy device."""
    return response_curves([local_budget_curve(toy())], GAMMA)


def toy_curves(n_devices: int) -> ResponseCurves:
    """Response curves of several toy devices."""
    return response_curves([local_budget_curve(toy())] * n_devices, GAMMA)


def small_devices(
    context: Context, n_environments: int, n_devices: int, size: int = 5
) -> list[list[DeviceParameters]]:
    """Draw random environments as the paper does, but with ages 1..size and batteries 0..size.

    Bounds of harvest and cost come from the sample sets of App. F; a smaller state space keeps the
    linear programs of its "small random environments" small.
    """
    rng = context.rng("dcc", "small-environments", n_devices, size)

    def device() -> DeviceParameters:
        return replace(draw_device(rng), max_aoi=size, battery=size)

    return [[device() for _ in range(n_devices)] for _ in range(n_environments)]


def small_environments(
    context: Context, n_environments: int, n_devices: int
) -> list[list[FiniteMDP]]:
    """Exact decision processes of :func:`small_devices`."""
    drawn = small_devices(context, n_environments, n_devices)
    return [[device_mdp(device) for device in devices] for devices in drawn]


def toy_problem(budget: float, others: float = 0.9) -> LocalProblem:
    """Local problem of the toy device under a linear penalty."""
    return LocalProblem(toy(), budget, others, power_law())


def inequality_value(problem: LocalProblem) -> float:
    """Optimum of the linear program with the budget as an upper bound."""
    return solve_by_lp(local_cmdp(problem)).value


def random_policy(mdp: FiniteMDP, rng: np.random.Generator) -> Floats:
    """Policy with independent uniform Dirichlet rows."""
    return np.asarray(rng.dirichlet(np.ones(mdp.n_actions), size=mdp.n_states))


__all__ = [
    "age_only",
    "golden",
    "inequality_value",
    "random_policy",
    "relative_error",
    "small_devices",
    "small_environments",
    "toy",
    "toy_curve",
    "toy_curves",
    "toy_problem",
]
