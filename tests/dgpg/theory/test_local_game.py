from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dgpg.theory import local_game
from refimpl.dgpg.theory.local_game import (
    STEP_SIZES,
    TARGET,
    LocalGame,
    background,
    expected,
    hitting_times,
    measure,
    sampled_direction,
    tuned_times,
)
from tests.dgpg.theory.strategies import seeds

BATCH = 20_000


def listed(game, policies):
    """G and its gradient by agents' logits, all joint choices one by one."""
    n, k = game.n_agents, game.n_choices
    g, gradient = 0.0, np.zeros((n, k))
    for joint in itertools.product(range(k), repeat=n):
        load = background(game).copy()
        chance = 1.0
        for agent, choice in enumerate(joint):
            load[game.servers[agent, choice]] += 1.0
            chance *= policies[agent, choice]
        d = 0.5 * ((load - 1.5) ** 2).sum()
        g += chance * d
        gradient += chance * d * (np.eye(k)[list(joint)] - policies)
    return g, gradient


@given(seeds, st.sampled_from([(2, 2), (4, 2), (4, 3), (4, 4)]))
def test_the_expected_deviation_is_that_of_all_joint_choices(seed, size) -> None:
    game = LocalGame(*size)
    policies = np.random.default_rng(seed).dirichlet(np.ones(size[1]), size[0])
    assert expected(game, policies[None])[0] == pytest.approx(listed(game, policies)[0])


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_the_mean_direction_is_down_G_at_every_weight(alpha) -> None:
    """Twenty thousand samples of every entry; |z| < 4."""
    game, rng = LocalGame(4, 3), np.random.default_rng(0)
    policies = rng.dirichlet(np.ones(3) * 3, 4)
    samples = sampled_direction(game, np.tile(policies, (BATCH, 1, 1)), alpha, rng)
    gradient = -listed(game, policies)[1]
    error = samples.std(axis=0, ddof=1) / BATCH**0.5
    assert (np.abs(samples.mean(axis=0) - gradient) / error).max() < 4


def test_the_target_is_beyond_a_common_preference_and_above_the_best_placement() -> None:
    """G / N: 1/2 uniform, 1/3 for odds of 5 to 1, 1/8 with every agent on a server of its own."""
    game = LocalGame(8)
    odd = game.servers % 2 == 1
    assert expected(game, np.full((1, 8, 4), 0.25))[0] == pytest.approx(8 / 2)
    preferring = [np.where(odd, q / 2, (1 - q) / 2) for q in (0.8, 5 / 6, 0.87)]
    values = expected(game, np.array(preferring)) / 8
    assert values[1] == pytest.approx(1 / 3)
    assert values.min() == values[1] > TARGET / 2
    own = np.tile([1.0, 0.0, 0.0, 0.0], (1, 8, 1))
    assert expected(game, own)[0] / 8 == pytest.approx(1 / 8)


def test_runs_stop_at_the_target_or_at_the_limit() -> None:
    game = LocalGame(8)
    found = hitting_times(game, 1.0, np.array([1e-9, 0.5]), 200, np.random.default_rng(0))
    assert found[0] == 200
    assert 1 < found[1] < 200


def test_tuning_takes_the_step_size_of_the_least_median() -> None:
    game, runs = LocalGame(6), 3
    found = tuned_times(game, 1.0, runs, 200, np.random.default_rng(3))
    grid = np.repeat(STEP_SIZES, runs)
    times = hitting_times(game, 1.0, grid, 200, np.random.default_rng(3)).reshape(-1, runs)
    assert np.median(found) == np.median(times, axis=1).min()
    assert found.shape == (runs,)


def test_measurements_name_every_cell_and_depend_on_the_seed_only(monkeypatch) -> None:
    monkeypatch.setattr(local_game, "STEP_SIZES", np.array([0.25, 0.5]))
    args = ((8,), (4,), (0.5, 1.0), 2)
    one, two = measure(*args, 0, checkpoint=None), measure(*args, 0, checkpoint=None)
    assert one["local"].shape == (2, 1, 2)
    assert one["everywhere"].shape == (1, 2)
    np.testing.assert_array_equal(one["local"], two["local"])
    other = measure(*args, 1, checkpoint=None)
    assert not np.array_equal(one["local"], other["local"])


def test_too_many_choices_are_refused() -> None:
    with pytest.raises(ValueError, match=r"n_choices must be in 2\.\.3; got 4"):
        LocalGame(3, 4)
