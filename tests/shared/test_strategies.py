"""The generated inputs are what they claim to be."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from linear_models import categorical
from tests.shared.strategies import (
    KINK_MARGIN,
    PolicyBatch,
    Trajectory,
    policy_batches,
    trajectories,
)


@given(trajectories())
def test_trajectories_are_valid(trajectory: Trajectory) -> None:
    assert not np.any(trajectory.terminated & ~trajectory.ended)
    assert trajectory.rewards.shape == trajectory.ended.shape
    assert np.isfinite(trajectory.next_values).all()


@given(policy_batches())
def test_policy_batches_stay_away_from_the_kink(batch: PolicyBatch) -> None:
    log_probs = categorical.log_prob(batch.logits, batch.actions, batch.mask)
    ratio = np.exp(log_probs - batch.old_log_probs)
    distance = np.abs(np.abs(ratio - 1) - batch.clip)
    assert distance.min() > KINK_MARGIN / 2
    gain = ratio * batch.advantages
    bounded = np.clip(ratio, 1 - batch.clip, 1 + batch.clip) * batch.advantages
    assert np.array_equal(batch.flat, bounded < gain - KINK_MARGIN / 20)
