"""Network utility maximisation: proportionally fair rates as the reference [DG-PG App. C]."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lp_solvers import cvx, highs
from lp_solvers.convex_program import ConvexProgram, SeparableCost, verify
from lp_solvers.linear_program import LinearProgram, linear_program

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Links:
    """Flows over shared links.

    Attributes
    ----------
    routes : (L, F) array
        1 where a flow uses a link; every flow uses one at least.
    capacity : (L,) array
        Positive.
    weight : (F,) array
        Positive; utility ``w log x`` of a flow's rate.

    Raises
    ------
    ValueError
        If shapes do not match, a capacity or weight is not positive, or a flow uses no link.
    """

    routes: Floats
    capacity: Floats
    weight: Floats

    def __post_init__(self) -> None:
        for name, size in zip(("capacity", "weight"), self.routes.shape, strict=True):
            values = getattr(self, name)
            if values.shape != (size,) or not (values > 0).all():
                raise ValueError(f"{name} must be {size} positive numbers; got {values}")
        if not (self.routes.sum(axis=0) > 0).all():
            raise ValueError(f"routes must give every flow a link; got {self.routes.tolist()}")

    def influence(self) -> Floats:
        """Return what a unit of each flow adds to every link's load, (F, L) [DG-PG App. D.1]."""
        return self.routes.T


@dataclass(frozen=True)
class FairRates:
    """Rates of greatest total utility and the price of every link.

    Attributes
    ----------
    rates : (F,) array
    prices : (L,) array
        What a unit of capacity would add to total utility.
    """

    rates: Floats
    prices: Floats


def feasible_rates(links: Links, cost: Floats) -> LinearProgram:
    """Least ``cost @ x`` over the rates that all links can carry."""
    return linear_program(cost, links.routes, links.capacity)


def proportional_fairness(links: Links) -> FairRates:
    """Rates of greatest ``sum w log x`` within the capacities [DG-PG App. C].

    A flow pays the prices of its links and gets ``x = w / sum of prices``.

    Raises
    ------
    CertificateError
        If the answer cannot be certified.
    """
    constraints = feasible_rates(links, np.zeros(links.weight.size))
    program = ConvexProgram(constraints, SeparableCost(log_weight=links.weight))
    solution = cvx.minimise(program)
    verify(program, solution)
    return FairRates(solution.x, solution.y_ub)


def utility_gradient(links: Links, rates: Floats) -> Floats:
    """Return the gradient ``-w / x`` of minus the total utility, (F,)."""
    return np.asarray(-links.weight / rates)


def greatest_throughput(links: Links) -> Floats:
    """Rates (F,) of greatest sum, a linear program: long flows may get nothing."""
    return highs.solve(feasible_rates(links, -np.ones(links.weight.size))).x


def linear_network(n_links: int) -> Links:
    """Build a chain of links of capacity 1: one flow over all of them, one over each."""
    routes = np.hstack([np.ones((n_links, 1)), np.eye(n_links)])
    return Links(routes, np.ones(n_links), np.ones(n_links + 1))
