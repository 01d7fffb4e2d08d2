"""Specifies how policies are tested: the same episodes for all, both metrics, features beside."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from refimpl.scale.experiments.evaluation import (
    Recorder,
    Trial,
    drift,
    measure,
    measure_network,
)
from refimpl.scale.experiments.systems import System
from refimpl.scale.model.observations import observe
from refimpl.scale.model.simulator import Simulation
from refimpl.scale.policies.decisions import RULES
from refimpl.scale.policies.heuristics import HEURISTICS
from refimpl.scale.train.nets import Forward, PointerNet

PER_EPISODE = (
    *("returns", "discounted", "arrived", "completed", "response", "all_response", "end"),
    *("invalid none", "invalid forced", "invalid memory", "invalid busy", "decisions", "longest"),
)
TRIAL = Trial(System(), "greedy", 3)


def network() -> Forward:
    net = PointerNet()
    return net.acting(net.init(np.random.default_rng(0), 16))


def test_there_is_a_number_per_episode_and_metric() -> None:
    found = measure(HEURISTICS["fastest fit"], TRIAL, 0)
    assert set(found) == set(PER_EPISODE)
    assert {x.shape for x in found.values()} == {(3,)}


def test_drained_episodes_finish_every_task() -> None:
    found = measure(HEURISTICS["fastest fit"], replace(TRIAL, deadline=200.0), 0)
    assert np.array_equal(found["completed"], found["arrived"])
    np.testing.assert_allclose(found["response"], found["all_response"], rtol=1e-12)


def test_every_policy_meets_the_same_episodes() -> None:
    arrived = [measure(HEURISTICS[name], TRIAL, 0)["arrived"] for name in ("random", "large only")]
    assert np.array_equal(*arrived)


def test_a_network_is_measured_as_its_policy_is() -> None:
    found, recorder = measure_network(network(), TRIAL, 0)
    again = measure(Recorder(network(), RULES["greedy"]), TRIAL, 0)
    for name in PER_EPISODE:
        np.testing.assert_array_equal(found[name], again[name])
    assert recorder.visited.count == found["decisions"].sum()
    assert recorder.ready.count < recorder.visited.count
    assert found["visited variance"] > 0


def test_nothing_drifts_from_itself() -> None:
    _, recorder = measure_network(network(), TRIAL, 0)
    assert set(drift(recorder, recorder)) == {"visited shift", "ready shift"}
    assert all(x == 0 for x in drift(recorder, recorder).values())


def test_absent_servers_are_neither_seen_nor_chosen() -> None:
    scenario = System().episodes(1, 0)
    gone = scenario.with_events(joins=np.where(np.arange(16) < 8, 1e9, 0.0))
    sim = Simulation(gone)
    recorder = Recorder(network(), RULES["greedy"])
    assert recorder(sim, np.random.default_rng(0))[0] >= 8
    seen = observe(sim, np.float32)
    alone = network()(seen.task, seen.servers[:, 8:]).features
    np.testing.assert_allclose(recorder.visited.mean, alone[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("field", "value"), [("rule", "boldest"), ("episodes", 0), ("deadline", -1.0)]
)
def test_an_impossible_trial_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=field):
        replace(TRIAL, **{field: value})
