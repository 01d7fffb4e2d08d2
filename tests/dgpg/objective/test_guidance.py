"""Specifies every reading of the coefficient by the deviation it is the change of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dgpg.objective.guidance import (
    AFTER_LOAD,
    AFTER_MIXED,
    AFTER_UTILIZATION,
    BEFORE_LOAD,
    CORRECTED_LOAD,
    CORRECTED_UTILIZATION,
    READINGS,
    Placements,
    load_coefficient,
    load_influence,
    mixed_units_coefficient,
    relative_coefficient,
    utilization_coefficient,
    utilization_influence,
)
from refimpl.dgpg.objective.reference import deviation, reference_state
from tests.dgpg.objective.strategies import placed

STEP = 1e-30


def influence(placements: Placements, j: int, z: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Job j's influence as a state: its row at its server, 0 elsewhere [DG-PG App. D]."""
    state = np.zeros(like.shape[1:])
    state[placements.server[j]] = z[j]
    return state


@pytest.mark.parametrize(
    ("coefficient", "change", "unit"),
    [
        (load_coefficient, load_influence, np.ones_like),
        (utilization_coefficient, utilization_influence, np.asarray),
    ],
    ids=["loads", "utilizations"],
)
@given(case=placed())
def test_coefficients_are_derivatives_of_the_deviation(coefficient, change, unit, case) -> None:
    """By complex step, in either unit, with the reference held."""
    load, capacity, placements = case
    found = coefficient(load, capacity, placements)
    z = change(capacity, placements)
    state = load / unit(capacity)
    target = reference_state(load, capacity) / unit(capacity)
    assert found.shape == (len(placements.server),)
    for j, e in enumerate(placements.rollout):
        direction = influence(placements, j, z, load)
        slope = deviation(state[e] + 1j * STEP * direction, target[e].astype(complex)).imag / STEP
        scale = (np.abs(direction) * (state[e] + target[e])).sum()
        assert abs(found[j] - slope) <= 1e-12 * scale + 1e-290


@pytest.mark.parametrize(
    ("reading", "change", "unit"),
    [
        (CORRECTED_LOAD, load_influence, np.ones_like),
        (CORRECTED_UTILIZATION, utilization_influence, np.asarray),
    ],
    ids=["loads", "utilizations"],
)
@given(case=placed())
def test_corrected_coefficients_are_what_the_job_adds_to_the_deviation(
    reading, change, unit, case
) -> None:
    """``d(x) - d(x - z)``: an identity, not a first-order approximation."""
    load, capacity, placements = case
    before = load - np.random.default_rng(0).random(load.shape)
    found = reading(before, load, capacity, placements)
    z = change(capacity, placements)
    state = load / unit(capacity)
    target = reference_state(load, capacity) / unit(capacity)
    for j, e in enumerate(placements.rollout):
        without = state[e] - influence(placements, j, z, load)
        added = deviation(state[e], target[e]) - deviation(without, target[e])
        scale = deviation(state[e] + np.abs(without) + target[e], np.zeros_like(target[e]))
        assert abs(found[j] - added) <= 1e-12 * scale


@given(placed())
def test_mixed_units_are_the_utilisation_gap_times_the_demand(case) -> None:
    load, capacity, placements = case
    found = mixed_units_coefficient(load, capacity, placements)
    for j, (e, n) in enumerate(zip(placements.rollout, placements.server, strict=True)):
        mean = load[e].sum(axis=0) / capacity[e].sum(axis=0)
        expected = sum(
            placements.demand[j, k] * (load[e, n, k] / capacity[e, n, k] - mean[k])
            for k in range(load.shape[2])
        )
        scale = float((placements.demand[j] * (load[e] / capacity[e]).max(axis=0)).sum())
        assert abs(found[j] - expected) <= 1e-12 * scale + 1e-290


