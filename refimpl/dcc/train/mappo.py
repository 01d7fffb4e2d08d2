"""MAPPO on the joint game: a shared actor on own observations, a critic that sees all [DCC App. F].

The actor's parameters are shared by all devices; its policy is a product of independent policies,
so what it learns is evaluated exactly, like every other product policy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models import mlp
from linear_models.activations import RELU
from linear_models.categorical import probabilities
from refimpl.dcc.model.congestion import Congestion
from refimpl.dcc.model.device import N_ACTIONS, DeviceParameters
from refimpl.dcc.train.joint_dynamics import N_FEATURES, JointDynamics, joint_dynamics
from refimpl.dcc.train.population import Population
from refimpl.dcc.train.record import add_point, empty_curve
from refimpl.shared import ppo
from refimpl.shared.actor_critic import (
    Learner,
    Model,
    joint_view,
    learner,
    learner_arrays,
    mlp_network,
    policy,
    restore_learner,
)
from refimpl.shared.batch import to_batch
from refimpl.shared.gradient_step import clip_separately
from refimpl.shared.optimizer import adam, group, joined
from refimpl.shared.presets import Preset
from refimpl.shared.rollout import collect
from refimpl.shared.seeds import generator
from refimpl.shared.stages import run_stages

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class MAPPOSettings:
    """Settings of MAPPO [DCC App. F] [DCC Table (MAPPO)].

    Parameters
    ----------
    n_envs, n_steps : int
        Copies of the game, and slots of each per iteration.
    hidden : tuple of int
        Hidden layers of actor and critic.
    epochs, n_minibatches : int
        Passes over a batch, and steps per pass.
    learning_rate, gae_lambda, clip, entropy_coef, value_coef, max_grad_norm : float
        As usual.
    reward_scale : float
        Rewards are multiplied by it before learning.
    """

    n_envs: int = 8
    n_steps: int = 1000
    hidden: tuple[int, ...] = (64, 64)
    epochs: int = 2
    n_minibatches: int = 64
    learning_rate: float = 1e-3
    gae_lambda: float = 0.95
    clip: float = 0.2
    entropy_coef: float = 0.01
    value_coef: float = 0.5
    max_grad_norm: float = 0.5
    reward_scale: float = 1.0

    def ppo_settings(self, gamma: float) -> ppo.PPOSettings:
        """PPO settings of the update; actor and critic are clipped separately."""
        return ppo.PPOSettings(
            n_steps=self.n_steps,
            gamma=gamma,
            lam=self.gae_lambda,
            clip=self.clip,
            value_clip=math.inf,
            entropy_coef=self.entropy_coef,
            value_coef=self.value_coef,
            epochs=self.epochs,
            n_minibatches=self.n_minibatches,
            learning_rate=self.learning_rate,
            max_grad_norm=self.max_grad_norm,
            optimizer=adam(eps=1e-5),
            clip_gradients=clip_separately,
        )


PUBLISHED = Preset(
    "published",
    MAPPOSettings(),
    {
        "n_envs": "published",
        "n_steps": "chosen",
        "hidden": "chosen",
        "epochs": "published",
        "n_minibatches": "published",
        "learning_rate": "published",
        "gae_lambda": "published",
        "clip": "published",
        "entropy_coef": "published",
        "value_coef": "published",
        "max_grad_norm": "published",
        "reward_scale": "chosen",
    },
)


def mappo(
    devices: tuple[DeviceParameters, ...],
    congestion: Congestion,
    settings: MAPPOSettings,
    schedule: tuple[int, int],
    seed: int,
    checkpoint: Path | str | None = None,
) -> Arrays:
    """Train MAPPO on one game and record the learning curve [DCC Fig. 11].

    Parameters
    ----------
    devices, congestion
        The game.
    settings : MAPPOSettings
    schedule : (iterations, points)
        Iterations of ``n_envs * n_steps`` slots; ``points`` of the curve, which must divide them.
    seed : int
        Seed of the run.
    checkpoint : path-like, optional
        File to continue from and to write to after every point.

    Returns
    -------
    dict
        The curve of :func:`refimpl.dcc.train.record.add_point`, final parameters and state.
    """
    iterations, points = schedule
    if points < 1 or iterations % points:
        raise ValueError(f"points must divide the {iterations} iterations; got {points}")
    game = Population(devices, len(devices), congestion)
    dynamics = joint_dynamics(devices, congestion)
    update_settings = settings.ppo_settings(game.gamma)
    model = Model(mlp_network(RELU), mlp_network(RELU), critic_view=joint_view)

    def stage(k: int, saved: Arrays) -> Arrays:
        rng = generator(seed, "mappo", k)
        trained = restore_learner(group(saved, "learner"), update_settings.optimizer)
        state = group(saved, "state")
        for _ in range(iterations // points):
            rollout, state = collect(dynamics, policy(model, trained), state, settings.n_steps, rng)
            scaled = replace(rollout, rewards=rollout.rewards * settings.reward_scale)
            batch = to_batch(model, trained, scaled, game.gamma, settings.gae_lambda)
            trained, _ = ppo.update(model, trained, batch, update_settings, rng)
        steps = (k + 1) * (iterations // points) * settings.n_envs * settings.n_steps
        policies = product_policies(model, trained, dynamics)
        kept = joined(learner=learner_arrays(trained), state=state)
        return add_point({**saved, **kept}, steps, game, policies)

    rng = generator(seed, "mappo", "start")
    fresh = first_learner(len(devices), settings, update_settings, rng)
    start = joined(learner=learner_arrays(fresh), state=dynamics.reset(settings.n_envs, rng))
    label = {
        "method": "mappo",
        "seed": seed,
        "schedule": list(schedule),
        "settings": repr(settings),
    }
    return run_stages(stage, points, {**empty_curve(1), **start}, label, checkpoint)


def first_learner(
    n_devices: int,
    settings: MAPPOSettings,
    update_settings: ppo.PPOSettings,
    rng: np.random.Generator,
) -> Learner:
    """Orthogonal start, small last layer of the actor; float32 throughout."""
    actor = mlp.init(
        rng, (N_FEATURES, *settings.hidden, N_ACTIONS), out_gain=0.01, dtype=np.float32
    )
    sizes = (N_FEATURES * n_devices, *settings.hidden, 1)
    critic = mlp.init(rng, sizes, dtype=np.float32)
    return learner(actor, critic, update_settings.optimizer)


def product_policies(model: Model, trained: Learner, dynamics: JointDynamics) -> NDArray[Any]:
    """Policies (N, S, A) that the shared actor gives the devices."""
    logits, _ = model.actor.forward(trained.actor, dynamics.table)
    return probabilities(logits.astype(float))
