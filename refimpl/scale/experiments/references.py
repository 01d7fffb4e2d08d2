"""Schedulers that need no training, on the test episodes: the references of every table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from refimpl.ledger import Arrays, Job
from refimpl.scale.experiments.evaluation import Trial, measure
from refimpl.scale.model.episodes import Policy
from refimpl.scale.policies.heuristics import HEURISTICS

REFERENCES: Mapping[str, Policy] = HEURISTICS
"""By the name that tables call them."""


@dataclass(frozen=True)
class Reference:
    """A scheduler that needs no training, on one test.

    Attributes
    ----------
    policy : str
        Key of :data:`REFERENCES`.
    trial : Trial

    Raises
    ------
    ValueError
        If there is no such policy.
    """

    policy: str
    trial: Trial

    def __post_init__(self) -> None:
        if self.policy not in REFERENCES:
            raise ValueError(f"policy must be one of {sorted(REFERENCES)}; got {self.policy!r}")

    @property
    def name(self) -> str:
        """Everything that the result depends on, apart from the seed."""
        return f"{self.policy}/{self.trial.name}"


def evaluate(reference: Reference, seed: int, checkpoint: Path | str | None = None) -> Arrays:
    """Play a policy on the test episodes; a job [SCALE sec. 5.1.3].

    Returns
    -------
    dict
        As :func:`refimpl.scale.experiments.evaluation.measure`.
    """
    del checkpoint
    return measure(REFERENCES[reference.policy], reference.trial, seed)


def job(reference: Reference, seed: int) -> Job:
    """:func:`evaluate` as a job."""
    return Job(f"scale/reference/{reference.name}/seed{seed}", evaluate, (reference, seed))
