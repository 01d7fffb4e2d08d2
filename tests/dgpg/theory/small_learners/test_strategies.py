"""Games drawn can be listed, and policies are probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from refimpl.dgpg.theory.games import Game, law, outcomes
from tests.dgpg.theory.small_learners.strategies import Floats, games, policies


@given(games(), policies(3))
def test_laws_sum_to_one(drawn: tuple[Game, Floats], policy: Floats) -> None:
    game, logits = drawn
    assert law(logits, outcomes(game).actions).sum() == pytest.approx(1.0)
    assert policy.sum() == pytest.approx(1.0)
    assert policy.min() > 0.01
    assert np.isfinite(outcomes(game).rewards).all()
