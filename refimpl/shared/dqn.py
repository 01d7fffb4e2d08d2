"""Deep Q-learning: a network for the cost-to-go, replayed experience, a slowly copied target.

The network maps an observation to one number per action, the expected discounted cost of playing
it and acting well ever after. Each update moves it towards

    y = cost + gamma * (1 - terminated) * (value of the next observation under the target network)

on a random minibatch of the past, with the Huber loss, so that one surprising cost does not move
everything. Convention: costs are MINIMISED, as in :mod:`refimpl.shared.q_learning`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models.losses import huber, huber_vjp
from linear_models.optimizers import clip_by_global_norm
from linear_models.params import Array, Params
from linear_models.validation import check_finite, check_indices, check_positive, check_shape
from refimpl.shared.actor_critic import Network
from refimpl.shared.gae import check_unit_interval
from refimpl.shared.optimizer import Optimizer, adam, group, joined, restore_state, state_arrays
from refimpl.shared.replay import Transitions

Targets = Callable[[Array, Array], Array]
"""``(online_next (B, A), target_next (B, A)) -> cost-to-go of the next observation (B,)``."""


def target_minimum(online_next: Array, target_next: Array) -> Array:
    """Smallest cost-to-go under the target network: ``min_a Q_target(o', a)``, (B,).

    A minimum of noisy numbers is too small on average; :func:`double_minimum` mends that.
    """
    del online_next
    smallest: Array = target_next.min(axis=1)
    return smallest


def double_minimum(online_next: Array, target_next: Array) -> Array:
    """Double Q-learning: the online network chooses, the target network judges, (B,).

    ``Q_target(o', argmin_a Q_online(o', a))``, never below :func:`target_minimum`.
    """
    chosen = online_next.argmin(axis=1)
    return np.take_along_axis(target_next, chosen[:, None], axis=1)[:, 0]


def bootstrap_targets(
    costs: Array, terminated: NDArray[np.bool_], next_values: Array, gamma: float
) -> Array:
    """``cost + gamma (1 - terminated) V(next)``, (B,).

    A truncated step is not a terminated one: its next observation still counts.

    Raises
    ------
    ValueError
        If shapes differ or ``gamma`` is outside [0, 1].
    """
    check_unit_interval("gamma", gamma)
    check_shape("terminated", terminated, costs.shape)
    check_shape("next_values", next_values, costs.shape)
    targets: Array = costs + gamma * np.where(terminated, 0, next_values)
    return targets


def td_loss(q: Array, actions: Array, targets: Array, delta: float) -> tuple[Any, Array]:
    """Mean Huber loss of the actions taken, and its gradient with respect to the whole table.

    Parameters
    ----------
    q : (B, A) float
        Cost-to-go of every action.
    actions : (B,) int
    targets : (B,) float
        Constants: no gradient flows through them.
    delta : float
        Error from which on the loss grows linearly, > 0.

    Returns
    -------
    loss : scalar
    d_q : (B, A) float
        0 at the actions not taken.

    Raises
    ------
    ValueError
        If a shape does not fit, an action is out of range, or a number is NaN or infinite.
    """
    check_shape("actions", actions, q.shape[:1])
    check_indices("actions", actions, q.shape[1])
    taken = actions[:, None] == np.arange(q.shape[1])
    predicted = np.take_along_axis(q, actions[:, None], axis=1)[:, 0]
    loss = huber(predicted, targets, delta)
    return loss, taken * huber_vjp(predicted, targets, delta)[:, None]


@dataclass(frozen=True)
class DQNSettings:
    """Numbers and choices of DQN.

    Attributes
    ----------
    gamma : float
        Discount factor in [0, 1].
    batch_size : int
        Transitions per update.
    target_period : int
        Updates between copies of the online network into the target network.
    huber_delta : float
        Error from which on the loss grows linearly; in units of the cost-to-go.
    learning_rate, max_grad_norm : float
    optimizer : Optimizer
    next_value : callable
        :func:`target_minimum` or :func:`double_minimum`.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    gamma: float = 0.99
    batch_size: int = 32
    target_period: int = 500
    huber_delta: float = 1.0
    learning_rate: float = 1e-3
    max_grad_norm: float = 10.0
    optimizer: Optimizer = field(default_factory=adam)
    next_value: Targets = target_minimum

    def __post_init__(self) -> None:
        check_unit_interval("gamma", self.gamma)
        for name in ("batch_size", "target_period"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1; got {getattr(self, name)}")
        for name in ("huber_delta", "learning_rate", "max_grad_norm"):
            check_positive(name, getattr(self, name))


@dataclass(frozen=True)
class DQNLearner:
    """Everything that training changes.

    Attributes
    ----------
    params, target : dict
        Parameters of the online and of the target network.
    state : object
        Of the optimiser.
    n_updates : int
        Updates made so far.
    """

    params: Params
    target: Params
    state: Any
    n_updates: int


def dqn_learner(params: Params, optimizer: Optimizer) -> DQNLearner:
    """Learner before the first update; online and target network are the same."""
    return DQNLearner(params, params, optimizer.init(params), 0)


def learner_arrays(learner: DQNLearner) -> dict[str, Array]:
    """All of the learner as plain arrays, for a checkpoint."""
    return joined(
        params=learner.params, target=learner.target, state=state_arrays(learner.state)
    ) | {"n_updates": np.asarray(learner.n_updates)}


def restore_learner(arrays: Mapping[str, Array], optimizer: Optimizer) -> DQNLearner:
    """Inverse of :func:`learner_arrays`.

    Raises
    ------
    ValueError
        If the arrays are not those of a learner with this optimiser.
    """
    params = group(arrays, "params")
    state = restore_state(optimizer, params, group(arrays, "state"))
    return DQNLearner(params, group(arrays, "target"), state, int(arrays["n_updates"]))


def epsilon_greedy(
    network: Network,
    params: Params,
    observations: Array,
    epsilon: float,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Cheapest action of each observation, or with probability ``epsilon`` a uniform one, (...).

    Raises
    ------
    ValueError
        If ``epsilon`` is outside [0, 1] or a cost-to-go is NaN or infinite.
    """
    check_unit_interval("epsilon", epsilon)
    q, _ = network.forward(params, observations)
    check_finite("q", q)
    whether, which = rng.random((2, *q.shape[:-1]))
    uniform = (which * q.shape[-1]).astype(np.int64)
    actions: NDArray[np.int64] = np.where(whether < epsilon, uniform, q.argmin(axis=-1))
    return actions


def loss_and_gradients(
    network: Network, learner: DQNLearner, batch: Transitions, settings: DQNSettings
) -> tuple[Any, Params]:
    """Temporal-difference loss on a batch and its gradient with respect to the online parameters.

    A semi-gradient: the targets are constants, also where they use the online network.
    """
    online_next, _ = network.forward(learner.params, batch.next_observations)
    target_next, _ = network.forward(learner.target, batch.next_observations)
    next_values = settings.next_value(online_next, target_next)
    targets = bootstrap_targets(batch.costs, batch.terminated, next_values, settings.gamma)
    q, cache = network.forward(learner.params, batch.observations)
    # In the network's precision: float64 costs would turn float32 parameters into float64 ones.
    loss, d_q = td_loss(q, batch.actions, targets.astype(q.dtype), settings.huber_delta)
    grads, _ = network.backward(learner.params, cache, d_q)
    return loss, grads


def update(
    network: Network, learner: DQNLearner, batch: Transitions, settings: DQNSettings
) -> tuple[DQNLearner, float]:
    """One gradient step; every ``target_period``-th also copies the result into the target network.

    Returns
    -------
    learner : DQNLearner
    loss : float
        Before the step.

    Raises
    ------
    ValueError
        If a shape does not fit or a gradient is not finite.
    """
    loss, grads = loss_and_gradients(network, learner, batch, settings)
    grads, _ = clip_by_global_norm(grads, settings.max_grad_norm)
    params, state = settings.optimizer.step(
        learner.params, grads, learner.state, settings.learning_rate
    )
    n_updates = learner.n_updates + 1
    target = params if n_updates % settings.target_period == 0 else learner.target
    return DQNLearner(params, target, state, n_updates), float(loss)
