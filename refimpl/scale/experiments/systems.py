"""The systems of the experiments: sizes, mixes, workflows and every constant that we chose."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from refimpl.scale.model.scenario import Scenario, sample_scenario
from refimpl.scale.model.settings import TABLE_1, SystemSettings, chosen
from refimpl.scale.model.workflows import Chain, FewPredecessors, ForkJoin, Independent, Layered
from refimpl.shared.seeds import generator

TRAINED = 16
"""Servers of the cluster that networks are trained on (published)."""

PUBLISHED_SIZES = tuple(TABLE_1)
BEYOND = (128, 512, 2048)
"""Sizes of the paper, and beyond it [SCALE sec. 6.2]."""

CHANGES: Mapping[str, Mapping[str, Any]] = {
    "chosen": {},
    "delay scale 0.12": {"delay_scale": 0.12},
    "no delay term": {"delay_scale": math.inf},
    "dt 0.5": {"dt": 0.5},
    "horizon 20": {"horizon": 20.0},
    "independent edges": {"family": Independent(0.3)},
    "random trees": {"family": FewPredecessors(most=1)},
    "deep": {"family": Chain(), "sizes": (10, 20)},
    "wide": {"family": ForkJoin(), "sizes": (10, 20)},
    "layers": {"family": Layered(4), "sizes": (10, 20)},
}
"""Constants of the system by name; the first are those of every other experiment."""

MIXES: Mapping[str, tuple[int, int, int]] = {
    "2:5:1": (2, 5, 1),
    "5:2:1": (5, 2, 1),
    "1:2:5": (1, 2, 5),
}
"""Shares of small, medium and large servers in eighths; the first is the paper's."""

Events = Callable[[Scenario, np.random.Generator], Scenario]


def steady(scenario: Scenario, rng: np.random.Generator) -> Scenario:
    """Leave the cluster as it is."""
    del rng
    return scenario


def elastic(scenario: Scenario, rng: np.random.Generator) -> Scenario:
    """Let a quarter of the servers join late, a quarter leave and an eighth fail.

    At times that are uniform over the horizon. The last server, a large one, always stays, so that
    no task is left without a place.
    """
    shape, horizon = scenario.capacity.shape, scenario.settings.horizon
    part, when = rng.random(shape), rng.uniform(0, horizon, shape)
    part[:, -1] = 1.0
    return scenario.with_events(
        joins=np.where(part < 0.25, when, 0.0),
        leaves=np.where((part >= 0.25) & (part < 0.5), when, math.inf),
        fails=np.where((part >= 0.5) & (part < 0.625), when, math.inf),
    )


EVENTS: Mapping[str, Events] = {"steady": steady, "elastic": elastic}


@dataclass(frozen=True)
class System:
    """One system of the experiments.

    Attributes
    ----------
    n_servers : int
        Multiple of 8; the arrival rate grows in proportion.
    changes : str
        Key of :data:`CHANGES`.
    mix : str
        Key of :data:`MIXES`.
    events : str
        Key of :data:`EVENTS`.

    Raises
    ------
    ValueError
        If a key is unknown.
    """

    n_servers: int = TRAINED
    changes: str = "chosen"
    mix: str = "2:5:1"
    events: str = "steady"

    def __post_init__(self) -> None:
        known = {"changes": CHANGES, "mix": MIXES, "events": EVENTS}
        for name, table in known.items():
            if getattr(self, name) not in table:
                raise ValueError(
                    f"{name} must be one of {list(table)}; got {getattr(self, name)!r}"
                )

    @property
    def settings(self) -> SystemSettings:
        """Settings of the system."""
        eighth = self.n_servers // 8
        small, medium, large = (eighth * share for share in MIXES[self.mix])
        base = chosen(self.n_servers).settings
        return replace(base, counts=(small, medium, large), **CHANGES[self.changes])

    @property
    def name(self) -> str:
        """Everything that the system depends on."""
        return f"n{self.n_servers}/{self.changes}/{self.mix}/{self.events}"

    def episodes(self, count: int, seed: int) -> Scenario:
        """Draw test episodes: the same for every policy, never used in training.

        What changes the reward only leaves the workflows as they are.
        """
        rewards_only = set(CHANGES[self.changes]) <= {"delay_scale"}
        drawn = replace(self, changes="chosen") if rewards_only else self
        rng = generator(seed, "scale", "test", drawn.name)
        return EVENTS[self.events](sample_scenario(self.settings, count, rng), rng)
