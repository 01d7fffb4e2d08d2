"""DQN as the fast time-scale: one constrained device on its shaped cost [DCC sec. 4.3].

Copies of the device play whole episodes; every slot adds their transitions to the replay memory and
makes one update. Costs in the memory are split, so that the multiplier of today prices the offloads
of yesterday: the shaped cost is put together when a batch is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models import mlp
from refimpl.dcc.model.device import N_ACTIONS, OFFLOAD
from refimpl.dcc.train.joint_dynamics import EPISODE, N_FEATURES, observation_table
from refimpl.dcc.train.local_dynamics import LocalDynamics, LocalProblem, offload_frequency
from refimpl.shared import dqn
from refimpl.shared.actor_critic import Network, mlp_network
from refimpl.shared.presets import Preset
from refimpl.shared.replay import Replay, Transitions, add, draw, replay
from refimpl.shared.seeds import generator

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class LocalDQNSettings:
    """Settings of constrained DQN; the paper gives none.

    Parameters
    ----------
    n_envs, episodes : int
        Copies of the device, and episodes that each plays; one multiplier update per episode.
    averaged : float
        Share of the episodes, counted from the end, whose greedy policies are averaged.
    hidden : tuple of int
        Hidden layers.
    exploration, exploration_decay, exploration_floor : float
        Probability of a random action: first value, factor per episode, least value.
    capacity : int
        Transitions that the replay memory holds.
    multiplier_rate, multiplier_exponent : float
        Multiplier step ``multiplier_rate / k ** multiplier_exponent``.
    cost_scale : float
        Costs are multiplied by it before learning.
    update : DQNSettings
        Of the update; the discount is the device's.
    """

    n_envs: int = 16
    episodes: int = 200
    averaged: float = 0.25
    hidden: tuple[int, ...] = (64, 64)
    exploration: float = 1.0
    exploration_decay: float = 0.95
    exploration_floor: float = 0.05
    capacity: int = 50_000
    multiplier_rate: float = 1.0
    multiplier_exponent: float = 0.6
    cost_scale: float = 0.1
    update: dqn.DQNSettings = field(
        default_factory=lambda: dqn.DQNSettings(
            batch_size=128, target_period=200, learning_rate=5e-4, next_value=dqn.double_minimum
        )
    )


OURS = Preset(
    "ours",
    LocalDQNSettings(),
    {
        "n_envs": "chosen",
        "episodes": "chosen",
        "averaged": "chosen",
        "hidden": "chosen",
        "exploration": "chosen",
        "exploration_decay": "published",
        "exploration_floor": "published",
        "capacity": "chosen",
        "multiplier_rate": "published",
        "multiplier_exponent": "chosen",
        "cost_scale": "chosen",
        "update": "chosen",
    },
)


def constrained_dqn(problem: LocalProblem, settings: LocalDQNSettings, seed: int) -> Arrays:
    """Learn a policy and a multiplier of one device [DCC eqs 10, 11].

    Parameters
    ----------
    problem : LocalProblem
    settings : LocalDQNSettings
    seed : int
        Seed of the run.

    Returns
    -------
    dict
        ``policy`` (S, A), the average of greedy policies, and ``multiplier`` (), averaged over the
        same episodes; ``multipliers`` and ``use`` (K,), the histories.
    """
    rng = generator(seed, "local-dqn")
    network = mlp_network()
    update = replace(settings.update, gamma=problem.device.gamma)
    params = mlp.init(rng, (N_FEATURES, *settings.hidden, N_ACTIONS), dtype=np.float32)
    trained = dqn.dqn_learner(params, update.optimizer)
    memory = replay(_no_transitions(), settings.capacity)
    table = observation_table((problem.device,))[0]
    first_averaged = int(settings.episodes * (1.0 - settings.averaged))
    prices, uses, total = [0.0], [], np.zeros((len(table), N_ACTIONS))
    for k in range(settings.episodes):
        epsilon = settings.exploration * settings.exploration_decay**k
        epsilon = max(epsilon, settings.exploration_floor)
        dynamics = LocalDynamics(problem, prices[-1])
        trained, memory, actions = _episode(
            network, trained, memory, dynamics, (settings, update, epsilon), rng
        )
        uses.append(offload_frequency(actions, update.gamma))
        rate = settings.multiplier_rate / (k + 1) ** settings.multiplier_exponent
        prices.append(max(prices[-1] + rate * (uses[-1] - problem.budget), 0.0))
        if k >= first_averaged:
            q, _ = network.forward(trained.params, table)
            total += np.arange(N_ACTIONS) == q.argmin(axis=1)[:, None]
    return {
        "policy": total / (settings.episodes - first_averaged),
        "multiplier": np.asarray(np.mean(prices[first_averaged + 1 :])),
        "multipliers": np.array(prices),
        "use": np.array(uses),
    }


def _episode(
    network: Network,
    trained: dqn.DQNLearner,
    memory: Replay,
    dynamics: LocalDynamics,
    how: tuple[LocalDQNSettings, dqn.DQNSettings, float],
    rng: np.random.Generator,
) -> tuple[dqn.DQNLearner, Replay, NDArray[np.int64]]:
    """Play one episode in every copy with one update per slot; also the actions, (T, E)."""
    settings, update, epsilon = how
    free = replace(dynamics, multiplier=0.0)
    state, history = dynamics.reset(settings.n_envs, rng), []
    for _ in range(EPISODE):
        seen = dynamics.observe(state)
        actions = dqn.epsilon_greedy(network, trained.params, seen, epsilon, rng)
        state, rewards, terminated, _ = free.step(state, actions, rng)
        # The multiplier is left out of the stored cost and added when the transition is replayed.
        memory = add(
            memory, Transitions(seen, actions, -rewards, dynamics.observe(state), terminated)
        )
        batch = draw(memory, update.batch_size, rng)
        charged = batch.costs + (batch.actions == OFFLOAD) * dynamics.multiplier
        scaled = replace(batch, costs=(charged * settings.cost_scale).astype(np.float32))
        trained, _ = dqn.update(network, trained, scaled, update)
        history.append(actions)
    return trained, memory, np.stack(history)


def _no_transitions() -> Transitions:
    seen = np.zeros((0, N_FEATURES), dtype=np.float32)
    none = np.zeros(0, dtype=np.int64)
    return Transitions(seen, none, np.zeros(0), seen, none.astype(bool))
