"""Specifies the physical simulator: it agrees with the exact kernel, independent of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from refimpl.dcc.model import simulator
from refimpl.dcc.model.device import (
    N_ACTIONS,
    OFFLOAD,
    PROCESS,
    WAIT,
    DeviceParameters,
    draw_device,
    state_components,
)
from refimpl.dcc.model.exact import device_mdp
from refimpl.shared.seeds import generator
from tests.dcc.strategies import device_parameters, seeds

PAPER = DeviceParameters(harvest_low=0, harvest_high=2, cost_low=1, cost_high=7)
STARVED = DeviceParameters(
    harvest_low=0, harvest_high=1, cost_low=1, cost_high=10, max_aoi=3, battery=4
)
CUBIC = DeviceParameters(
    harvest_low=1, harvest_high=3, cost_low=1, cost_high=5, max_aoi=4, battery=3, deficit_power=3.0
)


def sampled(device: DeviceParameters, repeats: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Transition counts (S*A, S), mean cost (S*A,) and its standard error (S*A,)."""
    mdp = device_mdp(device)
    pairs = np.tile(np.arange(mdp.n_states * N_ACTIONS), repeats)
    batch = simulator.device_batch([device] * len(pairs))
    states, actions = pairs // N_ACTIONS, pairs % N_ACTIONS
    costs, after = simulator.step(batch, states, actions, generator(7, "simulator", repeats))
    counts = np.zeros((mdp.n_states * N_ACTIONS, mdp.n_states))
    np.add.at(counts, (pairs, after), 1)
    costs = costs.reshape(repeats, -1)
    return counts, costs.mean(axis=0), costs.std(axis=0, ddof=1) / np.sqrt(repeats)


@pytest.mark.parametrize(("device", "repeats"), [(STARVED, 3000), (CUBIC, 3000), (PAPER, 400)])
def test_every_row_of_the_kernel_is_met(device: DeviceParameters, repeats: int) -> None:
    law = device_mdp(device).P.reshape(-1, device_mdp(device).n_states)
    counts, _, _ = sampled(device, repeats)
    assert counts[law == 0].sum() == 0
    common = (law < 1) & (repeats * law > 5)
    z = (counts - repeats * law)[common] / np.sqrt(repeats * (law * (1 - law))[common])
    # The largest of so many |z| is beyond this bound with the probability of one |z| > 4.
    assert np.abs(z).max() < norm.isf(norm.sf(4) / z.size)
    statistic, freedom = chi_square(counts, law, common, repeats)
    assert abs(statistic - freedom) < 4 * np.sqrt(2 * freedom)


def chi_square(
    counts: np.ndarray, law: np.ndarray, common: np.ndarray, repeats: int
) -> tuple[float, int]:
    """Statistic and degrees of freedom over all rows, each row's rare outcomes taken together."""
    expected = repeats * np.where(common, law, 0.0)
    rest = repeats - expected.sum(axis=1)
    tail = rest > 1e-9 * repeats
    tail &= common.any(axis=1)
    cells = np.divide((counts - expected) ** 2, expected, where=common, out=np.zeros_like(expected))
    seen = np.where(common, 0.0, counts).sum(axis=1)
    pooled = (seen - rest)[tail] ** 2 / rest[tail]
    outcomes = common.sum(axis=1) + tail
    return float(cells.sum() + pooled.sum()), int((outcomes - 1).clip(0).sum())


