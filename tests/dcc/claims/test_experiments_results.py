"""Specifies tables of results: what is read from jobs, and what is planted in the controls."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dcc.claims.experiments_results import (
    EXPERIMENTS,
    Cell,
    budget,
    column,
    costs_of_reference,
    costs_of_rival,
    difference,
    measured,
    reference,
    reference_data,
)
from refimpl.dcc.experiments import long_training, references, runs, scaling
from refimpl.dcc.experiments.scale import FULL, QUICK
from refimpl.ledger import Context
from refimpl.shared.statistics import paired_difference
from tests.dcc.claims.planted import NEVER, curve_of, level, of_methods, reference_of

CELLS = (
    Cell("dcc-ours", 10),
    Cell("dcc-ours", 10, first=0.15),
    Cell("iql-tuned", 10, beta=2.0),
    Cell("mappo", 10),
    Cell("mappo", 10, long=True),
    Cell("a2c", 20),
)
COSTS = of_methods(dcc_ours={"cost": 1.0}, iql_tuned={"cost": 3.0})


def table(make=COSTS, profile="quick"):
    jobs = EXPERIMENTS.jobs_of(lambda _: CELLS)(Context(profile))
    data = {}
    for job in jobs:
        if job.function is references.run:
            data[job.name] = reference_of(*job.args[:3])
        else:
            data[job.name] = curve_of(job.args[0], make)
    return Context(profile, data=data)


@pytest.mark.parametrize("profile", ["quick", "full"])
def test_cells_are_made_of_the_experiments_jobs(profile):
    context, scale = Context(profile, 5), FULL if profile == "full" else QUICK
    assert Cell("mappo", 10).jobs(context) == scaling.jobs("mappo", 10, scale, 5)
    assert Cell("mappo", 10, long=True).jobs(context) == long_training.jobs(scale, 5)
    (job,) = Cell("dcc-ours", 20, 1.5, 0.25).jobs(context)
    assert job.function is runs.train
    assert job.args == (runs.Run("dcc-ours", 20, scale.games, scale.steps, 1.5, 0.25), 5)


def test_a_claim_asks_for_its_cells_and_their_references_once_each():
    names = [job.name for job in EXPERIMENTS.jobs_of(lambda _: (*CELLS, *CELLS))(Context())]
    assert len(names) == len(set(names))
    wanted = {job.name for cell in CELLS for job in cell.jobs(Context())}
    wanted |= {
        references.job(n, QUICK.games, beta, 0).name
        for n, beta in ((10, 1.0), (10, 2.0), (20, 1.0))
    }
    assert set(names) == wanted


@pytest.mark.parametrize("cell", CELLS, ids=repr)
def test_measured_curves_join_the_jobs(cell):
    context = table()
    curve = measured(cell, context)
    expected = runs.collect(context.data, cell.jobs(context))
    for key, array in expected.items():
        np.testing.assert_array_equal(curve[key], array)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_rival_s_costs_are_given_to_one_method_only(factor):
    context = table()
    change = costs_of_rival("dcc-ours", "mappo", factor)
    cell, other = Cell("dcc-ours", 10), Cell("mappo", 10)
    curve = measured(cell, context)
    changed = change(cell, curve, context)
    final = measured(other, context)["cost"][-1]
    assert changed["cost"].shape == curve["cost"].shape
    np.testing.assert_allclose(changed["cost"][-1, : len(final)], factor * final)
    np.testing.assert_array_equal(changed["use"], curve["use"])
    untouched = measured(other, context)
    assert change(other, untouched, context) is untouched


def test_a_reference_s_costs_are_those_of_its_game():
    context, cell = table(), Cell("a2c", 20)
    curve = measured(cell, context)
    changed = costs_of_reference("a2c", "never", 3.0)(cell, curve, context)
    expected = np.tile(3.0 * NEVER * level((0, 2)), (20, 1))
    np.testing.assert_allclose(changed["cost"], expected)
    assert costs_of_reference("mappo", "never", 3.0)(cell, curve, context) is curve


def test_changes_leave_the_measured_results_as_they_were():
    context, cell = table(), Cell("dcc-ours", 10)
    before = measured(cell, context)["cost"].copy()
    for change in (
        costs_of_rival("dcc-ours", "mappo", 2.0),
        costs_of_reference("dcc-ours", "never", 2.0),
        column("cost", ("dcc-ours",), lambda x, _: 2.0 * x),
    ):
        change(cell, measured(cell, context), context)
    np.testing.assert_array_equal(measured(cell, context)["cost"], before)


def test_references_are_looked_up_by_size_and_exponent():
    context = table()
    np.testing.assert_allclose(reference("never", 10, context), NEVER * level((0, 3)))
    assert reference_data(10, context, 2.0)["use_optimum"][0] == pytest.approx(0.05)


@given(st.integers(2, 6), st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_differences_are_paired_over_the_games_of_both(n, m, seed):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=n), rng.normal(size=m)
    k = min(n, m)
    found = difference(first, second)
    assert found == paired_difference(first[:k], second[:k])
    assert found.low <= found.mean <= found.high
    assert found.mean == pytest.approx((first[:k] - second[:k]).mean())
    back = difference(second, first)
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low))


def test_what_all_games_share_does_not_widen_an_interval():
    games = 1e3 * np.arange(5.0)
    found = difference(games + 1.0, games)
    assert (found.low, found.high) == pytest.approx((1.0, 1.0))


def test_the_budget_stands_beside_every_number():
    assert budget(Context()) == {"learning_steps_per_agent": 16e3, "games": 3.0}
    assert budget(Context("full")) == {"learning_steps_per_agent": 1.6e6, "games": 15.0}
