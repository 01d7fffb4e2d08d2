"""PPO as the fast time-scale: one constrained device on its shaped cost [DCC sec. 4.3].

One iteration plays whole episodes at the current multiplier, improves the policy by PPO, and moves
the multiplier by a decaying step times (discounted offloading frequency - budget).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models import mlp
from linear_models.categorical import probabilities
from refimpl.dcc.model.device import N_ACTIONS
from refimpl.dcc.train.joint_dynamics import EPISODE, N_FEATURES, observation_table
from refimpl.dcc.train.local_dynamics import LocalDynamics, LocalProblem, offload_frequency
from refimpl.shared import ppo
from refimpl.shared.actor_critic import (
    Model,
    learner,
    learner_arrays,
    mlp_network,
    policy,
    restore_learner,
)
from refimpl.shared.batch import to_batch
from refimpl.shared.optimizer import group, joined
from refimpl.shared.presets import Preset
from refimpl.shared.rollout import collect
from refimpl.shared.seeds import generator
from refimpl.shared.stages import run_stages

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class LocalPPOSettings:
    """Settings of constrained PPO; the paper gives none.

    Parameters
    ----------
    n_envs : int
        Copies of the device; each plays one episode per iteration.
    iterations : int
        Policy and multiplier updates.
    averaged : float
        Share of the iterations, counted from the end, whose policies and multipliers are averaged.
    hidden : tuple of int
        Hidden layers of actor and critic.
    multiplier_rate, multiplier_exponent : float
        Multiplier step ``multiplier_rate / k ** multiplier_exponent``.
    reward_scale : float
        Rewards are multiplied by it before learning.
    update : PPOSettings
        Of the update; the discount is the device's.
    """

    n_envs: int = 16
    iterations: int = 200
    averaged: float = 0.25
    hidden: tuple[int, ...] = (64, 64)
    multiplier_rate: float = 1.0
    multiplier_exponent: float = 0.6
    reward_scale: float = 0.1
    update: ppo.PPOSettings = field(
        default_factory=lambda: ppo.PPOSettings(n_steps=EPISODE, learning_rate=1e-3, epochs=6)
    )


OURS = Preset(
    "ours",
    LocalPPOSettings(),
    {
        "n_envs": "chosen",
        "iterations": "chosen",
        "averaged": "chosen",
        "hidden": "chosen",
        "multiplier_rate": "published",
        "multiplier_exponent": "chosen",
        "reward_scale": "chosen",
        "update": "chosen",
    },
)


def constrained_ppo(
    problem: LocalProblem,
    settings: LocalPPOSettings,
    seed: int,
    checkpoint: Path | str | None = None,
) -> Arrays:
    """Learn a randomised policy and a multiplier of one device [DCC eqs 10, 11].

    Parameters
    ----------
    problem : LocalProblem
    settings : LocalPPOSettings
    seed : int
        Seed of the run.
    checkpoint : path-like, optional
        File to continue from and to write to after every iteration.

    Returns
    -------
    dict
        ``policy`` (S, A) and ``multiplier`` (), both averaged; ``multipliers`` and ``use`` (K,),
        the histories.
    """
    gamma = problem.device.gamma
    model = Model(mlp_network(), mlp_network())
    update = replace(settings.update, gamma=gamma)
    table = observation_table((problem.device,))[0]
    first_averaged = int(settings.iterations * (1.0 - settings.averaged))

    def stage(k: int, saved: Arrays) -> Arrays:
        rng = generator(seed, "local-ppo", k)
        trained = restore_learner(group(saved, "learner"), update.optimizer)
        price = float(saved["multipliers"][k])
        dynamics = LocalDynamics(problem, price)
        start = dynamics.reset(settings.n_envs, rng)
        rollout, _ = collect(dynamics, policy(model, trained), start, EPISODE, rng)
        use = offload_frequency(rollout.actions, gamma)
        scaled = replace(rollout, rewards=rollout.rewards * settings.reward_scale)
        batch = to_batch(model, trained, scaled, gamma, update.lam)
        trained, _ = ppo.update(model, trained, batch, update, rng)
        rate = settings.multiplier_rate / (k + 1) ** settings.multiplier_exponent
        moved = max(price + rate * (use - problem.budget), 0.0)
        logits, _ = model.actor.forward(trained.actor, table)
        return {
            **joined(learner=learner_arrays(trained)),
            "multipliers": np.append(saved["multipliers"], moved),
            "use": np.append(saved["use"], use),
            "policy": saved["policy"] + (k >= first_averaged) * probabilities(logits.astype(float)),
        }

    rng = generator(seed, "local-ppo", "start")
    sizes = (N_FEATURES, *settings.hidden)
    actor = mlp.init(rng, (*sizes, N_ACTIONS), out_gain=0.01, dtype=np.float32)
    critic = mlp.init(rng, (*sizes, 1), dtype=np.float32)
    start = {
        **joined(learner=learner_arrays(learner(actor, critic, update.optimizer))),
        "multipliers": np.zeros(1),
        "use": np.zeros(0),
        "policy": np.zeros((len(table), N_ACTIONS)),
    }
    label = {
        "method": "local-ppo",
        "seed": seed,
        "problem": repr(problem),
        "settings": repr(settings),
    }
    end = run_stages(stage, settings.iterations, start, label, checkpoint)
    averaged = end["policy"] / (settings.iterations - first_averaged)
    price = end["multipliers"][first_averaged + 1 :].mean()
    histories = {"multipliers": end["multipliers"], "use": end["use"]}
    return {"policy": averaged, "multiplier": np.asarray(price), **histories}
