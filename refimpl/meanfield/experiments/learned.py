"""Train a policy on one system and evaluate it on others: the unit of work of the experiments."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from linear_models.validation import check_count
from refimpl.ledger import Arrays, Job
from refimpl.meanfield.experiments.evaluation import drops_per_queue, epoch_of_rule
from refimpl.meanfield.experiments.methods import METHODS, SETTINGS, adapted
from refimpl.meanfield.experiments.settings import Setting, other_sizes
from refimpl.meanfield.model.epoch import interpolated_epoch
from refimpl.meanfield.model.simulator import epochs_for
from refimpl.meanfield.train.recurrent_ppo import RecurrentTraining
from refimpl.meanfield.train.settings import PPOTraining
from refimpl.shared.optimizer import group
from refimpl.shared.seeds import seed_sequence


@dataclass(frozen=True)
class Run:
    """One training run.

    Attributes
    ----------
    method, preset : str
        Keys of :data:`refimpl.meanfield.experiments.methods.SETTINGS`.
    setting : Setting
        System that is trained on.
    iterations : int
        Batches.
    repetition : int
        Number of the run among equal ones; with the seed it decides all randomness.
    hidden : tuple of int
        Hidden layers of actor and critic; empty for those of the preset.

    Raises
    ------
    ValueError
        If there is no such method or preset, or no batch.
    """

    method: str
    preset: str
    setting: Setting
    iterations: int
    repetition: int = 0
    hidden: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if (self.method, self.preset) not in SETTINGS:
            known = [" ".join(pair) for pair in sorted(SETTINGS)]
            raise ValueError(
                f"method and preset must be one of {known}; got {self.method!r} {self.preset!r}"
            )
        check_count("iterations", self.iterations)

    @property
    def settings(self) -> PPOTraining | RecurrentTraining:
        """Settings of the preset with the run's own length, horizon and layers."""
        return adapted(
            SETTINGS[self.method, self.preset], self.iterations, self.setting.horizon, self.hidden
        )

    @property
    def name(self) -> str:
        """Everything the run depends on, apart from the seed."""
        layers = "x".join(map(str, self.hidden)) or "preset"
        return (
            f"{self.method}/{self.preset}/{self.setting.name}/iterations{self.iterations}"
            f"/hidden{layers}/repetition{self.repetition}"
        )


def train_and_evaluate(
    run: Run, episodes: int, seed: int, checkpoint: Path | str | None = None
) -> Arrays:
    """Train, then evaluate on other sizes [MF Fig. 5] [MF Fig. 7] [MF Fig. 8].

    Returns
    -------
    dict
        ``actor.*`` trained parameters, ``curve.*`` of the training, ``seconds`` of it, and for
        every policy and system its drops, (episodes,), under :func:`drops_key`.
    """
    method = METHODS[run.method]
    own_seed = seed_sequence(seed, "meanfield", "training", run.repetition).generate_state(1)[0]
    start = time.perf_counter()
    trained = method.train(run.setting.system(seed), run.settings, int(own_seed), checkpoint)
    arrays = {**trained, "seconds": np.array(time.perf_counter() - start)}
    actor = group(trained, "actor")
    for setting in (run.setting, *other_sizes(run.setting)):
        for name, make in method.everywhere.items():
            drops = drops_per_queue(setting, make(actor), episodes, seed, epoch_of_rule)
            arrays[drops_key(name, setting)] = drops
    epochs = epochs_for(run.setting.time, run.setting.dt)
    for name, begin in method.at_home.items():
        # Rules that change from episode to episode have rates of their own: no table pays.
        policy = begin(actor, epochs)
        drops = drops_per_queue(run.setting, policy, episodes, seed, interpolated_epoch)
        arrays[drops_key(name, run.setting)] = drops
    return arrays


def drops_key(policy: str, setting: Setting) -> str:
    """Key of a policy's drops on a system in the result of :func:`train_and_evaluate`."""
    return f"drops {policy} {setting.topology} {setting.size}"


def job(run: Run, episodes: int, seed: int) -> Job:
    """:func:`train_and_evaluate` as a resumable job."""
    name = f"meanfield/train/{run.name}/episodes{episodes}/seed{seed}"
    return Job(name, train_and_evaluate, (run, episodes, seed))
