"""Presets of the training runs, every field tagged with its origin [DG-PG App. I] [DG-PG App. J].

``published`` presets hold what Tables 6 to 8 print; a number they lost is a default of the
reference MAPPO code or a plain choice, and tagged so. ``chosen`` presets are those that the
experiments run with: the same tables where they are legible, the other constants settled by
experiment.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from refimpl.dgpg.model.own_part import DEMAND_AND_FIT
from refimpl.dgpg.objective.advantage import RunningScale
from refimpl.dgpg.objective.guidance import RELATIVE
from refimpl.dgpg.train.methods import DGPG, IPPO, MAPPO, Method, every_value, values_of_samples
from refimpl.dgpg.train.schedules import Exponential, Linear, fixed
from refimpl.dgpg.train.settings import TrainSettings
from refimpl.dgpg.train.shaping import minus_imbalance
from refimpl.dgpg.train.value_scale import UNSCALED, ValueScale
from refimpl.shared.presets import Origin, Preset

CAP = 200_000
"""Samples kept of an episode at the larger scales; the paper's number is lost."""

WIDE, CHOSEN_CAP = 50, 50_000
"""Servers from which on the experiments take smaller steps on fewer samples, and how many."""


@dataclass(frozen=True)
class Scale:
    """A row of [DG-PG Table 7]."""

    hidden: int
    minibatch: int
    rollouts: int
    clip: float
    capped: bool


TABLE_7: Mapping[int, Scale] = {
    10: Scale(128, 512, 12, 0.2, False),
    20: Scale(128, 512, 12, 0.2, False),
    50: Scale(256, 1024, 8, 0.4, False),
    100: Scale(512, 1024, 6, 0.4, True),
    200: Scale(1024, 1024, 2, 0.4, True),
    500: Scale(1024, 1024, 1, 0.4, True),
    1000: Scale(1024, 1024, 1, 0.4, True),
    1500: Scale(1024, 1024, 1, 0.4, True),
}
"""Settings by number of servers [DG-PG Table 7]."""


@dataclass(frozen=True)
class Failure:
    """A row of [DG-PG Table 8]."""

    minibatch: int
    epochs: int
    entropy: float


TABLE_8: Mapping[int, Failure] = {
    0: Failure(256, 4, 0.02),
    1: Failure(256, 10, 0.01),
    2: Failure(256, 4, 0.01),
    3: Failure(256, 4, 0.03),
    4: Failure(50_000, 10, 0.01),
    5: Failure(20_000, 15, 0.01),
    6: Failure(10_000, 15, 0.01),
    7: Failure(10_000, 15, 0.01),
}
"""Runs of the baselines that failed [DG-PG Table 8]."""

FAILURE_ROLLOUTS = 24
"""Rollouts per episode of these runs; here they give about as many samples as in the paper."""

_DYNAMIC, _FIXED = Linear(0.9, 0.2), fixed(0.8)
_LARGEST_DYNAMIC = 200
"""Largest scale with the dynamic weight; the border is lost."""

_BASE: dict[str, Origin] = {
    **dict.fromkeys(TrainSettings.__dataclass_fields__, "chosen"),
    "method": "published",
    "baseline": "published",
    "potential": "published",
    "own_part": "published",
    "scenarios": "derived",
    "alpha": "derived",
    "critic_samples": "derived",
}


def linear_published(method: Method) -> Preset[TrainSettings]:
    """Return the controlled comparison with linear actor and critic [DG-PG Table 6].

    Parameters
    ----------
    method : Method
        ``DGPG``, ``MAPPO`` or ``IPPO``.
    """
    guided = method is DGPG
    rate = Linear(5e-4, 5e-5)
    settings = TrainSettings(
        method=method,
        episodes=200 if guided else 500,
        rollouts=24,
        sample_cap=None,
        hidden=(),
        embedding=0,
        actor_epochs=3,
        critic_epochs=20,
        minibatch=10_000,
        critic_minibatch=10_000,
        critic_samples=values_of_samples,
        learning_rate=rate,
        critic_learning_rate=rate,
        entropy=Exponential(0.02, 0.001) if guided else fixed(0.01),
        alpha=_DYNAMIC,
        guidance_scale=RunningScale(momentum=0.99),
    )
    names = ("episodes", "rollouts", "hidden", "actor_epochs", "critic_epochs", "minibatch")
    return Preset(f"table-6 {method.name}", settings, _tagged(*names))


def neural_published(n_servers: int) -> Preset[TrainSettings]:
    """Return DG-PG with two-layer tanh networks at one scale [DG-PG Table 7].

    Raises
    ------
    ValueError
        If the table has no such scale.
    """
    scale = _scale(n_servers)
    rate = Exponential(3e-4, 1e-4)
    settings = TrainSettings(
        rollouts=scale.rollouts,
        sample_cap=CAP if scale.capped else None,
        hidden=(scale.hidden, scale.hidden),
        clip=scale.clip,
        minibatch=scale.minibatch,
        critic_minibatch=scale.minibatch,
        critic_samples=values_of_samples,
        learning_rate=rate,
        critic_learning_rate=rate,
        alpha=_DYNAMIC if n_servers <= _LARGEST_DYNAMIC else _FIXED,
        guidance_scale=RunningScale(momentum=0.99),
    )
    tags = _tagged("rollouts", "hidden", "embedding", "clip", "minibatch")
    # The epochs are those of "DG-PG defaults" in Table 8.
    tags |= {"actor_epochs": "derived", "critic_epochs": "derived"}
    tags["sample_cap"] = "chosen" if scale.capped else "published"
    return Preset(f"table-7 n{n_servers}", settings, tags)


