"""Routing with instantaneous information: the limit dt -> 0, and who is optimal there [MF sec. 3].

Each agent sees the present queues at every arrival, sends the job to an accessible queue, and loses
it if that queue is full. In continuous time this is a Markov decision process; uniformised at rate
``N lambda + sum alpha`` it becomes a chain of single events. The long-run drop rate of a rule that
may choose among ``options`` lies between the least and the largest change of a sweep of relative
value iteration, so the numbers come with two-sided bounds.

Three rules share one operator and differ in what they do with an agent's options:
the optimum takes the best of all accessible queues, JSQ with best ties the best of the shortest
ones, JSQ with random ties the mean of the shortest ones.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from linear_models.validation import check_positive
from refimpl.meanfield.model.graph import Graph
from refimpl.meanfield.model.system import System
from refimpl.meanfield.theory.joint_states import joint_states
from refimpl.meanfield.theory.sweeps import Bounds, average_bounds

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Reduce = Callable[[Floats, Mask], Floats]
"""``(cost-to-go of each target (D, S), lengths of the targets are least (D, S)) -> (S,)``."""


def best_of_all(ahead: Floats, shortest: Mask) -> Floats:
    """Optimal routing: the best accessible queue, whatever the lengths."""
    del shortest
    return np.asarray(ahead.min(axis=0))


def best_of_shortest(ahead: Floats, shortest: Mask) -> Floats:
    """JSQ that breaks ties as well as possible with full information."""
    return np.asarray(np.where(shortest, ahead, np.inf).min(axis=0))


def mean_of_shortest(ahead: Floats, shortest: Mask) -> Floats:
    """JSQ that breaks ties at random."""
    return np.asarray(np.where(shortest, ahead, 0.0).sum(axis=0) / shortest.sum(axis=0))


def instantaneous_drop_rate(
    system: System, reduce: Reduce, rate: float, tolerance: float = 1e-10
) -> Bounds:
    """Long-run drops per queue and unit time with instantaneous information [MF sec. 3].

    Parameters
    ----------
    system : System
        Graph, buffer and service rates; its ``dt`` and modulation play no part.
    reduce : callable
        What agents do: :func:`best_of_all`, :func:`best_of_shortest`, :func:`mean_of_shortest`.
    rate : float
        Constant arrival rate per agent.
    tolerance : float
        Largest distance of the bounds.

    Raises
    ------
    TooLargeError
        If there are too many joint states.
    """
    check_positive("rate", rate)
    check_positive("tolerance", tolerance)
    shape = (system.buffer + 1,) * system.n
    targets = _targets(system.graph)
    states = joint_states(system.n, system.buffer).T
    shortest = [states[t] == states[t].min(axis=0) for t in targets]
    total = system.n * rate + float(system.services.sum())

    def sweep(values: Floats) -> Floats:
        joined = np.array([_joined(values, i).ravel() for i in range(system.n)])
        served = np.array([_served(values, i).ravel() for i in range(system.n)])
        routed = sum(reduce(joined[t], s) for t, s in zip(targets, shortest, strict=True))
        swept = (rate * np.asarray(routed) + system.services @ served) / total
        return np.asarray(swept.reshape(shape))

    events = total / system.n
    per_event = average_bounds(sweep, np.zeros(shape), tolerance / events)
    return Bounds(per_event.low * events, per_event.high * events)


def _targets(graph: Graph) -> list[NDArray[np.intp]]:
    return [np.append(i, graph.neighbours_of(i)) for i in range(graph.n)]


def _joined(values: Floats, queue: int) -> Floats:
    """Value after a job joins a queue, or is dropped at cost 1 because it is full."""
    along = np.moveaxis(values, queue, 0)
    after = np.concatenate([along[1:], along[-1:] + 1.0])
    return np.moveaxis(after, 0, queue)


def _served(values: Floats, queue: int) -> Floats:
    """Value after a service, which at an empty queue changes nothing."""
    along = np.moveaxis(values, queue, 0)
    return np.moveaxis(np.concatenate([along[:1], along[:-1]]), 0, queue)
