"""Power, traffic, communication: whether walking to the reference improves what is paid for.

Shows: DG-PG App. C, D.1, Assumption 4.2. Each reference is the optimum of a convex program, solved
and certified. With the cost that it minimises it is always aligned: the first-order condition of
convexity, whatever the domain. What matters is the cost that is paid: economic dispatch overloads a
line, Wardrop's equilibrium has longer journeys, fair rates carry less, balanced clusters use more
energy. Walking from the best state to them makes matters worse.
Look at: signs. Below 0 is aligned: all on the left, none all the way on the right.
For: engineers who bring another domain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from _show import Row, figure, look_at, options, table

from refimpl.dgpg.claims.domains import three_buses
from refimpl.dgpg.claims.objectives import CAPACITY, EFFICIENCY, FLUID
from refimpl.dgpg.objective.reference import imbalance_gradient
from refimpl.dgpg.theory.domains import alignment, communication, energy, power, routing


@dataclass(frozen=True)
class Domain:
    """A reference, gradient of the cost it minimises; cost that is paid, its gradient and best."""

    reference: Any
    surrogate: Callable[[Any], Any]
    cost: Callable[[Any], float]
    gradient: Callable[[Any], Any]
    best: Any


def dispatch() -> Domain:
    """Build a triangle with cheap and dear generators; the direct line is too thin."""
    grid = three_buses()

    def gradient(output: Any) -> Any:
        flows = grid.flows(output)
        overload = np.sign(flows) * (np.abs(flows) > grid.limit)
        return grid.marginal_cost(output) + 100.0 * grid.influence() @ overload

    def cost(output: Any) -> float:
        over = np.maximum(np.abs(grid.flows(output)) - grid.limit, 0.0)
        return grid.cost(output) + 100.0 * float(over.sum())

    best, cheapest = power.optimal_power_flow(grid), power.economic_dispatch(grid)
    return Domain(cheapest.output, grid.marginal_cost, cost, gradient, best.output)


def traffic(network: routing.Network) -> Domain:
    """Build users who take their fastest path, and the travel time of all together."""
    user, best = routing.user_equilibrium(network).flow, routing.system_optimum(network).flow
    return Domain(user, network.times, network.total_time, network.marginal_times, best)


def sharing() -> Domain:
    """Build three links in a row, one flow over all of them, one over each; throughput."""
    links, minus = communication.linear_network(3), -np.ones(4)
    fair = communication.proportional_fairness(links).rates
    most = 0.999 * communication.greatest_throughput(links) + 0.001 * fair  # nobody at 0
    utility = partial(communication.utility_gradient, links)
    return Domain(fair, utility, minus.__matmul__, lambda _: minus, most)


def cluster() -> Domain:
    """Build the reward that is trained, as a cost of a fluid state at half load."""
    frugal = energy.least_energy(CAPACITY, EFFICIENCY, 0.5 * CAPACITY.sum(axis=0))
    balance = partial(imbalance_gradient, capacity=CAPACITY)
    return Domain(0.5 * CAPACITY, balance, FLUID.value, FLUID.gradient, frugal)


def along(domain: Domain, gradient: Callable[[Any], Any], n: int) -> Any:
    """Cosines of the gradient with the way from the best state to the reference."""
    way, found = domain.reference - domain.best, []
    for t in np.linspace(0.0, 1.0, n, endpoint=False)[1:]:  # kinks at the best state
        state = domain.best + t * way
        slope = alignment.slope_towards(gradient, state, domain.reference)
        found.append(slope / np.linalg.norm(gradient(state)) / np.linalg.norm((1.0 - t) * way))
    return np.array(found)


def draw(domains: dict[str, Domain], n: int, left: Any, right: Any) -> None:
    at = np.linspace(0.0, 1.0, n, endpoint=False)[1:]
    for name, domain in domains.items():
        left.plot(at, along(domain, domain.surrogate, n), label=name)
        right.plot(at, along(domain, domain.gradient, n))
    left.set_ylabel("cosine of gradient and way")
    for axis, cost in ((left, "that the reference minimises"), (right, "that is paid")):
        axis.axhline(0.0, color="k", ls=":")
        axis.set(title=f"The cost {cost}", xlabel="part of the way to it", ylim=(-1.0, 1.0))


def main() -> None:
    given = options(__doc__ or "", __file__)
    n = given.choose(41, 401, 4_001)
    domains = {"power: dispatch": dispatch(), "traffic: Pigou": traffic(routing.pigou())}
    domains["traffic: Braess"] = traffic(routing.braess(shortcut=True))
    domains |= {"communication: fair rates": sharing(), "cluster: balance": cluster()}
    rows: list[Row] = []
    worst = {}
    for name, domain in domains.items():
        worst[name] = [along(domain, g, n).max() for g in (domain.surrogate, domain.gradient)]
        rows.append((f"{name}: largest cosine, its own cost", "< 0 (eq. 5)", worst[name][0]))
        rows.append(("  the cost that is paid", "< 0 (eq. 5)", worst[name][1]))
        paid = [domain.cost(state) for state in (domain.best, domain.reference)]
        rows.append(("  that cost at the reference", (paid[0], "least"), paid[1]))
    table(rows)
    look_at("every reference is aligned with its own cost, none with the cost that is paid.")
    figure(given, partial(draw, domains, n), columns=2, size=(12.0, 4.4))
    assert all(own < 0.0 < other for own, other in worst.values())


if __name__ == "__main__":
    main()
