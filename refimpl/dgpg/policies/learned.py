"""Trained actors as policies of the simulator [DG-PG App. I.1]."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from linear_models.params import Array, Params
from refimpl.dgpg.model.clusters import servers_of
from refimpl.dgpg.model.observations import observer_for
from refimpl.dgpg.model.own_part import DEMAND, OwnPart
from refimpl.dgpg.model.settings import SystemSettings
from refimpl.dgpg.model.simulator import Jobs, Policy, Simulation
from refimpl.dgpg.train.networks import Actor, draw

Ints = NDArray[np.int64]
Choose = Callable[[Array, np.random.Generator], Ints]
"""Actions (J,) from logits (J, A): :func:`sampled` or :func:`likeliest`."""


def sampled(logits: Array, rng: np.random.Generator) -> Ints:
    """Draw from the policy, as in training."""
    return draw(logits, rng)[0]


def likeliest(logits: Array, rng: np.random.Generator) -> Ints:
    """Take the action of largest probability."""
    del rng
    return np.asarray(logits.argmax(axis=1))


def learned(
    params: Params,
    system: SystemSettings,
    choose: Choose = sampled,
    own_part: OwnPart = DEMAND,
) -> Policy:
    """Policy of a trained actor; all it needs of the training are its parameters.

    Parameters
    ----------
    params : dict
        Of the actor.
    system : SystemSettings
        Of the system it was trained for.
    choose : callable
        :func:`sampled` or :func:`likeliest`.
    own_part : OwnPart
        That of the training's settings.

    Raises
    ------
    ValueError
        If the actor is for another number of servers or clusters.
    """
    dtype = params["W0"].dtype
    observer, n_shared = observer_for(system, dtype=dtype)
    actor = Actor(params, system.n_servers, own_part.size(system))
    actor.check(n_shared, system.n_clusters)

    def policy(simulation: Simulation, jobs: Jobs, rng: np.random.Generator) -> Ints:
        if not len(jobs):
            return np.zeros(0, np.int64)
        seen = own_part.features(simulation, jobs, dtype)
        shared = observer(simulation, jobs)
        logits = actor.logits(shared, jobs.rollout, seen, jobs.agent)
        return servers_of(simulation, jobs, choose(logits, rng))

    return policy
