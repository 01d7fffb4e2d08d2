"""One constrained device, solved by three learners on the shaped cost [DCC sec. 4.3]."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lp_solvers import lagrangian
from lp_solvers.constrained_mdp import constrained_mdp
from lp_solvers.finite_mdp import with_cost
from lp_solvers.occupancy import occupancy_of_policy
from refimpl.dcc.experiments.scale import Scale
from refimpl.dcc.model.device import DeviceParameters, draw_device
from refimpl.dcc.model.exact import device_mdp, offload_cost
from refimpl.dcc.model.simulator import device_batch
from refimpl.dcc.train import local_dqn, local_ppo
from refimpl.dcc.train.constrained_q import Task, learn
from refimpl.dcc.train.joint_dynamics import EPISODE
from refimpl.dcc.train.local_dynamics import LocalProblem
from refimpl.dcc.train.presets import DCC_OURS, DCC_PUBLISHED
from refimpl.dcc.train.settings import QSettings
from refimpl.ledger import Arrays, Job
from refimpl.shared.seeds import generator

Floats = NDArray[np.float64]
LearnDevice = Callable[[LocalProblem, int, int], tuple[Floats, float]]

BUDGET, OTHERS_PENALTY = 0.1, 0.9
"""Budget of the device, and what nine others with that budget make it pay (linear penalty)."""


@dataclass(frozen=True)
class Solve:
    """One learner on one device; ``steps`` are slots of that device."""

    learner: str
    device: int
    steps: int


def by_q_learning(settings: QSettings) -> LearnDevice:
    """Return a learner of policies and multipliers by tabular Q-learning."""

    def solve(problem: LocalProblem, steps: int, seed: int) -> tuple[Floats, float]:
        task = Task(
            device_batch([problem.device]),
            np.array([problem.penalty]),
            np.array([problem.budget]),
        )
        rng = generator(seed, "local-q")
        learned = learn(task, settings.with_steps(steps), rng)
        return learned.policies[0], float(learned.multipliers[0])

    return solve


def by_ppo(problem: LocalProblem, steps: int, seed: int) -> tuple[Floats, float]:
    """Learn by PPO, whole iterations."""
    settings = local_ppo.OURS.settings
    iterations = max(4, steps // (settings.n_envs * EPISODE))
    result = local_ppo.constrained_ppo(problem, replace(settings, iterations=iterations), seed)
    return result["policy"], float(result["multiplier"])


def by_dqn(problem: LocalProblem, steps: int, seed: int) -> tuple[Floats, float]:
    """Learn by DQN, whole episodes."""
    settings = local_dqn.OURS.settings
    episodes = max(4, steps // (settings.n_envs * EPISODE))
    result = local_dqn.constrained_dqn(problem, replace(settings, episodes=episodes), seed)
    return result["policy"], float(result["multiplier"])


LEARNERS: Mapping[str, LearnDevice] = {
    "q-published": by_q_learning(DCC_PUBLISHED.settings),
    "q-ours": by_q_learning(DCC_OURS.settings),
    "ppo": by_ppo,
    "dqn": by_dqn,
}
"""Learners of one constrained device by name."""


def solve(task: Solve, seed: int, checkpoint: Path | str | None = None) -> Arrays:
    """Learn one device and compare with its exact constrained optimum.

    Returns
    -------
    dict
        ``cost`` and ``use`` of the learned policy, ``multiplier``; ``optimal_cost``,
        ``optimal_multiplier`` and ``never_cost``; all scalars. Costs contain the penalty.
    """
    del checkpoint  # a minute
    device = draw_device(generator(seed, "local-device", task.device))
    problem = LocalProblem(device, OTHERS_PENALTY, BUDGET)
    policy, multiplier = LEARNERS[task.learner](problem, task.steps, seed)
    cost, use = _evaluate(device, policy)
    exact, price = _optimum(device, BUDGET)
    never, _ = _optimum(device, 0.0)
    found = (cost, use, multiplier, exact, price, never)
    names = ("cost", "use", "multiplier", "optimal_cost", "optimal_multiplier", "never_cost")
    return {name: np.asarray(value) for name, value in zip(names, found, strict=True)}


def jobs(learner: str, scale: Scale, seed: int) -> tuple[Job, ...]:
    """Jobs of one learner on every device of the profile."""
    tasks = [Solve(learner, k, scale.local_steps) for k in range(scale.local_devices)]
    return tuple(
        Job(f"dcc/local/{t.learner}/device{t.device}/steps{t.steps}/seed{seed}", solve, (t, seed))
        for t in tasks
    )


def _evaluate(device: DeviceParameters, policy: Floats) -> tuple[float, float]:
    """Discounted cost with the penalty, and offloading frequency, exactly."""
    mdp = device_mdp(device)
    occupancy = occupancy_of_policy(mdp, policy)
    count = float((occupancy * offload_cost(mdp)).sum())
    cost = float((occupancy * mdp.cost).sum()) + OTHERS_PENALTY * count
    return cost, (1.0 - mdp.gamma) * count


def _optimum(device: DeviceParameters, budget: float) -> tuple[float, float]:
    """Exact constrained optimum and its multiplier."""
    mdp = device_mdp(device)
    charged = with_cost(mdp, mdp.cost + OTHERS_PENALTY * offload_cost(mdp))
    program = constrained_mdp(charged, offload_cost(mdp)[None], [budget / (1.0 - mdp.gamma)])
    solution = lagrangian.solve(program)
    return solution.value, float(solution.multipliers[0])
