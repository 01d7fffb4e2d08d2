"""Dispatchers that need no training, on held-out episodes: the references of every table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from refimpl.dgpg.experiments.systems import System
from refimpl.dgpg.model.simulator import Policy, Trace, run
from refimpl.dgpg.policies.heuristics import HEURISTICS
from refimpl.ledger import Arrays, Job
from refimpl.shared.seeds import generator

REFERENCES: Mapping[str, Policy] = {
    name: policy for name, policy in HEURISTICS.items() if name != "random server"
}
"""By the name that tables call them [DG-PG sec. 6.1]."""


@dataclass(frozen=True)
class Reference:
    """A policy that needs no training, on the test episodes of a system.

    Attributes
    ----------
    system : System
    policy : str
        Key of :data:`REFERENCES`.
    held_out : int
        Test episodes.

    Raises
    ------
    ValueError
        If there is no such policy.
    """

    system: System
    policy: str
    held_out: int

    def __post_init__(self) -> None:
        if self.policy not in REFERENCES:
            raise ValueError(f"policy must be one of {sorted(REFERENCES)}; got {self.policy!r}")

    @property
    def name(self) -> str:
        """Everything that the result depends on, apart from the seed."""
        return f"{self.policy}/{self.system.name}/heldout{self.held_out}"


def evaluate(reference: Reference, seed: int, checkpoint: Path | str | None = None) -> Arrays:
    """Play a policy on the test episodes; a job [DG-PG Table 1].

    Returns
    -------
    dict
        ``reward``, ``waiting``, ``buffered``, ``energy``: means over the steps, one per episode.
    """
    del checkpoint
    scenario = reference.system.episodes("test", reference.held_out, seed)
    rng = generator(seed, "dgpg", "reference", reference.name)
    policy = REFERENCES[reference.policy]
    # One episode after the other: a centralised rule goes job by job anyway.
    return means([run(scenario.take([k]), policy, rng) for k in range(reference.held_out)])


def means(traces: list[Trace]) -> Arrays:
    """Return the mean over the steps of everything that traces recorded, one number per episode."""
    return {
        "reward": np.concatenate([trace.rewards.mean(axis=0) for trace in traces]),
        "waiting": np.concatenate([trace.waiting.mean(axis=0) for trace in traces]),
        "buffered": np.concatenate([trace.buffered.mean(axis=0) for trace in traces]),
        "energy": np.concatenate([trace.energy.mean(axis=0) for trace in traces]),
    }


def job(reference: Reference, seed: int) -> Job:
    """:func:`evaluate` as a resumable job."""
    return Job(f"dgpg/reference/{reference.name}/seed{seed}", evaluate, (reference, seed))
