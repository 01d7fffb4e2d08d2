"""Exact reference points of every game: never offload, selfish equilibrium, best budgets.

All three are product policies, so their true joint cost is exact. Beside it stands what the
approximate objective predicts, whose gap is the price of replacing the crowd by its mean.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.objective.optimum import optimise_budgets
from refimpl.dcc.theory.equilibrium import best_response_equilibrium
from refimpl.dcc.train.exact_solver import ExactDevices, exact_devices
from refimpl.dcc.train.population import Population, draw_population
from refimpl.ledger import Arrays, Job

Floats = NDArray[np.float64]

REFERENCES = ("never", "equilibrium", "optimum")


def run(
    n_devices: int,
    games: tuple[int, int],
    beta: float,
    seed: int,
    checkpoint: Path | str | None = None,
) -> Arrays:
    """Exact costs of all references on games ``games[0] .. games[1] - 1`` [DCC Fig. 1].

    Returns
    -------
    dict
        For each name in :data:`REFERENCES`: ``cost_NAME`` true joint cost per agent,
        ``predicted_NAME`` the approximate objective per agent and ``use_NAME`` the discounted
        offloading frequency, all (E,); ``budgets_optimum`` (E, N).
    """
    del checkpoint  # a few seconds
    population = draw_population(seed, n_devices, range(*games), power_law(beta=beta))
    devices = exact_devices(population)
    budgets = {
        "never": np.zeros((population.n_games, n_devices)),
        "equilibrium": _equilibria(population, devices),
        "optimum": _optima(population, devices),
    }
    result: Arrays = {"budgets_optimum": budgets["optimum"]}
    for name, frequencies in budgets.items():
        counts = frequencies.ravel() / (1.0 - population.gamma)
        joint = population.joint_cost(devices.policies(counts))
        paid = population.congestion.penalty(1.0 + population.others(frequencies)).ravel() * counts
        predicted = devices.local_values(counts) + paid
        result[f"cost_{name}"] = joint.total
        result[f"predicted_{name}"] = predicted.reshape(-1, n_devices).mean(axis=1)
        result[f"use_{name}"] = joint.use.mean(axis=1)
    return result


def job(n_devices: int, games: tuple[int, int], beta: float, seed: int) -> Job:
    """:func:`run` as a job."""
    name = f"dcc/references/n{n_devices}/games{games[0]}-{games[1]}/beta{beta!r}/seed{seed}"
    return Job(name, run, (n_devices, games, beta, seed))


def _equilibria(population: Population, devices: ExactDevices) -> Floats:
    """Selfish frequencies of every game, from best responses in turn, (E, N)."""
    start = np.zeros(population.n_devices)
    return np.array(
        [
            best_response_equilibrium(curves, population.congestion, start).frequencies
            for curves in devices.by_game(population.n_devices)
        ]
    )


def _optima(population: Population, devices: ExactDevices) -> Floats:
    """Best budgets of every game, (E, N)."""
    return np.array(
        [
            optimise_budgets(curves, population.congestion).budgets
            for curves in devices.by_game(population.n_devices)
        ]
    )
