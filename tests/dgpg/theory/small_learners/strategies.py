"""Small games and policies, by construction."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from refimpl.dgpg.theory.games import Game

Floats = NDArray[np.float64]


@st.composite
def games(draw: st.DrawFn) -> tuple[Game, Floats]:
    """A one-step game of unequal jobs and servers with any reward, and logits."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, k, r = draw(st.integers(1, 4)), draw(st.integers(2, 3)), draw(st.integers(1, 2))
    mixing, power = rng.normal(size=(k, r)), draw(st.sampled_from([1.0, 2.0, 3.0]))

    def reward(load: Floats) -> Floats:
        return np.asarray((mixing * load**power).sum(axis=(-2, -1)) + np.sin(load.sum(axis=(-2, -1))
                          * load[..., 0, 0]))  # fmt: skip

    game = Game(rng.uniform(0.2, 2.0, (n, r)), rng.uniform(1.0, 4.0, (k, r)), reward)
    return game, rng.normal(size=(n, k))


@st.composite
def policies(draw: st.DrawFn, size: int) -> Floats:
    """Probabilities, none below 0.02."""
    weights = draw(st.lists(st.floats(0.05, 1.0), min_size=size, max_size=size))
    return np.array(weights) / sum(weights)
