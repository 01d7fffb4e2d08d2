"""Small systems, networks and samples, by construction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from linear_models.params import Params
from refimpl.dgpg.model.settings import SystemSettings, chosen
from refimpl.dgpg.train.networks import Samples, agent_network, agent_samples
from refimpl.dgpg.train.schedules import fixed
from refimpl.dgpg.train.settings import TrainSettings

Array = NDArray[Any]
rngs = st.integers(0, 2**32 - 1).map(np.random.default_rng)

DIRECT = replace(chosen(2).settings, steps=30, arrival_steps=20)
CLUSTERED = SystemSettings(6, 3, steps=30, arrival_steps=20)
SYSTEMS = (DIRECT, CLUSTERED)
TINY = TrainSettings(
    episodes=3,
    rollouts=2,
    hidden=(8, 8),
    embedding=3,
    actor_epochs=2,
    critic_epochs=2,
    minibatch=16,
    critic_minibatch=16,
    learning_rate=fixed(1e-2),
    critic_learning_rate=fixed(1e-2),
)
LINEAR = replace(TINY, hidden=(), embedding=0)


@dataclass(frozen=True)
class Case:
    """An actor at a random point, samples for it, and a generator for what a test still needs."""

    params: Params
    samples: Samples
    shared: Array
    n_actions: int
    rng: np.random.Generator


@st.composite
def cases(draw: st.DrawFn, n_samples: st.SearchStrategy[int] | None = None) -> Case:
    """Linear and tanh actors of up to two layers, any own part, with and without an embedding."""
    rng = draw(rngs)
    n_shared, n_actions, n_agents = draw(st.integers(1, 4)), draw(st.integers(1, 4)), 3
    hidden = draw(st.lists(st.integers(1, 5), max_size=2))
    sizes = (n_shared, *hidden, n_actions)
    n_own = draw(st.integers(1, 4))
    params = agent_network(rng, sizes, n_agents, draw(st.integers(0, 3)), 1.0, n_own)
    for key in params:
        if key.startswith("b"):
            params[key] = rng.uniform(-1, 1, params[key].shape)
    n = draw(n_samples or st.integers(1, 6))
    shared = rng.uniform(-1, 1, (4, n_shared))
    samples = agent_samples(
        shared,
        rng.integers(0, 4, n),
        rng.uniform(0, 1, (n, n_own)),
        rng.integers(0, n_agents, n),
        (len(params["W0"]), n_agents),
    )
    return Case(params, samples, shared, n_actions, rng)
