"""Constrained MDPs by their linear program: certificates, enumeration, duality, bad input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lp_solvers import constrained_mdp as constrained_mdp_module
from lp_solvers import cvx, highs
from lp_solvers.certificate import verify_farkas
from lp_solvers.constrained_mdp import (
    CMDPSolution,
    ConstrainedMDP,
    certified_solution,
    cmdp_lp,
    constrained_mdp,
    dual_function,
    priced,
    solve_by_lp,
)
from lp_solvers.errors import CertificateError, InfeasibleError
from lp_solvers.finite_mdp import finite_mdp, start_value, with_cost
from lp_solvers.linear_program import LinearProgram, LPSolution
from lp_solvers.occupancy import occupancy_of_policy
from lp_solvers.policy_iteration import policy_iteration
from tests.lp_solvers.strategies import feasible_cmdps, infeasible_cmdps, random_mdp, relabellings
from tests.oracles.policy_enumeration import constrained_optimum, enumerate_policies
from tests.oracles.test_policy_enumeration import GOING, STAY_OR_GO

TWO = feasible_cmdps(max_constraints=2)
Backend = Callable[[LinearProgram], LPSolution]


def closeness(cmdp: ConstrainedMDP) -> float:
    """Solvers hold constraints to 1e-10; a residual costs up to the largest dual value."""
    largest = 1.0 + np.abs(cmdp.mdp.cost).max() + np.abs(cmdp.constraint_costs).max(initial=0.0)
    return float(1e-9 * largest / (1.0 - cmdp.mdp.gamma) ** 2)


def check_solution(cmdp: ConstrainedMDP, solution: CMDPSolution) -> None:
    """What every solution promises, whoever computed it."""
    mdp, close = cmdp.mdp, closeness(cmdp)
    assert solution.certificate.worst <= 1e-9
    assert (solution.multipliers >= 0.0).all()
    assert (solution.constraint_values <= cmdp.budgets + close).all()
    assert start_value(mdp, solution.policy) == pytest.approx(solution.value, abs=close)
    for cost, count in zip(cmdp.constraint_costs, solution.constraint_values, strict=True):
        assert start_value(with_cost(mdp, cost), solution.policy) == pytest.approx(count, abs=close)
    assert solution.occupancy.sum() == pytest.approx(1.0 / (1.0 - mdp.gamma), abs=close)
    again = occupancy_of_policy(mdp, solution.policy)
    assert np.abs(again - solution.occupancy).max() <= close
    assert not solution.policy[~mdp.allowed].any()
    assert not solution.occupancy[~mdp.allowed].any()
    dual = mdp.start @ solution.state_values - solution.multipliers @ cmdp.budgets
    assert dual == pytest.approx(solution.value, abs=close * (1.0 + solution.multipliers.sum()))


def n_randomised(solution: CMDPSolution) -> int:
    """States that the policy visits and in which it randomises."""
    seen = solution.occupancy.sum(axis=1) > 1e-9
    return int(((solution.occupancy > 1e-9).sum(axis=1)[seen] > 1).sum())


def test_stay_or_go_by_hand() -> None:
    """Cost 8 at budget 0, falling by 7 a unit down to 1 at budget 1."""
    solution = solve_by_lp(constrained_mdp(STAY_OR_GO, GOING, 0.25))
    assert solution.value == pytest.approx(6.25)
    assert solution.multipliers == pytest.approx([7.0])
    assert solution.constraint_values == pytest.approx([0.25])
    # Going once with total probability: 0.25 = p + p (1 - p) / 2 + ... = p / (1 - (1 - p) / 2).
    assert solution.policy[0, 1] == pytest.approx(1 / 7)
    assert solution.state_values == pytest.approx([8.0, 2.0])


@given(TWO)
def test_linear_program_against_enumeration(cmdp: ConstrainedMDP) -> None:
    solution = solve_by_lp(cmdp)
    check_solution(cmdp, solution)
    points = enumerate_policies(cmdp.mdp, cmdp.constraint_costs)
    best = constrained_optimum(points, cmdp.budgets + closeness(cmdp))
    assert best is not None
    slack = closeness(cmdp) * (1.0 + solution.multipliers.sum())
    assert solution.value == pytest.approx(best, abs=2 * slack)


@given(feasible_cmdps(max_constraints=3))
def test_a_vertex_randomises_in_at_most_m_states(cmdp: ConstrainedMDP) -> None:
    assert n_randomised(solve_by_lp(cmdp)) <= cmdp.n_constraints


@pytest.mark.parametrize(
    "backend", [partial(cvx.solve, solver="HIGHS"), partial(cvx.solve, solver="CLARABEL")]
)
def test_backends_agree(backend: Backend) -> None:
    rng = np.random.default_rng(6)
    for n_constraints in (1, 2):
        mdp = random_mdp(rng, 12, 3)
        extra = rng.random((n_constraints, 12, 3))
        counts = np.tensordot(extra, occupancy_of_policy(mdp, np.full((12, 3), 1 / 3)), axes=2)
        cmdp = constrained_mdp(mdp, extra, 0.9 * counts)
        one, two = solve_by_lp(cmdp), solve_by_lp(cmdp, backend)
        check_solution(cmdp, two)
        assert two.value == pytest.approx(one.value, rel=1e-9)
        assert two.multipliers == pytest.approx(one.multipliers, rel=1e-6, abs=1e-9)
        assert n_randomised(one) <= n_constraints


@given(TWO, st.data())
def test_dual_function_is_concave_bounded_and_tangent_to_its_gradient(
    cmdp: ConstrainedMDP, data: st.DataObject
) -> None:
    y = np.array(data.draw(st.lists(st.floats(0, 5), min_size=2, max_size=2)))
    one, two = y[: cmdp.n_constraints], y[::-1][: cmdp.n_constraints]
    at_one, at_two = dual_function(cmdp, one), dual_function(cmdp, two)
    middle = dual_function(cmdp, (one + two) / 2)
    slack = closeness(cmdp) * 11
    assert middle.value >= (at_one.value + at_two.value) / 2 - slack
    assert at_two.value <= at_one.value + at_one.gradient @ (two - one) + slack
    assert at_one.value <= solve_by_lp(cmdp).value + slack


@given(TWO)
def test_the_dual_reaches_the_primal_at_the_multipliers(cmdp: ConstrainedMDP) -> None:
    solution = solve_by_lp(cmdp)
    dual = dual_function(cmdp, solution.multipliers)
    slack = closeness(cmdp) * (1.0 + solution.multipliers.sum())
    assert dual.value == pytest.approx(solution.value, abs=slack)


@given(TWO)
def test_without_a_price_the_dual_is_the_unconstrained_optimum(cmdp: ConstrainedMDP) -> None:
    free = dual_function(cmdp, np.zeros(cmdp.n_constraints))
    best = policy_iteration(cmdp.mdp)
    assert free.value == cmdp.mdp.start @ best.value
    assert (free.actions == best.actions).all()


@given(feasible_cmdps(), st.data())
def test_names_scale_and_shift(cmdp: ConstrainedMDP, data: st.DataObject) -> None:
    """Renaming changes nothing; cost ``3 cost + 2`` has value ``3 V + 2 / (1 - gamma)``."""
    mdp = cmdp.mdp
    s, a = data.draw(relabellings(mdp))
    renamed = finite_mdp(
        mdp.P[s][:, a][:, :, s],
        3.0 * mdp.cost[s][:, a] + 2.0,
        mdp.gamma,
        mdp.start[s],
        mdp.allowed[s][:, a],
    )
    changed = constrained_mdp(renamed, cmdp.constraint_costs[:, s][:, :, a], cmdp.budgets)
    expected = 3.0 * solve_by_lp(cmdp).value + 2.0 / (1.0 - mdp.gamma)
    solution = solve_by_lp(changed)
    slack = closeness(changed) * (1.0 + solution.multipliers.sum())
    assert solution.value == pytest.approx(expected, abs=4 * slack)


@given(feasible_cmdps(), st.floats(0.5, 4.0))
def test_shifting_the_constrained_cost_and_its_budget_alike_changes_nothing(
    cmdp: ConstrainedMDP, shift: float
) -> None:
    """Adding ``shift`` to the constrained cost adds ``shift / (1 - gamma)`` to every count."""
    budgets = cmdp.budgets + shift / (1.0 - cmdp.mdp.gamma)
    moved = constrained_mdp(cmdp.mdp, cmdp.constraint_costs + shift, budgets)
    one, two = solve_by_lp(cmdp), solve_by_lp(moved)
    slack = closeness(moved) * (1.0 + max(one.multipliers.sum(), two.multipliers.sum()))
    assert two.value == pytest.approx(one.value, abs=2 * slack)


@given(infeasible_cmdps())
def test_infeasible_budgets_carry_a_verified_ray(cmdp: ConstrainedMDP) -> None:
    with pytest.raises(InfeasibleError, match=r"budgets must be met by some policy; got \[") as e:
        solve_by_lp(cmdp)
    assert verify_farkas(cmdp_lp(cmdp), e.value.ray)


def test_no_constraint_at_all_is_the_plain_process() -> None:
    mdp = random_mdp(np.random.default_rng(7), 8, 2)
    solution = solve_by_lp(constrained_mdp(mdp, np.zeros((0, 8, 2)), []))
    assert solution.value == pytest.approx(mdp.start @ policy_iteration(mdp).value)
    assert solution.multipliers.shape == (0,)


@given(TWO)
def test_pricing_adds_the_constrained_costs(cmdp: ConstrainedMDP) -> None:
    y = np.arange(1.0, cmdp.n_constraints + 1)
    expected = cmdp.mdp.cost + sum(k * c for k, c in zip(y, cmdp.constraint_costs, strict=True))
    assert np.allclose(priced(cmdp, y).cost, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("costs", "budgets", "message"),
    [
        (np.ones((2, 3)), 1.0, r"constraint_costs must have shape \(1, 2, 2\); got .*\(1, 2, 3\)"),
        (np.ones((1, 2, 2)), [1.0, 2.0], r"constraint_costs must have shape \(2, 2, 2\)"),
        (np.array([[np.nan, 1], [1, 1]]), 1.0, r"constraint_costs\[0\] must be finite; got nan"),
        (np.ones((2, 2)), np.nan, "budgets must be finite; got nan"),
        (np.ones((2, 2)), np.inf, "budgets must be finite; got inf"),
        (np.ones((2, 2)), -0.5, r"budgets must not be negative .*; got budgets\[0\] = -0\.5"),
    ],
)
def test_bad_input_is_refused(costs: Any, budgets: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        constrained_mdp(STAY_OR_GO, costs, budgets)


def test_a_negative_budget_is_fine_where_the_constrained_cost_can_be_negative() -> None:
    solution = solve_by_lp(constrained_mdp(STAY_OR_GO, -GOING, -0.25))
    assert solution.constraint_values[0] <= -0.25 + 1e-12


@pytest.mark.parametrize(
    ("multipliers", "message"),
    [
        ([-1.0], r"multipliers must be >= 0; got -1\.0"),
        ([1.0, 1.0], "multipliers must have length 1; got 2"),
        ([np.nan], "multipliers must be finite"),
    ],
)
def test_bad_multipliers_are_refused(multipliers: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dual_function(constrained_mdp(STAY_OR_GO, GOING, 0.5), multipliers)


def test_wrong_answers_are_refused() -> None:
    """A wrong value, policy or multiplier from a back end never becomes a solution."""
    cmdp = constrained_mdp(STAY_OR_GO, GOING, 0.25)

    def spoiled(lp: LinearProgram, **changes: float) -> LPSolution:
        answer = highs.solve(lp)
        return replace(answer, **{k: getattr(answer, k) + v for k, v in changes.items()})

    for part in ("x", "y_ub", "y_eq"):
        with pytest.raises(CertificateError, match="not optimal to 1e-09"):
            solve_by_lp(cmdp, partial(spoiled, **{part: 1e-6}))


def test_an_occupancy_that_is_not_its_policys_is_refused() -> None:
    """Flattening in the wrong order gives a vector that no policy has."""
    mdp = random_mdp(np.random.default_rng(8), 5, 2)
    cmdp = constrained_mdp(mdp, np.ones((5, 2)), 1.0 / (1.0 - mdp.gamma) + 1.0)
    good = solve_by_lp(cmdp)
    wrong = good.occupancy.ravel().reshape(5, 2, order="F")
    with pytest.raises(CertificateError, match="not optimal"):
        certified_solution(cmdp, wrong, good.multipliers, good.state_values)


def test_a_policy_that_does_not_have_its_occupancy_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The re-evaluation is a proof of its own: it catches an error in reading the policy."""
    mdp = random_mdp(np.random.default_rng(9), 5, 2)
    uniform = np.full((5, 2), 0.5)
    monkeypatch.setattr(constrained_mdp_module, "policy_from_occupancy", lambda *_: uniform)
    with pytest.raises(CertificateError, match=r"differ by .*, rounding explains"):
        solve_by_lp(constrained_mdp(mdp, np.ones((5, 2)), 21.0))
