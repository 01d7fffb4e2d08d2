"""States in the order that samples point into."""

from __future__ import annotations

import numpy as np

from tests.dgpg.train.episodes import experience


def test_rows_count_steps_then_rollouts() -> None:
    played = experience()
    steps, rollouts, _ = played.shared.shape
    assert len(played) == len(played.rows)
    assert played.states.shape[0] == steps * rollouts
    for t, e in ((0, 1), (3, 0), (steps - 1, rollouts - 1)):
        np.testing.assert_array_equal(played.states[t * rollouts + e], played.shared[t, e])
