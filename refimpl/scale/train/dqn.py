"""Deep Q-learning with a dueling network [SCALE sec. 5.2].

``Q(s, j) = V(s) + A_j(s) - mean_k A_k(s)`` on the structured network: its critic head is V, its
actor head is A. The mean makes the two parts identifiable.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from linear_models.params import Array, Params
from refimpl.scale.model.observations import Observation
from refimpl.scale.model.workflows import Bools, Ints
from refimpl.scale.train import structured
from refimpl.scale.train.experience import (
    empty_memory,
    memory_arrays,
    parts,
    restored_memory,
    transitions,
)
from refimpl.scale.train.losses import forbid
from refimpl.scale.train.rollouts import Act, Columns, Rollout
from refimpl.scale.train.settings import Arrays, Method, TrainSettings
from refimpl.shared import dqn
from refimpl.shared.actor_critic import Network
from refimpl.shared.dqn import DQNLearner, DQNSettings
from refimpl.shared.gae import check_unit_interval
from refimpl.shared.optimizer import adam, group, joined
from refimpl.shared.replay import Replay, add
from refimpl.shared.replay import draw as draw_batch
from refimpl.shared.seeds import generator


def action_values(params: Params, task: Array, servers: Array) -> tuple[Array, Any]:
    """Compute ``Q`` (B, N) and what the backward pass needs."""
    outputs, cache = structured.forward(params, task, servers)
    advantages = outputs.logits
    q = outputs.value[:, None] + advantages - advantages.mean(axis=1, keepdims=True)
    return q, cache


def action_values_vjp(params: Params, cache: Any, d_q: Array) -> Params:
    """Gradient of ``<d_q, Q>`` with respect to the parameters."""
    d_advantages = d_q - d_q.mean(axis=1, keepdims=True)
    return structured.backward(params, cache, d_advantages, d_q.sum(axis=1))[0]


def _forward(params: Params, states: Array) -> tuple[Array, Any]:
    q, cache = action_values(params, *parts(states))
    return -q, cache


def _backward(params: Params, cache: Any, dy: Array) -> tuple[Params, Array]:
    # Nobody wants the derivative by the states.
    return action_values_vjp(params, cache, -dy), np.zeros(0, dy.dtype)


COSTS = Network(_forward, _backward)
"""The network on state vectors, its values turned into costs as Q-learning here minimises."""


def explore(q: Array, allowed: Bools | None, epsilon: float, rng: np.random.Generator) -> Ints:
    """Choose the best server per row, or with probability ``epsilon`` a uniform one, (E,).

    Raises
    ------
    ValueError
        If ``epsilon`` is outside [0, 1].
    """
    check_unit_interval("epsilon", epsilon)
    whether, which = rng.random((2, len(q)))
    open_to = np.ones(q.shape, bool) if allowed is None else allowed
    number = (which * open_to.sum(axis=1)).astype(np.int64)
    uniform = (open_to.cumsum(axis=1) <= number[:, None]).sum(axis=1)
    best = forbid(q, allowed).argmax(axis=1)
    return np.asarray(np.where(whether < epsilon, uniform, best))


class DQN:
    """Networks, optimiser and memory; the memory is changed in place."""

    def __init__(self, settings: TrainSettings, learner: DQNLearner, memory: Replay) -> None:
        self.settings, self.learner, self.memory = settings, learner, memory

    def actor(self, epoch: int) -> Act:
        """Epsilon-greedy on the action values as they are now."""
        params, epsilon = self.learner.params, self.settings.epsilon(epoch)

        def act(
            seen: Observation, allowed: Bools | None, rng: np.random.Generator
        ) -> tuple[Ints, Columns]:
            q, _ = action_values(params, seen.task, seen.servers)
            return explore(q, allowed, epsilon, rng), {}

        return act

    def learn(self, rollout: Rollout, epoch: int, rng: np.random.Generator) -> dict[str, float]:
        """Remember the experience and make gradient steps on what is remembered."""
        self.memory = add(self.memory, transitions(self.settings, rollout))
        settings, losses = _settings(self.settings, epoch), []
        for _ in range(self.settings.gradient_steps):
            batch = draw_batch(self.memory, settings.batch_size, rng)
            self.learner, loss = dqn.update(COSTS, self.learner, batch, settings)
            losses.append(loss)
        return {"loss": float(np.mean(losses)), "epsilon": self.settings.epsilon(epoch)}

    def params(self) -> Params:
        """Parameters of the action values; ``logits`` of the network rank the servers."""
        return self.learner.params

    def arrays(self) -> Arrays:
        """Networks, optimiser and memory."""
        return joined(dqn=dqn.learner_arrays(self.learner), memory=memory_arrays(self.memory))


def _settings(settings: TrainSettings, epoch: int) -> DQNSettings:
    extra = settings.off_policy
    return DQNSettings(
        gamma=settings.gamma,
        batch_size=settings.minibatch,
        target_period=extra.target_period,
        huber_delta=extra.huber_delta,
        learning_rate=settings.rate(epoch),
        max_grad_norm=settings.max_grad_norm,
        optimizer=OPTIMIZER,
    )


OPTIMIZER = adam(eps=1e-5)
"""With the floor that the other learners have."""


def _start(settings: TrainSettings, n_servers: int, seed: int) -> Arrays:
    params = settings.net.init(generator(seed, "scale", "network"), n_servers)
    learner = dqn.dqn_learner(params, OPTIMIZER)
    return DQN(settings, learner, empty_memory(settings, n_servers)).arrays()


def _restore(settings: TrainSettings, arrays: Arrays) -> DQN:
    learner = dqn.restore_learner(group(arrays, "dqn"), OPTIMIZER)
    return DQN(settings, learner, restored_memory(settings, group(arrays, "memory")))


DUELING_DQN = Method("DQN", _start, _restore)
