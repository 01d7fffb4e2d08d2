"""The systems of the experiments, and the episodes that policies are compared on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from refimpl.dgpg.model.scenario import Scenario, sample_scenario
from refimpl.dgpg.model.settings import SystemSettings, chosen, paper_scaled, suggested
from refimpl.shared.presets import Preset
from refimpl.shared.seeds import generator

SIZES = (10, 20, 50, 100, 200, 500, 1000, 1500)
"""Numbers of servers of the scalability experiment [DG-PG Table 1] [DG-PG Table 9]."""

COMPARED = (2, 5, 10)
"""Numbers of servers of the controlled comparison [DG-PG Fig. 3]."""

ALPHAS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Guidance weights; the paper has the four between the ends [DG-PG Fig. 2]."""

PRESETS: Mapping[str, Callable[[int], Preset[SystemSettings]]] = {
    "chosen": chosen,
    "suggested": suggested,
    "paper-scaled": paper_scaled,
}
"""Constants of the cluster by name."""


@dataclass(frozen=True)
class System:
    """One cluster size of the experiments.

    Attributes
    ----------
    n_servers : int
        One of [DG-PG Table 5].
    constants : str
        Key of :data:`PRESETS`.
    steps : int
        Length of an episode; jobs arrive in its first two thirds.

    Raises
    ------
    ValueError
        If there are no such constants.
    """

    n_servers: int
    constants: str = "chosen"
    steps: int = 3000

    def __post_init__(self) -> None:
        if self.constants not in PRESETS:
            raise ValueError(f"constants must be one of {sorted(PRESETS)}; got {self.constants!r}")

    @property
    def settings(self) -> SystemSettings:
        """Settings of the cluster and its workload."""
        full = PRESETS[self.constants](self.n_servers).settings
        return replace(full, steps=self.steps, arrival_steps=self.steps * 2 // 3)

    @property
    def name(self) -> str:
        """Everything that the system depends on."""
        return f"{self.constants}/n{self.n_servers}/steps{self.steps}"

    def episodes(self, purpose: str, count: int, seed: int) -> Scenario:
        """Draw held-out episodes, each from a stream of its own [DG-PG App. I.1].

        Parameters
        ----------
        purpose : str
            ``"test"`` or ``"validation"``: episodes of one purpose never serve another.
        count, seed : int
        """
        drawn = [
            sample_scenario(self.settings, 1, generator(seed, "dgpg", purpose, self.name, k))
            for k in range(count)
        ]
        return joined(drawn)


def joined(scenarios: list[Scenario]) -> Scenario:
    """Put scenarios of equal settings side by side."""
    most = max(each.demand.shape[1] for each in scenarios)
    return Scenario(
        settings=scenarios[0].settings,
        capacity=np.concatenate([each.capacity for each in scenarios]),
        efficiency=np.concatenate([each.efficiency for each in scenarios]),
        members=np.concatenate([each.members for each in scenarios]),
        offsets=np.concatenate([each.offsets for each in scenarios]),
        demand=np.concatenate([_padded(each.demand, most, 0.0) for each in scenarios]),
        duration=np.concatenate([_padded(each.duration, most, 1.0) for each in scenarios]),
    )


def _padded(
    array: np.ndarray[tuple[int, ...], np.dtype[np.float64]], length: int, value: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    widths = [(0, 0), (0, length - array.shape[1]), *[(0, 0)] * (array.ndim - 2)]
    return np.pad(array, widths, constant_values=value)
