from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given

from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import complete, path, ring, star
from refimpl.meanfield.policies.heuristics import shortest_queue_one_winner as sampled_winner
from refimpl.meanfield.policies.rules import own_queue
from refimpl.meanfield.theory.joint_states import TooLargeError, joint_states
from refimpl.meanfield.theory.outcomes import (
    accessible,
    any_queue,
    by_policy,
    by_rule,
    by_targets,
    shortest_queues,
)
from tests.meanfield.theory.strategies import small_systems


@given(small_systems())
def test_outcomes_of_every_state_are_a_law_of_shares_that_keep_the_mass(system: System) -> None:
    states = joint_states(system.n, system.buffer)
    for options in (any_queue, shortest_queues):
        found = by_targets(options)(system, states, 0)
        mass = np.bincount(found.index, found.weight, minlength=len(states))
        np.testing.assert_allclose(mass, 1.0, atol=1e-14)
        np.testing.assert_allclose(found.shares.sum(axis=1), system.n, atol=1e-13)
        pairs = np.column_stack([found.index, found.shares])
        assert len(np.unique(pairs, axis=0)) == len(pairs)


@given(small_systems())
def test_winners_are_drawn_independently_among_the_shortest(system: System) -> None:
    """All joint choices of targets, one by one."""
    states = joint_states(system.n, system.buffer)
    found = by_targets(shortest_queues)(system, states, 0)
    for k, state in enumerate(states):
        options = []
        for i in range(system.n):
            reach = [i, *system.graph.neighbours_of(i)]
            least = min(state[j] for j in reach)
            options.append([j for j in reach if state[j] == least])
        law: dict[tuple[float, ...], float] = {}
        for targets in product(*options):
            shares = tuple(np.bincount(targets, minlength=system.n).astype(float))
            law[shares] = law.get(shares, 0.0) + 1.0 / float(np.prod([len(o) for o in options]))
        mine = found.index == k
        have = dict(zip(map(tuple, found.shares[mine]), found.weight[mine], strict=True))
        assert have.keys() == law.keys()
        assert all(abs(have[key] - law[key]) < 1e-14 for key in law)


def test_the_sampled_policy_has_these_outcomes() -> None:
    """20,000 draws in one state of a ring against the weights; |z| < 4 each, seed fixed."""
    system = System(ring(4), buffer=2)
    states = joint_states(4, 2)
    k = 4
    exact = by_targets(shortest_queues)(system, states[[k]], 0)
    drawn = sampled_winner(system, np.repeat(states[[k]], 20_000, axis=0), np.random.default_rng(3))
    for weight, shares in zip(exact.weight, exact.shares, strict=True):
        count = (drawn == shares).all(axis=1).sum()
        deviation = np.sqrt(20_000 * weight * (1 - weight)) or 1.0
        assert abs(count - 20_000 * weight) < 4 * deviation
    assert len(exact.weight) > 1


def test_a_rule_may_know_the_level() -> None:
    system, states = System(path(2), buffer=1), joint_states(2, 1)
    aware = by_rule([[0.0, 0.0], [0.5, 1.0]])
    np.testing.assert_array_equal(aware(system, states, 0).shares, np.ones((4, 2)))
    expected = by_rule([0.5, 1.0])(system, states, 0).shares
    np.testing.assert_array_equal(aware(system, states, 1).shares, expected)
    assert not np.allclose(expected, 1.0)


def test_a_policy_without_chance_has_one_outcome_per_state() -> None:
    system, states = System(star(2), buffer=1), joint_states(3, 1)
    found = by_policy(own_queue)(system, states, 0)
    np.testing.assert_array_equal(found.shares, np.ones((8, 3)))
    np.testing.assert_array_equal(found.index, np.arange(8))


def test_accessible_queues_are_the_own_and_the_neighbours() -> None:
    np.testing.assert_array_equal(
        accessible(path(3)), [[True, True, False], [True, True, True], [False, True, True]]
    )


def test_probabilities_outside_the_unit_interval_are_refused() -> None:
    with pytest.raises(ValueError, match=r"rule must be in \[0, 1\]; got 1.2"):
        by_rule([0.0, 1.2])


def test_too_many_outcomes_are_refused() -> None:
    system = System(complete(6))
    with pytest.raises(TooLargeError, match="6 queues"):
        by_targets(any_queue)(system, joint_states(6, 5)[:1000], 0)
