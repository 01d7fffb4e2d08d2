"""What training starts from."""

from __future__ import annotations

import numpy as np

from refimpl.dgpg.train.driver import start
from refimpl.dgpg.train.learner import Trained
from tests.dgpg.train.strategies import DIRECT, TINY


def test_a_fresh_network_has_an_optimiser_at_rest() -> None:
    learner = start(DIRECT, TINY, 0)
    for part in (learner.actor, learner.critic):
        size = sum(value.size for value in part.params.values())
        assert part.moments.m.shape == part.moments.v.shape == (size,)
        assert not part.moments.m.any()
        assert not part.moments.v.any()
        assert part.moments.t == 0
    assert learner.value_scale == TINY.value_scale
    assert learner.guidance_scale == TINY.guidance_scale


def test_the_state_has_the_precision_of_the_parameters() -> None:
    for dtype in (np.float32, np.float64):
        fresh = Trained.fresh({"W0": np.ones((2, 3), dtype), "b0": np.zeros(3, dtype)})
        assert fresh.moments.m.dtype == dtype
