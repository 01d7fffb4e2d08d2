from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.model.arrivals import Modulation
from refimpl.meanfield.model.simulator import epochs_for
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import complete, path, ring
from refimpl.meanfield.theory.constant_shares import at_constant_rate
from refimpl.meanfield.theory.joint_chain import (
    average_drops,
    discounted_drops,
    expected_drops,
    joint_chain,
    reachable_levels,
    total_drops,
)
from refimpl.meanfield.theory.joint_states import TooLargeError
from refimpl.meanfield.theory.outcomes import any_queue, by_rule, by_targets, shortest_queues
from tests.meanfield.theory.strategies import inner_rules, small_systems
from tests.oracles import meanfield_chain as oracle

# [paper_facts D6] OWN over round(50 / dt) epochs from empty queues, drops per queue.
OWN = {
    1: 3.426, 2: 3.473, 3: 3.580, 4: 3.348, 5: 3.514,
    6: 3.346, 7: 3.420, 8: 3.325, 9: 3.813, 10: 3.462,
}  # fmt: skip


@pytest.mark.parametrize("dt", OWN)
def test_own_queue_has_the_values_computed_before(dt: int) -> None:
    system, epochs = System(ring(3), dt=float(dt)), epochs_for(50.0, dt)
    assert total_drops(system, by_rule(np.zeros(6)), epochs) == pytest.approx(OWN[dt], abs=5e-4)
    # random per packet is the same on a regular graph
    random = total_drops(system, by_rule(np.full(6, 2 / 3)), epochs)
    assert random == pytest.approx(total_drops(system, by_rule(np.zeros(6)), epochs), abs=1e-12)


@given(st.data())
def test_values_are_those_of_the_kronecker_chain(data: st.DataObject) -> None:
    system = data.draw(small_systems(max_n=3, max_buffer=1))
    rule = data.draw(inner_rules(system.buffer))
    expected = oracle.total_drops(system, oracle.own_state_shares(system.graph, rule), 3)
    assert total_drops(system, by_rule(rule), 3) == pytest.approx(expected, rel=1e-10, abs=1e-14)


@given(st.data())
def test_discounted_and_average_values_solve_their_equations(data: st.DataObject) -> None:
    system = data.draw(small_systems(max_n=2, max_buffer=2))
    system = replace(system, dt=max(system.dt, 0.5))
    rule = data.draw(inner_rules(system.buffer))
    matrix, costs = oracle.dense_chain(system, oracle.own_state_shares(system.graph, rule))
    start, n = oracle.dense_start(system), len(costs)
    chain = joint_chain(system, by_rule(rule))
    exact = start @ np.linalg.solve(np.eye(n) - 0.9 * matrix, costs)
    found = discounted_drops(chain, 0.9, 1e-11)
    assert found.low - 1e-10 <= exact <= found.high + 1e-10
    assert found.high - found.low <= 1e-11
    stationary = np.linalg.lstsq(
        np.vstack([matrix.T - np.eye(n), np.ones(n)]), np.append(np.zeros(n), 1.0), rcond=None
    )[0]
    average = average_drops(chain, 1e-11)
    assert average.value == pytest.approx(float(stationary @ costs), abs=1e-9)


@given(small_systems())
def test_laws_stay_laws_and_forward_is_the_adjoint_of_backward(system: System) -> None:
    chain = joint_chain(system, by_targets(shortest_queues))
    law, values = chain.start, np.random.default_rng(1).normal(size=chain.start.shape)
    for _ in range(3):
        after = chain.forward(law)
        assert after.min() >= 0.0
        assert after.sum() == pytest.approx(1.0, abs=1e-13)
        ahead = float((law * chain.backward(values)).sum())
        assert ahead == pytest.approx(float((after * values).sum()), abs=1e-12)
        law = after


def always(shares: np.ndarray) -> oracle.Shares:
    """The same shares in every state."""

    def same(state: tuple[int, ...], level: int) -> np.ndarray:
        del state, level
        return shares

    return same


def test_jsq_draws_against_the_kronecker_chain() -> None:
    """Two queues: all four joint choices of winners, weighted."""
    system = System(complete(2), buffer=2, dt=1.5)
    matrix, costs = np.zeros((18, 18)), np.zeros(18)
    for shares in ([2.0, 0.0], [1.0, 1.0], [0.0, 2.0]):
        m, c = oracle.dense_chain(system, always(np.array(shares)))
        for row, state in enumerate(2 * oracle.all_states(system)):
            if state[0] == state[1]:
                weight = 0.5 if shares == [1.0, 1.0] else 0.25
            else:
                weight = float(shares[int(np.argmin(state))] == 2.0)
            matrix[row] += weight * m[row]
            costs[row] += weight * c[row]
    law, total = oracle.dense_start(system), 0.0
    for _ in range(4):
        total += float(law @ costs)
        law = law @ matrix
    found = total_drops(system, by_targets(shortest_queues), 4)
    assert found == pytest.approx(total, rel=1e-12)


def test_the_tie_rule_of_random_per_epoch_costs_what_was_computed_before() -> None:
    """Two queues at rate 0.9, a queue drawn once per epoch: drops per unit of time."""
    for dt, expected in ((0.1, 0.1164), (1.0, 0.1400), (5.0, 0.1998), (20.0, 0.2454)):
        system = at_constant_rate(System(complete(2), dt=dt), 0.9)
        found = average_drops(joint_chain(system, by_targets(any_queue))).value / dt
        assert found == pytest.approx(expected, abs=5e-5)


def test_queues_are_alike_where_the_graph_says_so() -> None:
    drops = expected_drops([joint_chain(System(path(3), buffer=2), by_rule([0.1, 0.5, 0.9]))] * 4)
    np.testing.assert_allclose(drops[:, 0], drops[:, 2], atol=1e-14)
    assert np.abs(drops[1:, 0] - drops[1:, 1]).min() > 1e-3


def test_a_start_may_be_given_and_policies_may_change() -> None:
    system = System(path(2), buffer=1)
    one, other = (joint_chain(system, by_rule(rule)) for rule in ([0.0, 0.0], [0.0, 1.0]))
    law = one.forward(one.start)
    whole = expected_drops([one, other])
    np.testing.assert_allclose(expected_drops([other], law)[0], whole[1], atol=1e-15)
    assert abs(whole[1] - expected_drops([one, one])[1]).max() > 1e-4


def test_only_levels_that_occur_are_computed() -> None:
    assert reachable_levels(Modulation(start=(1.0, 0.0), leave=(0.0, 0.5))) == [0]
    assert reachable_levels(Modulation(start=(1.0, 0.0))) == [0, 1]
    assert reachable_levels(Modulation(start=(0.0, 1.0), leave=(0.3, 0.0))) == [1]


def test_large_graphs_are_refused_with_the_size_needed() -> None:
    with pytest.raises(TooLargeError, match=r"101 queues with buffer 5 has 3\.92e\+78 states"):
        joint_chain(System(ring(101)), by_rule(np.zeros(6)))
    with pytest.raises(TooLargeError, match="10 queues"):
        total_drops(System(ring(10)), by_rule(np.zeros(6)), 3)


def test_the_discount_is_below_one() -> None:
    chain = joint_chain(System(path(2), buffer=1), by_rule([0.0, 0.0]))
    with pytest.raises(ValueError, match="gamma"):
        discounted_drops(chain, 1.0)
