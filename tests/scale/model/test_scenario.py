"""Specifies the draws of episodes by their laws, and the episodes that are refused."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from refimpl.scale.model.scenario import (
    InfeasibleTaskError,
    Scenario,
    most_workflows,
    sample_scenario,
)
from refimpl.scale.model.settings import SystemSettings, chosen
from refimpl.scale.model.workflows import CyclicGraphError
from refimpl.shared.seeds import generator
from refimpl.shared.statistics import z_score
from tests.scale.model.strategies import by_hand, scenarios, seeds, systems

MANY = sample_scenario(chosen().settings, 2_000, generator(0, "laws"))
"""About 20,000 workflows and 110,000 tasks."""


@given(systems(), st.integers(1, 3), seeds)
def test_episodes_are_what_the_settings_say(settings: SystemSettings, n: int, seed: int) -> None:
    scenario = sample_scenario(settings, n, np.random.default_rng(seed))
    assert scenario.episodes == n
    assert scenario.capacity.shape == (n, settings.n_servers)
    tiers = [(1.0, 8.0, 30.0, 100.0), (2.0, 32.0, 50.0, 200.0), (4.0, 80.0, 80.0, 400.0)]
    expected = np.repeat(tiers, settings.counts, axis=0)
    for k, name in enumerate(("capacity", "memory", "idle_power", "busy_power")):
        np.testing.assert_array_equal(getattr(scenario, name), np.tile(expected[:, k], (n, 1)))
    assert not scenario.joins.any()
    assert np.isinf(scenario.leaves).all()
    assert np.isinf(scenario.fails).all()
    real = np.isfinite(scenario.arrival)
    assert (scenario.arrival[real] <= settings.horizon).all()
    assert (real[:, :-1] >= real[:, 1:]).all()
    assert (scenario.size >= settings.sizes[0]).all()
    assert (scenario.size <= settings.sizes[1]).all()
    assert scenario.exists.sum() == scenario.size[real].sum()
    assert (scenario.compute >= settings.compute[2]).all()
    assert (scenario.need >= settings.memory[2]).all()
    assert (scenario.need <= settings.memory[3]).all()
    assert (scenario.data >= settings.data[2]).all()


def test_arrivals_are_poisson() -> None:
    """Counts by a chi-square test; the times, given the count, uniform by Kolmogorov-Smirnov."""
    counts = np.isfinite(MANY.arrival).sum(axis=1)
    cells = np.append(np.arange(4, 17), np.inf)
    seen = np.histogram(counts, np.concatenate([[-1], cells]) + 0.5)[0]
    expected = np.diff(stats.poisson.cdf(np.concatenate([[-1], cells]), 10.0)) * len(counts)
    # The level of |z| < 4.
    assert stats.chisquare(seen, expected).pvalue > 6.3e-5
    times = MANY.arrival[np.isfinite(MANY.arrival)]
    assert stats.kstest(times, stats.uniform(0.0, 10.0).cdf).pvalue > 6.3e-5


@pytest.mark.parametrize("rate", [0.5, 3.0])
def test_other_rates_bring_as_many_workflows(rate: float) -> None:
    settings = replace(chosen().settings, arrival_rate=rate)
    arrival = sample_scenario(settings, 300, generator(0, "rate")).arrival
    assert abs(z_score(np.isfinite(arrival).sum(axis=1), 10.0 * rate)) < 4


def test_there_is_room_for_all_workflows() -> None:
    """The chance of more than fit is at most 1e-9 per episode, at every rate."""
    for mean in (0.1, 1.0, 10.0, 30.0, 80.0, 1280.0):
        settings = replace(chosen().settings, arrival_rate=mean / 10.0)
        assert stats.poisson.sf(most_workflows(settings), mean) < 1e-9


def test_sizes_are_uniform() -> None:
    counts = np.bincount(MANY.size.reshape(-1), minlength=9)
    assert counts[:3].tolist() == [0, 0, 0]
    assert stats.chisquare(counts[3:]).pvalue > 6.3e-5


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("compute", (10.0, 3.0, 1.0, math.inf)),
        ("need", (16.0, 8.0, 1.0, 80.0)),
        ("data", (0.5, 0.2, 0.01, math.inf)),
    ],
)
def test_demands_are_normal_and_cut(name: str, law: tuple[float, ...]) -> None:
    """Mean of the cut law by quadrature, z-score; the share at the floor, z-score."""
    mean, spread, floor, ceiling = law
    drawn = getattr(MANY, name)[MANY.exists]
    normal = stats.norm(mean, spread)

    def moment(k: int) -> float:
        inside = normal.expect(lambda x: x**k, lb=floor, ub=ceiling)
        above = ceiling**k * normal.sf(ceiling) if math.isfinite(ceiling) else 0.0
        return float(inside + floor**k * normal.cdf(floor) + above)

    spread_cut = math.sqrt(moment(2) - moment(1) ** 2)
    assert abs(drawn.mean() - moment(1)) / (spread_cut / math.sqrt(drawn.size)) < 4
    share = normal.cdf(floor)
    scale = math.sqrt(share * (1 - share) / drawn.size)
    assert abs((drawn == floor).mean() - share) / scale < 4
    assert drawn.max() <= ceiling


def test_tasks_and_episodes_are_independent() -> None:
    """Correlation of neighbours and of demands: z-scores of 35,000 and more pairs."""
    c, m, d = (getattr(MANY, name)[:, :, :3].reshape(-1, 3) for name in ("compute", "need", "data"))
    for a, b in ((c[:, 0], c[:, 1]), (c[:, 0], m[:, 0]), (m[:, 0], d[:, 0]), (c[:-1, 0], c[1:, 0])):
        assert abs(np.corrcoef(a, b)[0, 1]) * math.sqrt(len(a)) < 4


def test_the_same_stream_gives_the_same_episodes() -> None:
    one, other, third = (sample_scenario(chosen().settings, 2, generator(s)) for s in (1, 1, 2))
    for field in fields(Scenario)[1:]:
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))
    assert not np.array_equal(one.arrival, third.arrival)


@given(scenarios(episodes=3), seeds)
def test_episodes_can_be_taken_and_put(scenario: Scenario, seed: int) -> None:
    rows = np.random.default_rng(seed).permutation(3)[: 1 + seed % 3]
    twice = replace(scenario, compute=2.0 * scenario.compute, arrival=scenario.arrival + 1.0)
    part = twice.take(rows)
    mixed = scenario.put(rows, part)
    rest = np.setdiff1d(np.arange(3), rows)
    for field in fields(Scenario)[1:]:
        name = field.name
        np.testing.assert_array_equal(getattr(part, name), getattr(twice, name)[rows])
        np.testing.assert_array_equal(getattr(mixed, name)[rows], getattr(twice, name)[rows])
        np.testing.assert_array_equal(getattr(mixed, name)[rest], getattr(scenario, name)[rest])
    assert scenario.take(slice(1, None)).episodes == 2


def test_events_broadcast_over_episodes_and_servers() -> None:
    scenario = sample_scenario(chosen().settings, 2, generator(0))
    moved = scenario.with_events(joins=1.0, leaves=np.arange(2.0, 18.0), fails=[[5.0], [6.0]])
    assert (moved.joins == 1.0).all()
    assert moved.leaves[1].tolist() == list(range(2, 18))
    assert moved.fails[:, 3].tolist() == [5.0, 6.0]
    assert np.isinf(scenario.leaves).all()


HAND = by_hand([[1.0, 2.0], [3.0]], [(0, 0, 1)], [1.0, 2.0], arrival=[0.0, 1.0])


def changed(name: str, index: tuple[int, ...], value: float) -> dict[str, Any]:
    array = getattr(HAND, name).copy()
    array[index] = value
    return {name: array}


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"capacity": np.zeros((1, 0))}, ValueError, "at least one server; got shape"),
        ({"memory": np.ones((1, 3))}, ValueError, r"memory must have shape \(1, 2\)"),
        (changed("capacity", (0, 0), 0.0), ValueError, "capacity must be > 0; got 0"),
        (changed("memory", (0, 0), math.nan), ValueError, "memory must be finite; got nan"),
        (changed("busy_power", (0, 1), -1.0), ValueError, "busy_power must be >= 0; got -1"),
        (changed("joins", (0, 1), math.nan), ValueError, "joins must be times; got NaN"),
        (changed("fails", (0, 1), math.nan), ValueError, "fails must be times; got NaN"),
        (changed("compute", (0, 0, 1), -1.0), ValueError, "compute must be > 0; got -1"),
        (changed("compute", (0, 0, 1), math.nan), ValueError, "compute must be finite; got nan"),
        (changed("need", (0, 0, 1), 0.0), ValueError, "need must be > 0; got 0"),
        (changed("need", (0, 0, 1), math.inf), ValueError, "need must be finite; got inf"),
        (changed("data", (0, 0, 1), -0.5), ValueError, "data must be >= 0; got -0.5"),
        (changed("arrival", (0, 0), math.nan), ValueError, "arrival must be increasing"),
        (changed("arrival", (0, 1), -1.0), ValueError, "arrival must be increasing"),
        (changed("arrival", (0, 0), -1.0), ValueError, "arrival must be >= 0; got -1.0"),
        (changed("arrival", (0, 0), math.inf), ValueError, "arrival must be increasing"),
        (changed("size", (0, 0), 3), ValueError, "size must be between 0 and 2; got 3"),
        (changed("size", (0, 0), -1), ValueError, "size must be between 0 and 2; got"),
        (changed("edges", (0, 0, 1, 0), True), CyclicGraphError, "no circle; got 0 -> 1 -> 0"),
        (changed("edges", (0, 1, 1, 0), True), ValueError, "edges must join tasks below size"),
        (changed("edges", (0, 1, 0, 1), True), ValueError, "edges must join tasks below size"),
        (
            changed("need", (0, 1, 0), 80.5),
            InfeasibleTaskError,
            "task 0 of workflow 1 in episode 0 needs 80.5 GB and the largest server has 80 GB",
        ),
        ({"need": np.ones((1, 2, 3))}, ValueError, r"need must have shape \(1, 2, 2\)"),
        ({"edges": HAND.edges[:, :1]}, ValueError, "edges must have shape"),
        ({"compute": np.ones((2, 2, 2))}, ValueError, "compute must have 1 episodes"),
        ({"compute": np.ones((1, 0, 2))}, ValueError, "compute must have room for a task"),
    ],
)
def test_impossible_episodes_are_refused(changes, error, message: str) -> None:
    with pytest.raises(error, match=message):
        replace(HAND, **changes)


def test_padding_may_hold_anything() -> None:
    """A task beyond the size, and a workflow that never arrives, fit whatever they need."""
    replace(HAND, **changed("need", (0, 1, 1), 500.0))
    never = replace(HAND, **changed("arrival", (0, 1), math.inf))
    array = never.need.copy()
    array[0, 1, 0] = 500.0
    assert replace(never, need=array).exists.sum() == 2


def test_a_server_that_never_comes_is_none() -> None:
    """The task of 80 GB fits the other server, which leaves before it joins."""
    tight = replace(HAND, memory=np.array([[8.0, 80.0]]), **changed("need", (0, 1, 0), 80.0))
    tight.with_events(joins=[0.0, 5.0], leaves=[math.inf, 6.0])
    for events in ({"joins": [0.0, math.inf]}, {"joins": [0.0, 5.0], "fails": [math.inf, 5.0]}):
        with pytest.raises(InfeasibleTaskError, match="needs 80 GB and the largest server has 8"):
            tight.with_events(**events)


@pytest.mark.parametrize("episodes", [0, -1])
def test_no_episodes_are_refused(episodes: int) -> None:
    with pytest.raises(ValueError, match=f"episodes must be at least 1; got {episodes}"):
        sample_scenario(chosen().settings, episodes, generator(0))
