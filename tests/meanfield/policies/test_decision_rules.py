"""What upper-level policies see and do, against loops over agents."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.policies.decision_rules import (
    action_size,
    neighbourhood_distribution,
    offload_probabilities,
    own_length,
    state_distribution,
)
from tests.meanfield.strategies import states_of, systems

actions = st.lists(st.floats(-3, 3), min_size=6, max_size=6).map(np.array)


@given(actions)
def test_a_rule_is_two_clipped_numbers_divided_by_their_sum(action: Any) -> None:
    rule = offload_probabilities(action)
    for z in range(3):
        keep, send = (min(max(0.5 + 0.5 * a, 0.0), 1.0) for a in action[2 * z : 2 * z + 2])
        expected = (send + 1e-10) / (keep + send + 2e-10)
        assert rule[z] == pytest.approx(expected, rel=1e-14)


def test_extremes_of_a_rule() -> None:
    pairs = np.array([[1.0, -1.0], [-1.0, 1.0], [-5.0, -2.0], [0.0, 0.0], [9.0, 9.0]])
    rule = offload_probabilities(pairs.ravel())
    np.testing.assert_allclose(rule, [0.0, 1.0, 0.5, 0.5, 0.5], atol=2e-10)


@given(actions)
def test_exchanging_keep_and_send_complements_the_rule(action: Any) -> None:
    swapped = action.reshape(3, 2)[:, ::-1].ravel()
    total = offload_probabilities(action) + offload_probabilities(swapped)
    np.testing.assert_allclose(total, 1.0, rtol=1e-14)


def test_actions_keep_their_dtype_and_leading_axes() -> None:
    rule = offload_probabilities(np.zeros((2, 3, action_size(5)), np.float32))
    assert rule.dtype == np.float32
    assert rule.shape == (2, 3, 6)


@given(systems(), st.data())
def test_distributions_are_counts(system: Any, data: st.DataObject) -> None:
    states = states_of(data.draw, system, 3)
    everybody = state_distribution(states, system.buffer)
    around = neighbourhood_distribution(system.graph, states, system.buffer)
    own = own_length(states, system.buffer)
    assert everybody.shape == (3, system.buffer + 1)
    for e in range(3):
        for z in range(system.buffer + 1):
            assert everybody[e, z] == pytest.approx(np.mean(states[e] == z), abs=1e-15)
            for i in range(system.n):
                place = [i, *system.graph.neighbours_of(i)]
                expected = np.mean([states[e, j] == z for j in place])
                assert around[e, i, z] == pytest.approx(expected, abs=1e-14)
                assert own[e, i, z] == (states[e, i] == z)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: offload_probabilities(np.zeros((2, 5))), r"actions must have pairs.*\(2, 5\)"),
        (lambda: offload_probabilities(np.zeros(())), "actions must have pairs"),
        (lambda: offload_probabilities(np.array([0.0, np.nan])), "actions must be finite; got nan"),
    ],
)
def test_bad_input_is_named(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
