"""Trained networks as policies [SCALE Algorithm 2]."""

from __future__ import annotations

import numpy as np

from linear_models.params import Params
from refimpl.scale.model.episodes import Policy
from refimpl.scale.model.observations import observe
from refimpl.scale.model.simulator import Simulation
from refimpl.scale.model.workflows import Ints
from refimpl.scale.network.parameters import shape_of
from refimpl.scale.policies.decisions import Rule
from refimpl.scale.train import structured
from refimpl.scale.train.nets import Forward, PointerNet, StructuredNet


def forward_of(params: Params, heads: int = 4) -> Forward:
    """Return a network of either kind, ready to act.

    Parameters
    ----------
    params : dict
        Of a pointer network or of a structured network.
    heads : int
        Of the pointer network; they leave no trace in its arrays.

    Raises
    ------
    ValueError
        If the parameters are those of no network here; the message names an array.
    """
    if "pointer_query" in params:
        return PointerNet(shape_of(params, heads)).acting(params)
    structured.check_params(params)
    return StructuredNet().acting(params)


def learned(params: Params, rule: Rule, heads: int = 4) -> Policy:
    """Policy of trained parameters; all it needs of the training.

    Parameters
    ----------
    params : dict
        Of a pointer network, for any number of servers; or of a structured network, for its own.
        With action values (DQN) only the rules that do not draw make sense.
    rule : Rule
        Of :mod:`refimpl.scale.policies.decisions`.
    heads : int
        Of the pointer network.

    Raises
    ------
    ValueError
        If the parameters are those of no network here.
    """
    forward = forward_of(params, heads)
    dtype = next(iter(params.values())).dtype

    def policy(sim: Simulation, rng: np.random.Generator) -> Ints:
        seen = observe(sim, dtype)
        # A cluster without a server waits; whom it then does not choose is all the same.
        present = seen.present | ~seen.present.any(axis=1, keepdims=True)
        outputs = forward(seen.task, seen.servers, None if present.all() else present)
        return rule(sim, outputs.logits, rng)

    return policy
