"""Games in which the assumptions hold and Theorem 5.1 does not [DG-PG Theorem 5.1].

Agents place unit jobs on two servers. The reference is proportional to capacity in all of them, so
it does not depend on the policy; rewards of :func:`lopsided` are strictly aligned with it.

* CE-1: one agent, C = (1, 2). Both servers pay -4/9, so every policy is an optimum of J, while G
  changes with the policy.
* CE-2: two agents, C = (1, 1). J has its interior equilibrium at p = q = 3/4, the guided objective
  at ``(3 - 2 alpha) / (4 - 2 alpha)``.
* CE-3: the paper's kind of reward, energy, with a balanced reference: not aligned, and above a
  weight of 0.3345 the only equilibrium of J is gone.
* CE-4: one agent, C = (1, 1), reward -|x - xr|^2: no visited state has a zero state gradient, yet
  J is constant.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from linear_models.gradcheck import complex_step_jvp
from linear_models.params import Array
from refimpl.dgpg.objective.reference import deviation, reference_state
from refimpl.dgpg.theory.estimators import augmented_direction
from refimpl.dgpg.theory.games import Game, State, gradients, outcomes

Floats = NDArray[np.float64]

EFFICIENCIES = (1.08, 0.70)
"""The two extremes of CPU efficiency in Table 4."""


def lopsided(target: float, above: float, below: float) -> State:
    """Return the reward ``-w (x_0 - target)^2``, ``w`` by the side that x_0 is on.

    Continuously differentiable; its only maximum over x_0 is at the target.
    """

    def reward(load: Array) -> Array:
        excess = load[..., 0, 0] - target
        side = np.where(excess.real >= 0.0, above, below)
        return np.asarray(-side * excess * excess)

    return reward


def energy(efficiencies: tuple[float, ...] = EFFICIENCIES) -> State:
    """Return the reward ``-sum_k x_k / e_k``, energy as in the paper's reward [DG-PG App. H.3]."""
    price = 1.0 / np.asarray(efficiencies, dtype=np.float64)

    def reward(load: Array) -> Array:
        return np.asarray(-(load[..., 0] @ price))

    return reward


def negative_deviation(capacity: Floats, factor: float = 1.0, constant: float = 0.0) -> State:
    """Return the reward ``constant - factor d(x, xr)`` for the proportional reference."""

    def reward(load: Array) -> Array:
        reference = reference_state(load, np.broadcast_to(capacity, load.shape))
        return constant - factor * deviation(load, reference)

    return reward


def unit_jobs(
    n_agents: int, capacity: list[float], reward: State, reference: State | None = None
) -> Game:
    """Return a one-step game with unit jobs, one resource."""
    return Game(np.ones((n_agents, 1)), np.array(capacity)[:, None], reward, reference)


def ce_1() -> Game:
    """Return CE-1: one agent, every policy optimal for J [DG-PG Theorem 5.1]."""
    return unit_jobs(1, [1.0, 2.0], lopsided(1 / 3, 1.0, 4.0))


def ce_2() -> Game:
    """Return CE-2: two agents; the interior equilibrium moves [DG-PG Theorem 5.1]."""
    return unit_jobs(2, [1.0, 1.0], lopsided(1.0, 1.0, 3.0))


def ce_3(reference: State | None = None) -> Game:
    """Return CE-3: energy as reward, a balanced reference [DG-PG Theorem 5.1]."""
    return unit_jobs(2, [1.0, 1.0], energy(), reference)


def ce_4() -> Game:
    """Return CE-4: one agent, J constant [DG-PG App. E]."""
    capacity = np.ones((2, 1))
    return unit_jobs(1, [1.0, 1.0], negative_deviation(capacity, 2.0))


def proportional_game(factor: float = 2.0) -> Game:
    """Return CE-2 with the reward ``-factor d``: the theorem is true there."""
    return unit_jobs(2, [1.0, 1.0], negative_deviation(np.ones((2, 1)), factor))


def ce_2_interior(alpha: float) -> float:
    """Return CE-2's interior equilibrium of ``(1 - alpha) J - alpha G``: p = q."""
    return (3.0 - 2.0 * alpha) / (4.0 - 2.0 * alpha)


def ce_3_threshold() -> float:
    """Return the weight above which CE-3's equilibrium of J disappears.

    Leaving the efficient server costs ``1/e_1 - 1/e_0`` of J and gains 1 of G.
    """
    cost = 1.0 / EFFICIENCIES[1] - 1.0 / EFFICIENCIES[0]
    return cost / (1.0 + cost)


def alignment_along(game: Game, loads: Floats) -> Floats:
    """Return ``<grad_x r, xr - x>`` at loads (..., K, R) [DG-PG Assumption 4.2] [DG-PG eq. 5].

    Positive where moving towards the reference pays.
    """
    toward = game.target(loads) - loads
    return complex_step_jvp(game.reward, loads, toward)


def conserved_loads(game: Game, points: int = 101) -> Floats:
    """Return loads (points, 2, 1) of all divisions of the total load between two servers."""
    first = np.linspace(0.0, float(game.demand.sum()), points)
    return np.stack([first, game.demand.sum() - first], axis=-1)[..., None]


def consistency(game: Game, logits: Floats) -> tuple[float, float]:
    """Return the largest entries of ``|grad J|`` and ``|grad G|`` [DG-PG Lemma E.1] [DG-PG eq. 20].

    The lemma says that the second is zero where the first is.
    """
    of_performance, of_deviation = gradients(game, logits)
    return float(np.abs(of_performance).max()), float(np.abs(of_deviation).max())


def invariance(game: Game, logits: Floats, alpha: float) -> float:
    """Return the largest entry of ``|(1-a) grad J - a grad G|`` [DG-PG Theorem 5.1] [DG-PG eq. 15].

    The theorem says that it is zero where ``grad J`` is.
    """
    return float(np.abs(augmented_direction(*gradients(game, logits), alpha)).max())


def payoffs(game: Game, alpha: float = 0.0) -> Floats:
    """Return ``(1 - alpha) r - alpha d`` (K, ..., K), one axis per agent, of a one-step game."""
    seen = outcomes(game)
    value = (1.0 - alpha) * seen.rewards[:, 0] - alpha * seen.deviations[:, 0]
    table: Floats = value.reshape((game.n_servers,) * game.n_agents)
    return table


def pure_equilibria(table: Floats) -> list[tuple[int, ...]]:
    """Return the profiles at which nobody gains by deviating alone; ties do not count as gain."""
    profiles = itertools.product(*(range(size) for size in table.shape))
    return [profile for profile in profiles if deviation_gain(table, profile) <= 1e-12]


def deviation_gain(table: Floats, profile: tuple[int, ...]) -> float:
    """Return what the best deviation of a single agent gains over a profile."""
    gains = []
    for agent, own in enumerate(profile):
        others = profile[:agent] + profile[agent + 1 :]
        line = np.moveaxis(table, agent, -1)[others]
        gains.append(float(line.max() - line[own]))
    return max(gains)


def bisect_root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function that is positive at ``low``, negative at ``high`` crosses zero."""
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if function(middle) > 0.0 else (low, middle)
    return 0.5 * (low + high)
