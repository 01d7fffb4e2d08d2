"""Specifies the compared methods: the same number of steps for all, and documented curves."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from refimpl.dcc.experiments.methods import (
    CENTRAL,
    INDEPENDENT,
    ITERATIONS,
    METHODS,
    N_SOLVES,
    TABULAR,
    VARIANTS,
    our_step,
    published_step,
)
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.train.population import Population, draw_population
from refimpl.dcc.train.record import CURVE_KEYS
from tests.dcc.train.strategies import pair
from tests.shared.interruptions import assert_same_bits

LEARNING = ("dcc-published", "dcc-ours-differences", "dcc-ours", *INDEPENDENT)


def test_names_do_not_overlap():
    assert set(METHODS) == set(VARIANTS) | set(INDEPENDENT) | set(CENTRAL)
    assert len(METHODS) == len(VARIANTS) + len(INDEPENDENT) + len(CENTRAL)
    assert set(TABULAR) == set(VARIANTS) | set(INDEPENDENT)


def test_the_paper_makes_five_updates_of_three_evaluations():
    assert ITERATIONS == 5
    assert N_SOLVES == 16


@lru_cache(maxsize=16)
def learned(name):
    """Curve of one method on two small games."""
    return METHODS[name](pair(2), 1000, 0, None)


@pytest.mark.parametrize("name", LEARNING)
def test_every_tabular_learner_gets_sixteen_solves(name):
    curve = learned(name)
    assert curve["steps"][-1] == 16 * 1000
    points = len(curve["steps"])
    assert points == (6 if "differences" in name or name == "dcc-published" else 16)
    for key in CURVE_KEYS[1:]:
        assert curve[key].shape == (points, 2)
    assert (np.diff(curve["steps"]) > 0).all()


@pytest.mark.parametrize(("name", "updates"), [("dcc-exact", 15), ("dcc-exact-differences", 5)])
def test_exact_variants_learn_nothing_and_make_as_many_updates(name, updates):
    curve = METHODS[name](pair(), 1000, 0, None)
    np.testing.assert_array_equal(curve["steps"], np.zeros(updates + 1))
    assert curve["budget_path"].shape == (updates + 1, 1, 2)


@pytest.mark.parametrize("name", ["dcc-exact", "dcc-exact-differences"])
def test_exact_variants_do_not_depend_on_learning_settings(name):
    population = draw_population(0, 3, (0,), power_law())
    one, two = (METHODS[name](population, steps, 0, None) for steps in (1000, 2000))
    assert_same_bits(one, two)


def test_step_rules_move_by_their_rate():
    budgets, gradient = np.full((1, 2), 0.5), np.array([[-30.0, 10.0]])
    for rule, rate in ((published_step, 0.25), (our_step, 1.0)):
        for k in range(3):
            moved = np.clip([[0.5 + 0.75 * rate / (k + 1), 0.5 - 0.25 * rate / (k + 1)]], 0, 1)
            np.testing.assert_allclose(rule(budgets, gradient, k), moved, rtol=1e-12)


def test_same_seed_same_bits():
    again, other = (METHODS["dcc-ours"](pair(2), 1000, seed, None) for seed in (0, 1))
    assert_same_bits(learned("dcc-ours"), again)
    assert (learned("dcc-ours")["cost"] != other["cost"]).any()


def test_first_budgets_are_equal_and_where_asked():
    curve = TABULAR["dcc-exact"](pair(), 1000, 0, None, first=0.25)
    assert (curve["budget_path"][0] == 0.25).all()


def test_independent_learners_are_told_what_their_name_says():
    """A lone device pays what it costs; then own and common cost are the same."""
    lonely = Population(pair().devices[:1], 1, power_law())
    runs = [METHODS[name](lonely, 1000, 3, None) for name in ("iql-published", "iql-common")]
    assert_same_bits(*({key: run[key] for key in (*CURVE_KEYS, "q")} for run in runs))
    assert (learned("iql-published")["q"] != learned("iql-common")["q"]).any()
