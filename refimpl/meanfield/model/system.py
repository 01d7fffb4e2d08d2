"""The system in one value: who is connected, how jobs arrive and are served [MF Table 1]."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from linear_models.validation import check_count, check_positive
from refimpl.meanfield.model.arrivals import Modulation
from refimpl.meanfield.model.graph import Graph

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class System:
    """N queues on a graph, by default as the paper has them [MF Table 1] [MF Fig. 1].

    Attributes
    ----------
    graph : Graph
    buffer : int
        B >= 1, jobs that a queue holds, the one in service included.
    dt : float
        Synchronisation delay: length of an epoch, > 0, in units of time.
    modulation : Modulation
        Common arrival rate.
    service_rates : float or (N,) float
        Jobs per unit time, > 0.

    Raises
    ------
    ValueError
        If a number or shape is wrong.
    """

    graph: Graph
    buffer: int = 5
    dt: float = 5.0
    modulation: Modulation = field(default_factory=Modulation)
    service_rates: float | ArrayLike = 1.0

    def __post_init__(self) -> None:
        check_count("buffer", self.buffer)
        check_positive("dt", self.dt)
        services = np.asarray(self.service_rates, dtype=np.float64)
        if services.shape not in ((), (self.n,)):
            raise ValueError(
                f"service_rates must be a number or have shape ({self.n},); got {services.shape}"
            )
        if not (np.isfinite(services) & (services > 0)).all():
            raise ValueError(f"service_rates must be finite and > 0; got {services.min()}")

    @property
    def n(self) -> int:
        """Number of queues."""
        return self.graph.n

    @cached_property
    def services(self) -> Floats:
        """Service rate of every queue, (N,)."""
        rates = np.asarray(self.service_rates, dtype=np.float64)
        return np.broadcast_to(rates, (self.n,)).copy()

    @cached_property
    def speeds(self) -> tuple[Floats, Ints]:
        """Distinct service rates, (C,), and which of them each queue has, (N,)."""
        values, index = np.unique(self.services, return_inverse=True)
        return values, index.reshape(-1)

    def rates(self, levels: Ints) -> Floats:
        """Return the common arrival rate per agent at these levels."""
        return np.asarray(self.modulation.rates)[levels]
