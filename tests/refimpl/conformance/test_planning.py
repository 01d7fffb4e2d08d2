"""A linear program written down from scratch conforms; its usual mistakes do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from lp_solvers import highs, lagrangian
from lp_solvers.constrained_mdp import constrained_mdp, solve_by_lp
from lp_solvers.finite_mdp import finite_mdp
from refimpl.conformance import cases, check
from refimpl.conformance.draws import RandomDraw
from refimpl.conformance.planning import is_unique
from tests.refimpl.conformance.planted import counterexample


def cmdp(
    dual=lambda marginal: -marginal,
    bound=lambda budget, _: budget,
    order="C",
    scale=lambda _: 1.0,
    constrained=True,
):
    """The occupancy LP for SciPy, entry by entry, with replaceable parts."""

    def function(P, cost, constraint_cost, budget, gamma, start):
        n_states, n_actions = cost.shape
        flow = np.zeros((n_states, n_states * n_actions))
        for s, a in np.ndindex(cost.shape):
            flow[s, s * n_actions + a] += 1
            flow[:, s * n_actions + a] -= gamma * P[s, a]
        answer = linprog(
            cost.ravel(order=order),
            A_ub=[constraint_cost.ravel()] if constrained else None,
            b_ub=[bound(budget, gamma)] if constrained else None,
            A_eq=flow,
            b_eq=start,
        )
        assert answer.status == 0
        price = dual(answer.ineqlin.marginals[0]) if constrained else 0.0
        return answer.fun, price, scale(gamma) * answer.x.reshape(cost.shape)

    return function


def test_scipys_linear_program_conforms() -> None:
    check("cmdp", cmdp(), examples=40)


@pytest.mark.parametrize(
    "bug",
    [
        cmdp(dual=lambda marginal: marginal),
        cmdp(bound=lambda budget, gamma: budget / (1 - gamma)),
        cmdp(order="F"),
        cmdp(scale=lambda gamma: 1 - gamma),
        cmdp(constrained=False),
    ],
    ids=["dual sign", "budget normalised", "Fortran order", "mass 1", "no constraint"],
)
def test_cmdp_bugs_are_shown_on_few_states(bug) -> None:
    assert counterexample("cmdp", bug).inputs["cost"].shape[0] <= 2


@given(st.integers(0, 2**32 - 1))
def test_instances_have_one_answer_that_both_solvers_find(seed: int) -> None:
    inputs = cases()["cmdp"].generate(RandomDraw(np.random.default_rng(seed)))
    mdp = finite_mdp(inputs["P"], inputs["cost"], inputs["gamma"], inputs["start"])
    problem = constrained_mdp(mdp, inputs["constraint_cost"], inputs["budget"])
    low, high = lagrangian.multiplier_interval(problem)
    assert low == pytest.approx(high, abs=1e-9)
    outputs, by_lp = cases()["cmdp"].reference(**inputs), solve_by_lp(problem, highs.solve)
    np.testing.assert_allclose(outputs["occupancy"], by_lp.occupancy, atol=1e-8)
    np.testing.assert_allclose(outputs["multiplier"], by_lp.multipliers[0], atol=1e-7)


def test_binding_and_slack_budgets_both_occur() -> None:
    case = cases()["cmdp"]
    instances = [case.generate(RandomDraw(np.random.default_rng(k))) for k in range(20)]
    prices = [case.reference(**inputs)["multiplier"] for inputs in instances]
    assert 0 < sum(price > 0 for price in prices) < 20


def one_state(cost, constraint_cost, budget):
    mdp = finite_mdp(np.ones((1, 2, 1)), [cost], 0.5, [1.0])
    return constrained_mdp(mdp, [constraint_cost], budget)


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (one_state([0.0, 1.0], [1.0, 0.0], 1.0), True),  # half of the time each
        (one_state([0.0, 1.0], [1.0, 0.0], 5.0), True),  # always the cheap action
        (one_state([0.0, 1.0], [1.0, 0.0], 2.0), False),  # exactly at the breakpoint
        (one_state([0.0, 1.0], [1.0, 0.0], 0.0), False),  # at the least budget
        (one_state([1.0, 1.0], [0.5, 0.5], 5.0), False),  # both actions optimal
    ],
    ids=["binding", "slack", "breakpoint", "least", "tie"],
)
def test_uniqueness_is_recognised(problem, expected) -> None:
    assert is_unique(problem, lagrangian.solve(problem)) is expected
