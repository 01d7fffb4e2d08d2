"""Train a dispatcher and evaluate its checkpoints on held-out episodes: the unit of work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from linear_models.params import Params
from linear_models.validation import check_count
from refimpl.dgpg.experiments.methods import settings_of
from refimpl.dgpg.experiments.systems import System
from refimpl.dgpg.model.scenario import Scenario
from refimpl.dgpg.model.simulator import Trace, run
from refimpl.dgpg.policies.learned import Choose, learned, likeliest, sampled
from refimpl.dgpg.train.driver import train
from refimpl.dgpg.train.learner import Learner
from refimpl.dgpg.train.settings import TrainSettings
from refimpl.ledger import Arrays, Job
from refimpl.shared.optimizer import group
from refimpl.shared.seeds import generator, seed_sequence

DECISIONS: Mapping[str, Choose] = {"sampled": sampled, "greedy": likeliest}
"""How a trained policy may act: as in training, or always the likeliest action."""

EVALUATED = ("test sampled", "test waiting", "test energy", "test greedy", "validation sampled")
"""What is measured at a checkpoint."""


@dataclass(frozen=True)
class Run:
    """One training run.

    Attributes
    ----------
    system : System
    method : str
        Key of :data:`refimpl.dgpg.experiments.methods.METHODS`.
    episodes : int
        Batches of rollouts; schedules are spread over them.
    every : int
        Episodes between two checkpoints that are evaluated; the last one always is.
    held_out : int
        Test episodes, and as many validation episodes.
    alpha : float or None
        Constant weight of the guidance; None: the method's schedule.
    lam : float or None
        Weight of longer sums in the advantages; None: the method's.
    repetition : int
        Number of the run among equal ones; with the seed it decides all randomness.
    """

    system: System
    method: str
    episodes: int
    every: int = 1
    held_out: int = 10
    alpha: float | None = None
    lam: float | None = None
    repetition: int = 0

    def __post_init__(self) -> None:
        for name in ("episodes", "every", "held_out"):
            check_count(name, getattr(self, name))

    @property
    def settings(self) -> TrainSettings:
        """Settings of the method with the run's own length and weights."""
        return settings_of(self.method, self.system.n_servers, self.episodes, self.alpha, self.lam)

    @property
    def name(self) -> str:
        """Everything the run depends on, apart from the seed."""
        weights = f"alpha{_or_preset(self.alpha)}/lam{_or_preset(self.lam)}"
        return (
            f"{self.method}/{self.system.name}/episodes{self.episodes}/every{self.every}"
            f"/heldout{self.held_out}/{weights}/repetition{self.repetition}"
        )


def _or_preset(value: float | None) -> str:
    return "preset" if value is None else f"{value:g}"


@dataclass(frozen=True)
class Evaluation:
    """Evaluates the policy after some episodes of a run.

    Attributes
    ----------
    run : Run
    scenarios : dict
        Held-out episodes by purpose.
    """

    run: Run
    scenarios: Mapping[str, Scenario]

    def __call__(self, episode: int, learner: Learner, row: Mapping[str, float]) -> Arrays:
        """Return means over the steps, (held_out,) each; NaN after other episodes.

        ``test sampled``, ``test greedy`` and ``validation sampled`` are rewards; ``test waiting``
        and ``test energy`` what the first is made of [DG-PG App. I.1].
        """
        del row
        if (episode + 1) % self.run.every and episode + 1 != self.run.episodes:
            return {name: np.full(self.run.held_out, np.nan) for name in EVALUATED}
        params = learner.actor.params
        as_trained = self._play(params, "test", "sampled", episode)
        return {
            "test sampled": as_trained.rewards.mean(axis=0),
            "test waiting": as_trained.waiting.mean(axis=0),
            "test energy": as_trained.energy.mean(axis=0),
            "test greedy": self._play(params, "test", "greedy", episode).rewards.mean(axis=0),
            "validation sampled": self._play(params, "validation", "sampled", episode).rewards.mean(
                axis=0
            ),
        }

    def _play(self, params: Params, purpose: str, decision: str, episode: int) -> Trace:
        system = self.run.system
        own_part = self.run.settings.own_part
        policy = learned(params, system.settings, DECISIONS[decision], own_part)
        rng = generator(episode, "dgpg", "evaluation", purpose, system.name)
        return run(self.scenarios[purpose], policy, rng)


def train_and_evaluate(run: Run, seed: int, checkpoint: Path | str | None = None) -> Arrays:
    """Train a policy; evaluate its checkpoints; a job [DG-PG Table 1] [DG-PG Table 9].

    Returns
    -------
    dict
        The curve of :func:`refimpl.dgpg.train.driver.train`, with the entries of
        :class:`Evaluation`; one row per episode. ``reward`` is the mean per step here.
    """
    scenarios = {
        purpose: run.system.episodes(purpose, run.held_out, seed)
        for purpose in ("test", "validation")
    }
    own_seed = seed_sequence(seed, "dgpg", "training", run.repetition).generate_state(1)[0]
    trained = train(
        run.system.settings,
        run.settings,
        int(own_seed),
        checkpoint=checkpoint,
        on_episode=Evaluation(run, scenarios),
    )
    curve: Arrays = dict(group(trained, "curve"))
    curve["reward"] = curve["reward"] / run.system.steps
    return curve


def job(run: Run, seed: int) -> Job:
    """:func:`train_and_evaluate` as a resumable job."""
    return Job(f"dgpg/train/{run.name}/seed{seed}", train_and_evaluate, (run, seed))
