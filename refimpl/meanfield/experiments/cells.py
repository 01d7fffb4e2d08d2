"""Entries of the table of results: a policy on a system, and the jobs that hold its drops."""

from __future__ import annotations

from dataclasses import dataclass

from refimpl.ledger import Job
from refimpl.meanfield.experiments import actor_critic, evaluation, learned, yardstick
from refimpl.meanfield.experiments.learned import Run
from refimpl.meanfield.experiments.scale import Scale
from refimpl.meanfield.experiments.settings import Setting, trained_on


@dataclass(frozen=True)
class Cell:
    """One entry of the table.

    Attributes
    ----------
    policy : str
        A heuristic, ``"best rule"``, ``"SAC tabular"``, or a learned policy such as ``"MF-R"``.
    setting : Setting
        Where it is evaluated.
    preset : str
        With which settings it was learned; empty for one that was not.
    method : str
        How it was learned.
    hidden : tuple of int
        Hidden layers; empty for those of the preset.
    """

    policy: str
    setting: Setting
    preset: str = ""
    method: str = "mean-field"
    hidden: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """Where the drops stand in the results of its jobs."""
        trained = self.preset or self.policy == yardstick.NAME
        return learned.drops_key(self.policy, self.setting) if trained else "drops"

    def jobs(self, scale: Scale, seed: int) -> tuple[Job, ...]:
        """Jobs that hold the entry: one, or one for each repetition of training."""
        if self.preset:
            return tuple(learned.job(run, scale.episodes, seed) for run in self.runs(scale))
        if self.policy == yardstick.NAME:
            source = trained_on(self.setting)
            return (yardstick.job(source, scale.stages, scale.episodes, seed),)
        if self.policy in actor_critic.NAMES:
            agents, rounds = self.setting.size, scale.rounds[self.policy]
            return (actor_critic.job(agents, self.policy, rounds, scale.episodes, seed),)
        return (evaluation.job(self.setting, self.policy, scale.episodes, seed),)

    def runs(self, scale: Scale) -> tuple[Run, ...]:
        """Training runs behind a learned policy."""
        source = trained_on(self.setting, self.method)
        iterations = scale.iterations[self.method, self.preset]
        return tuple(
            Run(self.method, self.preset, source, iterations, k, self.hidden)
            for k in range(scale.runs_at(source, self.preset))
        )
