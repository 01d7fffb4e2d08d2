"""Small exact and sampled training runs, method by method [DG-PG Table 2].

Hand-written gradients of softmax policies without observations: ascent along ``E[score credit]``,
exactly or from a batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.theory.games import Game, outcomes
from refimpl.dgpg.theory.small_learners.credits import Credit
from refimpl.dgpg.theory.small_learners.views import View, listed, view_of

Floats = NDArray[np.float64]
Direction = Callable[[View], Floats]
"""``direction(view) -> (K,)``: where an agent moves its logits."""


@dataclass(frozen=True)
class Run:
    """How a training run went.

    Attributes
    ----------
    performance : (steps + 1,) float
        Exact J before each update and after the last.
    logits : (N, K) float
        At the end.
    """

    performance: Floats
    logits: Floats


def exact(credit: Credit) -> Direction:
    """Return the direction ``E[score credit]``, exactly."""
    return lambda view: _mean_sample(view, credit, view.weight)


def sampled(credit: Credit, batch: int, rng: np.random.Generator) -> Direction:
    """Return the mean of ``batch`` samples of ``score credit``, drawn for every agent and step.

    Baselines stay exact, so that methods differ in their noise only.
    """

    def direction(view: View) -> Floats:
        drawn = rng.multinomial(batch, view.weight / view.weight.sum())
        return _mean_sample(view, credit, drawn / batch)

    return direction


def train(game: Game, logits: Floats, direction: Direction, rate: float, steps: int) -> Run:
    """Ascend from ``logits``; all agents of a step, one after the other [DG-PG eq. 13].

    Every direction is taken at the logits before the step, with the importance of the agents
    updated before; credits without importance are thus simultaneous updates.

    Raises
    ------
    ValueError
        If the rate or the number of steps is not positive.
    """
    if not (rate > 0 and steps > 0):
        raise ValueError(f"rate and steps must be > 0; got {rate} and {steps}")
    seen, history = listed(game), []
    for _ in range(steps):
        updated = logits.copy()
        for agent in range(game.n_agents):
            view = view_of(seen, logits, agent, updated)
            updated[agent] += rate * direction(view)
        history.append(float(view.weight @ view.reward))
        logits = updated
    last = view_of(seen, logits, 0)
    return Run(np.array([*history, float(last.weight @ last.reward)]), logits)


def best_performance(game: Game) -> float:
    """Return the largest reward of any joint action of a one-step game."""
    return float(outcomes(game).rewards.max())


def energy_game(n_agents: int = 4) -> Game:
    """Build a game whose reward is not minus the deviation: energy, and room for two jobs each.

    Three equal servers of efficiency 1.08, 0.95 and 0.70; a job beyond the second on a server costs
    1 per job. The best placement uses the efficient servers, the reference all three
    [DG-PG App. H.3].
    """
    efficiency = np.array([1.08, 0.95, 0.70])

    def reward(load: Floats) -> Floats:
        used = load[..., 0]
        return np.asarray(-(used / efficiency + np.maximum(used - 2.0, 0.0)).sum(axis=-1))

    return Game(np.ones((n_agents, 1)), np.full((3, 1), 2.0), reward)


def _mean_sample(view: View, credit: Credit, weight: Floats) -> Floats:
    return np.asarray((weight * credit(view)) @ view.scores)
