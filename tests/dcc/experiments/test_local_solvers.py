"""Specifies the comparison of learners on one constrained device with its exact optimum."""

from __future__ import annotations

import numpy as np
import pytest

from lp_solvers.constrained_mdp import solve_by_lp
from refimpl.dcc.experiments import local_solvers
from refimpl.dcc.experiments.local_solvers import (
    BUDGET,
    LEARNERS,
    OTHERS_PENALTY,
    Solve,
    jobs,
    solve,
)
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import draw_device
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective.local import LocalProblem, local_cmdp
from refimpl.dcc.objective.response import local_budget_curve, optimal_policy
from refimpl.shared.seeds import generator
from tests.dcc.experiments.jobs import SCALES, TINY, assert_jobs

KEYS = {"cost", "use", "multiplier", "optimal_cost", "optimal_multiplier", "never_cost"}


def program(seed, device):
    """The same constrained problem, nine others with the same budget, as a linear program."""
    mdp = device_mdp(draw_device(generator(seed, "local-device", device)))
    return mdp, solve_by_lp(local_cmdp(LocalProblem(mdp, BUDGET, 9 * BUDGET, power_law())))


@pytest.mark.parametrize("learner", ["q-published", "q-ours"])
def test_results_are_scalars_beside_the_exact_optimum(learner):
    result = solve(Solve(learner, 1, 1000), 0)
    assert set(result) == KEYS
    assert {array.shape for array in result.values()} == {()}
    _, exact = program(0, 1)
    assert result["optimal_cost"] == pytest.approx(exact.value, rel=1e-9)
    assert result["optimal_multiplier"] == pytest.approx(exact.multipliers[0], rel=1e-6)
    assert result["never_cost"] >= result["optimal_cost"]
    # No policy that keeps the budget is cheaper; one that does not pays the multiplier at most.
    overrun = max(float(result["use"]) - BUDGET, 0.0) / (1.0 - 0.95)
    assert result["cost"] >= exact.value - exact.multipliers[0] * overrun - 1e-8


def test_the_exact_policy_scores_the_exact_optimum(monkeypatch):
    mdp, exact = program(0, 0)
    policy = optimal_policy(mdp, local_budget_curve(mdp), BUDGET / (1.0 - mdp.gamma))
    monkeypatch.setattr(local_solvers, "LEARNERS", {"q-ours": lambda *_: (policy, 1.25)})
    result = solve(Solve("q-ours", 0, 1000), 0)
    assert result["cost"] == pytest.approx(exact.value, rel=1e-9)
    assert result["use"] == pytest.approx(BUDGET, abs=1e-10)
    assert result["multiplier"] == 1.25


def test_learners_are_given_the_device_the_steps_and_the_seed(monkeypatch):
    given = []

    def learner(problem, steps, seed):
        given.append((problem.budget, problem.penalty, steps, seed))
        return np.full((256 - 16, 3), 1 / 3), 0.0

    monkeypatch.setattr(local_solvers, "LEARNERS", {"dqn": learner})
    solve(Solve("dqn", 0, 1234), 9)
    assert given == [(BUDGET, OTHERS_PENALTY, 1234, 9)]
    assert power_law().penalty(1.0 + 9 * BUDGET) == pytest.approx(OTHERS_PENALTY)


def test_same_seed_same_bits_other_device_others():
    one, two = (solve(Solve("q-ours", 0, 1000), 0) for _ in range(2))
    other, reseeded = solve(Solve("q-ours", 2, 1000), 0), solve(Solve("q-ours", 0, 1000), 1)
    assert one == two
    assert one["optimal_cost"] != other["optimal_cost"]
    assert one["multiplier"] != reseeded["multiplier"]


def test_jobs_are_one_per_device_with_names_of_their_own():
    assert [job.args[0].device for job in jobs("ppo", TINY, 0)] == [0, 1]
    assert_jobs(
        job
        for scale in (*SCALES.values(), TINY)
        for learner in LEARNERS
        for seed in (0, 1)
        for job in jobs(learner, scale, seed)
    )
