"""Rings of a few queues, exactly: heuristics, best rules, and the full-information optimum.

What large rings can only show by simulation, these show to rounding, with the paper's buffer,
rates, and horizon. The functions are jobs of the claims ledger.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from linear_models.params import Array
from refimpl.meanfield.model.simulator import epochs_for
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import ring
from refimpl.meanfield.objective.exact import ExactObjective
from refimpl.meanfield.objective.observations import (
    everything,
    own_state,
    own_state_and_distribution,
    own_state_and_neighbours,
)
from refimpl.meanfield.policies.heuristics import shortest_queue_split
from refimpl.meanfield.theory.full_information import optimal_drops
from refimpl.meanfield.theory.instantaneous import (
    best_of_all,
    best_of_shortest,
    instantaneous_drop_rate,
    mean_of_shortest,
)
from refimpl.meanfield.theory.joint_chain import total_drops
from refimpl.meanfield.theory.outcomes import by_policy, by_rule, by_targets, shortest_queues
from refimpl.meanfield.theory.own_state import optimal_table

HORIZON = 50.0
"""Units of time over which drops are counted [MF sec. 3]."""


def ring_of_four(dt: float) -> System:
    """Four queues with the defaults of the paper."""
    return System(ring(4), dt=dt)


def rule_drops(dt: float, rule: ArrayLike) -> float:
    """Value of an own-state rule: drops per queue over about 50 units."""
    return total_drops(ring_of_four(dt), by_rule(rule), epochs_for(HORIZON, dt))


def one_winner_drops(dt: float) -> float:
    """Value of JSQ, each agent drawing one of the shortest queues per epoch."""
    system = ring_of_four(dt)
    return total_drops(system, by_targets(shortest_queues), epochs_for(HORIZON, dt))


def split_drops(dt: float) -> float:
    """Value of JSQ that splits ties packet by packet."""
    system = ring_of_four(dt)
    return total_drops(system, by_policy(shortest_queue_split), epochs_for(HORIZON, dt))


def policy_table(
    dt: float, parts: int, finer: int = 1, checkpoint: object = None
) -> dict[str, Array]:
    """Values of every policy, drops per queue over about 50 units, exactly.

    Parameters
    ----------
    dt : float
        Length of an epoch.
    parts, finer : int
        Grid of the full-information planner, see :func:`full_information.share_grid`.
    checkpoint : object
        Not used: a few seconds.

    Returns
    -------
    dict
        ``one_winner``, ``split`` (JSQ), ``random`` (RND = OWN), ``own_state`` (best rule),
        ``rule`` (6,), ``residual`` of its gradient, ``full_information``.
    """
    del checkpoint
    epochs = epochs_for(HORIZON, dt)
    best = optimal_table(ExactObjective(ring_of_four(dt), epochs, own_state()))
    found = {
        "one_winner": one_winner_drops(dt),
        "split": split_drops(dt),
        "random": rule_drops(dt, np.zeros(6)),
        "own_state": best.value,
        "rule": best.table,
        "residual": best.residual,
        "full_information": optimal_drops(ring_of_four(dt), epochs, parts, finer),
    }
    return {name: np.asarray(value) for name, value in found.items()}


def symmetric_table(dt: float, checkpoint: object = None) -> dict[str, Array]:
    """Value of full information with the paper's action: own queue or any neighbour.

    What separates this from the full-information planner is that an agent cannot choose between its
    neighbours [MF sec. 1.2.3]; what separates it from the best own-state rule is information.

    Returns
    -------
    dict
        ``value``, ``residual`` of the gradient.
    """
    del checkpoint
    drops = ExactObjective(ring_of_four(dt), epochs_for(HORIZON, dt), everything())
    best = optimal_table(drops, tolerance=1e-8)
    return {"value": np.asarray(best.value), "residual": np.asarray(best.residual)}


def instantaneous_table(n: int, checkpoint: object = None) -> dict[str, Array]:
    """Drop rates on a ring of n queues with instantaneous information, at the high rate.

    Parameters
    ----------
    n : int
        Six take a minute.
    checkpoint : object
        Not used.

    Returns
    -------
    dict
        ``optimum``, ``best_ties`` and ``random_ties`` (JSQ), per queue and unit of time.
    """
    del checkpoint
    rules = {
        "optimum": best_of_all,
        "best_ties": best_of_shortest,
        "random_ties": mean_of_shortest,
    }
    system = System(ring(n))
    rate = max(system.modulation.rates)
    return {
        name: np.asarray(instantaneous_drop_rate(system, rule, rate, 1e-8).value)
        for name, rule in rules.items()
    }


def observation_table(dt: float, checkpoint: object = None) -> dict[str, Array]:
    """Values of the best rules that see more and more, exactly.

    Returns
    -------
    dict
        ``own_state``, ``neighbours`` (own state and those of the neighbours), ``distribution`` (own
        state and the distribution of all queues).
    """
    del checkpoint
    seen = {
        "own_state": own_state(),
        "neighbours": own_state_and_neighbours(),
        "distribution": own_state_and_distribution(),
    }
    epochs = epochs_for(HORIZON, dt)
    return {
        name: np.asarray(
            optimal_table(ExactObjective(ring_of_four(dt), epochs, what), tolerance=1e-9).value
        )
        for name, what in seen.items()
    }
