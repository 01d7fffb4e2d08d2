"""SAC: the scalable actor-critic of Lin et al., every agent with a policy of its own [MF Fig. 4].

One hop: agent i sees the queue lengths of itself and its neighbours, and its critic ``Q_i`` their
choices too. A round is one short episode from empty queues. On the way every critic learns by TD(0)
from the drops at its own queue,

    Q_i(s_t, a_t) moves towards r_i(t) + gamma Q_i(s_{t+1}, a_{t+1}),    step 1 / sqrt(k T + t),

with ``k`` the round modulo 100 and t = 1..T; then every policy takes one gradient step,

    theta_i += 5 / sqrt(k + 1) * sum_t gamma^t (1 / N) sum_{j around i} Q_j(s_t, a_t) grad log pi_i.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models import categorical
from linear_models.validation import check_count, check_positive
from refimpl.meanfield.model.arrivals import sample_levels
from refimpl.meanfield.model.epoch import Epoch, tabulated_epoch
from refimpl.meanfield.model.system import System
from refimpl.meanfield.policies.discrete import (
    Neighbourhoods,
    neighbourhoods,
    softmax_choices,
    table_policy,
)
from refimpl.meanfield.train.driver import always, evaluate
from refimpl.meanfield.train.local_critics import TABULAR, Around, Arrays, Critic
from refimpl.meanfield.train.settings import label, system_label
from refimpl.shared.gae import check_unit_interval
from refimpl.shared.optimizer import group, joined
from refimpl.shared.seeds import generator
from refimpl.shared.stages import run_stages

Array = NDArray[Any]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class ActorCriticTraining:
    """One run of the scalable actor-critic.

    Parameters
    ----------
    rounds : int
        Episodes; one policy step each.
    horizon : int
        Epochs of an episode, T.
    gamma : float
        Discount factor.
    policy_rate : float
        Policy step ``policy_rate / sqrt(k + 1)``.
    restart : int
        Both step sizes start anew after so many rounds.
    critic : Critic
        ``local_critics.TABULAR`` or ``NEURAL``.
    evaluate_every : int
        Rounds between two points of the learning curve.

    Raises
    ------
    ValueError
        If a number is out of range or ``evaluate_every`` does not divide ``rounds``.
    """

    rounds: int = 120_000
    horizon: int = 10
    gamma: float = 0.7
    policy_rate: float = 5.0
    restart: int = 100
    critic: Critic = TABULAR
    evaluate_every: int = 2000

    def __post_init__(self) -> None:
        for name in ("rounds", "horizon", "restart", "evaluate_every"):
            check_count(name, getattr(self, name))
        check_unit_interval("gamma", self.gamma)
        check_positive("policy_rate", self.policy_rate)
        if self.rounds % self.evaluate_every:
            raise ValueError(
                f"evaluate_every must divide the {self.rounds} rounds; got {self.evaluate_every}"
            )


@dataclass(frozen=True)
class Round:
    """One episode: ``T + 1`` moments, the last one only to look at.

    Attributes
    ----------
    around : Around
        States and choices of every neighbourhood, (T + 1, N, D).
    codes, choices : (T + 1, N) int
        Joint number of the states around an agent, and its own choice.
    rewards : (T, N) float
        Minus the expected drops at each queue.
    """

    around: Around
    codes: Ints
    choices: Ints
    rewards: Array

    def at(self, t: int) -> Around:
        """States and choices of all neighbourhoods at one moment."""
        return Around(self.around.states[t], self.around.choices[t])


def train(
    system: System, settings: ActorCriticTraining, seed: int, checkpoint: Path | str | None = None
) -> Arrays:
    """Train one policy per agent on one regular graph [MF Fig. 4].

    Returns
    -------
    dict
        ``logits`` (N, (B + 1)^D, D), for :func:`refimpl.meanfield.policies.discrete.table_policy`;
        ``curve.steps`` epochs played and ``curve.evaluation`` drops per queue in 50 units of time.
    """
    places, base = neighbourhoods(system.graph), system.buffer + 1
    epoch = tabulated_epoch(system)

    def stage(k: int, saved: Arrays) -> Arrays:
        rng = generator(seed, "scalable-actor-critic", k)
        logits = saved["logits"].copy()
        critic = {key: array.copy() for key, array in group(saved, "critic").items()}
        for index in range(k * settings.evaluate_every, (k + 1) * settings.evaluate_every):
            played = play_round(system, places, epoch, logits, settings.horizon, rng)
            learn_values(settings, critic, played, index % settings.restart)
            logits += policy_step(settings, places, logits, critic, played, index)
        drops = evaluate(system, always(table_policy(logits)))
        steps = (k + 1) * settings.evaluate_every * settings.horizon
        return {
            "logits": logits,
            **joined(critic=critic),
            "curve.steps": np.append(saved["curve.steps"], float(steps)),
            "curve.evaluation": np.append(saved["curve.evaluation"], drops),
        }

    rng = generator(seed, "scalable-actor-critic", "start")
    start = {
        "logits": np.zeros((places.n, base**places.choices, places.choices)),
        **joined(critic=settings.critic.start(places.n, base, places.choices, rng)),
        "curve.steps": np.zeros(0),
        "curve.evaluation": np.zeros(0),
    }
    name: dict[str, Any] = {"method": "scalable-actor-critic", "seed": seed}
    name |= {**label(settings), **system_label(system), "critic": settings.critic.name}
    stages = settings.rounds // settings.evaluate_every
    end = run_stages(stage, stages, start, name, checkpoint)
    return {key: end[key] for key in ("logits", "curve.steps", "curve.evaluation")}


def play_round(
    system: System,
    places: Neighbourhoods,
    epoch: Epoch,
    logits: Array,
    horizon: int,
    rng: np.random.Generator,
) -> Round:
    """Play one episode from empty queues with the current policies."""
    agents, base = np.arange(places.n), system.buffer + 1
    rates = system.rates(sample_levels(system.modulation, horizon + 1, 1, rng))[:, 0]
    uniforms = rng.random((horizon + 1, 2, places.n))
    states = np.zeros(places.n, dtype=np.intp)
    rows = []
    for rate, (for_choice, for_queue) in zip(rates, uniforms, strict=True):
        codes = places.code(states, base)
        choices = softmax_choices(logits[agents, codes], for_choice)
        shares = places.received(choices)
        after, drops = epoch(states[None], (rate * shares)[None], for_queue[None])
        rows.append((states, codes, choices, -drops[0]))
        states = after[0]
    all_states, codes, choices, rewards = (np.stack(c) for c in zip(*rows, strict=True))
    around = Around(all_states[:, places.queues], choices[:, places.queues])
    return Round(around, codes, choices, rewards[:-1])


def learn_values(settings: ActorCriticTraining, critic: Arrays, played: Round, k: int) -> None:
    """TD(0) along the episode, in place; ``k`` counts the rounds since the steps started anew."""
    for t, reward in enumerate(played.rewards):
        following = settings.critic.values(critic, played.at(t + 1))
        step_size = 1.0 / np.sqrt(k * settings.horizon + t + 1)
        target = reward + settings.gamma * following
        settings.critic.learn(critic, played.at(t), target, float(step_size))


def policy_step(
    settings: ActorCriticTraining,
    places: Neighbourhoods,
    logits: Array,
    critic: Arrays,
    played: Round,
    index: int,
) -> Array:
    """Compute what one round adds to the logits of all agents."""
    horizon, agents = settings.horizon, np.arange(places.n)
    first = slice(0, horizon)
    values = settings.critic.values(
        critic, Around(played.around.states[first], played.around.choices[first])
    )
    discount = settings.gamma ** np.arange(horizon)[:, None]
    credit = discount * values[:, places.queues].sum(axis=2) / places.n
    codes = played.codes[first]
    slopes = categorical.log_prob_vjp(logits[agents, codes], played.choices[first], credit)
    rate = settings.policy_rate / np.sqrt(index % settings.restart + 1)
    change = np.zeros_like(logits)
    np.add.at(change, (np.broadcast_to(agents, codes.shape), codes), rate * slopes)
    return change
