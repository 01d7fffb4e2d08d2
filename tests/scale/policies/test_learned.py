"""Trained parameters as policies: which network, which precision, which servers."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.scale.model.episodes import play
from refimpl.scale.model.observations import observe
from refimpl.scale.model.scenario import sample_scenario
from refimpl.scale.model.simulator import Simulation
from refimpl.scale.network import pointer
from refimpl.scale.policies.decisions import RULES, greedy, masked_greedy, sampled
from refimpl.scale.policies.learned import forward_of, learned
from refimpl.scale.train import structured
from refimpl.scale.train.dqn import action_values
from refimpl.scale.train.driver import policy_of, train
from refimpl.scale.train.structured import ClusterSizeError
from tests.scale.train.strategies import EVERY, POINTER, STRUCTURED, SYSTEM, N

SCENARIO = sample_scenario(SYSTEM, 6, np.random.default_rng(0))
HEADS = POINTER.shape.heads


def params_of(net, seed=0, n=N):
    return net.init(np.random.default_rng(seed), n)


def simulation(steps=4):
    sim, rng = Simulation(SCENARIO), np.random.default_rng(1)
    for _ in range(steps):
        sim.step(rng.integers(0, N, SCENARIO.episodes))
    return sim


@pytest.mark.parametrize("net", [POINTER, STRUCTURED], ids=["pointer", "structured"])
def test_the_policy_is_the_rule_on_the_networks_scores(net) -> None:
    params, sim = params_of(net), simulation()
    seen = observe(sim, np.float32)
    if net is POINTER:
        outputs, _ = pointer.forward(params, seen.task, seen.servers, heads=HEADS)
    else:
        outputs, _ = structured.forward(params, seen.task, seen.servers)
    for rule in (greedy, masked_greedy):
        found = learned(params, rule, HEADS)(sim, np.random.default_rng(0))
        expected = rule(sim, outputs.logits, np.random.default_rng(0))
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("rule", RULES)
def test_every_method_plays_by_every_rule(name, rule) -> None:
    params = policy_of(train(SYSTEM, EVERY[name], 0, 2))
    policy = learned(params, RULES[rule], HEADS)
    one, two = (play(SCENARIO, policy, np.random.default_rng(2)).arrays() for _ in range(2))
    for key, values in one.items():
        np.testing.assert_array_equal(values, two[key])
    if rule.startswith("masked"):
        np.testing.assert_array_equal(one["invalid memory"] + one["invalid busy"], 0)


def test_the_greedy_choice_of_action_values_is_that_of_the_logits() -> None:
    params, sim = policy_of(train(SYSTEM, EVERY["DQN"], 0, 2)), simulation()
    seen = observe(sim, np.float32)
    q, _ = action_values(params, seen.task, seen.servers)
    chosen = learned(params, greedy)(sim, np.random.default_rng(0))
    np.testing.assert_array_equal(chosen, q.argmax(axis=1))


def test_a_pointer_network_plays_on_any_cluster_and_a_perceptron_on_its_own() -> None:
    rng, larger = np.random.default_rng(0), sample_scenario(SYSTEM, 2, np.random.default_rng(3))
    wide = type(larger)(
        **{
            name: np.repeat(value, 2, axis=1)
            if name in ("capacity", "memory", "idle_power", "busy_power", *EVENTS)
            else value
            for name, value in vars(larger).items()
        }
    )
    play(wide, learned(params_of(POINTER), sampled, HEADS), rng)
    with pytest.raises(ClusterSizeError, match=f"must be {N}.*got {2 * N}"):
        play(wide, learned(params_of(STRUCTURED), sampled), rng)


EVENTS = ("joins", "leaves", "fails")


@pytest.mark.parametrize("net", [POINTER, STRUCTURED], ids=["pointer", "structured"])
def test_servers_outside_the_cluster_are_never_chosen(net) -> None:
    """One leaves, then the others: with none left the scheduler waits instead of failing."""
    leaves = np.array([0.0, 0.4, 0.6])
    scenario = SCENARIO.with_events(leaves=np.broadcast_to(leaves, SCENARIO.capacity.shape))
    policy = learned(params_of(net), greedy, HEADS)
    sim, rng = Simulation(scenario), np.random.default_rng(0)
    present = set()
    while not sim.done.all():
        actions = policy(sim, rng)
        some = sim.present.any(axis=1)
        assert sim.present[sim.rows, actions][some].all()
        present |= set(sim.present.sum(axis=1).tolist())
        sim.step(actions)
    assert present == {2, 1, 0}


def test_servers_outside_the_cluster_have_no_influence() -> None:
    leaves = np.broadcast_to([np.inf, 0.0, np.inf], SCENARIO.capacity.shape)
    sim, params, heard = Simulation(SCENARIO.with_events(leaves=leaves)), params_of(POINTER), []

    def listening(sim, scores, rng):
        heard.append(scores)
        return greedy(sim, scores, rng)

    learned(params, listening, HEADS)(sim, np.random.default_rng(0))
    seen = observe(sim, np.float32)
    alone, _ = pointer.forward(params, seen.task, seen.servers[:, [0, 2]], heads=HEADS)
    np.testing.assert_allclose(heard[0][:, [0, 2]], alone.logits, atol=2e-5)
    assert np.isneginf(heard[0][:, 1]).all()


def test_parameters_of_no_network_are_named() -> None:
    params = params_of(POINTER)
    with pytest.raises(ValueError, match="pointer_key"):
        forward_of({k: v for k, v in params.items() if k != "pointer_key"}, HEADS)
    with pytest.raises(ValueError, match="server_b0"):
        forward_of({**params, "server_b0": np.zeros(2)}, HEADS)
    with pytest.raises(ValueError, match="heads must divide"):
        forward_of(params, 3)
    with pytest.raises(ValueError, match="must be those of a pointer network or have the keys"):
        learned({"W0": np.zeros((2, 2))}, greedy)
