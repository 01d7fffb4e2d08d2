"""Which runs and references each experiment consists of."""

from __future__ import annotations

from refimpl.scale.experiments.evaluation import Trial
from refimpl.scale.experiments.references import Reference
from refimpl.scale.experiments.runs import Run
from refimpl.scale.experiments.scale import Length, Scale
from refimpl.scale.experiments.systems import TRAINED, System

ARMS = ("SCALE", "CrossAttn")
"""The two methods that run on any cluster size [SCALE Table 4]."""

BASELINES = ("PPO", "PPO+SRR", "SAC", "DQN")
METHODS = (*ARMS, *BASELINES)
"""The six methods of [SCALE Table 3]."""

ABLATIONS = (
    "mean decorrelation",
    "variance shrinkage",
    "SCALE, plain norm",
    "CrossAttn, plain norm",
)
"""Both arms taken apart: decorrelation as a mean, the features only made smaller, and layer
normalisation without gain and shift."""


def runs(
    scale: Scale, method: str, length: Length, battery: str, system: System | None = None
) -> tuple[Run, ...]:
    """Return the runs of one method on one system, one per seed."""
    where = System() if system is None else system
    return tuple(
        Run(method, where, length.epochs, battery, scale.episodes, k) for k in range(length.seeds)
    )


def arm(scale: Scale, method: str) -> tuple[Run, ...]:
    """Return the runs of SCALE or CrossAttn, with all their tests [SCALE Table 4]."""
    return runs(scale, method, scale.arms, "everything")


def method(scale: Scale, name: str) -> tuple[Run, ...]:
    """Return the runs of a method [SCALE Table 3] [SCALE Fig. 3] [SCALE Fig. 4]."""
    if name in ARMS:
        return arm(scale, name)
    battery = "own size, values" if name == "DQN" else "own size"
    return runs(scale, name, scale.baselines[name], battery)


def ablation(scale: Scale, name: str) -> tuple[Run, ...]:
    """Return the runs of a variant of the two arms."""
    return runs(scale, name, scale.ablations, "smallest and largest")


def sensitivity(scale: Scale, changes: str, name: str) -> tuple[Run, ...]:
    """Return the runs of one arm under another constant."""
    system = System(TRAINED, changes)
    return runs(scale, name, scale.sensitivity, "smallest and largest", system)


def trial(scale: Scale, system: System, rule: str, *, drained: bool = False) -> Trial:
    """Return the test with this system, rule and end that the runs went through."""
    count = dict(scale.episodes.beyond).get(system.n_servers, scale.episodes.published)
    return Trial(system, rule, count, scale.episodes.deadline if drained else None)


def reference(scale: Scale, policy: str, system: System, *, drained: bool = False) -> Reference:
    """Return a scheduler that needs no training, on the episodes that networks were tested on."""
    return Reference(policy, trial(scale, system, "greedy", drained=drained))