@pytest.mark.parametrize(("device", "repeats"), [(STARVED, 3000), (CUBIC, 3000), (PAPER, 400)])
def test_the_mean_cost_is_the_exact_cost(device: DeviceParameters, repeats: int) -> None:
    exact = device_mdp(device).cost.reshape(-1)
    _, mean, error = sampled(device, repeats)
    # A cost that never varied must be exact, unless the device rarely has a deficit.
    fixed = np.tile(np.arange(N_ACTIONS) != PROCESS, len(exact) // N_ACTIONS)
    np.testing.assert_array_equal(mean[fixed], exact[fixed])
    varied = error > 0
    z = (mean - exact)[varied] / error[varied]
    # Rare large deficits make single rows skewed, so they are judged together.
    assert abs(z.sum()) < 4 * np.sqrt(varied.sum())
    assert abs((mean - exact).sum()) < 4 * np.sqrt((error**2).sum())


@given(device_parameters(), seeds)
def test_age_grows_by_one_or_is_reset(device: DeviceParameters, seed: int) -> None:
    rng = np.random.default_rng(seed)
    batch = simulator.device_batch([device] * 60)
    states = rng.integers(0, batch.n_states, 60)
    actions = rng.integers(0, N_ACTIONS, 60)
    costs, after = simulator.step(batch, states, actions, rng)
    age, level, _, _ = state_components(device, states)
    age_next, level_next, _, _ = state_components(device, after)
    waits = actions == WAIT
    np.testing.assert_array_equal(age_next[waits], np.minimum(age[waits] + 1, device.max_aoi))
    assert (age_next[~waits] == 1).all()
    # Nobody but a processing device loses energy or pays more than its age.
    rests = actions != PROCESS
    assert (level_next[rests] >= level[rests]).all()
    np.testing.assert_array_equal(costs[rests], age[rests])
    assert (costs >= age).all()


@given(seeds)
def test_rows_are_independent_devices(seed: int) -> None:
    # The draws of a row do not depend on the parameters of other rows without a deficit.
    rng = np.random.default_rng(seed)
    mine = draw_device(rng)
    after = [
        simulator.step(
            simulator.device_batch([mine, other]),
            np.array([5, 7]),
            np.array([OFFLOAD, WAIT]),
            np.random.default_rng(seed),
        )[1][0]
        for other in (draw_device(rng), draw_device(rng))
    ]
    assert after[0] == after[1]


def test_start_is_age_one_with_a_uniform_battery() -> None:
    batch = simulator.device_batch([PAPER] * 32_000)
    start = simulator.reset(batch, generator(3, "start"))
    counts = np.bincount(start, minlength=batch.n_states)
    law = device_mdp(PAPER).start
    assert counts[law == 0].sum() == 0
    z = (counts - 32_000 * law)[law > 0] / np.sqrt(32_000 * law * (1 - law))[law > 0]
    assert np.abs(z).max() < 4


@given(st.integers(1, 4))
def test_repeating_stacks_copies(times: int) -> None:
    rng = np.random.default_rng(times)
    devices = [draw_device(rng) for _ in range(3)]
    repeated = simulator.repeat(simulator.device_batch(devices), times)
    direct = simulator.device_batch(devices * times)
    for name in ("harvest_low", "harvest_count", "cost_low", "cost_count"):
        np.testing.assert_array_equal(getattr(repeated, name), getattr(direct, name))
    assert repeated.n_rows == 3 * times


def test_devices_must_share_the_state_space() -> None:
    with pytest.raises(ValueError, match=r"devices must share .*\(3, 4, 2.0, 0.95\)"):
        simulator.device_batch([PAPER, STARVED])
    with pytest.raises(ValueError, match="at least one device"):
        simulator.device_batch([])


@pytest.mark.parametrize(
    ("states", "actions", "message"),
    [
        ([0], [0, 1], r"states must have shape \(2,\); got \(1,\)"),
        ([0, 240], [0, 1], r"states must lie in 0..239; row 1 has 240"),
        ([0, 1], [0, 3], r"actions must lie in 0..2; row 1 has 3"),
        ([-1, 1], [0, 2], r"states must lie in 0..239; row 0 has -1"),
    ],
)
def test_rows_out_of_range_are_named(states: list[int], actions: list[int], message: str) -> None:
    batch = simulator.device_batch([PAPER] * 2)
    with pytest.raises(ValueError, match=message):
        simulator.check_rows(batch, np.array(states), np.array(actions))
