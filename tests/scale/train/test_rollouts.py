"""Collected experience against the same episodes played by the simulator alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.scale.model.observations import observe
from refimpl.scale.model.scenario import sample_scenario
from refimpl.scale.model.simulator import Simulation
from refimpl.scale.train.masks import feasible_only, no_mask
from refimpl.scale.train.rollouts import POOL, Collector, flat
from tests.scale.train.strategies import SYSTEM, N


def at_random(seen, allowed, rng):
    """Uniform choice among the allowed; remembers a number per environment."""
    weights = np.ones(seen.servers.shape[:2]) if allowed is None else allowed.astype(float)
    heights = weights.cumsum(axis=1)
    u = rng.random(len(heights)) * heights[:, -1]
    return (heights <= u[:, None]).sum(axis=1), {"u": u}


def gathered(seed=0, environments=3, steps=40, mask=no_mask, system=SYSTEM):
    collector = Collector(system, environments, mask, np.random.default_rng(seed))
    return collector, collector.collect(at_random, steps)


def test_it_is_what_the_simulator_does() -> None:
    """One environment, replayed: the pool's episodes follow one another."""
    _, rollout = gathered(environments=1, steps=60)
    rng = np.random.default_rng(0)
    sim = Simulation(sample_scenario(SYSTEM, 1, rng))
    pool, used, finals, total, returns = None, 0, 0, 0.0, []
    wasted = 0
    for t in range(60):
        seen = observe(sim, np.float32)
        np.testing.assert_array_equal(rollout.task[t, 0], seen.task[0])
        np.testing.assert_array_equal(rollout.servers[t, 0], seen.servers[0])
        assert rollout.has_task[t, 0] == seen.has_task[0]
        action = np.floor(rollout.remembered["u"][t]).astype(int)
        assert rollout.actions[t, 0] == action[0] == int(rng.random(1)[0] * N)
        feasible = sim.feasible()[0]
        wasted += bool(feasible.any() and not feasible[action[0]])
        step = sim.step(action)
        total += step.reward[0]
        assert rollout.rewards[t, 0] == step.reward[0]
        assert rollout.ended[t, 0] == step.ended[0]
        if step.ended[0]:
            last = observe(sim, np.float32)
            np.testing.assert_array_equal(rollout.finals.at[finals], [t, 0])
            np.testing.assert_array_equal(rollout.finals.task[finals], last.task[0])
            np.testing.assert_array_equal(rollout.finals.servers[finals], last.servers[0])
            assert rollout.episodes["completed"][finals] == sim.completed.sum()
            assert rollout.episodes["avoidable"][finals] == wasted
            wasted = 0
            if pool is None:
                pool = sample_scenario(SYSTEM, POOL, rng)
            sim = Simulation(pool.take([used]))
            used, finals = used + 1, finals + 1
            returns.append(total)
            total = 0.0
    assert finals >= 3
    np.testing.assert_allclose(rollout.episodes["return"], returns, rtol=1e-12)


def test_environments_go_on_from_batch_to_batch() -> None:
    collector, first = gathered(steps=25)
    second = collector.collect(at_random, 25)
    _, whole = gathered(steps=50)
    for name in ("rewards", "actions", "ended", "has_task"):
        parts = [getattr(first, name), getattr(second, name)]
        np.testing.assert_array_equal(np.concatenate(parts), getattr(whole, name))
    np.testing.assert_array_equal(first.task[-1], second.task[0])
    np.testing.assert_array_equal(first.servers[-1], second.servers[0])


def test_what_follows_is_the_next_state_or_the_true_last_one() -> None:
    _, rollout = gathered()
    task, servers = rollout.following()
    np.testing.assert_array_equal(task[~rollout.ended], rollout.task[1:][~rollout.ended])
    np.testing.assert_array_equal(servers[~rollout.ended], rollout.servers[1:][~rollout.ended])
    assert len(rollout.finals.at) == rollout.ended.sum() > 3
    np.testing.assert_array_equal(servers[rollout.ended], rollout.finals.servers)
    # An episode that ended left busy servers or progress behind; a new one has none.
    fresh = rollout.servers[1:][rollout.ended]
    np.testing.assert_array_equal(fresh[..., 2], 0)
    assert (rollout.finals.servers[..., 2] > 0).any()
    np.testing.assert_array_equal(flat(task), task.reshape(-1, 5))


def test_a_mask_is_remembered_and_kept() -> None:
    _, rollout = gathered(mask=feasible_only)
    assert rollout.allowed is not None
    assert np.take_along_axis(rollout.allowed, rollout.actions[..., None], axis=2).all()
    assert not rollout.allowed.all()
    np.testing.assert_array_equal(rollout.episodes["avoidable"], 0)
    _, free = gathered()
    assert free.allowed is None
    assert free.episodes["avoidable"].sum() > 0


def test_avoidable_choices_and_decisions_are_counted_from_each_start() -> None:
    """With servers that cannot be told apart from their number, count again from the record."""
    _, rollout = gathered(environments=1, steps=80, mask=feasible_only)
    ends = np.flatnonzero(rollout.ended[:, 0])
    lengths = np.diff(np.concatenate([[-1], ends]))
    np.testing.assert_array_equal(rollout.episodes["decisions"], lengths)


@given(st.integers(0, 50))
def test_same_seed_same_bits(seed) -> None:
    (_, one), (_, two) = gathered(seed, steps=8), gathered(seed, steps=8)
    np.testing.assert_array_equal(one.servers, two.servers)
    np.testing.assert_array_equal(one.actions, two.actions)


def test_without_an_end_there_are_no_episodes() -> None:
    _, rollout = gathered(steps=3, system=replace(SYSTEM, horizon=5.0))
    assert rollout.finals.at.shape == (0, 2)
    assert rollout.finals.servers.shape == (0, N, 5)
    assert rollout.episodes == {}
    task, _ = rollout.following()
    np.testing.assert_array_equal(task, rollout.task[1:])


def test_observations_are_in_single_precision() -> None:
    _, rollout = gathered(steps=3)
    assert rollout.task.dtype == rollout.servers.dtype == np.float32
    assert rollout.finals.task.dtype == np.float32


def test_the_collector_wants_environments() -> None:
    with pytest.raises(ValueError, match="episodes must be at least 1; got 0"):
        Collector(SYSTEM, 0, no_mask, np.random.default_rng(0))
