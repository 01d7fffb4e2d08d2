"""Cooperative placement games small enough to enumerate [DG-PG sec. 3.1] [DG-PG App. D].

N agents place one job each on one of K servers, T times in a row. What happens is a deterministic
function of the T x N actions, so J, the expected deviation G and every law under product policies
are finite sums over ``K^(T N)`` rows. Policies are softmax, one row of logits per agent, the same
at every step (``logits`` (N, K)); gradients are with respect to these logits.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from linear_models.categorical import probabilities
from linear_models.params import Array
from linear_models.validation import check_count, check_finite, check_shape
from refimpl.dgpg.objective.reference import deviation, reference_state

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
State = Callable[[Floats], Floats]

MAX_ROWS = 2**18
"""More sequences of joint actions than this are not enumerated."""


def emptied(load: Floats) -> Floats:
    """Return the load that the next step starts from when nothing persists: none."""
    return np.zeros_like(load)


@dataclass(frozen=True)
class Game:
    """N agents, K servers, R resources, T steps; all agents share the reward.

    Attributes
    ----------
    demand : (N, R) float
        What each agent's job adds to the server it is placed on, at every step.
    capacity : (K, R) float
        Positive.
    reward : callable
        Load after the placements (..., K, R) -> (...).
    reference : callable, optional
        Load (..., K, R) -> reference state; proportional to capacity by default.
    start : (K, R) float, optional
        Load before the first step; none by default.
    carry : callable
        Load after a step -> load before the next.
    n_steps : int
    gamma : float
        Discount per step, of rewards and deviations alike.
    """

    demand: Floats
    capacity: Floats
    reward: State
    reference: State | None = None
    start: Floats | None = None
    carry: State = field(default=emptied)
    n_steps: int = 1
    gamma: float = 1.0

    def __post_init__(self) -> None:
        check_count("n_steps", self.n_steps)
        for name in ("demand", "capacity"):
            if getattr(self, name).ndim != 2:
                raise ValueError(f"{name} must have two axes; got {getattr(self, name).shape}")
            check_finite(name, getattr(self, name))
        check_shape("demand", self.demand, (self.n_agents, self.capacity.shape[1]))
        if self.start is not None:
            check_shape("start", self.start, self.capacity.shape)
        if not 0 <= self.gamma <= 1:
            raise ValueError(f"gamma must be in [0, 1]; got {self.gamma}")
        rows = float(self.n_servers) ** (self.n_agents * self.n_steps)
        if rows > MAX_ROWS:
            raise ValueError(f"at most {MAX_ROWS} sequences of actions are listed; got {rows:.3g}")

    @property
    def n_agents(self) -> int:
        """Return N."""
        return len(self.demand)

    @property
    def n_servers(self) -> int:
        """Return K, the number of actions."""
        return len(self.capacity)

    def target(self, load: Floats) -> Floats:
        """Return the reference state for loads (..., K, R) [DG-PG eq. 19]."""
        if self.reference is not None:
            return self.reference(load)
        return reference_state(load, np.broadcast_to(self.capacity, load.shape))


@dataclass(frozen=True)
class Outcomes:
    """Everything that can happen; axis 0 lists the P sequences of joint actions.

    Attributes
    ----------
    actions : (P, T, N) int
    before, after : (P, T, K, R) float
        Load before and after the placements of each step.
    rewards, deviations : (P, T) float
    """

    actions: Ints
    before: Floats
    after: Floats
    rewards: Floats
    deviations: Floats


def outcomes(game: Game) -> Outcomes:
    """List every sequence of joint actions and play it [DG-PG App. D]."""
    places = game.n_steps * game.n_agents
    listed = np.array(list(itertools.product(range(game.n_servers), repeat=places)), dtype=np.int64)
    actions = listed.reshape(-1, game.n_steps, game.n_agents)
    placed = np.eye(game.n_servers)[actions].swapaxes(-1, -2) @ game.demand
    start = np.zeros(game.capacity.shape) if game.start is None else game.start
    load = np.broadcast_to(start, placed[:, 0].shape)
    before, after = np.empty_like(placed), np.empty_like(placed)
    for t in range(game.n_steps):
        before[:, t] = load
        after[:, t] = load + placed[:, t]
        load = game.carry(after[:, t])
    # One-half, resource and server axes summed: a number per sequence and step [DG-PG eq. 6].
    return Outcomes(
        actions, before, after, game.reward(after), deviation(after, game.target(after))
    )


def one_step(game: Game) -> tuple[Outcomes, Floats]:
    """List a one-step game; also the reward of every joint action, (K, ..., K) with N axes.

    Raises
    ------
    ValueError
        If the game has more than one step.
    """
    if game.n_steps != 1:
        raise ValueError(f"game must have one step; got n_steps {game.n_steps}")
    seen = outcomes(game)
    return seen, seen.rewards[:, 0].reshape((game.n_servers,) * game.n_agents)


def law(logits: Array, actions: Ints) -> Array:
    """Return the probability (P,) of each sequence; complex logits pass through."""
    policies = probabilities(logits)
    chosen = policies[np.arange(len(policies)), actions]
    product: Array = chosen.prod(axis=(1, 2))
    return product


def scores(logits: Floats, actions: Ints) -> Floats:
    """Return ``grad log pi_i(a_i)`` (P, T, N, K) with respect to the agent's own logits."""
    policies = probabilities(logits)
    score: Floats = np.eye(policies.shape[-1])[actions] - policies
    return score


def discounted(values: Floats, gamma: float) -> Floats:
    """Return ``sum_t gamma^t v_t`` (P,) of values (P, T)."""
    total: Floats = values @ gamma ** np.arange(values.shape[1])
    return total


def performance(game: Game, logits: Array) -> Array:
    """Return ``J = E sum_t gamma^t r_t`` [DG-PG eq. 1]."""
    seen = outcomes(game)
    return np.asarray(law(logits, seen.actions) @ discounted(seen.rewards, game.gamma))


def expected_deviation(game: Game, logits: Array) -> Array:
    """Return ``G = E sum_t gamma^t d_t`` [DG-PG eq. 7].

    Convention: a sum over steps, as J; a mean over steps is this divided by T.
    """
    seen = outcomes(game)
    return np.asarray(law(logits, seen.actions) @ discounted(seen.deviations, game.gamma))


def gradient(logits: Floats, actions: Ints, values: Floats) -> Floats:
    """Return the gradient (N, K) of ``E v`` for a value (P,) of the whole sequence [DG-PG eq. 2].

    Exact: ``sum_p P(p) v_p sum_t grad log pi_i(a_t)``.
    """
    weights = law(logits, actions) * values
    total: Floats = np.einsum("p,ptik->ik", weights, scores(logits, actions))
    return total


def gradients(game: Game, logits: Floats) -> tuple[Floats, Floats]:
    """Return the exact gradients of J and of G, (N, K) each."""
    seen = outcomes(game)
    of_performance = gradient(logits, seen.actions, discounted(seen.rewards, game.gamma))
    of_deviation = gradient(logits, seen.actions, discounted(seen.deviations, game.gamma))
    return of_performance, of_deviation


def logits_of(first: Floats | list[float]) -> Floats:
    """Return logits (N, 2) of policies that choose server 0 with the given probabilities.

    Raises
    ------
    ValueError
        If a probability is not strictly between 0 and 1.
    """
    p = np.asarray(first, dtype=np.float64)
    if p.ndim != 1 or not ((p > 0) & (p < 1)).all():
        raise ValueError(f"first must be probabilities strictly between 0 and 1; got {p}")
    return np.stack([np.log(p) - np.log1p(-p), np.zeros_like(p)], axis=-1)
