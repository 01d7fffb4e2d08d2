"""What the tabular learners share: tables, episodes of all rows, averaged greedy policies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refimpl.dcc.model.device import N_ACTIONS, OFFLOAD
from refimpl.dcc.model.simulator import DeviceBatch, advance, draw_slots, reset
from refimpl.dcc.train.settings import QSettings
from refimpl.shared.q_learning import pair_indices, state_costs, td_update_at

Floats = NDArray[np.float64]

# From local costs and who offloads, both (R,), to the costs that the learners are shown, (R,).
Shaping = Callable[[Floats, NDArray[np.bool_]], Floats]


@dataclass(frozen=True)
class Learner:
    """Tables of every row, updated in place while they play.

    Parameters
    ----------
    batch : DeviceBatch
        The ``R`` devices.
    q : (R, S, A) float
        Action values, minimised.
    visits : (R, S, A) int
        How often each entry was updated.
    rates : (K,) float
        Step size of the first, second, ... update of an entry.
    """

    batch: DeviceBatch
    q: Floats
    visits: NDArray[np.int32]
    rates: Floats


def new_learner(batch: DeviceBatch, q: Floats | float, settings: QSettings) -> Learner:
    """Learner that starts from the action values ``q``, (R, S, A) or one number, with no visit."""
    shape = (batch.n_rows, batch.n_states, N_ACTIONS)
    visits = np.arange(1.0, settings.steps + 2)
    return Learner(
        batch=batch,
        q=np.array(np.broadcast_to(q, shape), dtype=float),
        visits=np.zeros(shape, dtype=np.int32),
        rates=settings.step_size / visits**settings.step_exponent,
    )


def play_episode(
    learner: Learner, shaping: Shaping, epsilon: float, length: int, rng: np.random.Generator
) -> Floats:
    """Play and learn one episode in every row, from the start law.

    Returns
    -------
    (R,) float
        Discounted offloading frequency of the episode, ``(1 - gamma) sum gamma^t 1{offload}``.
    """
    batch, q = learner.batch, learner.q
    states, draws = reset(batch, rng), draw_slots(batch, rng, length)
    explores, tried = _exploration(epsilon, (length, batch.n_rows), rng)
    use, weight = np.zeros(batch.n_rows), 1.0 - batch.gamma
    visits = learner.visits.reshape(-1)
    for t in range(length):
        actions = np.where(explores[t], tried[t], state_costs(q, states).argmin(axis=1))
        harvest, need = draws.harvest[t], draws.need[t]
        local, next_states = advance(batch, states, actions, harvest, need, rng)
        offloading = actions == OFFLOAD
        pairs = pair_indices(q, states, actions)
        seen = visits.take(pairs)
        visits[pairs] = seen + 1
        rates = learner.rates.take(seen)
        td_update_at(q, pairs, shaping(local, offloading), next_states, rates, batch.gamma)
        use += weight * offloading
        weight *= batch.gamma
        states = next_states
    return use


def _exploration(
    epsilon: float, shape: tuple[int, int], rng: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Whether to explore and what to try then, for every slot and row of an episode."""
    whether, which = rng.random((2, *shape))
    return whether < epsilon, (which * N_ACTIONS).astype(np.int64)


def greedy_policy(q: Floats) -> NDArray[np.bool_]:
    """Greedy policy of every row, one-hot (R, S, A); ties go to the first action."""
    return np.asarray(np.arange(q.shape[-1]) == q.argmin(axis=-1)[..., None])
