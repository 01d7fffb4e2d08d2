"""The helpers of these tests: sampled transitions follow the kernel, and greed loses the walk."""

from __future__ import annotations

import numpy as np

from lp_solvers.finite_mdp import deterministic, policy_value
from refimpl.shared.statistics import binomial_z_score
from tests.shared.tabular import REST, WALK, dynamics, random_mdp, sampler, walk_mdp


def test_sampled_transitions_follow_the_kernel() -> None:
    rng = np.random.default_rng(0)
    mdp = random_mdp(rng, 3, 2, 0.9)
    for state in range(3):
        for action in range(2):
            states, actions = np.full(4000, state), np.full(4000, action)
            costs, after = sampler(mdp)(states, actions, rng)
            assert np.all(costs == mdp.cost[state, action])
            for target in range(3):
                count = int((after == target).sum())
                p = mdp.P[state, action, target]
                assert abs(binomial_z_score(count, 4000, p)) < 4


def test_walking_beats_resting_only_in_the_long_run() -> None:
    mdp = walk_mdp()
    resting = policy_value(mdp, deterministic(np.full(4, REST), 2))
    walking = policy_value(mdp, deterministic(np.array([WALK, WALK, WALK, REST]), 2))
    assert np.all(walking[:3] < 0.5 * resting[:3])
    assert np.all(mdp.cost[:3, REST] < mdp.cost[:3, WALK])


def test_dynamics_truncate_at_the_horizon() -> None:
    rng = np.random.default_rng(1)
    copies = dynamics(walk_mdp(), 2)
    state = copies.reset(5, rng)
    for expected in (False, True):
        state, rewards, terminated, truncated = copies.step(state, np.zeros(5, dtype=int), rng)
        assert np.all(truncated == expected)
        assert not terminated.any()
        assert np.all(rewards <= 0)
    assert copies.observe(state).shape == (5, 4)
