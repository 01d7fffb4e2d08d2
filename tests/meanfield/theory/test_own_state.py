from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import complete, path, ring
from refimpl.meanfield.objective.exact import ExactObjective
from refimpl.meanfield.objective.observations import (
    everything,
    own_state,
    own_state_and_neighbours,
)
from refimpl.meanfield.theory.full_information import optimal_drops
from refimpl.meanfield.theory.joint_chain import total_drops
from refimpl.meanfield.theory.outcomes import by_rule
from refimpl.meanfield.theory.own_state import optimal_table, projected_gradient


@pytest.mark.parametrize("start", [0.5, 0.0, 1.0])
def test_all_starts_lead_to_the_same_value(start: float) -> None:
    drops = ExactObjective(System(path(3), buffer=2, dt=2.0), 5, own_state())
    found = optimal_table(drops, np.full(3, start))
    assert found.residual < 1e-6
    assert found.value == pytest.approx(optimal_table(drops).value, rel=1e-7)


def test_no_rule_on_a_grid_is_better() -> None:
    system = System(path(2), buffer=2, dt=1.5)
    best = optimal_table(ExactObjective(system, 4, own_state()))
    grid = np.linspace(0.0, 1.0, 9)
    values = [total_drops(system, by_rule([a, b, c]), 4) for a in grid for b in grid for c in grid]
    assert best.value <= min(values) + 1e-9
    assert min(values) - best.value < 0.02 * best.value


def test_ring_of_four_at_delay_one_and_five() -> None:
    """Better than RND by a factor at delay 1, by a fifth at delay 5; the rules found before."""
    for dt, value in ((1.0, 1.334), (5.0, 2.823)):
        drops = ExactObjective(System(ring(4), dt=dt), round(50 / dt), own_state())
        found = optimal_table(drops)
        assert found.value == pytest.approx(value, abs=1e-3)
        assert found.residual < 1e-5
        assert (np.diff(found.table) >= 0).all()


@given(st.lists(st.floats(0.0, 0.6), min_size=3, max_size=3), st.floats(0.0, 0.4))
def test_on_regular_graphs_only_differences_of_the_rule_matter(
    rule: list[float], shift: float
) -> None:
    """OWN = RND is the case of a constant rule; on a path the shift does matter."""
    moved = np.array(rule) + shift
    for graph in (ring(4), complete(3)):
        system = System(graph, buffer=2, dt=2.0)
        one, other = (total_drops(system, by_rule(r), 3) for r in (rule, moved))
        assert one == pytest.approx(other, abs=1e-13)
        _, gradient = ExactObjective(system, 3, own_state()).value_and_gradient(rule)
        assert abs(gradient.sum()) < 1e-13


def test_a_shift_matters_where_degrees_differ() -> None:
    system = System(path(3), buffer=2, dt=2.0)
    one, other = (total_drops(system, by_rule(np.full(3, p)), 3) for p in (0.0, 0.4))
    assert other > one + 1e-3


def test_information_and_action_each_cost_something() -> None:
    """Full information with targets, then own-or-any-neighbour, then neighbours, then own state."""
    system = System(path(3), buffer=2, dt=1.0)
    targets = optimal_drops(system, 4, 12)
    everyone, near, own = (
        optimal_table(ExactObjective(system, 4, observe())).value
        for observe in (everything, own_state_and_neighbours, own_state)
    )
    assert targets < 0.99 * everyone
    assert everyone < near - 1e-6
    assert near < 0.99 * own


def test_the_gradient_is_cut_where_it_leaves_the_box() -> None:
    table = np.array([0.0, 0.0, 0.5, 1.0, 1.0])
    gradient = np.array([2.0, -2.0, 3.0, 4.0, -4.0])
    np.testing.assert_array_equal(projected_gradient(table, gradient), [0, -2, 3, 4, 0])
