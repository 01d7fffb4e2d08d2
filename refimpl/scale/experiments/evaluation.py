"""Trial episodes: which system, which decision rule, to the horizon or drained.

Two metrics of a schedule stand side by side. The paper stops at the horizon and averages over the
tasks that were completed. Drained, arrivals stop at the horizon, the episode goes on until every
task is finished, and all of them count; a task that is not finished at the deadline counts with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linear_models.validation import check_count, check_positive
from refimpl.ledger import Arrays
from refimpl.scale.experiments.measures import Moments, shift, summary
from refimpl.scale.experiments.systems import System
from refimpl.scale.model.episodes import Policy, play
from refimpl.scale.model.observations import observe
from refimpl.scale.model.simulator import Simulation
from refimpl.scale.model.workflows import Ints
from refimpl.scale.policies.decisions import RULES, Rule
from refimpl.scale.train.nets import Forward
from refimpl.scale.train.rollouts import DTYPE
from refimpl.shared.seeds import generator

STUCK = 30
"""Avoidable invalid actions in a row, three seconds of the clock, from which on a scheduler is
called stuck."""


@dataclass(frozen=True)
class Trial:
    """Episodes that a policy is tested on [SCALE Fig. 5].

    Attributes
    ----------
    system : System
    rule : str
        Key of :data:`refimpl.scale.policies.decisions.RULES`; heuristics ignore it.
    episodes : int
    deadline : float or None
        None: they end at the horizon. Otherwise they are drained: they go on until every task is
        finished, at most until this second.

    Raises
    ------
    ValueError
        If there is no such rule, or a number is not positive.
    """

    system: System
    rule: str
    episodes: int
    deadline: float | None = None

    def __post_init__(self) -> None:
        check_count("episodes", self.episodes)
        if self.deadline is not None:
            check_positive("deadline", self.deadline)
        if self.rule not in RULES:
            raise ValueError(f"rule must be one of {sorted(RULES)}; got {self.rule!r}")

    @property
    def name(self) -> str:
        """Everything that the test depends on, apart from the seed."""
        end = "horizon" if self.deadline is None else f"drained{self.deadline:g}"
        return f"{self.system.name}/{self.rule}/{end}/{self.episodes}"


def measure(policy: Policy, trial: Trial, seed: int) -> Arrays:
    """Play the test episodes; one entry per episode and metric [SCALE sec. 5.1.3]."""
    scenario = trial.system.episodes(trial.episodes, seed)
    rng = generator(seed, "scale", "decisions", trial.name)
    return dict(play(scenario, policy, rng, trial.deadline).arrays())


class Recorder:
    """Decides as a rule does, and keeps the moments of the features of the states it met.

    Attributes
    ----------
    visited, ready : Moments
        Of all states, and of those with a task to assign.
    """

    def __init__(self, forward: Forward, rule: Rule) -> None:
        self.forward, self.rule = forward, rule
        self.visited, self.ready = Moments(), Moments()

    def __call__(self, sim: Simulation, rng: np.random.Generator) -> Ints:
        """Return the servers chosen, (E,)."""
        seen = observe(sim, DTYPE)
        given = (seen.task, seen.servers, *((seen.present,) if sim.elastic else ()))
        outputs = self.forward(*given)
        alive = ~sim.done
        self.visited.add(outputs.features[alive])
        self.ready.add(outputs.features[alive & seen.has_task])
        return self.rule(sim, outputs.logits, rng)


def measure_network(forward: Forward, trial: Trial, seed: int) -> tuple[Arrays, Recorder]:
    """:func:`measure` with statistics of the features beside the metrics [SCALE Table 5].

    Parameters
    ----------
    forward : callable
        The network; absent servers are the decision rule's business.
    trial : Trial
    seed : int

    Returns
    -------
    dict
        As :func:`measure`, and for every statistic of
        :func:`refimpl.scale.experiments.measures.summary` a number ``visited ...`` and ``ready
        ...``.
    recorder : Recorder
    """
    recorder = Recorder(forward, RULES[trial.rule])
    arrays = measure(recorder, trial, seed)
    for name, moments in (("visited", recorder.visited), ("ready", recorder.ready)):
        found = summary(moments.mean, moments.covariance)
        arrays |= {f"{name} {key}": np.asarray(value) for key, value in found.items()}
    return arrays, recorder


def drift(recorder: Recorder, reference: Recorder) -> Arrays:
    """Return how far the mean of the features moved from that of another test."""
    return {
        f"{name} shift": np.asarray(
            shift(
                getattr(recorder, name).mean,
                getattr(reference, name).mean,
                getattr(reference, name).covariance,
            )
        )
        for name in ("visited", "ready")
    }
