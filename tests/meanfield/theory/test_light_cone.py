from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.model.arrivals import offload_shares
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import path, ring, star, torus
from refimpl.meanfield.theory.joint_states import TooLargeError, joint_states
from refimpl.meanfield.theory.light_cone import ball, carry_inward, ring_law, root_drops, root_law
from refimpl.meanfield.theory.local_rows import local_rows
from tests.meanfield.theory.strategies import inner_rules, small_systems
from tests.oracles import meanfield_chain as oracle


@given(st.data())
def test_the_law_in_a_whole_small_graph_is_that_of_the_kronecker_chain(data: st.DataObject) -> None:
    """On a graph no larger than the ball nothing is cut; irregular graphs, mixed servers."""
    system = data.draw(small_systems(max_n=3))
    rule = data.draw(inner_rules(system.buffer))
    rates = [system.modulation.rates[0], system.modulation.rates[1]]
    shares = oracle.own_state_shares(system.graph, rule)
    states = oracle.all_states(system)
    law = np.eye(len(states))[0]
    for rate in rates:
        law = sum(
            p * oracle.epoch_from(system, z, rate * shares(z, 0))[0]
            for p, z in zip(law, states, strict=True)
            if p > 0
        )
    np.testing.assert_allclose(ring_law(system, rule, rates), law, atol=1e-11)
    for node in range(system.n):
        marginal = np.bincount([z[node] for z in states], law, system.buffer + 1)
        np.testing.assert_allclose(root_law(system, node, rule, rates), marginal, atol=1e-11)


def test_rings_are_the_line_from_the_stated_sizes_on_and_not_before() -> None:
    """Three epochs at B = 2; the error just outside is far above rounding."""
    rng = np.random.default_rng(0)
    buffer, t = 2, 2
    rules, rates = rng.uniform(0.1, 0.9, (t + 1, 3)), list(rng.uniform(0.5, 1.2, t + 1))
    start = rng.dirichlet(np.ones(3))
    line, middle = System(path(2 * t + 5), buffer, 2.0), t + 2
    for begin, law_size, drop_size in ((start, 2 * t + 1, 2 * t + 3), (None, 2 * t - 1, 2 * t + 1)):
        for n in (3, 4, 5, 6, 7):
            system, states = System(ring(n), buffer, 2.0), joint_states(n, buffer)
            law = ring_law(system, rules[:-1], rates[:-1], begin)
            here = np.bincount(states[:, 0], law, minlength=3)
            error = np.abs(here - root_law(line, middle, rules[:-1], rates[:-1], begin)).max()
            assert error < 1e-12 if n >= law_size else error > 1e-7
            shares = offload_shares(system.graph, rules[-1][states])
            drops = law @ local_rows(system, states, rates[-1] * shares)[1][:, 0]
            error = abs(drops - root_drops(line, middle, rules, rates, begin))
            assert error < 1e-12 if n >= drop_size else error > 1e-9


def test_what_lies_outside_the_ball_does_not_matter() -> None:
    rule = [0.1, 0.8]
    rates = [0.9, 0.6]
    long, longer = System(path(9), 1, 1.0), System(path(30), 1, 1.0)
    np.testing.assert_array_equal(root_law(long, 4, rule, rates), root_law(longer, 15, rule, rates))
    # from empty queues the first epoch looks at nobody's state, so two epochs reach two steps
    near_the_end = root_law(long, 1, rule, rates)
    assert np.abs(near_the_end - root_law(long, 4, rule, rates)).max() > 1e-6


def test_large_graphs_are_no_matter() -> None:
    system = System(torus(40), 1, 2.0)
    assert root_law(system, 777, [0.0, 1.0], [0.9]).sum() == pytest.approx(1.0, abs=1e-14)
    drops = root_drops(system, 777, [0.0, 1.0], [0.9, 0.9])
    assert drops == pytest.approx(root_drops(System(torus(6), 1, 2.0), 0, [0.0, 1.0], [0.9, 0.9]))


def test_the_ball_grows_step_by_step() -> None:
    assert ball(path(7), 3, 0).tolist() == [3]
    assert ball(path(7), 3, 2).tolist() == [3, 2, 4, 1, 5]
    assert sorted(ball(star(4), 1, 2).tolist()) == [0, 1, 2, 3, 4]
    assert len(ball(torus(11), 60, 2)) == 13


def test_starts_may_differ_from_queue_to_queue() -> None:
    system = System(path(3), 1, 1.0)
    start = np.array([[1.0, 0.0], [0.25, 0.75], [0.0, 1.0]])
    carried = carry_inward(system, 1, 1, [0.5, 0.5], [], start)
    assert carried.nodes.tolist() == [1, 0, 2]
    law = dict(zip(map(tuple, carried.states.tolist()), carried.law.tolist(), strict=True))
    assert law == {(0, 0, 1): 0.25, (1, 0, 1): 0.75}


def test_bad_input_is_refused() -> None:
    system = System(path(5), 1)
    with pytest.raises(ValueError, match=r"rules must be in \[0, 1\]; got 1.5"):
        root_law(system, 2, [0.0, 1.5], [0.9])
    with pytest.raises(ValueError, match=r"start must have shape \(2,\) or \(5, 2\); got \(3,\)"):
        root_law(system, 2, [0.0, 0.5], [0.9], [0.3, 0.3, 0.4])
    with pytest.raises(TooLargeError):
        root_law(System(torus(20)), 0, np.zeros(6), [0.9] * 4)
