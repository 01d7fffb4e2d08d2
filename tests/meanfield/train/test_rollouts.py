"""Episodes for training: the same system as everywhere, recorded without a slip in time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from refimpl.meanfield.model.arrivals import Modulation, offload_shares
from refimpl.meanfield.model.epoch import interpolated_epoch
from refimpl.meanfield.model.simulator import simulate
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import ring
from refimpl.meanfield.policies.rules import own_state
from refimpl.meanfield.train.rollouts import (
    Decision,
    Ints,
    counted_drops,
    expected_drops,
    grouped_levels,
    play,
)

SYSTEM = System(ring(6))


def noisy(states: Ints, rng: np.random.Generator) -> Decision:
    """Offload at random; the action is the probability itself."""
    offload = rng.random(states.shape)
    return Decision(states.copy(), offload, -offload.sum(axis=1), offload)


def test_what_is_recorded_is_what_happened() -> None:
    """Replayed: each epoch starts from the states that were observed."""
    levels = grouped_levels(SYSTEM.modulation, 7, 4, 2, np.random.default_rng(0))
    played = play(SYSTEM, interpolated_epoch(SYSTEM), noisy, levels, np.random.default_rng(1))
    rng, epoch = np.random.default_rng(1), interpolated_epoch(SYSTEM)
    states = np.zeros((4, 6), dtype=int)
    for t in range(7):
        assert np.array_equal(played.observations[t], states)
        offload = rng.random(states.shape)
        assert np.array_equal(played.actions[t], offload)
        rates = SYSTEM.rates(levels[t])[:, None] * offload_shares(SYSTEM.graph, offload)
        states, drops = epoch(states, rates, rng.random(states.shape))
        np.testing.assert_allclose(played.rewards[t], -drops.mean(axis=1), rtol=1e-13)
        np.testing.assert_allclose(played.log_probs[t], -offload.sum(axis=1))


def test_episodes_have_the_drops_of_the_simulator() -> None:
    """Same mean as the simulator under a fixed rule, on the same paths of the rate."""
    rule, n = np.array([0.0, 0.1, 0.3, 0.4, 0.6, 0.8]), 400
    levels = grouped_levels(SYSTEM.modulation, 5, n, 1, np.random.default_rng(2))

    def fixed(states: Ints, rng: np.random.Generator) -> Decision:
        del rng
        return Decision(states, states, np.zeros(len(states)), rule[states])

    played = play(SYSTEM, expected_drops(SYSTEM, RNG), fixed, levels, np.random.default_rng(3))
    trace = simulate(
        SYSTEM,
        own_state(rule),
        levels,
        np.random.default_rng(4),
    )
    difference = -played.rewards.sum(axis=0) - trace.total
    assert abs(difference.mean()) < 4 * difference.std() / np.sqrt(n)


RNG = np.random.default_rng(0)


def test_counted_drops_have_the_mean_of_the_expected_ones_and_more_noise() -> None:
    system = System(ring(3))
    rng = np.random.default_rng(5)
    states = np.tile(np.array([0, 3, 5]), (4000, 1))
    rates, uniforms = np.full(states.shape, 0.9), rng.random(states.shape)
    after, counted = counted_drops(system, rng)(states, rates, uniforms)
    after_expected, expected = expected_drops(system, rng)(states, rates, uniforms)
    assert counted.dtype == np.float64
    assert np.array_equal(counted, np.round(counted))
    for column in range(3):
        error = counted[:, column].mean() - expected[0, column]
        assert abs(error) < 4 * counted[:, column].std() / np.sqrt(4000)
        moved = after[:, column].mean() - after_expected[:, column].mean()
        assert abs(moved) < 4 * np.sqrt(2) * after[:, column].std() / np.sqrt(4000)
    assert counted.std(axis=0).min() > 0
    assert np.ptp(expected, axis=0).max() == 0


def test_groups_share_their_path_and_no_other() -> None:
    levels = grouped_levels(Modulation(), 30, 12, 4, np.random.default_rng(6))
    by_group = levels.reshape(30, 3, 4)
    assert np.array_equal(by_group, np.repeat(by_group[:, :, :1], 4, axis=2))
    assert len(np.unique(by_group[:, :, 0], axis=1).T) == 3


@pytest.mark.parametrize("group", [0, 5])
def test_groups_that_do_not_fit_are_named(group: int) -> Any:
    with pytest.raises(ValueError, match="group must"):
        grouped_levels(Modulation(), 3, 12, group, RNG)
