"""Traffic: Wardrop equilibrium and system optimum as references [DG-PG App. C]."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lp_solvers import cvx
from lp_solvers.convex_program import ConvexProgram, SeparableCost, verify
from lp_solvers.linear_program import linear_program

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Network:
    """Links with travel time ``t_l + b_l f_l^p``, and the paths of every pair of ends.

    Attributes
    ----------
    free_time, slope : (L,) array
        t and b, at least 0.
    power : float
        p >= 1.
    paths : (L, P) array
        1 where a path uses a link.
    pairs : (O, P) array
        1 where a path belongs to a pair of origin and destination; each path to one.
    demand : (O,) array
        Travellers per pair, at least 0.

    Raises
    ------
    ValueError
        If shapes do not match, a number is negative, p < 1, or a path belongs to no or two pairs.
    """

    free_time: Floats
    slope: Floats
    power: float
    paths: Floats
    pairs: Floats
    demand: Floats

    def __post_init__(self) -> None:
        n_links, n_paths = self.paths.shape
        shapes = {"free_time": (n_links,), "slope": (n_links,)}
        for name, shape in (shapes | {"pairs": (self.demand.size, n_paths)}).items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} must have shape {shape}; got {getattr(self, name).shape}")
        for name in ("free_time", "slope", "demand"):
            if not (getattr(self, name) >= 0).all():
                raise ValueError(f"{name} must be >= 0; got {getattr(self, name).min()}")
        if not self.power >= 1:
            raise ValueError(f"power must be >= 1; got {self.power}")
        if not (self.pairs.sum(axis=0) == 1).all():
            raise ValueError(f"pairs must give every path one pair; got {self.pairs.tolist()}")

    def times(self, flow: Floats) -> Floats:
        """Return the travel time of every link, (L,), at link flows (L,)."""
        return np.asarray(self.free_time + self.slope * flow**self.power)

    def total_time(self, flow: Floats) -> float:
        """Return the travel time of all travellers together."""
        return float(flow @ self.times(flow))

    def marginal_times(self, flow: Floats) -> Floats:
        """Return the gradient of :meth:`total_time`, (L,)."""
        return np.asarray(self.free_time + (self.power + 1) * self.slope * flow**self.power)

    def influence(self) -> Floats:
        """Return the links that a unit of flow on each path uses, (P, L) [DG-PG App. D.1]."""
        return self.paths.T


@dataclass(frozen=True)
class Routing:
    """An assignment of travellers to paths.

    Attributes
    ----------
    path_flow : (P,) array
    flow : (L,) array
        Of the links.
    price : (O,) array
        Travel time (or marginal total time) of the used paths of every pair.
    """

    path_flow: Floats
    flow: Floats
    price: Floats


def user_equilibrium(network: Network) -> Routing:
    """Wardrop equilibrium: nobody has a faster path; least Beckmann potential [DG-PG App. C].

    The potential is ``sum_l int_0^f_l t_l(u) du``. Link flows are unique where times increase.

    Raises
    ------
    CertificateError
        If the answer cannot be certified.
    """
    return _solved(network, network.slope)


def system_optimum(network: Network) -> Routing:
    """Least total travel time; used paths have equal marginal total time [DG-PG App. C].

    Raises
    ------
    CertificateError
        If the answer cannot be certified.
    """
    return _solved(network, (network.power + 1) * network.slope)


def routing_program(network: Network, slope: Floats) -> ConvexProgram:
    """Least ``sum t f + slope f^(p+1) / (p+1)`` over link flows that paths can carry.

    Variables are the link flows, then the path flows.
    """
    n_links, n_paths = network.paths.shape
    carried = np.hstack([np.eye(n_links), -network.paths])
    served = np.hstack([np.zeros((network.demand.size, n_links)), network.pairs])
    constraints = linear_program(
        np.concatenate([network.free_time, np.zeros(n_paths)]),
        A_eq=np.vstack([carried, served]),
        b_eq=np.concatenate([np.zeros(n_links), network.demand]),
    )
    power = np.concatenate([slope, np.zeros(n_paths)])
    return ConvexProgram(constraints, SeparableCost(power=power, degree=network.power + 1))


def unfairness(network: Network, path_flow: Floats, times: Floats) -> float:
    """Largest time that a traveller could save by another path of the same pair.

    The certificate of a user equilibrium, with ``times`` the travel times (L,), and of a system
    optimum, with the marginal ones: 0 exactly if no used path is longer than an unused one.
    """
    cost = network.paths.T @ times
    used = path_flow > 1e-9 * max(1.0, float(network.demand.max(initial=0.0)))
    saving = 0.0
    for pair in network.pairs.astype(bool):
        if (pair & used).any():
            saving = max(saving, float(cost[pair & used].max() - cost[pair].min()))
    return saving


def _solved(network: Network, slope: Floats) -> Routing:
    program = routing_program(network, slope)
    solution = cvx.minimise(program)
    verify(program, solution)
    n_links = network.free_time.size
    flow, path_flow = solution.x[:n_links], solution.x[n_links:]
    return Routing(path_flow, flow, solution.y_eq[n_links:])


def parallel_links(free_time: Floats, slope: Floats, demand: float, power: float = 1.0) -> Network:
    """Build a network of parallel links between one pair."""
    n = free_time.size
    one = np.ones((1, n))
    return Network(free_time, slope, power, np.eye(n), one, np.array([demand]))


def in_series(first: Network, second: Network) -> Network:
    """Build the network in which every traveller of one pair passes ``first``, then ``second``.

    Raises
    ------
    ValueError
        If the two do not serve one pair each with equal demand, or powers differ.
    """
    alike = first.power == second.power and np.array_equal(first.demand, second.demand)
    if not (alike and first.demand.size == 1):
        raise ValueError(
            f"first and second must serve one pair of equal demand with equal power; "
            f"got demands {first.demand}, {second.demand} and powers {first.power}, {second.power}"
        )
    n_first, n_second = first.paths.shape[1], second.paths.shape[1]
    paths = np.vstack([np.repeat(first.paths, n_second, 1), np.tile(second.paths, n_first)])
    free_time = np.concatenate([first.free_time, second.free_time])
    slope = np.concatenate([first.slope, second.slope])
    pairs = np.ones((1, n_first * n_second))
    return Network(free_time, slope, first.power, paths, pairs, first.demand)


def pigou() -> Network:
    """Return Pigou's example: a link that is slow for all, and one that slows down with use."""
    return parallel_links(np.array([0.0, 1.0]), np.array([1.0, 0.0]), 1.0)


def braess(shortcut: bool) -> Network:
    """Return Braess's network for 6 travellers, with or without the link that makes it worse.

    Links: start-a, start-b, a-end, b-end, a-b; times ``10 f, 50 + f, 50 + f, 10 f, 10 + f``.
    """
    paths = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 0], [0, 1, 1], [0, 0, 1]], dtype=float)
    free_time, slope = np.array([0.0, 50, 50, 0, 10]), np.array([10.0, 1, 1, 10, 1])
    n_paths = 3 if shortcut else 2
    return Network(
        free_time, slope, 1.0, paths[:, :n_paths], np.ones((1, n_paths)), np.array([6.0])
    )
