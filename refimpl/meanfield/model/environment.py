"""The finite system behind the standard environment interface: bring your own agent.

Two views of the same queues. :func:`upper_level_environment` is the paper's single decision maker
[MF Algorithm 1]: it sees the distribution of queue lengths and hands one decision rule to
everybody. :func:`agents_environment` is the system itself: each agent sees its own and its
neighbours' queues and decides which part of its jobs to send away.

Convention: rewards are maximised, so they are minus the drops; and they are the expected drops of
the epoch given the states at its start, which have the mean of counted drops and less noise. The
task never terminates; after ``horizon`` epochs a time limit truncates it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from linear_models.validation import check_count
from refimpl.meanfield.model.access import accessible
from refimpl.meanfield.model.arrivals import LOW, offload_shares
from refimpl.meanfield.model.epoch import Epoch, interpolated_epoch
from refimpl.meanfield.model.system import System
from refimpl.meanfield.policies.decision_rules import (
    action_size,
    offload_probabilities,
    state_distribution,
)
from refimpl.shared.rollout import State
from refimpl.shared.single_environment import AgentsEnvironment, SingleEnvironment
from refimpl.shared.spaces import box

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Observe = Callable[[System, State], Floats]
"""``observe(system, state) -> (E, ...)``; ``state`` holds states (E, N) and levels (E,)."""
Offload = Callable[[System, State, Floats], Floats]
"""``offload(system, state, actions) -> (E, N)``: part of its jobs that each agent sends away."""


def distribution(system: System, state: State) -> Floats:
    """Share of the queues with 0, 1, .., B jobs, (E, B + 1) [MF sec. 1.4]."""
    return state_distribution(state["states"], system.buffer)


def distribution_and_level(system: System, state: State) -> Floats:
    """:func:`distribution`, and 1 where the arrival rate is the high one, (E, B + 2).

    The paper names the distribution only; earlier work of its authors observes the rate as well.
    """
    high = (state["levels"] != LOW).astype(np.float64)
    return np.concatenate([distribution(system, state), high[:, None]], axis=1)


def neighbourhood(system: System, state: State) -> Floats:
    """Queue lengths in units of B, own first, then the neighbours', -1 where there is none.

    Returns
    -------
    (E, N, 1 + largest degree) float
    """
    access = accessible(system.graph)
    lengths = state["states"][:, access.queues] / system.buffer
    return np.where(access.present, lengths, -1.0)


def decision_rule(values: Floats) -> Floats:
    """Offload probability by own queue length from two numbers per length [MF sec. 1.4.2].

    :func:`~refimpl.meanfield.policies.decision_rules.offload_probabilities` on the unit cube.

    Parameters
    ----------
    values : (..., 2 (B + 1)) float
        In [0, 1], in pairs: weight of keeping and of sending away at z = 0, then at z = 1, ....

    Returns
    -------
    (..., B + 1) float
        The second of each pair divided by the pair's sum; half if both are 0.
    """
    return offload_probabilities(2.0 * values - 1.0)


def by_common_rule(system: System, state: State, actions: Floats) -> Floats:
    """Everybody applies the episode's rule, ``actions`` (E, 2 (B + 1)), to its own queue."""
    del system
    return np.take_along_axis(decision_rule(actions), state["states"], axis=1)


def by_agent(system: System, state: State, actions: Floats) -> Floats:
    """Each agent's own choice, ``actions`` (E, N, 1)."""
    del system, state
    return actions[..., 0]


def per_queue(drops: Floats) -> Floats:
    """Average the drops over the queues: (E,) (E, N) [MF Algorithm 1]."""
    return np.asarray(drops.mean(axis=1))


def of_each_queue(drops: Floats) -> Floats:
    """Charge each agent with the drops of its own queue, (E, N)."""
    return drops


@dataclass(frozen=True)
class QueueDynamics:
    """Copies of one system as vectorised dynamics [MF Algorithm 1].

    Parameters
    ----------
    system : System
    observe_state : callable
        What is seen: :func:`distribution`, :func:`neighbourhood`, ....
    offload : callable
        What actions mean: :func:`by_common_rule` or :func:`by_agent`.
    horizon : int
        Epochs after which an episode is truncated.
    cost : callable
        What is charged: :func:`per_queue` or :func:`of_each_queue`.

    Raises
    ------
    ValueError
        If ``horizon`` is not positive.
    """

    system: System
    observe_state: Observe
    offload: Offload
    horizon: int
    cost: Callable[[Floats], Floats]

    def __post_init__(self) -> None:
        check_count("horizon", self.horizon)

    @cached_property
    def _epoch(self) -> Epoch:
        return interpolated_epoch(self.system)

    def reset(self, n_envs: int, rng: np.random.Generator) -> State:
        """Empty queues and a random arrival rate: states (E, N), levels (E,) and epoch (E,)."""
        start_low = self.system.modulation.start[LOW]
        return {
            "states": np.zeros((n_envs, self.system.n), dtype=np.intp),
            "levels": (rng.random(n_envs) < start_low).astype(np.intp),
            "epoch": np.zeros(n_envs, dtype=np.intp),
        }

    def observe(self, state: State) -> Floats:
        """Observations, as ``observe_state`` makes them."""
        return self.observe_state(self.system, state)

    def step(
        self, state: State, actions: Floats, rng: np.random.Generator
    ) -> tuple[State, Floats, Bools, Bools]:
        """Play one epoch of all copies; rewards are minus the cost, (E,) or (E, N)."""
        system, levels = self.system, state["levels"]
        shares = offload_shares(system.graph, self.offload(system, state, actions))
        rates = system.rates(levels)[:, None] * shares
        uniforms = rng.random(state["states"].shape)
        states, drops = self._epoch(state["states"], rates, uniforms)
        to_low = system.modulation.transitions[levels, LOW]
        epoch = state["epoch"] + 1
        moved = {
            "states": states,
            "levels": (rng.random(len(levels)) < to_low).astype(np.intp),
            "epoch": epoch,
        }
        return moved, -self.cost(drops), np.zeros(len(levels), dtype=bool), epoch >= self.horizon


def upper_level_environment(
    system: System, horizon: int = 50, observe: Observe = distribution
) -> SingleEnvironment:
    """Build the control problem of one decision maker for all agents [MF Algorithm 1].

    Observation: :func:`distribution`, or :func:`distribution_and_level`. Action: 2 (B + 1) numbers
    in [0, 1], see :func:`decision_rule`. Reward: minus the expected drops per queue. The Gymnasium
    adapter takes it as it is.
    """
    dynamics = QueueDynamics(system, observe, by_common_rule, horizon, per_queue)
    size = dynamics.observe(dynamics.reset(1, np.random.default_rng(0))).shape[1]
    actions = box(0.0, 1.0, (action_size(system.buffer),))
    return SingleEnvironment(dynamics, box(0.0, 1.0, (size,)), actions)


def agents_environment(system: System, horizon: int = 50) -> AgentsEnvironment:
    """Build the system with one agent per queue, named ``queue_0``, ``queue_1``, ....

    Observation: :func:`neighbourhood`. Action: the part of its jobs that the agent sends to its
    neighbours, one number in [0, 1]. Reward: minus the expected drops of the own queue. The
    PettingZoo adapter takes it as it is.
    """
    dynamics = QueueDynamics(system, neighbourhood, by_agent, horizon, of_each_queue)
    names = tuple(f"queue_{i}" for i in range(system.n))
    seen = box(-1.0, 1.0, (1 + int(system.graph.degrees.max()),))
    return AgentsEnvironment(dynamics, names, seen, box(0.0, 1.0, (1,)))
