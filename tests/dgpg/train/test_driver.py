"""Whole runs: repeatable, resumable, and what they report."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from linear_models.params import flatten
from refimpl.dgpg.model.simulator import run
from refimpl.dgpg.policies.learned import learned, sampled
from refimpl.dgpg.train.driver import actor_of, curve_of, episode, no_hook, start, train
from refimpl.dgpg.train.methods import DGPG, IPPO, MAPPO
from refimpl.dgpg.train.scenarios import fresh_clusters
from refimpl.dgpg.train.schedules import Linear, fixed
from refimpl.dgpg.train.state import learner_arrays
from refimpl.shared.seeds import generator
from tests.dgpg.train.strategies import CLUSTERED, DIRECT, LINEAR, TINY
from tests.shared.interruptions import assert_resumes, assert_same_bits

CLOCKS = ("curve.collecting", "curve.updating")


def timeless(arrays):
    """Results without what the clock said."""
    return {key: value for key, value in arrays.items() if key not in CLOCKS}


@pytest.mark.parametrize("system", [DIRECT, CLUSTERED])
@pytest.mark.parametrize("method", [DGPG, MAPPO, IPPO])
@pytest.mark.parametrize("settings", [TINY, LINEAR])
def test_same_seed_same_bits(system, method, settings) -> None:
    settings = replace(settings, method=method)
    one, two = (timeless(train(system, settings, 3, 2)) for _ in range(2))
    assert_same_bits(one, two)
    other = train(system, settings, 4, 2)
    assert not np.array_equal(flatten(actor_of(one)), flatten(actor_of(other)))


def test_resumes_to_the_same_bits(tmp_path) -> None:
    assert_resumes(tmp_path, lambda path: timeless(train(DIRECT, TINY, 1, 3, path)), saves=3)


def test_a_longer_run_continues_a_shorter_one(tmp_path) -> None:
    path = tmp_path / "run.npz"
    train(DIRECT, TINY, 1, 1, path)
    assert_same_bits(timeless(train(DIRECT, TINY, 1, 3, path)), timeless(train(DIRECT, TINY, 1)))


@pytest.mark.parametrize(
    ("system", "settings", "seed"),
    [
        (DIRECT, TINY, 2),
        (DIRECT, replace(TINY, lam=0.9), 1),
        (DIRECT, replace(TINY, alpha=fixed(0.5)), 1),
        (DIRECT, replace(TINY, method=MAPPO), 1),
        (replace(DIRECT, utilization=0.5), TINY, 1),
    ],
)
def test_a_checkpoint_of_another_configuration_is_refused(tmp_path, system, settings, seed) -> None:
    path = tmp_path / "run.npz"
    train(DIRECT, TINY, 1, 1, path)
    with pytest.raises(ValueError, match="must belong to the run"):
        train(system, settings, seed, 2, path)


def test_dg_pg_without_weight_on_the_guidance_is_mappo_bit_for_bit() -> None:
    guided = train(DIRECT, replace(TINY, alpha=fixed(0.0)), 5)
    plain = train(DIRECT, replace(TINY, method=MAPPO), 5)
    assert_same_bits(timeless(guided), timeless(plain))
    weighted = train(DIRECT, replace(TINY, alpha=fixed(0.3)), 5)
    assert not np.array_equal(flatten(actor_of(plain)), flatten(actor_of(weighted)))


def test_the_start_of_the_actor_does_not_depend_on_the_method() -> None:
    actors = [start(DIRECT, replace(TINY, method=m), 0).actor.params for m in (DGPG, MAPPO, IPPO)]
    np.testing.assert_array_equal(flatten(actors[0]), flatten(actors[1]))
    np.testing.assert_array_equal(flatten(actors[0]), flatten(actors[2]))
    assert {value.dtype for value in actors[0].values()} == {np.dtype(np.float32)}


def test_the_curve_has_the_reward_that_the_rollouts_earned() -> None:
    arrays = train(DIRECT, TINY, 1, 2)
    curve = curve_of(arrays)
    assert {len(column) for column in curve.values()} == {2}
    params = start(DIRECT, TINY, 1).actor.params
    scenario = fresh_clusters(DIRECT, TINY.rollouts, 1, 0)
    trace = run(scenario, learned(params, DIRECT, sampled), generator(1, "dgpg", "act", 0))
    assert curve["reward"][0] == trace.rewards.sum(axis=0).mean()
    assert curve["samples"][0] == scenario.offsets[:, -1].sum()
    assert (curve["collecting"] > 0).all()
    assert (curve["updating"] > 0).all()


def test_a_cap_bounds_the_gradient_steps() -> None:
    settings = replace(TINY, sample_cap=TINY.minibatch)
    curve = curve_of(train(DIRECT, settings, 1, 1))
    assert curve["samples"][0] > TINY.minibatch
    assert curve["actor_steps"][0] == settings.actor_epochs


def test_the_hook_sees_every_episode_and_adds_to_the_curve() -> None:
    seen = []

    def hook(k, learner, row):
        seen.append((k, row["reward"], learner.actor.moments.t))
        return {"twice": np.array([row["reward"], 2.0 * k])}

    arrays = train(DIRECT, TINY, 1, 3, on_episode=hook)
    curve = curve_of(arrays)
    assert [k for k, _, _ in seen] == [0, 1, 2]
    np.testing.assert_array_equal(curve["reward"], [reward for _, reward, _ in seen])
    np.testing.assert_array_equal(curve["twice"][:, 0], curve["reward"])
    np.testing.assert_array_equal(curve["twice"][:, 1], [0, 2, 4])
    assert no_hook(0, start(DIRECT, TINY, 0), {}) == {}


@pytest.mark.parametrize("name", ["alpha", "entropy", "learning_rate", "critic_learning_rate"])
def test_schedules_are_read_at_the_fraction_of_the_episode(name) -> None:
    learner = start(DIRECT, TINY, 1)
    schedule = Linear(0.9, 0.1)
    moving, there, elsewhere = (
        learner_arrays(episode(DIRECT, replace(TINY, **{name: s}), learner, 1, 1)[0])
        for s in (schedule, fixed(schedule(TINY.fraction(1))), fixed(schedule(0.0)))
    )
    assert_same_bits(moving, there)
    part = "critic" if name.startswith("critic") else "actor"
    assert not np.array_equal(moving[f"{part}.moments.m"], elsewhere[f"{part}.moments.m"])


def test_an_episode_leaves_its_learner_alone() -> None:
    learner = start(DIRECT, TINY, 1)
    before = flatten(learner.actor.params).copy()
    after, _ = episode(DIRECT, TINY, learner, 1, 0)
    np.testing.assert_array_equal(flatten(learner.actor.params), before)
    assert not np.array_equal(flatten(after.actor.params), before)


def test_guidance_alone_learns_to_balance() -> None:
    settings = replace(TINY, alpha=fixed(1.0), rollouts=4, episodes=6, entropy=fixed(0.0))
    rewards = curve_of(train(replace(DIRECT, steps=120, arrival_steps=80), settings, 0))["reward"]
    assert rewards[-2:].mean() > rewards[:2].mean()
