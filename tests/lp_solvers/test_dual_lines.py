"""Policies as lines: evaluation, crossings, proofs of optimality, lexicographic optima."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lp_solvers.dual_lines import (
    PricedMDP,
    crossing,
    lower_line,
    lowest_line,
    swept,
    tied_actions,
)
from lp_solvers.finite_mdp import deterministic, finite_mdp, start_value
from lp_solvers.occupancy import state_visits
from lp_solvers.policy_iteration import policy_iteration
from tests.lp_solvers.strategies import Draw, costs, mdps, policies
from tests.lp_solvers.test_finite_mdp import tolerance
from tests.oracles.policy_enumeration import Enumeration, enumerate_policies

prices = st.sampled_from([0.0, 0.5, 1.0, 3.0]) | st.floats(0.0, 5.0)


@st.composite
def priced_mdps(draw: Draw) -> PricedMDP:
    mdp = draw(mdps(3, 3))
    return PricedMDP(mdp, draw(costs(mdp.cost.shape)))


def enumerated(problem: PricedMDP) -> Enumeration:
    return enumerate_policies(problem.mdp, problem.constraint_cost[None])


def noise(problem: PricedMDP, price: float = 0.0) -> float:
    return 4 * tolerance(problem.at(price)) + 4 * tolerance(problem.counting)


@given(priced_mdps(), st.data())
def test_a_line_is_its_policys_cost_and_count(problem: PricedMDP, data: st.DataObject) -> None:
    actions = np.argmax(data.draw(policies(problem.mdp)), axis=1)
    policy = deterministic(actions, problem.mdp.n_actions)
    line, price = problem.line(actions), data.draw(prices)
    assert abs(line.cost - start_value(problem.mdp, policy)) <= noise(problem)
    assert abs(line.count - start_value(problem.counting, policy)) <= noise(problem)
    assert np.abs(line.visits - state_visits(problem.mdp, policy)).max() <= 1e-9
    total = start_value(problem.at(price), policy)
    assert abs(line.at(price) - total) <= noise(problem, price)
    assert abs(problem.mdp.start @ line.values_at(price) - total) <= noise(problem, price)


@given(priced_mdps(), prices)
def test_lowest_line_is_the_enumerated_minimum(problem: PricedMDP, price: float) -> None:
    points = enumerated(problem)
    best = (points.costs + price * points.counts[:, 0]).min()
    first = problem.line(np.argmax(problem.mdp.allowed, axis=1))
    line = lowest_line(problem, price, first.values_at(price), first.at(price)) or first
    assert abs(line.at(price) - best) <= noise(problem, price)


@given(priced_mdps(), prices)
def test_a_lower_line_is_lower_and_none_is_a_proof(problem: PricedMDP, price: float) -> None:
    points = enumerated(problem)
    best = (points.costs + price * points.counts[:, 0]).min()
    first = problem.line(np.argmax(problem.mdp.allowed, axis=1))
    line, value = lower_line(problem, price, first.values_at(price), first.at(price))
    if line is None:
        assert abs(first.at(price) - best) <= noise(problem, price)
        optimal = policy_iteration(problem.at(price)).value
        assert np.abs(value - optimal).max() <= noise(problem, price)
    else:
        assert line.at(price) < first.at(price)
        assert line.at(price) >= best - noise(problem, price)


@given(priced_mdps(), st.data())
def test_the_minimum_of_two_policies_values_can_be_improved_on(
    problem: PricedMDP, data: st.DataObject
) -> None:
    """From ``min(V1, V2)`` one greedy step is at least as good as both, in every state."""
    one, two = (problem.line(np.argmax(data.draw(policies(problem.mdp)), axis=1)) for _ in range(2))
    price = data.draw(prices)
    value = np.minimum(one.values_at(price), two.values_at(price))
    better = problem.line(swept(problem.at(price), value, 0))
    assert (better.values_at(price) <= value + noise(problem, price)).all()


@given(priced_mdps(), st.data())
def test_lines_agree_where_they_cross(problem: PricedMDP, data: st.DataObject) -> None:
    lines = [problem.line(np.argmax(data.draw(policies(problem.mdp)), axis=1)) for _ in range(2)]
    right, left = sorted(lines, key=lambda line: line.count)
    if left.count - right.count > 1e-6 and right.cost >= left.cost:
        price = crossing(left, right)
        assert abs(left.at(price) - right.at(price)) <= 1e-9 * (1 + abs(left.at(price)))
        assert price >= 0.0
    elif left.count - right.count > 1e-6:
        assert crossing(left, right) == 0.0


@given(priced_mdps())
def test_ends_are_lexicographic_optima(problem: PricedMDP) -> None:
    points, close = enumerated(problem), 10 * noise(problem)
    counts = points.counts[:, 0]
    cheapest, sparing = problem.cheapest_line(), problem.sparing_line()
    assert abs(cheapest.cost - points.costs.min()) <= close
    ties = points.costs <= points.costs.min() + close
    assert abs(cheapest.count - counts[ties].min()) <= close
    assert abs(sparing.count - counts.min()) <= close
    ties = counts <= counts.min() + close
    assert abs(sparing.cost - points.costs[ties].min()) <= close


@given(priced_mdps(), prices)
def test_tied_actions_are_those_of_some_optimal_policy(problem: PricedMDP, price: float) -> None:
    mdp = problem.at(price)
    tied = tied_actions(mdp, policy_iteration(mdp).value)
    points = enumerate_policies(mdp)
    close = 4 * noise(problem, price)
    optimal = (points.values <= points.values.min(axis=0) + close).all(axis=1)
    used = np.zeros(mdp.cost.shape, dtype=bool)
    for actions in points.actions[optimal]:
        used[np.arange(mdp.n_states), actions] = True
    assert (tied == used).all()


def test_pricing_is_linear() -> None:
    mdp = finite_mdp([[[1.0], [1.0]]], [[1.0, 2.0]], 0.5, [1.0])
    problem = PricedMDP(mdp, np.array([[0.0, 3.0]]))
    assert problem.at(0.5).cost.tolist() == [[1.0, 3.5]]
    assert problem.counting.cost.tolist() == [[0.0, 3.0]]
    assert problem.both.tolist() == [[1.0, 0.0], [2.0, 3.0]]
