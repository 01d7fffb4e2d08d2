"""Actor and critic: which networks, what they see, and what training changes.

The actor turns observations into a distribution over actions, the critic into a value. They are
separate networks; which networks, which distribution and what the critic sees are values in a
:class:`Model`, so one agent, many agents with a shared actor, and a critic that sees all agents
at once differ in the model alone:

============================  =====================  ==================  =====================
method                        observations           critic_view         rewards
============================  =====================  ==================  =====================
one agent, or a joint one     (T, E, d)              as it is            (T, E)
shared actor, joint critic    (T, E, N, d)           joint_view: (N*d,)  (T, E)
shared actor, own critics     (T, E, N, d)           as it is            (T, E, N)
============================  =====================  ==================  =====================

One iteration of training, for any of them::

    rollout, state = collect(dynamics, policy(model, learner), state, settings.n_steps, rng)
    batch = to_batch(model, learner, rollout, settings.gamma, settings.lam)
    learner, losses = ppo.update(model, learner, batch, settings, rng)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from linear_models import mlp
from linear_models.activations import TANH, Activation
from linear_models.params import Array, Params
from refimpl.shared.action_heads import CATEGORICAL, ActionHead, Mask
from refimpl.shared.optimizer import Optimizer, group, joined, restore_state, state_arrays
from refimpl.shared.rollout import Act


@dataclass(frozen=True)
class Network:
    """``forward(params, x) -> (y, cache)`` and ``backward(params, cache, dy) -> (grads, dx)``."""

    forward: Callable[[Params, Array], tuple[Array, Any]]
    backward: Callable[[Params, Any, Array], tuple[Params, Array]]


def mlp_network(activation: Activation = TANH) -> Network:
    """Multi-layer perceptron with the given activation."""
    return Network(partial(mlp.forward, activation=activation), mlp.backward)


def own_view(observations: Array) -> Array:
    """Observations as they are."""
    return observations


def joint_view(observations: Array) -> Array:
    """All agents' observations side by side: (..., N, d) becomes (..., N * d)."""
    return observations.reshape(*observations.shape[:-2], -1)


def no_mask(observations: Array) -> Mask:
    """Every action is allowed, whatever is observed."""
    del observations
    return None


@dataclass(frozen=True)
class Model:
    """Networks and what goes in and out of them; holds no parameters.

    Attributes
    ----------
    actor : Network
        Observations (..., d) to the outputs that ``head`` reads.
    critic : Network
        ``critic_view(observations)`` to values (..., 1).
    head : ActionHead
        Distribution of the actions given the actor's outputs.
    critic_view : callable
        What the critic sees of the observations.
    mask_view : callable
        Which actions the observations allow: the shape of the actor's outputs, True = allowed, or
        None.
    """

    actor: Network
    critic: Network
    head: ActionHead = CATEGORICAL
    critic_view: Callable[[Array], Array] = own_view
    mask_view: Callable[[Array], Mask] = no_mask


@dataclass(frozen=True)
class Learner:
    """Everything that training changes: the parameters and the optimiser's state.

    ``params`` has the groups ``actor`` and ``critic``; see :func:`refimpl.shared.optimizer.joined`.
    """

    params: Params
    state: Any

    @property
    def actor(self) -> Params:
        """Parameters of the actor."""
        return group(self.params, "actor")

    @property
    def critic(self) -> Params:
        """Parameters of the critic."""
        return group(self.params, "critic")


def learner(actor: Params, critic: Params, optimizer: Optimizer) -> Learner:
    """Learner with these parameters before the first step."""
    params = joined(actor=actor, critic=critic)
    return Learner(params, optimizer.init(params))


def learner_arrays(trained: Learner) -> dict[str, Array]:
    """Parameters and optimiser state as plain arrays, for a checkpoint."""
    return joined(params=trained.params, state=state_arrays(trained.state))


def restore_learner(arrays: Mapping[str, Array], optimizer: Optimizer) -> Learner:
    """Inverse of :func:`learner_arrays`.

    Raises
    ------
    ValueError
        If the arrays are not those of a learner with this optimiser.
    """
    params = group(arrays, "params")
    return Learner(params, restore_state(optimizer, params, group(arrays, "state")))


def policy(model: Model, trained: Learner) -> Act:
    """``act(observations, rng) -> (actions, log_probs)`` of the current actor."""
    params = trained.actor

    def act(observations: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        outputs, _ = model.actor.forward(params, observations)
        return model.head.draw(outputs, rng, model.mask_view(observations))

    return act


def values_of(model: Model, critic: Params, observations: Array) -> Array:
    """Values of observations under the critic, without the network's last axis."""
    outputs, _ = model.critic.forward(critic, model.critic_view(observations))
    return outputs[..., 0]
