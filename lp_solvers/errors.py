"""Named failures, each with the data that proves it.

They survive pickling, so a worker process can raise them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class FarkasRay:
    """Proof that no point satisfies the constraints of a linear program.

    ``y_ub >= 0``, ``A_ub' y_ub - A_eq' y_eq >= 0`` and ``b_eq.y_eq - b_ub.y_ub > 0``. A feasible x
    would give ``0 <= (A_ub' y_ub - A_eq' y_eq).x <= b_ub.y_ub - b_eq.y_eq < 0``.

    Convention: a direction in which the dual objective grows without bound; largest entry 1.
    """

    y_ub: NDArray[np.float64]
    y_eq: NDArray[np.float64]


class LPError(Exception):
    """A linear program has no answer of the kind asked for."""


class InfeasibleError(LPError):
    """No point satisfies the constraints; ``ray`` proves it."""

    def __init__(self, message: str, ray: FarkasRay) -> None:
        super().__init__(message)
        self.ray = ray

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.ray)


class UnboundedError(LPError):
    """The objective falls without bound from the feasible ``point`` along ``direction``."""

    def __init__(
        self, message: str, point: NDArray[np.float64], direction: NDArray[np.float64]
    ) -> None:
        super().__init__(message)
        self.point = point
        self.direction = direction

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.point, self.direction)


class DegenerateError(LPError):
    """A unique multiplier was asked for and every one in ``interval`` is optimal."""

    def __init__(self, message: str, interval: tuple[float, float]) -> None:
        super().__init__(message)
        self.interval = interval

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.interval)


class SolverError(LPError):
    """The solver stopped without an answer and none of the named reasons could be proved."""


class CertificateError(LPError):
    """An answer does not satisfy the optimality conditions to the required tolerance."""
