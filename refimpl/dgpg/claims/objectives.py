"""Claims about the objectives that the reference is said to serve [DG-PG App. C.1]."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.model.instances import INSTANCE_TYPES
from refimpl.dgpg.objective.reference import imbalance, imbalance_gradient
from refimpl.dgpg.theory.domains.alignment import Gradient, check_alignment, segment
from refimpl.dgpg.theory.domains.delay import jobs_gradient, jobs_in_system, least_delay
from refimpl.dgpg.theory.domains.energy import TrainedCost, energy, least_energy
from refimpl.dgpg.theory.domains.fairness import (
    dominant_resource_fair,
    dominant_shares,
    jain_index,
)
from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Verdict

Floats = NDArray[np.float64]
ROUNDING = 1e-12

CAPACITY = np.array([[t.cpu, t.memory] for t in INSTANCE_TYPES], dtype=np.float64)
EFFICIENCY = np.array([[t.cpu_efficiency, t.memory_efficiency] for t in INSTANCE_TYPES])
"""One server of each type of Table 4."""


Cost = Callable[[Floats], tuple[float, Floats]]
"""State of the Table 4 cluster (N, R) -> a cost and its gradient."""


FLUID = TrainedCost(CAPACITY, EFFICIENCY, np.array([2.0, 6.0]), queue_weight=0.5, energy_weight=5.0)
"""The trained reward with its sign turned, in fluid form; about the mean job's size."""


def trained(load: Floats) -> tuple[float, Floats]:
    """Return queue and energy cost of a fluid state."""
    return FLUID.value(load), FLUID.gradient(load)


def queue_only(load: Floats) -> tuple[float, Floats]:
    """Return the queue cost of a fluid state."""
    queue = replace(FLUID, energy_weight=0.0)
    return queue.value(load), queue.gradient(load)


def imbalanced(load: Floats) -> tuple[float, Floats]:
    """Return the imbalance and its gradient."""
    return float(imbalance(load, CAPACITY)), imbalance_gradient(load, CAPACITY)


def check_objective(cost: Cost, context: Context) -> Finding:
    """Alignment of a cost on random states of a Table 4 cluster and on the way to least energy."""
    evidence: dict[str, float] = {}
    worst = queue = -np.inf
    for utilization in (0.3, 0.5, 0.7, 0.9):
        work = utilization * CAPACITY.sum(axis=0)
        target = utilization * CAPACITY
        frugal = least_energy(CAPACITY, EFFICIENCY, work)
        rng = context.rng("dgpg", "objective", round(10 * utilization))
        shares = rng.dirichlet(np.ones(len(CAPACITY)), size=(100, 2))
        states = (shares.transpose(0, 2, 1) * work).reshape(100, -1)
        apart = segment(frugal.ravel(), target.ravel(), 21)[:-1]
        random = check_alignment(_flat(cost), states, target.ravel())
        on_the_way = check_alignment(_flat(cost), apart, target.ravel())
        queue = max(queue, check_alignment(_flat(queue_only), states, target.ravel()).worst)
        worst = max(worst, on_the_way.worst, random.worst)
        name = f"utilization_{utilization}"
        evidence[f"cost_saved_by_least_energy_at_{name}"] = 1 - cost(frugal)[0] / cost(target)[0]
        evidence[f"share_of_random_states_misaligned_at_{name}"] = random.share
        evidence[f"share_of_the_way_misaligned_at_{name}"] = on_the_way.share
    return exactly(worst, ROUNDING, largest_slope_of_the_queue_alone=queue, **evidence)


def _flat(cost: Cost) -> Gradient:
    return lambda x: cost(x.reshape(CAPACITY.shape))[1].ravel()


def check_delay(rates: Floats, context: Context) -> Finding:
    """Mean number in M/M/1 queues at half load: proportional split and square-root rule."""
    del context
    total = 0.5 * float(rates.sum())
    proportional, best = 0.5 * rates, least_delay(rates, total)
    towards = check_alignment(
        lambda x: jobs_gradient(x, rates), segment(best, proportional), proportional
    )
    found = [jobs_in_system(load, rates) for load in (proportional, best)]
    return exactly(
        found[0] - found[1],
        ROUNDING * found[0],
        jobs_at_equal_utilization=found[0],
        jobs_by_the_square_root_rule=found[1],
        least_utilization_of_a_server=float((best / rates).min()),
        largest_utilization_of_a_server=float((best / rates).max()),
        largest_slope_towards_equal_utilization=towards.worst,
    )


