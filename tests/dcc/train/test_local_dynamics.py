"""One constrained device as vectorised dynamics on the shaped cost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dcc.model.device import OFFLOAD, WAIT
from refimpl.dcc.train.joint_dynamics import EPISODE
from refimpl.dcc.train.local_dynamics import LocalDynamics, LocalProblem, offload_frequency
from tests.dcc.train.games import SMALL


@given(st.floats(0, 5), st.floats(0, 5), st.integers(0, 2**32 - 1))
def test_offloading_is_charged_the_penalty_and_the_multiplier(penalty, multiplier, seed):
    rng = np.random.default_rng(seed)
    dynamics = LocalDynamics(LocalProblem(SMALL, penalty, 0.1), multiplier)
    state = dynamics.reset(5, rng)
    age = state["states"] // (SMALL.battery + 1) + 1.0
    actions = np.array([OFFLOAD, WAIT, OFFLOAD, WAIT, WAIT])
    _, rewards, _, _ = dynamics.step(state, actions, rng)
    expected = -(age + (actions == OFFLOAD) * (penalty + multiplier))
    np.testing.assert_allclose(rewards, expected, rtol=1e-14)


@given(st.integers(1, 3), st.integers(1, 4), st.floats(0.0, 0.99), st.integers(0, 2**32 - 1))
def test_offload_frequency_is_the_mean_discounted_sum_of_the_episodes(
    n_blocks, n_envs, gamma, seed
):
    actions = np.random.default_rng(seed).integers(0, 3, (n_blocks * EPISODE, n_envs))
    sums = [
        (1 - gamma)
        * sum(gamma**t * (actions[b * EPISODE + t, e] == OFFLOAD) for t in range(EPISODE))
        for b in range(n_blocks)
        for e in range(n_envs)
    ]
    assert offload_frequency(actions, gamma) == pytest.approx(np.mean(sums), rel=1e-12, abs=1e-15)


def test_part_of_an_episode_has_no_frequency():
    with pytest.raises(ValueError, match="whole episodes of 100; got 99 slots"):
        offload_frequency(np.zeros((99, 2)), 0.9)


@pytest.mark.parametrize(
    ("penalty", "budget", "word"),
    [(-1.0, 0.1, "penalty"), (np.nan, 0.1, "penalty"), (1.0, 1.2, "budget")],
)
def test_impossible_problems_are_refused(penalty, budget, word):
    with pytest.raises(ValueError, match=word):
        LocalProblem(SMALL, penalty, budget)
