"""Train a scheduler and test it: the unit of work of the experiments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from linear_models.validation import check_count
from refimpl.ledger import Arrays, Job
from refimpl.scale.experiments.batteries import BATTERIES, Episodes
from refimpl.scale.experiments.evaluation import Recorder, Trial, drift, measure_network
from refimpl.scale.experiments.methods import METHODS, settings_of
from refimpl.scale.experiments.systems import System
from refimpl.scale.train.driver import curve_of, policy_of, train
from refimpl.scale.train.settings import TrainSettings
from refimpl.shared.seeds import seed_sequence


@dataclass(frozen=True)
class Run:
    """One training run and its tests.

    Attributes
    ----------
    method : str
        Key of :data:`refimpl.scale.experiments.methods.METHODS`.
    system : System
        Trained on.
    epochs : int
    battery : str
        Key of :data:`refimpl.scale.experiments.batteries.BATTERIES`.
    episodes : Episodes
        Of every test.
    repetition : int
        Number of the run among equal ones; with the seed it decides all randomness. Runs of equal
        number start from the same weights and the same random streams.
    """

    method: str
    system: System
    epochs: int
    battery: str
    episodes: Episodes
    repetition: int = 0

    def __post_init__(self) -> None:
        check_count("epochs", self.epochs)
        for name, table in (("method", METHODS), ("battery", BATTERIES)):
            if getattr(self, name) not in table:
                raise ValueError(
                    f"{name} must be one of {list(table)}; got {getattr(self, name)!r}"
                )

    @property
    def settings(self) -> TrainSettings:
        """Settings of the method with the run's own length."""
        return settings_of(self.method, self.epochs)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Tests of the trained network."""
        return BATTERIES[self.battery](self.system, self.episodes)

    @property
    def name(self) -> str:
        """Everything the run depends on, apart from the seed."""
        return (
            f"{self.method}/{self.system.name}/epochs{self.epochs}/{self.battery}"
            f"/{self.episodes.name}/repetition{self.repetition}"
        )


def train_and_test(run: Run, seed: int, checkpoint: Path | str | None = None) -> Arrays:
    """Train a scheduler and test it; a job [SCALE Table 3] [SCALE Table 4] [SCALE Table 5].

    Returns
    -------
    dict
        ``curve/...``: one entry per epoch; and for every test what
        :func:`refimpl.scale.experiments.evaluation.measure` returns, after the test's name. A
        network with an attention feature has its statistics there too, with how far its mean moved
        from where it was with the same rule on the system that it was trained on.
    """
    own = int(seed_sequence(seed, "scale", "training", run.repetition).generate_state(1)[0])
    trained = train(run.system.settings, run.settings, own, checkpoint=checkpoint)
    arrays: Arrays = {f"curve/{name}": x for name, x in curve_of(trained).items()}
    forward = run.settings.net.acting(policy_of(trained))
    recorders: dict[Trial, Recorder] = {}
    for trial in run.trials:
        found, recorders[trial] = measure_network(forward, trial, seed)
        at_home = recorders.get(replace(trial, system=run.system, deadline=None))
        if at_home is not None:
            found |= drift(recorders[trial], at_home)
        arrays |= {f"{trial.name}: {name}": x for name, x in found.items()}
    return arrays


def job(run: Run, seed: int) -> Job:
    """:func:`train_and_test` as a resumable job."""
    return Job(f"scale/train/{run.name}/seed{seed}", train_and_test, (run, seed))
