"""Economic dispatch and DC optimal power flow as references [DG-PG App. C]."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lp_solvers import cvx
from lp_solvers.convex_program import ConvexProgram, SeparableCost, verify
from lp_solvers.linear_program import linear_program

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Grid:
    """A connected transmission grid with one generator cost per unit.

    Attributes
    ----------
    lines : (L, 2) int
        Ends of each line; flow is positive from the first to the second.
    susceptance, limit : (L,) array
        Positive; flow per angle, and the largest flow in either direction.
    demand : (B,) array
        Load of each bus.
    bus : (G,) int
        Where each generator stands.
    quadratic, linear, ceiling : (G,) array
        Cost ``q g^2 / 2 + c g`` per hour, and largest output.

    Raises
    ------
    ValueError
        If a bus does not exist, a number that must be positive is not, lengths differ, or the grid
        is not connected.
    """

    lines: Ints
    susceptance: Floats
    limit: Floats
    demand: Floats
    bus: Ints
    quadratic: Floats
    linear: Floats
    ceiling: Floats

    def __post_init__(self) -> None:
        for name in ("lines", "bus"):
            ends = getattr(self, name)
            if ends.size and not (ends.min() >= 0 and ends.max() < self.n_buses):
                raise ValueError(f"{name} must name buses 0..{self.n_buses - 1}; got {ends}")
        sizes = {"susceptance": len(self.lines), "limit": len(self.lines)}
        sizes |= dict.fromkeys(("quadratic", "linear", "ceiling"), len(self.bus))
        for name, size in sizes.items():
            values = getattr(self, name)
            if values.shape != (size,):
                raise ValueError(f"{name} must have shape ({size},); got {values.shape}")
            if name != "linear" and not (values > 0).all():
                raise ValueError(f"{name} must be > 0; got {values.min()}")
        if np.linalg.matrix_rank(self.incidence()) < self.n_buses - 1:
            raise ValueError(f"lines must connect all buses; got {self.lines.tolist()}")

    @property
    def n_buses(self) -> int:
        """Number of buses B."""
        return self.demand.size

    def incidence(self) -> Floats:
        """Return the matrix (L, B) with 1 where a line starts and -1 where it ends."""
        eye = np.eye(self.n_buses)
        return np.asarray(eye[self.lines[:, 0]] - eye[self.lines[:, 1]])

    def flow_factors(self) -> Floats:
        """Return the flow of every line per unit injected at every bus, (L, B).

        The unit is withdrawn evenly from all buses, which changes nothing for injections that sum
        to 0.
        """
        incidence = self.incidence()
        weighted = self.susceptance[:, None] * incidence
        return np.asarray(weighted @ np.linalg.pinv(incidence.T @ weighted))

    def flows(self, output: Floats) -> Floats:
        """Return the line flows (L,) of generator outputs (G,)."""
        injection = np.bincount(self.bus, output, self.n_buses) - self.demand
        return np.asarray(self.flow_factors() @ injection)

    def cost(self, output: Floats) -> float:
        """Return the generation cost per hour."""
        return float(self.quadratic @ output**2 / 2 + self.linear @ output)

    def marginal_cost(self, output: Floats) -> Floats:
        """Return the gradient of :meth:`cost`, (G,)."""
        return np.asarray(self.quadratic * output + self.linear)

    def influence(self) -> Floats:
        """Return what a unit of each generator adds to every line's flow, (G, L).

        [DG-PG App. D.1]
        """
        return np.asarray(self.flow_factors().T[self.bus])


@dataclass(frozen=True)
class Dispatch:
    """Generator outputs of least cost, and what power costs.

    Attributes
    ----------
    output : (G,) array
    energy_price : float
        Cost of one more unit of demand if no line is in the way.
    line_price : (2, L) array
        What one more unit of each limit saves; first forwards, then backwards.
    bus_price : (B,) array
        Cost of one more unit of demand at each bus.
    """

    output: Floats
    energy_price: float
    line_price: Floats
    bus_price: Floats


def economic_dispatch(grid: Grid) -> Dispatch:
    """Least cost of meeting total demand, lines ignored: equal marginal costs [DG-PG App. C]."""
    return _solved(grid, np.zeros((0, grid.n_buses)), np.zeros(0))


def optimal_power_flow(grid: Grid) -> Dispatch:
    """Least cost of meeting demand within the line limits, DC approximation [DG-PG App. C].

    Raises
    ------
    InfeasibleError
        If no dispatch keeps the limits.
    CertificateError
        If the answer cannot be certified.
    """
    factors = grid.flow_factors()
    return _solved(grid, np.vstack([factors, -factors]), np.concatenate([grid.limit, grid.limit]))


def dispatch_program(grid: Grid, rows: Floats, limits: Floats) -> ConvexProgram:
    """Least generation cost with ``rows @ injection <= limits`` [DG-PG App. C].

    Parameters
    ----------
    grid : Grid
    rows : (M, B) array
        Constraints on the power injected at the buses.
    limits : (M,) array
    """
    n = grid.bus.size
    inequalities = np.vstack([rows[:, grid.bus], np.eye(n)])
    bounds = np.concatenate([limits + rows @ grid.demand, grid.ceiling])
    constraints = linear_program(
        grid.linear, inequalities, bounds, np.ones((1, n)), [grid.demand.sum()]
    )
    return ConvexProgram(constraints, SeparableCost(quadratic=grid.quadratic))


def _solved(grid: Grid, rows: Floats, limits: Floats) -> Dispatch:
    program = dispatch_program(grid, rows, limits)
    solution = cvx.minimise(program)
    verify(program, solution)
    prices = solution.y_ub[: len(rows)]
    energy = float(solution.y_eq[0])
    line_price = prices.reshape(2, -1) if len(rows) else np.zeros((2, len(grid.lines)))
    return Dispatch(solution.x, energy, line_price, np.asarray(energy - rows.T @ prices))
