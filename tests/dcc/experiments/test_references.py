"""Specifies the exact references: inequalities that hold in every game, and their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.dcc.experiments.references import REFERENCES, job, run
from refimpl.dcc.experiments.runs import Run, train
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.model.game import evaluate
from refimpl.dcc.policies import never_offload
from refimpl.dcc.train.exact_solver import exact_devices
from refimpl.dcc.train.population import draw_population
from tests.dcc.experiments.jobs import assert_jobs
from tests.shared.interruptions import assert_same_bits

N, GAMES = 4, (0, 3)


@pytest.fixture(scope="module", params=[1.0, 2.0], ids=["linear", "square"])
def known(request):
    """Exponent and references of three games of four devices."""
    return request.param, run(N, GAMES, request.param, 0)


def test_keys_and_shapes_are_as_documented(known):
    _, result = known
    names = {f"{key}_{name}" for key in ("cost", "predicted", "use") for name in REFERENCES}
    assert set(result) == names | {"budgets_optimum"}
    assert {result[name].shape for name in names} == {(3,)}
    assert result["budgets_optimum"].shape == (3, N)


def test_best_budgets_are_best_in_prediction(known):
    beta, result = known
    predicted, rng = result["predicted_optimum"], np.random.default_rng(1)
    rounding = 1e-9 * np.abs(predicted)
    for other in ("never", "equilibrium"):
        assert (predicted <= result[f"predicted_{other}"] + rounding).all()
    population = draw_population(0, N, range(*GAMES), power_law(beta=beta))
    devices = exact_devices(population)
    for budgets in (result["budgets_optimum"], rng.random((3, N)), rng.random((3, N)) / N):
        moved = np.clip(budgets + 0.01 * rng.normal(size=(3, N)), 0.0, 1.0)
        counts = moved.ravel() / (1.0 - population.gamma)
        paid = population.congestion.penalty(1.0 + population.others(moved)).ravel() * counts
        value = (devices.local_values(counts) + paid).reshape(3, N).mean(axis=1)
        assert (predicted <= value + rounding).all()


def test_coordination_lies_between_the_best_budgets_and_never(known):
    beta, result = known
    curve = train(Run("dcc-exact", N, GAMES, 1000, beta), 0)
    assert (result["cost_optimum"] < curve["cost"][0]).all()
    np.testing.assert_allclose(curve["cost"][0], result["cost_never"], rtol=1e-10)
    assert (curve["cost"][-1] < result["cost_never"]).all()


def test_never_offloading_is_that_policy_exactly(known):
    beta, result = known
    np.testing.assert_allclose(result["cost_never"], result["predicted_never"], rtol=1e-10)
    assert (result["use_never"] == 0.0).all()
    population = draw_population(0, N, [1], power_law(beta=beta))
    alone = [evaluate_alone(device_mdp(device)) for device in population.devices]
    assert result["cost_never"][1] == pytest.approx(np.mean(alone), rel=1e-9)


def evaluate_alone(mdp):
    """Least cost of one device that may not offload, by value iteration without that action."""
    value, stay = np.zeros(mdp.n_states), mdp.P[:, :2]
    for _ in range(600):
        value = (mdp.cost[:, :2] + mdp.gamma * stay @ value).min(axis=1)
    return mdp.start @ value


def test_uses_are_frequencies_and_selfish_devices_use_more(known):
    _, result = known
    for name in REFERENCES:
        assert (result[f"use_{name}"] >= 0.0).all()
        assert (result[f"use_{name}"] <= 1.0 + 1e-12).all()
    assert (result["use_optimum"] < result["use_equilibrium"]).all()
    np.testing.assert_allclose(
        result["use_optimum"], result["budgets_optimum"].mean(axis=1), rtol=0, atol=1e-8
    )


def test_policies_of_no_offloads_agree_with_the_heuristic():
    population = draw_population(0, 2, [0], power_law())
    mdps = [device_mdp(device) for device in population.devices]
    plain = evaluate(mdps, [never_offload(mdp) for mdp in mdps], population.congestion)
    # The heuristic may be worse than the best policy without offloads, never better.
    assert run(2, (0, 1), 1.0, 0)["cost_never"][0] <= plain.total / 2 * (1 + 1e-9)


def test_games_do_not_depend_on_those_beside_them(known):
    beta, result = known
    alone = run(N, (1, 2), beta, 0)
    for key, array in alone.items():
        np.testing.assert_allclose(array[0], result[key][1], rtol=1e-8, atol=1e-8, err_msg=key)


def test_it_is_a_job_with_its_own_name():
    assert_jobs(
        job(n, games, beta, seed)
        for n in (2, 10)
        for games in ((0, 1), (0, 15), (1, 15))
        for beta in (1.0, 1.5)
        for seed in (0, 1)
    )
    made = job(2, (0, 1), 1.0, 3)
    assert_same_bits(made.function(*made.args, checkpoint=None), run(2, (0, 1), 1.0, 3))


def test_leaving_the_kinks_lowers_the_true_cost():
    # Best budgets sit on kinks, where no device tosses a coin and equal devices march in step.
    games, n = (0, 5), 10
    found = run(n, games, 1.0, 0)
    population = draw_population(0, n, range(*games), power_law())
    devices = exact_devices(population)
    for factor in (0.9, 1.1):
        budgets = factor * found["budgets_optimum"]
        counts = budgets.ravel() / (1.0 - population.gamma)
        paid = population.congestion.penalty(1.0 + population.others(budgets)).ravel() * counts
        predicted = (devices.local_values(counts) + paid).reshape(-1, n).mean(axis=1)
        true = population.joint_cost(devices.policies(counts)).total
        assert np.all(predicted > found["predicted_optimum"])
        assert true.mean() < found["cost_optimum"].mean() - 0.5
