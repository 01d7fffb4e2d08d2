"""Trained networks as policies [MF sec. 1.4, Fig. 9].

An upper-level policy maps a distribution of queue lengths to a decision rule. Whose distribution it
is shown decides how local it is; the network is the same:

=====  ==============================================  =================
name   what an agent must know                         rule
=====  ==============================================  =================
MF-G   queue lengths of the whole system               one per episode
MF-N   its own and its neighbours' queue lengths       one per agent
MF-R   its own queue length                            one per agent
=====  ==============================================  =================

Parameters are those of a tanh perceptron with Gaussian outputs (means, then log-deviations).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models import gaussian, mlp
from linear_models.params import Params
from refimpl.meanfield.model.arrivals import offload_shares
from refimpl.meanfield.model.system import System
from refimpl.meanfield.policies.decision_rules import (
    action_size,
    neighbourhood_distribution,
    offload_probabilities,
    own_length,
    state_distribution,
)
from refimpl.meanfield.policies.rules import Policy, own_state
from refimpl.shared.gaussian_head import halves

Array = NDArray[Any]
Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Draw = Callable[[Array, np.random.Generator], Array]
"""Actions from a Gaussian network's outputs: :func:`mean_action` or :func:`sampled_action`."""


def mean_action(outputs: Array, rng: np.random.Generator) -> Array:
    """Act by the mean of the Gaussian."""
    del rng
    return halves(outputs)[0]


def sampled_action(outputs: Array, rng: np.random.Generator) -> Array:
    """Draw the action from the Gaussian, as in training."""
    return gaussian.sample(*halves(outputs), rng)


def global_rule(params: Params, draw: Draw = mean_action) -> Policy:
    """MF-G: one rule for all, from the distribution of all queue lengths [MF Algorithm 1]."""

    def policy(system: System, states: Ints, rng: np.random.Generator) -> Floats:
        seen = state_distribution(states, system.buffer)
        rules = offload_probabilities(draw(_outputs(params, system, seen), rng))
        return _shares(system, np.take_along_axis(rules, states, axis=1))

    return policy


def neighbourhood_rule(params: Params, draw: Draw = mean_action) -> Policy:
    """MF-N: a rule for each agent, from its own and its neighbours' queue lengths [MF Fig. 9]."""

    def policy(system: System, states: Ints, rng: np.random.Generator) -> Floats:
        seen = neighbourhood_distribution(system.graph, states, system.buffer)
        rules = offload_probabilities(draw(_outputs(params, system, seen), rng))
        return _shares(system, np.take_along_axis(rules, states[..., None], axis=2)[..., 0])

    return policy


def own_rule(params: Params, draw: Draw = mean_action) -> Policy:
    """MF-R: a rule for each agent, from its own queue length alone [MF sec. 2.2].

    With the mean action this is a fixed own-state rule, see :func:`rule_of_own_state`.
    """

    def policy(system: System, states: Ints, rng: np.random.Generator) -> Floats:
        seen = own_length(np.arange(system.buffer + 1), system.buffer)
        outputs = _outputs(params, system, seen)[states]
        rules = offload_probabilities(draw(outputs, rng))
        return _shares(system, np.take_along_axis(rules, states[..., None], axis=2)[..., 0])

    return policy


def rule_of_own_state(params: Params, buffer: int) -> Floats:
    """Offload probability by own queue length that MF-R amounts to, (B + 1,)."""
    seen = own_length(np.arange(buffer + 1), buffer).astype(params["W0"].dtype)
    outputs, _ = mlp.forward(params, seen)
    return np.diagonal(offload_probabilities(halves(outputs)[0])).astype(np.float64)


def shared_agent(params: Params, draw: Draw = mean_action) -> Policy:
    """NA-PS: each agent draws its own pair (keep, send) from its own queue length [MF sec. 2.2].

    The network's means are one pair, not one per queue length.
    """
    if draw is mean_action:
        return _fixed_agent_rule(params)

    def policy(system: System, states: Ints, rng: np.random.Generator) -> Floats:
        outputs = agent_outputs(params, system.buffer)[states]
        return _shares(system, offload_probabilities(draw(outputs, rng))[..., 0])

    return policy


def agent_outputs(params: Params, buffer: int) -> Array:
    """Evaluate an NA-PS network for every own queue length, (B + 1, 4)."""
    seen = own_length(np.arange(buffer + 1), buffer).astype(params["W0"].dtype)
    return mlp.forward(params, seen)[0]


def _fixed_agent_rule(params: Params) -> Policy:
    def policy(system: System, states: Ints, rng: np.random.Generator) -> Floats:
        means = halves(agent_outputs(params, system.buffer))[0]
        rule = offload_probabilities(means)[:, 0].astype(np.float64)
        return own_state(rule)(system, states, rng)

    return policy


VARIANTS = {
    "MF-G": global_rule,
    "MF-N": neighbourhood_rule,
    "MF-R": own_rule,
}
"""One trained network, three kinds of observation."""


def _outputs(params: Params, system: System, seen: Floats) -> Array:
    n_out = params[f"b{mlp.count_layers(params) - 1}"].size
    if n_out != 2 * action_size(system.buffer):
        raise ValueError(
            f"params must put out {2 * action_size(system.buffer)} numbers for buffer "
            f"{system.buffer}; got {n_out}"
        )
    outputs, _ = mlp.forward(params, seen.astype(params["W0"].dtype))
    return outputs


def _shares(system: System, offload: Array) -> Floats:
    return offload_shares(system.graph, offload.astype(np.float64))