def failure_run(run: int, method: Method = MAPPO) -> Preset[TrainSettings]:
    """Return a run of a baseline with neural networks that failed in the paper [DG-PG Table 8].

    Runs 0 to 3 have DG-PG's settings, from run 1 on with scaled values; runs 4 to 7 those of the
    reference MAPPO code; run 7 has a shaped reward.

    Raises
    ------
    ValueError
        If the table has no such run.
    """
    if run not in TABLE_8:
        raise ValueError(f"run must be one of {sorted(TABLE_8)}; got {run}")
    row = TABLE_8[run]
    changes = {
        "method": method,
        "episodes": 1000,
        "rollouts": FAILURE_ROLLOUTS,
        "sample_cap": None,
        "hidden": (128, 128),
        "actor_epochs": row.epochs,
        "critic_epochs": row.epochs,
        "minibatch": row.minibatch,
        "critic_minibatch": row.minibatch,
        "entropy": Exponential(row.entropy, 0.001) if run == 0 else fixed(row.entropy),
        "value_scale": UNSCALED if run == 0 else ValueScale(),
    }
    if run >= 4:
        changes |= _REFERENCE_CODE
    if run == 7:
        changes["potential"] = minus_imbalance
    base = neural_published(10).changed(f"table-8 run {run} {method.name}", **changes)
    published: dict[str, Origin] = dict.fromkeys(_FAILURE_FIELDS, "published")
    tags = {**base.origin, **published}
    return Preset(base.name, base.settings, tags)


_FAILURE_FIELDS = ("method", "hidden", "actor_epochs", "critic_epochs", "minibatch", "entropy")
_REFERENCE_CODE = {
    "learning_rate": fixed(5e-4),
    "critic_learning_rate": fixed(5e-4),
    "max_grad_norm": 10.0,
    "critic_max_grad_norm": 10.0,
    "huber_delta": 10.0,
}


def linear_chosen(method: Method) -> Preset[TrainSettings]:
    """Return the controlled comparison as the experiments run it [DG-PG Table 6].

    A critic of every agent's observation would see N rows per step, most of them of agents without
    a job: it is fitted to the active ones only.
    """
    base = linear_published(method).changed(f"chosen table-6 {method.name}", **LINEAR_CHANGES)
    rows = values_of_samples if method is IPPO else every_value
    return base.changed(base.name, critic_samples=rows)


def neural_chosen(n_servers: int) -> Preset[TrainSettings]:
    """Return one scale as the experiments run it [DG-PG Table 7]."""
    base = neural_published(n_servers)
    rate = Exponential(3e-4, 1e-4) if n_servers < WIDE else Exponential(1e-4, 3e-5)
    capped = {} if n_servers < WIDE else {"sample_cap": CHOSEN_CAP}
    return base.changed(
        f"chosen table-7 n{n_servers}", learning_rate=rate, **capped, **NEURAL_CHANGES
    )


def ours(n_servers: int) -> Preset[TrainSettings]:
    """Return what we would change: agents see how their job fits, every state counts alike.

    What suits a job is the product of what it needs and what a server has left; the paper's
    observation lists both, and its policies learn to balance without it. With the paper's
    coefficient the few overloaded states outweigh all others; relative to its root mean square over
    the servers it says in every state equally loudly where to go. The weight is constant, the steps
    are larger, and PPO clips as usual at every scale.
    """
    rate = Exponential(1e-3, 1e-4) if n_servers < WIDE else Exponential(3e-4, 3e-5)
    return neural_chosen(n_servers).changed(f"ours n{n_servers}", learning_rate=rate, **OUR_CHANGES)


LINEAR_CHANGES: Mapping[str, object] = {
    "learning_rate": Linear(5e-3, 5e-4),
    "critic_learning_rate": Linear(5e-3, 5e-4),
    "max_grad_norm": 10.0,
    "critic_max_grad_norm": 10.0,
    "guidance_scale": RunningScale(momentum=0.0),
}
NEURAL_CHANGES: Mapping[str, object] = {
    "critic_samples": every_value,
    "entropy": Exponential(0.02, 1e-4),
    "huber_delta": math.inf,
    "guidance_scale": RunningScale(momentum=0.0),
}
OUR_CHANGES: Mapping[str, object] = {
    "own_part": DEMAND_AND_FIT,
    "guidance": RELATIVE,
    "alpha": fixed(0.8),
    "entropy": Exponential(2e-3, 1e-4),
    "clip": 0.2,
}


def _scale(n_servers: int) -> Scale:
    if n_servers not in TABLE_7:
        raise ValueError(f"n_servers must be one of {sorted(TABLE_7)}; got {n_servers}")
    return TABLE_7[n_servers]


def _tagged(*published: str) -> dict[str, Origin]:
    return {**_BASE, **dict.fromkeys(published, "published")}