@given(placed())
def test_only_the_own_server_and_the_totals_matter(case) -> None:
    """Loads may move between the other servers: the coefficient has no other input."""
    load, capacity, placements = case
    for reading in READINGS:
        found = reading(load, load, capacity, placements)
        for j, (e, n) in enumerate(zip(placements.rollout, placements.server, strict=True)):
            others = np.delete(np.arange(load.shape[1]), n)
            moved = load.copy()
            if len(others):
                moved[e, others] = 0.0
                moved[e, others[0]] = load[e, others].sum(axis=0)
            alone = Placements(*(x[j : j + 1] for x in vars(placements).values()))
            again = reading(moved, moved, capacity, alone)[0]
            demand = placements.demand[j].sum()
            scale = (1 + demand) * (1 + load[e].sum()) / min(1.0, capacity.min()) ** 2
            assert abs(found[j] - again) <= 1e-12 * scale


@given(placed())
def test_readings_see_the_state_before_or_after_as_their_name_says(case) -> None:
    load, capacity, placements = case
    before, after = load, load[:, ::-1] * 1.5
    for reading in READINGS:
        state = before if reading.name.startswith("before") else after
        found = reading(before, after, capacity, placements)
        np.testing.assert_array_equal(found, reading.coefficient(state, capacity, placements))
    assert len({reading.name for reading in READINGS}) == len(READINGS) == 8


def test_by_hand() -> None:
    """Capacities 1 and 3, one resource; a job of 2 has made the load of server 0 equal to 4.

    Total 8, so the reference is (2, 6) and the utilisation wanted 2.
    """
    before, after = np.array([[[2.0], [4.0]]]), np.array([[[4.0], [4.0]]])
    capacity = np.array([[[1.0], [3.0]]])
    one = Placements(np.array([0]), np.array([0]), np.array([[2.0]]))
    expected = {
        AFTER_LOAD: 2 * (4 - 2),
        BEFORE_LOAD: 2 * (2 - 1.5),
        AFTER_UTILIZATION: 2 * (4 - 2),
        AFTER_MIXED: 2 * (4 - 2),
        CORRECTED_LOAD: 2 * (4 - 2) - 2,
    }
    for reading, value in expected.items():
        assert reading(before, after, capacity, one).tolist() == [value]
    other = Placements(np.array([0]), np.array([1]), np.array([[3.0]]))
    load = np.array([[[1.0], [7.0]]])
    assert AFTER_LOAD(load, load, capacity, other).tolist() == [3.0]
    assert AFTER_UTILIZATION(load, load, capacity, other).tolist() == pytest.approx([1 / 3])
    assert AFTER_MIXED(load, load, capacity, other).tolist() == pytest.approx([1.0])
    assert CORRECTED_UTILIZATION(load, load, capacity, other).tolist() == pytest.approx([-1 / 6])


@given(placed())
def test_relative_coefficients_are_the_plain_ones_over_their_root_mean_square(case) -> None:
    load, capacity, placements = case
    servers = range(load.shape[1])
    plain, relative = (
        np.array(
            [
                f(load, capacity, replace(placements, server=0 * placements.server + n))
                for n in servers
            ]
        )
        for f in (mixed_units_coefficient, relative_coefficient)
    )
    root = np.sqrt((plain**2).mean(axis=0))
    size = (placements.demand * (load / capacity).max(axis=1)[placements.rollout]).sum(axis=1)
    unequal = root > 1e-6 * size
    np.testing.assert_allclose(
        relative[:, unequal], plain[:, unequal] / root[unequal], rtol=1e-6, atol=1e-6
    )


@given(placed(), st.sampled_from([0.5, 2.0, 8.0]))
def test_relative_coefficients_do_not_depend_on_the_job_s_size(case, factor: float) -> None:
    load, capacity, placements = case
    larger = replace(placements, demand=factor * placements.demand)
    one, other = (relative_coefficient(load, capacity, each) for each in (placements, larger))
    np.testing.assert_array_equal(one, other)


def test_relative_coefficients_of_balanced_servers_are_zero() -> None:
    load = np.array([[[1.0, 3.0], [2.0, 6.0]]]) / 3
    placements = Placements(np.zeros(2, int), np.arange(2), np.ones((2, 2)))
    assert (relative_coefficient(load, 1.1 * load, placements) == 0).all()
