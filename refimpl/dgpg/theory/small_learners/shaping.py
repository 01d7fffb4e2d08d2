"""Potential-based shaping over two steps, exactly, for any number of agents [DG-PG Table 2].

N agents with unit jobs choose between two equal servers, twice; a share of the first load is still
there at the second step. The reward of a step is minus the deviation from balance. Shaping adds
``gamma Psi(s') - Psi(s)`` to each step's reward; with ``Psi = 0`` at the end the sum from step t on
is ``-Psi(s_t)``, a baseline that has seen everything before the agents' current actions and nothing
of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlogy

Floats = NDArray[np.float64]
Potential = Callable[[Floats], Floats]
"""Excess load of server 0 before a step (M,) -> potential (M,)."""


@dataclass(frozen=True)
class TwoSteps:
    """The game and the policy that all agents share.

    Attributes
    ----------
    n_agents : int
    first : float
        Probability of server 0, strictly between 0 and 1.
    persistence : float
        Share of the first step's load left at the second, in [0, 1].
    gamma : float

    Raises
    ------
    ValueError
        If a number is out of its range.
    """

    n_agents: int
    first: float = 0.5
    persistence: float = 0.5
    gamma: float = 0.99

    def __post_init__(self) -> None:
        if self.n_agents < 1:
            raise ValueError(f"n_agents must be >= 1; got {self.n_agents}")
        if not 0 < self.first < 1:
            raise ValueError(f"first must be strictly between 0 and 1; got {self.first}")
        for name in ("persistence", "gamma"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1]; got {getattr(self, name)}")


@dataclass(frozen=True)
class StepMoments:
    """Mean and variance of an agent's gradient sample in its logit of server 0, per step (2,)."""

    mean: Floats
    variance: Floats


def no_shaping(excess: Floats) -> Floats:
    """Return the potential 0."""
    return np.zeros_like(excess)


def deviation_potential(excess: Floats) -> Floats:
    """Return minus the deviation ``-(excess / 2)^2`` of the state [DG-PG App. J]."""
    return np.asarray(-((excess / 2.0) ** 2))


def value_potential(game: TwoSteps) -> Potential:
    """Return the value of the state, what a critic would learn [DG-PG Table 2]."""
    return _expected_reward(game, game.first)


def best_potential(game: TwoSteps) -> Potential:
    """Return the potential of least variance at the second step [DG-PG Table 2].

    A baseline is best at ``E[s^2 R] / E[s^2]`` with the agent's score s. For two actions that is
    the mean reward with the agent's own probabilities exchanged; the value, unless they are equal,
    is another.
    """
    return _expected_reward(game, 1.0 - game.first)


def mean_potential(game: TwoSteps) -> Potential:
    """Return the constant potential of least variance: a baseline that looks at nothing."""
    counts, weight = _binomial(game.n_agents, game.first)
    values = best_potential(game)(game.persistence * (2.0 * counts - game.n_agents))
    mean = float(weight @ values)
    return lambda excess: np.full_like(excess, mean)


def _expected_reward(game: TwoSteps, own_first: float) -> Potential:
    """Mean reward of the second step if one agent chooses server 0 with its own probability."""
    counts, weight = _binomial(game.n_agents - 1, game.first)

    def value(excess: Floats) -> Floats:
        total: Floats = np.zeros_like(excess)
        for own, probability in ((1.0, own_first), (0.0, 1.0 - own_first)):
            after = excess[:, None] + 2.0 * (own + counts) - game.n_agents
            total = total - probability * ((after / 2.0) ** 2 @ weight)
        return total

    return value


def step_moments(game: TwoSteps, potential: Potential, end: float = 0.0) -> StepMoments:
    """Return the moments of an agent's gradient at both steps under shaping [DG-PG App. J].

    Parameters
    ----------
    game : TwoSteps
    potential : callable
    end : float
        Potential of the end of the episode as a multiple of that of the last load; 0 is what the
        theorem asks for.

    Notes
    -----
    Sums over what the agent does and how many of the others choose server 0, at both steps.
    """
    counts, weight = _binomial(game.n_agents - 1, game.first)
    n, p = game.n_agents, np.array([game.first, 1.0 - game.first])
    own = np.array([1.0, 0.0])
    # Axes: own first choice, others' first choices, own second choice, others' second choices.
    first = 2.0 * (own[:, None] + counts) - n
    carried = game.persistence * first[:, :, None, None]
    second = carried + 2.0 * (own[:, None] + counts) - n
    law = (p[:, None] * weight)[:, :, None, None] * (p[:, None] * weight)
    rewards = [
        np.broadcast_to(-((x / 2) ** 2), law.shape) for x in (first[:, :, None, None], second)
    ]
    start = float(potential(np.zeros(1))[0])
    before = _on(potential, carried, law)
    last = end * _on(potential, second, law)
    shaped = [
        rewards[0] + game.gamma * before - start,
        rewards[1] + game.gamma * last - before,
    ]
    returns = [shaped[0] + game.gamma * shaped[1], shaped[1]]
    score = own - game.first
    scores = [score[:, None, None, None], score[None, None, :, None]]
    samples = [s * r for s, r in zip(scores, returns, strict=True)]
    mean = np.array([(law * each).sum() for each in samples])
    variance = [(law * (each - m) ** 2).sum() for each, m in zip(samples, mean, strict=True)]
    return StepMoments(mean, np.array(variance))


def _on(potential: Potential, excess: Floats, law: Floats) -> Floats:
    values = potential(excess.ravel()).reshape(excess.shape)
    return np.broadcast_to(values, law.shape)


def _binomial(n: int, p: float) -> tuple[Floats, Floats]:
    counts = np.arange(n + 1, dtype=np.float64)
    choices = gammaln(n + 1) - gammaln(counts + 1) - gammaln(n - counts + 1)
    return counts, np.asarray(np.exp(choices + xlogy(counts, p) + xlogy(n - counts, 1 - p)))
