"""Centralised A2C: one agent that sees the whole system and decides for all devices [DCC Fig. 12].

Networks and numbers are the defaults of Stable-Baselines3. Nothing is masked: processing without
energy is punished by the deficit penalty. The learned policy couples the devices, so its cost is
estimated from simulated episodes, unlike that of product policies, which is exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models import mlp
from refimpl.dcc.model.congestion import Congestion
from refimpl.dcc.model.device import N_ACTIONS, OFFLOAD, DeviceParameters
from refimpl.dcc.train.joint_dynamics import (
    N_FEATURES,
    JointDynamics,
    crowd_costs,
    joint_dynamics,
)
from refimpl.dcc.train.record import append_point, empty_curve
from refimpl.shared import a2c
from refimpl.shared.action_heads import factored
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
from refimpl.shared.optimizer import group, joined
from refimpl.shared.presets import Preset
from refimpl.shared.rollout import State, collect
from refimpl.shared.seeds import generator
from refimpl.shared.stages import run_stages

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class CentralSettings:
    """Settings of centralised A2C.

    Parameters
    ----------
    n_envs : int
        Copies of the game.
    update : A2CSettings
        Of the update, defaults of Stable-Baselines3; the discount is the game's.
    evaluation_episodes, evaluation_slots : int
        Simulated episodes behind a point of the learning curve, and their length.
    """

    n_envs: int = 8
    update: a2c.A2CSettings = a2c.SB3_DEFAULTS
    evaluation_episodes: int = 200
    evaluation_slots: int = 200


PUBLISHED = Preset(
    "published",
    CentralSettings(),
    {
        "n_envs": "chosen",
        "update": "published",
        "evaluation_episodes": "chosen",
        "evaluation_slots": "chosen",
    },
)


@dataclass(frozen=True)
class CentralView:
    """Dynamics whose observation is that of all devices side by side, (E, N * N_FEATURES)."""

    inner: JointDynamics

    def reset(self, n_envs: int, rng: np.random.Generator) -> State:
        """Start states of the inner dynamics."""
        return self.inner.reset(n_envs, rng)

    def observe(self, state: State) -> NDArray[Any]:
        """Observations of all devices in one row."""
        return joint_view(self.inner.observe(state))

    def step(self, state: State, actions: NDArray[Any], rng: np.random.Generator) -> Any:
        """Step of the inner dynamics."""
        return self.inner.step(state, actions, rng)


def centralised_a2c(
    devices: tuple[DeviceParameters, ...],
    congestion: Congestion,
    settings: CentralSettings,
    schedule: tuple[int, int],
    seed: int,
    checkpoint: Path | str | None = None,
) -> Arrays:
    """Train centralised A2C on one game and record the learning curve [DCC Fig. 12].

    Parameters
    ----------
    devices, congestion
        The game.
    settings : CentralSettings
    schedule : (updates, points)
        Updates of ``n_envs * n_steps`` slots; ``points`` of the curve, which must divide them.
    seed : int
        Seed of the run.
    checkpoint : path-like, optional
        File to continue from and to write to after every point.

    Returns
    -------
    dict
        The curve of :func:`refimpl.dcc.train.record.add_point` with Monte-Carlo estimates, final
        parameters and state. There is no budget, so ``violation`` is 0.
    """
    updates, points = schedule
    if points < 1 or updates % points:
        raise ValueError(f"points must divide the {updates} updates; got {points}")
    view = CentralView(joint_dynamics(devices, congestion))
    gamma = devices[0].gamma
    model = Model(mlp_network(), mlp_network(), head=factored((N_ACTIONS,) * len(devices)))
    update_settings = replace(settings.update, gamma=gamma)

    def stage(k: int, saved: Arrays) -> Arrays:
        rng = generator(seed, "a2c", k)
        trained = restore_learner(group(saved, "learner"), update_settings.optimizer)
        state = group(saved, "state")
        for _ in range(updates // points):
            rollout, state = collect(
                view, policy(model, trained), state, update_settings.n_steps, rng
            )
            batch = to_batch(model, trained, rollout, gamma, update_settings.lam)
            trained, _ = a2c.update(model, trained, batch, update_settings)
        kept = joined(learner=learner_arrays(trained), state=state)
        steps = (k + 1) * (updates // points) * settings.n_envs * update_settings.n_steps
        point = estimate(view, policy(model, trained), settings, generator(seed, "a2c-test", k))
        return append_point({**saved, **kept}, steps, point)

    rng = generator(seed, "a2c", "start")
    fresh = first_learner(len(devices), update_settings, rng)
    start = joined(learner=learner_arrays(fresh), state=view.reset(settings.n_envs, rng))
    label = {"method": "a2c", "seed": seed, "schedule": list(schedule), "settings": repr(settings)}
    return run_stages(stage, points, {**empty_curve(1), **start}, label, checkpoint)


def first_learner(n_devices: int, settings: a2c.A2CSettings, rng: np.random.Generator) -> Learner:
    """Networks as Stable-Baselines3 starts them, float32."""
    width = N_FEATURES * n_devices
    actor = mlp.init(
        rng,
        (width, *a2c.SB3_HIDDEN, N_ACTIONS * n_devices),
        out_gain=a2c.SB3_ACTOR_GAIN,
        dtype=np.float32,
    )
    critic = mlp.init(rng, (width, *a2c.SB3_HIDDEN, 1), dtype=np.float32)
    return learner(actor, critic, settings.optimizer)


def estimate(
    view: CentralView, act: Any, settings: CentralSettings, rng: np.random.Generator
) -> Arrays:
    """Monte-Carlo estimate of the discounted joint cost per agent and its parts, (1,) each.

    The tail beyond ``evaluation_slots`` is left out; with gamma 0.95 and 200 slots it is 3.5e-5 of
    the sum.
    """
    n_devices, gamma = len(view.inner.devices), view.inner.devices[0].gamma
    crowds = np.append(0.0, crowd_costs(n_devices, view.inner.congestion))
    state = view.reset(settings.evaluation_episodes, rng)
    total = paid = use = 0.0
    for t in range(settings.evaluation_slots):
        actions, _ = act(view.observe(state), rng)
        state, rewards, _, _ = view.step(state, actions, rng)
        crowd = (actions == OFFLOAD).sum(axis=1)
        total -= gamma**t * rewards.mean()
        paid += gamma**t * crowds[crowd].mean() / n_devices
        use += (1.0 - gamma) * gamma**t * crowd.mean() / n_devices
    parts = {"cost": total, "local": total - paid, "congestion": paid, "use": use}
    return {key: np.array([value]) for key, value in {**parts, "violation": 0.0}.items()}
