"""How the outer loop estimates its gradient and how far it steps [DCC eqs 14, 15, 16]."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from refimpl.dcc.train.coordination import Ask, Base, Estimate, Estimator
from refimpl.dcc.train.population import Population

Floats = NDArray[np.float64]


def three_evaluations(noise: float, exponent: float) -> Estimator:
    """Finite differences from the base and two perturbed solves per device [DCC Algorithm 2].

    Perturbations are ``+-noise / (k + 1) ** exponent`` in iteration ``k``, each sign with
    probability 1/2 where the budget allows it and positive elsewhere.

    Parameters
    ----------
    noise, exponent : float
        Size of the first perturbation and its decay.
    """
    if not 0.0 < noise <= 0.5:
        # a wider one may leave [0, 1] on both sides of a budget
        raise ValueError(f"noise must lie in (0, 0.5]; got {noise}")
    return partial(_three_evaluations, noise=noise, exponent=exponent)


def multiplier_substitution(
    population: Population, base: Base, ask: Ask, rng: np.random.Generator
) -> Estimate:
    """Gradient from the multipliers and counts of the base solve alone [DCC Algorithm 3].

    ``own = -multiplier / (1 - gamma)`` and ``coupling = d'(1 + others) J_c / (1 - gamma)``
    [DCC Prop. 3].
    """
    del ask, rng
    slope = population.congestion.derivative(1.0 + population.others(base.budgets))
    scale = 1.0 / (1.0 - population.gamma)
    return Estimate(-scale * base.multipliers, scale * slope * base.use, n_solves=0)


def normalised_step(rate: float, exponent: float) -> Callable[[Floats, Floats, int], Floats]:
    """Projected step of rate ``rate / (k + 1) ** exponent`` on a gradient of L1 norm at most 1.

    Each game's gradient is divided by its L1 norm where that exceeds 1, so one step moves all
    budgets together by at most the rate; the result is projected on [0, 1] [DCC eq. 14].
    """
    if not rate > 0.0:
        raise ValueError(f"rate must be positive; got {rate}")
    return partial(_normalised_step, rate=rate, exponent=exponent)


def _normalised_step(
    budgets: Floats, gradient: Floats, iteration: int, rate: float, exponent: float
) -> Floats:
    norm = np.maximum(np.abs(gradient).sum(axis=-1, keepdims=True), 1.0)
    moved = budgets - rate / (iteration + 1) ** exponent * gradient / norm
    return np.asarray(np.clip(moved, 0.0, 1.0))


def _three_evaluations(
    population: Population,
    base: Base,
    ask: Ask,
    rng: np.random.Generator,
    noise: float,
    exponent: float,
) -> Estimate:
    size = noise / (base.iteration + 1) ** exponent
    shift = size * _signs(base.budgets, size, rng)
    others = population.others(base.budgets)
    shift_others = shift.sum(axis=-1, keepdims=True) - shift
    # With an odd number of devices the shifts of the others can cancel.
    shift_others = np.where(np.abs(shift_others) < size / 2, size, shift_others)
    shift_others = np.maximum(shift_others, -others)
    solution = ask(
        np.stack([base.budgets + shift, base.budgets]), np.stack([others, others + shift_others])
    )
    own = (solution.values[0] - base.values) / shift
    coupling = (solution.values[1] - base.values) / shift_others
    return Estimate(own, coupling, n_solves=2)


def _signs(budgets: Floats, size: float, rng: np.random.Generator) -> Floats:
    """Random signs with which ``budgets + size * sign`` stays in [0, 1]; positive if it must."""
    signs = rng.choice((-1.0, 1.0), budgets.shape)
    signs[budgets < size] = 1.0
    signs[budgets > 1.0 - size] = -1.0
    return signs
