"""Claims about the learners inside the loop: any solver, kept budgets, three evaluations.

[DCC sec. 4] [DCC sec. 4.3] [DCC sec. 4.5]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from refimpl import planted
from refimpl.dcc.claims.experiments_results import (
    Cell,
    Results,
    budget,
    column,
    empirical_claim,
)
from refimpl.dcc.experiments import local_solvers
from refimpl.dcc.experiments.scale import scale_of
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.train.coordination import Base, Estimate, Solution
from refimpl.dcc.train.gradients import three_evaluations
from refimpl.dcc.train.population import Population, draw_population
from refimpl.findings import empirical, interval
from refimpl.ledger import Arrays, Claim, Context, Control, Finding, Job, Kind, Verdict
from refimpl.planted import Planted
from refimpl.shared.statistics import mean_interval

Floats = NDArray[np.float64]
Counted = Callable[[Population, Base], int]

CLOSE = 0.1
"""Relative distance from the exact constrained optimum within which a solve counts as working."""

KEPT = 0.02
"""Mean excess of the offloading frequency over its budget that counts as keeping it."""

ANY_SOLVER = ("q-published", "ppo", "dqn")


def solver_jobs(learner: str, context: Context) -> tuple[Job, ...]:
    """Jobs of one learner on all devices of the profile."""
    return local_solvers.jobs(learner, scale_of(context), context.seed)


def learned(learner: str, context: Context) -> Arrays:
    """Results of one learner on all devices of the profile, stacked."""
    tables = [context.data[job.name] for job in solver_jobs(learner, context)]
    return {key: np.array([table[key] for table in tables]) for key in tables[0]}


def exact_answers(learner: str, table: Arrays, context: Context) -> Arrays:
    """Answer the same devices by the exact constrained optimum."""
    del learner, context
    kept = np.full_like(table["use"], local_solvers.BUDGET)
    return {**table, "cost": table["optimal_cost"], "use": kept}


def never_offloading_twice_as_dear(learner: str, table: Arrays, context: Context) -> Arrays:
    """Charge the same devices twice the cost of never offloading."""
    del learner, context
    return {**table, "cost": 2.0 * table["never_cost"], "use": np.zeros_like(table["use"])}


def check_any_solver(answers: planted.Results[str, Arrays], context: Context) -> Finding:
    """Every learner is within 10% of the constrained optimum and keeps the budget, on average."""
    scale = scale_of(context)
    evidence = {"devices": float(scale.local_devices), "steps": float(scale.local_steps)}
    held = []
    for learner in (*ANY_SOLVER, "q-ours"):
        table = answers(learner, context)
        excess = mean_interval(table["cost"] / table["optimal_cost"] - 1.0)
        violation = float(np.maximum(table["use"] - local_solvers.BUDGET, 0.0).mean())
        if learner in ANY_SOLVER:
            held += [abs(excess.mean) < CLOSE, violation < KEPT]
        evidence |= interval(f"{learner}_excess", excess)
        evidence[f"{learner}_violation"] = violation
    return empirical(all(held), evidence)


def check_budgets_kept(results: Results, context: Context) -> Finding:
    """Learned policies overrun their budgets by less than 0.02 on average, at every size."""
    evidence, held = budget(context), []
    for n in scale_of(context).sizes:
        for method in ("dcc-published", "dcc-ours"):
            excess = mean_interval(results(Cell(method, n), context)["violation"][-1])
            if method == "dcc-published":
                held.append(excess.high < KEPT)
            evidence |= interval(f"{method}_violation_n{n}", excess)
    return empirical(all(held), evidence)


def budget_cells(context: Context) -> list[Cell]:
    """Cells that :func:`check_budgets_kept` reads."""
    methods = ("dcc-published", "dcc-ours")
    return [Cell(m, n) for n in scale_of(context).sizes for m in methods]


def points_of_three_evaluations(population: Population, base: Base) -> int:
    """Constrained problems per agent that one update by three evaluations solves, base included."""
    return 1 + asked(population, base).n_solves


def points_of_plain_differences(population: Population, base: Base) -> int:
    """Count the same for plain finite differences: every agent for every budget, and the base."""
    del base
    return 1 + population.n_devices


def asked(population: Population, base: Base) -> Estimate:
    """Estimate whose solver only counts the points that it is asked for."""
    counted: list[int] = []

    def ask(budgets: Floats, others: Floats) -> Solution:
        counted.append(len(budgets))
        zeros = np.zeros_like(budgets + others)
        return Solution(zeros, zeros, zeros, np.zeros((len(budgets), 1, 1, 1)), {})

    estimator = three_evaluations(0.05, 0.25)
    estimate = estimator(population, base, ask, np.random.default_rng(0))
    return replace(estimate, n_solves=sum(counted))


def check_three_evaluations(count: Counted, context: Context) -> Finding:
    """Check that an update solves three problems per agent whatever the number of agents."""
    evidence = {}
    for n in (2, 10, 50, 200):
        population = draw_population(context.seed, n, (0,), power_law())
        zeros = np.zeros((1, n))
        evidence[f"solves_per_agent_n{n}"] = float(
            count(population, Base(zeros, zeros, zeros, zeros, 0))
        )
    constant = set(evidence.values()) == {3.0}
    return Finding(Verdict.HOLDS if constant else Verdict.REFUTED, evidence)


CLAIMS: tuple[Claim, ...] = (
    planted.Experiments("dcc", solver_jobs, learned).claim(
        "sec-4.3-any-solver",
        "Q-learning, PPO and DQN all solve the constrained problem of one device by multipliers.",
        ("DC-22",),
        Planted(
            check_any_solver,
            never_offloading_twice_as_dear,
            exact_answers,
            "all learners return twice the cost of never offloading where the claim was found, the "
            "exact optimum where not",
        ),
        source="sec. 4.3",
        cells=lambda _: local_solvers.LEARNERS,
    ),
    empirical_claim(
        "sec-4.3-budgets-kept",
        "With the published settings the multipliers make the learned policies keep their budgets.",
        ("DC-22",),
        Planted(
            check_budgets_kept,
            column("violation", ("dcc-published",), lambda x, _: np.full_like(x, 0.3)),
            column("violation", ("dcc-published",), lambda x, _: np.zeros_like(x)),
            "all policies overrun their budgets by 0.3 where the claim was found, by nothing where "
            "not",
        ),
        source="sec. 4.3",
        cells=budget_cells,
    ),
    Claim(
        "dcc/sec-4.5-three-evaluations",
        "sec. 4.5",
        "One update costs three constrained solves per agent, so coordination multiplies the work "
        "of the learner by a constant, whatever the number of agents.",
        ("DC-53",),
        Kind.EXACT,
        check_three_evaluations,
        points_of_three_evaluations,
        Control(
            "plain finite differences, which solve all agents once per budget",
            points_of_plain_differences,
        ),
    ),
)
"""Claims about learners of the local problem."""
