"""Derivatives by finite differences of linear programs conform; mistakes in units do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lp_solvers.finite_mdp import finite_mdp
from refimpl.conformance import cases, check
from refimpl.conformance.draws import RandomDraw
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.objective.coordination import evaluate_device
from refimpl.dcc.objective.local import LocalProblem
from refimpl.dcc.objective.response import local_budget_curve, respond, response_curves
from tests.refimpl.conformance.planted import counterexample
from tests.refimpl.conformance.test_planning import cmdp

CASE = cases()["constraint_gradient"]


def solved(inputs, budget, others):
    """Value, multiplier and discounted count by SciPy's linear program."""
    gamma, offload = inputs["gamma"], inputs["offload_cost"]
    cost = inputs["cost"] + inputs["kappa"] * others ** inputs["beta"] * offload
    bound = budget / (1 - gamma)
    value, price, x = cmdp()(inputs["P"], cost, offload, bound, gamma, inputs["start"])
    return value, price, (x * offload).sum()


def by_differences(**inputs):
    """Derivatives as central differences of values, no duality involved."""
    budget, others, h = inputs["budget_theta"], inputs["others"], 1e-5
    value, price, count = solved(inputs, budget, others)
    local = (solved(inputs, budget + h, others)[0] - solved(inputs, budget - h, others)[0]) / 2 / h
    if others > 0:
        ends = [solved(inputs, budget, others + step)[0] for step in (h, -h)]
        coupling = (ends[0] - ends[1]) / 2 / h
    else:  # the crowd cannot shrink below nobody, and d' at its edge is kappa for beta = 1 only
        coupling = count * (inputs["kappa"] if inputs["beta"] == 1 else 0.0)
    return value, price, local, coupling


def test_finite_differences_of_linear_programs_conform() -> None:
    # Central differences: curvature h^2 = 1e-10, cancellation 1e-9 / h = 1e-4 of a solver's error.
    check("constraint_gradient", by_differences, examples=25, tolerance=1e-4)


def wrong(change):
    """The reference with one output changed."""

    def function(**inputs):
        outputs = CASE.reference(**inputs)
        return outputs | change(inputs, outputs)

    return function


@pytest.mark.parametrize(
    "change",
    [
        lambda _, o: {"local_derivative": -o["multiplier"]},
        lambda _, o: {"local_derivative": -o["local_derivative"]},
        lambda i, o: {"coupling_derivative": (1 - i["gamma"]) * o["coupling_derivative"]},
        lambda i, o: {"multiplier": o["multiplier"] / (1 - i["gamma"])},
        lambda i, o: {"value": (1 - i["gamma"]) * o["value"]},
    ],
    ids=["factor 1/(1-gamma)", "sign", "normalised count", "normalised multiplier", "mean cost"],
)
def test_unit_and_sign_bugs_are_shown_on_a_tiny_device(change) -> None:
    assert len(counterexample("constraint_gradient", wrong(change)).inputs["start"]) <= 6


@given(st.integers(0, 2**32 - 1))
def test_instances_have_one_answer_that_the_paper_s_modules_give(seed: int) -> None:
    inputs = CASE.generate(RandomDraw(np.random.default_rng(seed)))
    outputs = CASE.reference(**inputs)
    mdp = finite_mdp(inputs["P"], inputs["cost"], inputs["gamma"], inputs["start"])
    congestion = power_law(inputs["kappa"], inputs["beta"])
    problem = LocalProblem(mdp, inputs["budget_theta"], inputs["others"], congestion)
    evaluation = evaluate_device(problem)
    assert evaluation.value == pytest.approx(outputs["value"], rel=1e-12)
    assert evaluation.local == pytest.approx(outputs["local_derivative"], rel=1e-9, abs=1e-9)
    assert evaluation.coupling == pytest.approx(outputs["coupling_derivative"], rel=1e-9, abs=1e-9)
    curves = response_curves([local_budget_curve(mdp)], mdp.gamma)
    answer = respond(curves, [problem.budget], [problem.others], congestion)
    for pair, key in ((answer.local, "local"), (answer.coupling, "coupling")):
        ends = np.array(pair)[:, 0]
        np.testing.assert_allclose(ends, outputs[f"{key}_derivative"], rtol=1e-8, atol=1e-8)


def test_binding_and_slack_budgets_both_occur() -> None:
    instances = [CASE.generate(RandomDraw(np.random.default_rng(k))) for k in range(20)]
    prices = [CASE.reference(**inputs)["multiplier"] for inputs in instances]
    assert 0 < sum(price > 0 for price in prices) < 20
