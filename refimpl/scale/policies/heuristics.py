"""Schedulers that need no training: references for learned policies.

The paper compares with learned methods only; it names HEFT [SCALE sec. 2]. All take the first level
as it is and choose a server for the task at hand. *Waiting* is to choose a server that is busy: the
clock moves a step and the same task, or a more urgent one, comes again.

Where no server can take the task every choice is the same, and so it is where no task is ready.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from linear_models.validation import check_positive
from refimpl.scale.model.episodes import Policy
from refimpl.scale.model.scenario import Floats
from refimpl.scale.model.simulator import Simulation
from refimpl.scale.model.workflows import Bools, Ints


def random_server(sim: Simulation, rng: np.random.Generator) -> Ints:
    """Choose any server, all equally likely, whether or not it can take the task."""
    return rng.integers(0, sim.n_servers, len(sim.rows))


def random_feasible(sim: Simulation, rng: np.random.Generator) -> Ints:
    """Choose among the servers that can take the task, all equally likely."""
    return _best(rng.random(sim.running.shape), sim.feasible())


def round_robin(sim: Simulation, rng: np.random.Generator) -> Ints:
    """Choose in turn: the k-th assignment goes to server k modulo N, or the next that can."""
    del rng
    turn = (sim.server >= 0).sum(axis=1)[:, None]
    distance = (np.arange(sim.n_servers) - turn) % sim.n_servers
    return _best(-distance, sim.feasible())


def fastest_fit(sim: Simulation, rng: np.random.Generator) -> Ints:
    """Choose the fastest idle server with the memory: never waits if it need not."""
    del rng
    return _best(sim.scenario.capacity, sim.feasible())


def slowest_fit(sim: Simulation, rng: np.random.Generator) -> Ints:
    """Choose the slowest idle server with the memory: how bad a busy scheduler can be."""
    del rng
    return _best(-sim.scenario.capacity, sim.feasible())


def earliest_finish(sim: Simulation, rng: np.random.Generator) -> Ints:
    """Choose the server on which the task ends first, busy ones included: HEFT [SCALE sec. 2].

    It waits for a busy server that is fast enough to be worth it. HEFT itself would plan all tasks
    at once and fill gaps; here tasks come one by one.
    """
    del rng
    here = sim.rows, sim.task
    start = np.maximum(sim.busy_until, sim.now[:, None])
    return _best(-(start + sim.compute[here][:, None] / sim.scenario.capacity), _members(sim))


def large_only(sim: Simulation, rng: np.random.Generator) -> Ints:
    """Choose a server of the fastest kind that fits the task, and wait for one if need be."""
    del rng
    return _idle_first(sim, _fastest(sim))


def threshold_rule(compute: float) -> Policy:
    """Make the rule "short tasks wait for the fastest servers, long ones take the others".

    A long task takes the fastest idle server of the slower kinds, and waits for one if need be; if
    only the fastest kind fits it is treated as short.

    Parameters
    ----------
    compute : float
        GFLOP from which a task is long.

    Raises
    ------
    ValueError
        If it is not positive.
    """
    check_positive("compute", compute)

    def policy(sim: Simulation, rng: np.random.Generator) -> Ints:
        del rng
        fastest = _fastest(sim)
        slower = _members(sim) & ~fastest
        long = (sim.compute[sim.rows, sim.task] >= compute) & slower.any(axis=1)
        return _idle_first(sim, np.where(long[:, None], slower, fastest))

    return policy


HEURISTICS: Mapping[str, Policy] = MappingProxyType(
    {
        "random": random_server,
        "random feasible": random_feasible,
        "round robin": round_robin,
        "fastest fit": fastest_fit,
        "slowest fit": slowest_fit,
        "earliest finish": earliest_finish,
        "large only": large_only,
        "threshold 9": threshold_rule(9.0),
    }
)
"""All of them by name."""


def _members(sim: Simulation) -> Bools:
    """Servers of the cluster with the memory for the task, idle or not, (E, N)."""
    fits = sim.need[sim.rows, sim.task][:, None] <= sim.scenario.memory
    return np.asarray(sim.present & fits)


def _fastest(sim: Simulation) -> Bools:
    """Those of the members that no other member is faster than, (E, N)."""
    members, capacity = _members(sim), sim.scenario.capacity
    most = np.where(members, capacity, 0.0).max(axis=1, keepdims=True)
    return np.asarray(members & (capacity == most))


def _idle_first(sim: Simulation, allowed: Bools) -> Ints:
    """Return the fastest idle one of the allowed servers, else one of them that is busy."""
    ahead = sim.scenario.capacity.max(axis=1, keepdims=True)
    return _best(sim.scenario.capacity + ahead * sim.idle(), allowed)


def _best(score: Floats, allowed: Bools) -> Ints:
    """Return the allowed server of highest score, the first of equals; server 0 if none is."""
    return np.asarray(np.where(allowed, score, -np.inf).argmax(axis=1))
