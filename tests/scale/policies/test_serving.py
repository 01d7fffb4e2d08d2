"""A scheduler in service: files, single decisions, and the livelock of Algorithm 2."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.scale.model.episodes import play
from refimpl.scale.model.scenario import sample_scenario
from refimpl.scale.network import pointer
from refimpl.scale.policies.decisions import greedy, masked_greedy
from refimpl.scale.policies.learned import learned
from refimpl.scale.policies.serving import (
    LivelockError,
    NoFeasibleServerError,
    Scheduler,
    save,
    until_stuck,
)
from refimpl.scale.train.driver import policy_of, train
from refimpl.scale.train.nets import PointerNet
from refimpl.scale.train.structured import ClusterSizeError
from refimpl.shared.checkpoints import CheckpointError
from refimpl.shared.checkpoints import save as save_arrays
from tests.scale.train.strategies import CROSS, POINTER, STRUCTURED, SYSTEM, N, rngs, states

HEADS = POINTER.shape.heads
PARAMS = POINTER.init(np.random.default_rng(0), N)


@given(rngs, st.integers(1, 40))
def test_a_decision_is_the_highest_score_at_any_size(rng, n) -> None:
    task, servers = (x[0] for x in states(rng, 1, n))
    outputs, _ = pointer.forward(
        {k: v.astype(float) for k, v in PARAMS.items()}, task[None], servers[None], heads=HEADS
    )
    logits = outputs.logits[0]
    scheduler = Scheduler.of(PARAMS, HEADS)
    # Single precision may swap scores that are equal to six digits.
    assert logits[scheduler.decide(task, servers)] >= logits.max() - 1e-4
    feasible = rng.random(n) < 0.5
    feasible[rng.integers(n)] = True
    chosen = scheduler.decide(task, servers, feasible)
    assert feasible[chosen]
    assert logits[chosen] >= logits[feasible].max() - 1e-4


@pytest.mark.parametrize("net", [POINTER, STRUCTURED], ids=["pointer", "structured"])
def test_saved_and_loaded_it_decides_the_same(tmp_path, net) -> None:
    params = net.init(np.random.default_rng(1), N)
    save(tmp_path / "policy.npz", params, HEADS, {"trained": "never"})
    scheduler, rng = Scheduler.load(tmp_path / "policy.npz"), np.random.default_rng(2)
    for _ in range(20):
        task, servers = (x[0] for x in states(rng, 1))
        assert scheduler.decide(task, servers) == Scheduler.of(params, HEADS).decide(task, servers)


def test_a_training_runs_checkpoint_can_be_loaded(tmp_path) -> None:
    net = PointerNet(replace(POINTER.shape, heads=4))
    path = tmp_path / "run.npz"
    arrays = train(SYSTEM, replace(CROSS, net=net), 0, 2, path)
    task, servers = (x[0] for x in states(np.random.default_rng(3), 1))
    expected = Scheduler.of(policy_of(arrays)).decide(task, servers)
    assert Scheduler.load(path).decide(task, servers) == expected


def test_bad_files_are_refused(tmp_path) -> None:
    path = tmp_path / "policy.npz"
    with pytest.raises(FileNotFoundError):
        Scheduler.load(path)
    save(path, PARAMS, HEADS)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(CheckpointError, match="truncated or corrupted"):
        Scheduler.load(path)
    save_arrays(path, {"other.W": np.zeros(2)})
    with pytest.raises(ValueError, match=r"must hold a policy.*'policy'"):
        Scheduler.load(path)
    wrong = {f"policy.{k}": v for k, v in {**PARAMS, "pointer_key": np.zeros((4, 4))}.items()}
    save_arrays(path, wrong, {"heads": HEADS})
    with pytest.raises(ValueError, match=r"must hold a policy.*pointer_key.*\(8, 8\).*\(4, 4\)"):
        Scheduler.load(path)
    with pytest.raises(ValueError, match="heads must divide"):
        save(path, PARAMS, 3)


TASK, SERVERS = (x[0] for x in states(np.random.default_rng(4), 1))


@pytest.mark.parametrize(
    ("task", "servers", "feasible", "message"),
    [
        (np.full(5, np.nan), SERVERS, None, "task must be finite"),
        (TASK, SERVERS * [[1], [np.inf], [1]], None, "servers must be finite.*index"),
        (TASK[:4], SERVERS, None, r"task must have shape \(5,\)"),
        (TASK, SERVERS[:, :3], None, "servers must have shape"),
        (TASK, SERVERS[:0], None, "servers must have shape.*N >= 1"),
        (TASK, SERVERS, np.ones(2, bool), "feasible must have shape"),
        (TASK, SERVERS, np.ones(3), "feasible must be boolean"),
    ],
)
def test_bad_states_are_named(task, servers, feasible, message) -> None:
    with pytest.raises(ValueError, match=message):
        Scheduler.of(PARAMS, HEADS).decide(task, servers, feasible)


def test_a_task_that_no_server_can_take_is_said_aloud() -> None:
    with pytest.raises(NoFeasibleServerError, match="none of the 3 can take the task"):
        Scheduler.of(PARAMS, HEADS).decide(TASK, SERVERS, np.zeros(3, bool))


def test_a_perceptron_serves_its_own_cluster_only() -> None:
    scheduler = Scheduler.of(STRUCTURED.init(np.random.default_rng(0), N))
    with pytest.raises(ClusterSizeError):
        scheduler.decide(TASK, np.zeros((N + 1, 5)))


def always(server):
    """Policy that never changes its mind."""

    def policy(sim, rng):
        del rng
        return np.full(len(sim.rows), server)

    return policy


CROWDED = replace(SYSTEM, memory=(40.0, 1.0, 33.0, 80.0), horizon=3.0)
"""Tasks that only the large server, number 2, can take."""


def test_livelock_is_noticed_after_so_many_choices() -> None:
    scenario = sample_scenario(CROWDED, 4, np.random.default_rng(0))
    chances = np.zeros(4, int)

    def wrong(sim, rng):
        """Always server 0; counts how often the large one could have taken the task."""
        chances[:] += sim.feasible().any(axis=1) & ~sim.done
        return always(0)(sim, rng)

    message = r"5 times in a row.*server 0.*although server 2 could"
    with pytest.raises(LivelockError, match=message):
        play(scenario, until_stuck(wrong, 5), np.random.default_rng(0))
    assert chances.max() == 5


def test_a_valid_choice_starts_the_count_again_and_waiting_for_work_does_not_count() -> None:
    scenario = sample_scenario(CROWDED, 6, np.random.default_rng(1))
    turn = [0]

    def patient(sim, rng):
        """Three wrong choices, then the right one."""
        del rng
        feasible = sim.feasible()
        turn[0] += 1
        wrong = turn[0] % 4 != 0
        return np.where(feasible[:, 2] & ~wrong, 2, 0)

    plain = play(scenario, patient, np.random.default_rng(0)).arrays()
    longest = int(plain["longest"].max())
    assert longest == 3
    turn[0] = 0
    watched = play(scenario, until_stuck(patient, longest + 1), np.random.default_rng(0)).arrays()
    for name, values in plain.items():
        np.testing.assert_array_equal(values, watched[name])
    turn[0] = 0
    with pytest.raises(LivelockError):
        play(scenario, until_stuck(patient, longest), np.random.default_rng(0))
    with pytest.raises(ValueError, match="limit must be"):
        until_stuck(patient, 0)


def test_an_untrained_network_livelocks_and_the_mask_avoids_it() -> None:
    """Idle servers that are too small do not change, so the highest score stays where it is."""
    scenario = sample_scenario(CROWDED, 8, np.random.default_rng(2))
    rng, stuck = np.random.default_rng(0), 0
    for seed in range(6):
        params = POINTER.init(np.random.default_rng(seed), N)
        try:
            play(scenario, until_stuck(learned(params, greedy, HEADS), 10), rng)
        except LivelockError:
            stuck += 1
        found = play(scenario, until_stuck(learned(params, masked_greedy, HEADS), 1), rng)
        assert (found.completed[found.arrived > 0] > 0).any()
    assert stuck >= 1