def check_energy(efficiency: Floats, context: Context) -> Finding:
    """Energy of the balanced state and of the efficient servers first, half of the capacity."""
    del context
    capacity = CAPACITY[[0, -2]]
    work = 0.5 * capacity.sum(axis=0)
    balanced = 0.5 * capacity
    best = least_energy(capacity, efficiency, work)
    found = [energy(load, efficiency) for load in (balanced, best)]
    unit = [energy(np.array(load), efficiency[:, :1]) for load in ([[1.0], [1.0]], [[0.0], [2.0]])]
    return exactly(
        found[0] - found[1],
        ROUNDING * found[0],
        energy_balanced=found[0],
        energy_efficient_first=found[1],
        two_unit_jobs_balanced=unit[0],
        two_unit_jobs_on_the_second_server=unit[1],
    )


def largest_utilization(utilization: Floats) -> float:
    """Return minus the largest utilisation: fairness towards the worst-off server."""
    return -float(utilization.max())


def check_fairness(index: Callable[[Floats], float], context: Context) -> Finding:
    """Index before and after changes that lower the variance of utilisation, workload conserved."""
    rng = context.rng("dgpg", "fairness")
    falls = {"equal": 0, "unequal": 0}
    for name in falls:
        for _ in range(500):
            capacity = np.ones(3) if name == "equal" else rng.uniform(0.5, 2.0, 3)
            pair = rng.dirichlet(np.ones(3), size=2) * 0.9 / capacity
            wide, narrow = sorted(pair, key=lambda u: -float(u.var()))
            falls[name] += index(narrow) < index(wide) - ROUNDING
    return only_under(
        "fairness is an index that at a given mean depends on the variance alone, as Jain's does, "
        "and servers are equal, so that moving work leaves the mean utilisation where it is",
        falls["equal"] == 0,
        falls_of_500_on_equal_servers=float(falls["equal"]),
        falls_of_500_on_unequal_servers=float(falls["unequal"]),
    )


@dataclass(frozen=True)
class Users:
    """Who shares the cluster: demand of one task (U, R)."""

    demand: Floats


def check_dominant(users: Users, context: Context) -> Finding:
    """Dominant shares among allocations that load the servers alike.

    The reference sees total loads only. Where two users' tasks are alike, handing tasks from one to
    the other changes no load, no utilisation and no reference.
    """
    del context
    capacity = np.array([9.0, 18.0])
    fair = dominant_resource_fair(users.demand, capacity)
    # Directions in which tasks may change while all loads stay.
    _, singular, rows = np.linalg.svd(users.demand.T)
    free = rows[int((singular > ROUNDING * singular[0]).sum()) :]
    spread = 0.0
    for direction in free:
        step = 0.9 * float((fair[direction != 0] / np.abs(direction[direction != 0])).min())
        shares = dominant_shares(fair + step * direction, users.demand, capacity)
        spread = max(spread, float(np.ptp(shares)))
    evidence = {
        "spread_of_dominant_shares_at_the_same_loads": spread,
        "spread_when_dominant_resource_fair": float(
            np.ptp(dominant_shares(fair, users.demand, capacity))
        ),
        "free_directions": float(len(free)),
    }
    return Finding(Verdict.HOLDS if spread <= ROUNDING else Verdict.REFUTED, evidence)


CLAIMS = (
    Claim(
        "dgpg/objective-alignment",
        "App. C.3",
        "Walking towards the reference improves the cooperative objective that is trained.",
        ("DG-58",),
        Kind.EXACT,
        check_objective,
        trained,
        Control("the imbalance as the objective", imbalanced),
    ),
    Claim(
        "dgpg/objective-delay",
        "App. C.1, first bullet",
        "Total queueing delay is least where utilisation is equal.",
        ("DG-59",),
        Kind.EXACT,
        check_delay,
        np.array([1.0, 4.0]),
        Control("equal servers", np.array([2.5, 2.5])),
    ),
    Claim(
        "dgpg/objective-energy",
        "App. C.1, second bullet",
        "Energy in a heterogeneous cluster is least at loads proportional to capacity.",
        ("DG-60",),
        Kind.EXACT,
        check_energy,
        EFFICIENCY[[0, -2]],
        Control("servers of one efficiency", np.full((2, 2), 0.9)),
    ),
    Claim(
        "dgpg/objective-fairness",
        "App. C.1, third bullet",
        "Fairness improves as the variance of utilisation falls.",
        ("DG-61",),
        Kind.EXACT,
        check_fairness,
        jain_index,
        Control("fairness towards the worst-off server", largest_utilization),
    ),
    Claim(
        "dgpg/objective-dominant-resource",
        "App. C.1",
        "Equal utilisation agrees with dominant resource fairness.",
        ("DG-62",),
        Kind.EXACT,
        check_dominant,
        Users(np.array([[1.0, 4.0], [1.0, 4.0], [3.0, 1.0]])),
        Control("users whose loads tell who runs what", Users(np.array([[1.0, 4.0], [3.0, 1.0]]))),
    ),
)
