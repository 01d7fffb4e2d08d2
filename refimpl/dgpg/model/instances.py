"""The twelve instance types that clusters are made of [DG-PG Table 4]."""

from __future__ import annotations

from dataclasses import dataclass

from linear_models.validation import check_positive


@dataclass(frozen=True)
class InstanceType:
    """One type of server [DG-PG Table 4].

    Attributes
    ----------
    name : str
    generation : int
    cpu : float
        Virtual CPUs.
    memory : float
        GB.
    cpu_efficiency, memory_efficiency : float
        ``eta``: work done per unit of energy; a job's run time is its nominal one divided by the
        CPU efficiency.
    weight : float
        How often the type is drawn, relative to the other types.

    Raises
    ------
    ValueError
        If a number is not positive.
    """

    name: str
    generation: int
    cpu: float
    memory: float
    cpu_efficiency: float
    memory_efficiency: float
    weight: float

    def __post_init__(self) -> None:
        for field in ("cpu", "memory", "cpu_efficiency", "memory_efficiency", "weight"):
            check_positive(field, getattr(self, field))


INSTANCE_TYPES = (
    InstanceType("m4.8xlarge", 1, 32, 128, 0.70, 0.68, 10),
    InstanceType("t3.2xlarge", 1, 16, 64, 0.72, 0.70, 3),
    InstanceType("t3a.2xlarge", 1, 16, 64, 0.75, 0.72, 2),
    InstanceType("m5.8xlarge", 2, 32, 128, 0.95, 0.93, 20),
    InstanceType("c5.18xlarge", 2, 64, 128, 0.98, 0.93, 10),
    InstanceType("c5.12xlarge", 2, 48, 96, 0.97, 0.93, 8),
    InstanceType("r5.8xlarge", 2, 32, 256, 0.87, 0.92, 9),
    InstanceType("r5.6xlarge", 2, 24, 192, 0.84, 0.93, 7),
    InstanceType("m5n.12xlarge", 2, 48, 192, 0.96, 0.92, 6),
    InstanceType("m6i.8xlarge", 3, 32, 128, 1.06, 0.95, 15),
    InstanceType("c5n.18xlarge", 3, 64, 256, 1.08, 0.95, 8),
    InstanceType("c6i.32xlarge", 3, 96, 384, 1.08, 0.96, 2),
)
"""Types and percentages of [DG-PG Table 4]."""


def instance_type(name: str) -> InstanceType:
    """Return the type with this name [DG-PG Table 4].

    Raises
    ------
    ValueError
        If there is none.
    """
    for kind in INSTANCE_TYPES:
        if kind.name == name:
            return kind
    known = ", ".join(kind.name for kind in INSTANCE_TYPES)
    raise ValueError(f"instance type must be one of {known}; got {name!r}")
