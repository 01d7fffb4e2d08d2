"""Specifies what is drawn before an episode, by properties and z-scores below 4."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from refimpl.dgpg.model.instances import INSTANCE_TYPES
from refimpl.dgpg.model.scenario import Scenario, group_servers, sample_clusters, sample_scenario
from refimpl.dgpg.model.settings import SystemSettings, chosen
from refimpl.dgpg.model.workload import arrival_rates, base_rate
from refimpl.shared.seeds import generator
from refimpl.shared.statistics import binomial_z_score
from tests.dgpg.model.strategies import scenarios, seeds, systems

FIELDS = ("capacity", "efficiency", "members", "offsets", "demand", "duration")


@given(systems(), seeds)
def test_scenarios_are_well_formed_and_their_own_seed_s(settings, seed: int) -> None:
    one, two = (sample_scenario(settings, 2, np.random.default_rng(seed)) for _ in range(2))
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    assert one.rollouts == 2
    assert (one.offsets[:, 0] == 0).all()
    assert (np.diff(one.offsets) >= 0).all()
    # Nothing arrives after the last arrival step.
    assert (one.offsets[:, settings.arrival_steps :] == one.offsets[:, -1:]).all()
    padding = np.arange(one.demand.shape[1]) >= one.offsets[:, -1:]
    assert not one.demand[padding].any()
    assert (one.duration[padding] == 1).all()
    assert (one.demand[~padding] >= 0).all()


@given(scenarios(rollouts=3), seeds)
def test_parts_of_a_scenario(scenario: Scenario, seed: int) -> None:
    order = np.random.default_rng(seed).integers(0, 3, 5)
    part = scenario.take(order)
    assert part.rollouts == 5
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(part, name), getattr(scenario, name)[order])


@given(systems(), seeds)
def test_clusters_hold_every_server_once_in_rising_order_of_capacity(settings, seed: int) -> None:
    capacity, _ = sample_clusters(settings, 3, np.random.default_rng(seed))
    members = group_servers(settings, capacity)
    assert members.shape == (3, settings.n_clusters, settings.per_cluster)
    flat = members.reshape(3, -1)
    np.testing.assert_array_equal(np.sort(flat, axis=1), [list(range(settings.n_servers))] * 3)
    for e in range(3):
        sizes = [tuple(capacity[e, n]) for n in flat[e]]
        assert settings.direct or sizes == sorted(sizes)
    if settings.direct:
        assert flat.tolist() == [list(range(settings.n_servers))] * 3


def test_cores_come_before_memory_and_memory_before_the_index() -> None:
    sizes = [(64, 128), (32, 256), (32, 128), (24, 384), (64, 128), (32, 128)]
    members = group_servers(SystemSettings(6, 3), np.array([sizes], float))
    assert members.tolist() == [[[3, 2], [5, 1], [0, 4]]]


def test_types_are_drawn_by_weight_at_every_position() -> None:
    """20,000 clusters of five: each type at its percentage, first and last position too."""
    capacity, efficiency = sample_clusters(chosen(5).settings, 20_000, generator(0))
    for kind in INSTANCE_TYPES:
        server = [kind.cpu, kind.memory, kind.cpu_efficiency, kind.memory_efficiency]
        found = (np.concatenate([capacity, efficiency], axis=-1) == server).all(axis=-1)
        share = kind.weight / 100
        assert abs(binomial_z_score(int(found.sum()), found.size, share)) < 4
        for position in (0, 4):
            assert abs(binomial_z_score(int(found[:, position].sum()), 20_000, share)) < 4
        both = found[:, 0] & found[:, 1]
        assert abs(binomial_z_score(int(both.sum()), 20_000, share**2)) < 4


def test_arrivals_are_poisson_with_the_rates_of_their_cluster() -> None:
    """300 episodes: sums have the mean and the dispersion of Poisson counts given the noise.

    Without noise a step's count has variance equal to its mean; z-scores over all 600,000 steps.
    """
    settings = replace(chosen(5).settings, arrival_noise=0.0)
    scenario = sample_scenario(settings, 300, generator(1))
    base = base_rate(settings, scenario.capacity, scenario.efficiency[..., 0])
    rates = arrival_rates(settings, base, generator(2))
    counts = np.diff(scenario.offsets, axis=1)
    total = rates.sum()
    assert abs(counts.sum() - total) / np.sqrt(total) < 4
    # Var((n - r)^2) = r + 2 r^2 for a Poisson count n of mean r.
    spread = ((counts - rates) ** 2).sum() - total
    assert abs(spread) / np.sqrt((rates + 2 * rates**2).sum()) < 4
    # The tide is in phase: more jobs in its upper half than in its lower one, by the exact amount.
    high = counts[:, :500].sum() + counts[:, 1000:1500].sum()
    wanted = rates[:, :500].sum() + rates[:, 1000:1500].sum()
    assert abs(high - wanted) / np.sqrt(wanted) < 4
    assert wanted > 0.55 * total


def valid() -> Scenario:
    return sample_scenario(SystemSettings(4, 2, steps=3, arrival_steps=2), 2, generator(3))


def test_there_is_at_least_one_episode() -> None:
    with pytest.raises(ValueError, match="rollouts must be at least 1; got 0"):
        sample_scenario(valid().settings, 0, generator(0))


@pytest.mark.parametrize("name", FIELDS)
def test_shapes_must_fit(name: str) -> None:
    scenario = valid()
    with pytest.raises(ValueError, match="must have shape"):
        replace(scenario, **{name: getattr(scenario, name)[:1]})
    array = getattr(scenario, name)
    with pytest.raises(ValueError, match="must have shape"):
        replace(scenario, **{name: np.concatenate([array, array], axis=1)})


def changed(name: str, where: tuple[int, ...], value: float) -> Any:
    scenario = valid()
    array = getattr(scenario, name).copy()
    array[where] = value
    return replace(scenario, **{name: array})


@pytest.mark.parametrize(
    ("name", "where", "value", "message"),
    [
        ("demand", (1, 0, 0), 1000.0, "every job must fit every server; job 0 of episode 1"),
        ("demand", (1, 0, 1), 1000.0, "every job must fit every server; job 0 of episode 1"),
        ("demand", (0, 1, 0), np.nan, "every job must fit every server; job 1 of episode 0"),
        ("demand", (0, 1, 0), -1.0, "every job must fit every server; job 1 of episode 0"),
        ("duration", (0, 0), 0.0, "duration must be > 0; got 0"),
        ("duration", (0, 0), np.nan, "duration must be > 0"),
        ("capacity", (0, 0, 0), 0.0, "capacity and efficiency must be > 0"),
        ("efficiency", (0, 0, 1), np.nan, "capacity and efficiency must be > 0"),
        ("members", (0, 0, 0), 9, "members must name each of the 4 servers once"),
        ("members", (0, 0, 0), -1, "members must name each of the 4 servers once"),
        ("offsets", (0, 3), 10**6, "offsets must rise from 0 to at most"),
        ("offsets", (0, 1), -1, "offsets must rise from 0 to at most"),
    ],
)
def test_bad_numbers_are_refused(name: str, where: Any, value: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        changed(name, where, value)
