from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.model.arrivals import offload_shares
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import path, ring
from refimpl.meanfield.objective.exact import ExactObjective, offload_shares_vjp
from refimpl.meanfield.objective.observations import (
    own_state,
    own_state_and_level,
    own_state_and_neighbours,
)
from refimpl.meanfield.theory.joint_chain import total_drops
from refimpl.meanfield.theory.joint_states import TooLargeError
from refimpl.meanfield.theory.outcomes import by_rule
from tests.meanfield.theory.strategies import inner_rules, small_systems


@given(st.data())
def test_the_value_is_that_of_the_joint_chain(data: st.DataObject) -> None:
    system = data.draw(small_systems())
    rule = data.draw(inner_rules(system.buffer))
    found = ExactObjective(system, 4, own_state())
    expected = total_drops(system, by_rule(rule), 4)
    assert found.value(rule) == pytest.approx(expected, rel=1e-12)
    assert found.value_and_gradient(rule)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("observe", [own_state, own_state_and_level, own_state_and_neighbours])
@given(data=st.data())
def test_the_gradient_is_that_of_differences(observe: object, data: st.DataObject) -> None:
    """Central differences with h = 1e-5: error of order h^2 + eps / h, below 1e-8 here."""
    system = replace(data.draw(small_systems(max_n=3, max_buffer=1)), dt=1.5)
    drops = ExactObjective(system, 3, observe())  # type: ignore[operator]
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    table, direction = rng.uniform(0.1, 0.9, drops.size), rng.normal(size=drops.size)
    direction /= np.abs(direction).max()
    _, gradient = drops.value_and_gradient(table)
    h = 1e-5
    slope = (drops.value(table + h * direction) - drops.value(table - h * direction)) / (2 * h)
    assert gradient @ direction == pytest.approx(slope, abs=1e-7)


def test_every_entry_of_the_gradient_at_the_papers_scale() -> None:
    drops = ExactObjective(System(ring(4), dt=3.0), 6, own_state())
    rule, h = np.array([0.0, 0.1, 0.3, 0.5, 0.8, 1.0]), 1e-5
    _, gradient = drops.value_and_gradient(rule)
    for k, entry in enumerate(gradient):
        low, high = np.clip([rule[k] - h, rule[k] + h], 0.0, 1.0)
        ends = [drops.value(np.where(np.arange(6) == k, end, rule)) for end in (high, low)]
        # one-sided at the corners: an error of order h
        accuracy = 1e-8 if high - low > 1.5 * h else 1e-4
        assert entry == pytest.approx((ends[0] - ends[1]) / (high - low), abs=accuracy)


@given(small_systems(max_n=3), st.integers(0, 2**32 - 1))
def test_the_reverse_derivative_of_shares_is_the_adjoint(system: System, seed: int) -> None:
    rng = np.random.default_rng(seed)
    offload, d_shares = rng.random((4, system.n)), rng.normal(size=(4, system.n))
    moved = offload_shares(system.graph, offload) - offload_shares(system.graph, 0 * offload)
    left = float((moved * d_shares).sum())
    right = float((offload * offload_shares_vjp(system, d_shares)).sum())
    assert left == pytest.approx(right, abs=1e-12)


def test_bad_input_is_refused() -> None:
    drops = ExactObjective(System(path(3), buffer=2), 3, own_state())
    with pytest.raises(ValueError, match=r"table must have shape \(3,\); got \(2,\)"):
        drops.value([0.1, 0.2])
    with pytest.raises(ValueError, match=r"table must be in \[0, 1\]; got -0.1"):
        drops.value_and_gradient([0.1, 0.2, -0.1])
    with pytest.raises(ValueError, match="epochs must be an integer >= 1; got 0"):
        replace(drops, epochs=0).value([0.1, 0.2, 0.3])
    with pytest.raises(TooLargeError, match="30 queues"):
        ExactObjective(System(ring(30)), 3, own_state()).value_and_gradient(np.zeros(6))
