"""Claims about the other domains the paper names [DG-PG App. C] [DG-PG App. D.1]."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.objective.reference import imbalance_gradient, reference_state
from refimpl.dgpg.theory.domains.alignment import (
    Alignment,
    Gradient,
    check_alignment,
    feasible_states,
    segment,
)
from refimpl.dgpg.theory.domains.communication import (
    Links,
    feasible_rates,
    greatest_throughput,
    linear_network,
    proportional_fairness,
    utility_gradient,
)
from refimpl.dgpg.theory.domains.influence import (
    State,
    additive_error,
    backlogged_stock,
    interference,
    lost_sales_stock,
    marginal_effects,
    signal_to_interference,
)
from refimpl.dgpg.theory.domains.power import (
    Grid,
    dispatch_program,
    economic_dispatch,
    optimal_power_flow,
)
from refimpl.dgpg.theory.domains.routing import (
    Network,
    braess,
    pigou,
    routing_program,
    system_optimum,
    unfairness,
    user_equilibrium,
)
from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind

Floats = NDArray[np.float64]

GAIN = np.array([[2.0, 0.5, 0.2], [0.3, 1.5, 0.4], [0.1, 0.6, 1.0]])


@lru_cache(maxsize=1)
def three_buses() -> Grid:
    """Return a triangle with a cheap and a dear generator; the direct line is too thin."""
    return Grid(
        np.array([[0, 1], [1, 2], [0, 2]]),
        np.ones(3),
        np.array([100.0, 100.0, 50.0]),
        np.array([0.0, 0.0, 150.0]),
        np.array([0, 1, 2]),
        np.array([0.1, 0.1, 0.2]),
        np.array([5.0, 12.0, 20.0]),
        np.array([200.0, 200.0, 200.0]),
    )


@dataclass(frozen=True)
class Case:
    """A domain: gradient of a cost, states, and a reference."""

    gradient: Gradient
    states: Callable[[np.random.Generator], Floats]
    reference: Callable[[], Floats]

    def check(self, rng: np.random.Generator) -> Alignment:
        """Check the alignment at the states."""
        return check_alignment(self.gradient, self.states(rng), self.reference())


def load_balancing() -> Case:
    """Build load balancing on four unequal servers, imbalance as the cost."""
    capacity = np.array([[1.0], [2.0], [4.0], [8.0]])
    target = reference_state(np.ones((4, 1)), capacity)

    def states(rng: np.random.Generator) -> Floats:
        return 4.0 * rng.dirichlet(np.ones(4), size=30)

    return Case(lambda x: imbalance_gradient(x[:, None], capacity).ravel(), states, target.ravel)


def dispatching() -> Case:
    """Build optimal power flow, states within the line limits, generation cost as the cost."""
    grid = three_buses()
    factors = grid.flow_factors()
    limits = np.concatenate([grid.limit, grid.limit])
    feasible = dispatch_program(grid, np.vstack([factors, -factors]), limits).linear
    return Case(
        grid.marginal_cost,
        lambda rng: feasible_states(feasible, 30, rng),
        lambda: optimal_power_flow(grid).output,
    )


def travelling() -> Case:
    """Build Braess's network towards the user equilibrium, Beckmann's potential as the cost."""
    network = braess(shortcut=True)
    feasible = routing_program(network, network.slope).linear
    n_links = network.free_time.size
    return Case(
        network.times,
        lambda rng: feasible_states(feasible, 30, rng)[:, :n_links],
        lambda: user_equilibrium(network).flow,
    )


def sharing() -> Case:
    """Build a chain of three links towards fair rates, minus the utility as the cost."""
    links = linear_network(3)
    feasible = feasible_rates(links, np.zeros(4))
    return Case(
        lambda x: utility_gradient(links, x),
        lambda rng: 0.01 + 0.99 * feasible_states(feasible, 30, rng),
        lambda: proportional_fairness(links).rates,
    )


SURROGATES: Mapping[str, Case] = {
    "load_balancing": load_balancing(),
    "power_flow": dispatching(),
    "user_equilibrium": travelling(),
    "proportional_fairness": sharing(),
}
"""Each reference with the convex cost that it minimises."""


def travelling_together() -> Case:
    """Build the same network and reference with total travel time as the cost."""
    network, case = braess(shortcut=True), travelling()

    def states(rng: np.random.Generator) -> Floats:
        to_the_best = segment(case.reference(), system_optimum(network).flow, 11)[1:]
        return np.vstack([case.states(rng), to_the_best])

    return replace(case, gradient=network.marginal_times, states=states)


def check_template(cases: Mapping[str, Case], context: Context) -> Finding:
    """Slope of each cost towards its own minimiser, over random feasible states.

    First-order condition of convexity: at most ``cost(xr) - cost(x) <= 0``.
    """
    evidence: dict[str, float] = {}
    worst = -np.inf
    for name, case in cases.items():
        found = case.check(context.rng("dgpg", "template", name))
        evidence[f"largest_slope_{name}"] = found.worst
        worst = max(worst, found.share)
    return exactly(worst, 0.0, **evidence)


Target = Callable[[Network], Floats]


def wardrop(network: Network) -> Floats:
    """Return the link flows of the user equilibrium."""
    return user_equilibrium(network).flow


def best_flow(network: Network) -> Floats:
    """Return the link flows of least total time."""
    return system_optimum(network).flow


def check_routing(target: Target, context: Context) -> Finding:
    """Total travel time on the way from the system optimum, and from free flow, to the target."""
    del context
    evidence: dict[str, float] = {}
    worst = -np.inf
    for name, network in (("pigou", pigou()), ("braess", braess(shortcut=True))):
        reference, best = target(network), system_optimum(network)
        user = user_equilibrium(network)
        last_path = network.paths[:, -1] * network.demand[0]
        states = np.vstack([segment(best.flow, reference), segment(last_path, reference)])
        found = check_alignment(network.marginal_times, states, reference)
        scale = network.total_time(reference)
        worst = max(worst, found.worst / scale)
        evidence |= {
            f"{name}_largest_slope": found.worst,
            f"{name}_total_time_at_the_reference": scale,
            f"{name}_least_total_time": network.total_time(best.flow),
            f"{name}_time_to_save_at_equilibrium": unfairness(
                network, user.path_flow, network.times(user.flow)
            ),
        }
    return exactly(worst, 1e-6, **evidence)


def check_dispatch(grid: Grid, context: Context) -> Finding:
    """Operating cost on the way from the optimal power flow to the economic dispatch.

    Operating cost: generation, and 100 per unit by which a line is overloaded, which is above any
    price of a line here, so that its minimiser is the optimal power flow.
    """
    del context
    flow, dispatch = optimal_power_flow(grid), economic_dispatch(grid)

    def gradient(output: Floats) -> Floats:
        flows = grid.flows(output)
        overload = 100.0 * np.sign(flows) * (np.abs(flows) > grid.limit * (1 + 1e-9))
        return grid.marginal_cost(output) + grid.influence() @ overload

    found = check_alignment(gradient, segment(flow.output, dispatch.output), dispatch.output)
    return exactly(
        found.worst,
        1e-6 * grid.cost(flow.output),
        cost_of_optimal_power_flow=grid.cost(flow.output),
        cost_of_economic_dispatch=grid.cost(dispatch.output),
        largest_overload_of_economic_dispatch=float(
            (np.abs(grid.flows(dispatch.output)) - grid.limit).max()
        ),
        largest_line_price=float(flow.line_price.max()),
        spread_of_bus_prices=float(np.ptp(flow.bus_price)),
    )


def check_rates(links: Links, context: Context) -> Finding:
    """Throughput on the way from its optimum to the proportionally fair rates."""
    del context
    fair, most = proportional_fairness(links), greatest_throughput(links)
    found = check_alignment(lambda x: -np.ones_like(x), segment(most, fair.rates), fair.rates)
    return exactly(
        found.worst,
        1e-9,
        throughput_of_fair_rates=float(fair.rates.sum()),
        greatest_throughput=float(most.sum()),
        least_rate_at_greatest_throughput=float(most.min()),
        price_of_a_link=float(fair.prices[0]),
    )


SUMS: Mapping[str, State] = {
    "backlogged_stock": backlogged_stock(np.array([1.0, 0.0]), np.array([4.0, 2.0])),
    "interference": interference(GAIN),
}
NO_SUMS: Mapping[str, State] = {
    "lost_sales_stock": lost_sales_stock(np.array([1.0, 0.0]), np.array([4.0, 2.0])),
    "signal_to_interference": signal_to_interference(GAIN, 1.0),
}


def check_influence(states: Mapping[str, State], context: Context) -> Finding:
    """Distance of each state from a sum over agents, and of its marginal effects from ``z_i``."""
    rng, evidence, worst = context.rng("dgpg", "influence"), {}, 0.0
    for name, state in states.items():
        errors = []
        for _ in range(20):
            actions = rng.uniform(0.5, 2.0, (3, 2))
            alone = np.stack([marginal_effects(state, _alone(actions, i))[i] for i in range(3)])
            gap = float(np.abs(marginal_effects(state, actions) - alone).max())
            errors.append(max(gap, additive_error(state, actions)))
        evidence[f"largest_error_{name}"] = max(errors)
        worst = max(worst, *errors)
    return only_under(
        "the state is a sum of what the agents do; stock with lost sales and the ratio of signal "
        "to interference are not, and there z depends on what the others do",
        worst <= 1e-12,
        **evidence,
    )


def _alone(actions: Floats, agent: int) -> Floats:
    return np.asarray(actions * (np.arange(len(actions)) == agent)[:, None])


CLAIMS = (
    Claim(
        "dgpg/domain-template",
        "App. C.3, generalisation to other domains",
        "Power flow, Wardrop equilibrium and proportional fairness are descent directions of the "
        "convex costs that they minimise.",
        ("DG-66",),
        Kind.EXACT,
        check_template,
        SURROGATES,
        Control(
            "total travel time as the cost",
            {**SURROGATES, "user_equilibrium": travelling_together()},
        ),
    ),
    Claim(
        "dgpg/domain-influence",
        "App. D.1",
        "The influence vector isolates an agent's effect in routing, inventory and interference.",
        ("DG-66",),
        Kind.EXACT,
        check_influence,
        SUMS,
        Control("lost sales, signal to interference", NO_SUMS),
    ),
    Claim(
        "dgpg/domain-traffic",
        "App. C, applicability to other domains",
        "Where total travel time is the objective, walking towards the Wardrop equilibrium "
        "improves it.",
        ("DG-66",),
        Kind.EXACT,
        check_routing,
        wardrop,
        Control("towards the system optimum", best_flow),
    ),
    Claim(
        "dgpg/domain-power",
        "App. C, applicability to other domains",
        "Where generation cost within line limits is the objective, walking towards the economic "
        "dispatch improves it.",
        ("DG-66",),
        Kind.EXACT,
        check_dispatch,
        three_buses(),
        Control("lines that are wide enough", replace(three_buses(), limit=np.full(3, 1000.0))),
    ),
    Claim(
        "dgpg/domain-communication",
        "App. C, applicability to other domains",
        "Where throughput is the objective, walking towards proportionally fair rates improves it.",
        ("DG-66",),
        Kind.EXACT,
        check_rates,
        linear_network(2),
        Control("one shared link", Links(np.ones((1, 2)), np.ones(1), np.ones(2))),
    ),
)
