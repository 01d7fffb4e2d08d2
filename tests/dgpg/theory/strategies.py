"""Valid small games for the tests of the exact theory."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from refimpl.dgpg.theory.games import Game

seeds = st.integers(0, 2**32 - 1)


def rewards(rng):
    """A reward that is neither linear nor the deviation; complex numbers pass through."""
    price, target, curvature = rng.normal(size=3)

    def reward(load):
        first = load[..., 0, 0]
        return price * load.sum(axis=(-2, -1)) - curvature * (first - target) ** 2

    return reward


@st.composite
def games(draw, max_steps=2, gammas=(1.0, 0.9, 0.5)):
    """A game of one to three agents, and their logits."""
    rng = np.random.default_rng(draw(seeds))
    agents, servers = draw(st.integers(1, 3)), draw(st.integers(2, 3))
    resources, persistence = draw(st.integers(1, 2)), draw(st.sampled_from((0.0, 0.5, 1.0)))
    game = Game(
        rng.uniform(0.1, 1.0, (agents, resources)),
        rng.uniform(0.5, 2.0, (servers, resources)),
        rewards(rng),
        start=rng.uniform(0.0, 1.0, (servers, resources)),
        carry=lambda load: persistence * load,
        n_steps=draw(st.integers(1, max_steps)),
        gamma=draw(st.sampled_from(gammas)),
    )
    return game, rng.normal(size=(agents, servers))
