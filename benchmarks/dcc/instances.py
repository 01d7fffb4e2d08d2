"""The instance that every exact method solves, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from lp_solvers.constrained_mdp import ConstrainedMDP, constrained_mdp
from lp_solvers.finite_mdp import FiniteMDP, finite_mdp
from refimpl.dcc.model.device import DeviceParameters, three_phase_device
from refimpl.dcc.model.exact import device_mdp, offload_cost

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Instance:
    """A constrained MDP before anybody has prepared anything.

    Parameters
    ----------
    transitions : csr_array, (S*A, S)
        Row ``s*A + a`` is the law of the next state.
    cost, count : (S, A)
        Objective and constrained cost.
    gamma : float
        Discount factor.
    start : (S,)
        Start law.
    """

    transitions: sp.csr_array
    cost: Floats
    count: Floats
    gamma: float
    start: Floats

    @property
    def stored_bytes(self) -> float:
        """Bytes of the transitions: what every exact method has to read at least once."""
        arrays = (self.transitions.data, self.transitions.indices, self.transitions.indptr)
        return float(sum(array.nbytes for array in arrays))

    def describe(self) -> dict[str, object]:
        """Sizes, for the report."""
        states, actions = self.cost.shape
        return {"states": states, "actions": actions, "transitions": int(self.transitions.nnz)}

    def build(self) -> FiniteMDP:
        """Build a fresh, validated MDP of ours, with nothing cached."""
        return finite_mdp(self.transitions, self.cost, self.gamma, self.start)

    def constrained(self, budget: float) -> ConstrainedMDP:
        """Build a fresh constrained MDP of ours."""
        return constrained_mdp(self.build(), self.count, budget)


def device_instance(quick: bool) -> Instance:
    """AoI 15 x battery 16 x three cost phases, 720 states; or a 30-state device if ``quick``."""
    small = DeviceParameters(0, 2, 1, 3, max_aoi=5, battery=5)
    mdp = device_mdp(small if quick else three_phase_device())
    return Instance(mdp.transitions, mdp.cost, offload_cost(mdp), mdp.gamma, mdp.start)
