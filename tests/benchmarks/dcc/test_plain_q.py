"""The plain loop does what the vectorised learner does: a rival that is wrong proves nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.dcc.plain_q import ARRAYS, LISTS, Tables, learn_plainly
from refimpl.dcc.model.device import DeviceParameters
from refimpl.dcc.model.simulator import device_batch
from refimpl.dcc.train.constrained_q import Task, learn
from refimpl.dcc.train.presets import DCC_PUBLISHED
from refimpl.shared.seeds import generator

# No randomness left: one harvest, one cost, one start level, no exploration.
CERTAIN = DeviceParameters(1, 1, 4, 4, max_aoi=6, battery=0)
GREEDY = replace(
    DCC_PUBLISHED.settings, steps=400, block=200, exploration=0.0, exploration_floor=0.0
)


@pytest.mark.parametrize("tables", [LISTS, ARRAYS])
def test_without_randomness_both_learn_the_same_numbers(tables: Tables) -> None:
    plain = learn_plainly(CERTAIN, (0.5, 0.1), GREEDY, tables, seed=0)
    task = Task(device_batch([CERTAIN]), np.array([0.5]), np.array([0.1]))
    vectorised = learn(task, GREEDY, generator(0))
    assert np.array(plain.q) == pytest.approx(vectorised.q[0], rel=1e-12)
    assert np.ptp(plain.q) > 0
    assert plain.multiplier > 0


def test_with_randomness_the_multipliers_agree_on_average() -> None:
    """Two-sample z-score of final multipliers over 60 runs each; fixed seeds, |z| < 4."""
    device = DeviceParameters(0, 2, 1, 3, max_aoi=4, battery=3)
    short = replace(DCC_PUBLISHED.settings, steps=1000, block=500, averaged=0.0)
    n = 60
    task = Task(device_batch([device] * n), np.zeros(n), np.full(n, 0.1))
    ours = learn(task, short, generator(1)).multipliers
    plain = [learn_plainly(device, (0.0, 0.1), short, LISTS, k).multiplier for k in range(n)]
    spread = np.sqrt((np.var(ours, ddof=1) + np.var(plain, ddof=1)) / n)
    assert abs(np.mean(ours) - np.mean(plain)) < 4 * spread


def test_lists_and_arrays_learn_the_same_numbers_from_the_same_seed() -> None:
    device = DeviceParameters(0, 2, 1, 5, max_aoi=5, battery=4)
    a, b = (learn_plainly(device, (1.0, 0.2), GREEDY, t, seed=3) for t in (LISTS, ARRAYS))
    assert np.array_equal(np.array(a.q), b.q)
    assert a.multiplier == b.multiplier
