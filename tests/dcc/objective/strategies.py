"""Local problems, budgets and response curves, valid by construction."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from lp_solvers.finite_mdp import FiniteMDP
from refimpl.dcc.model.device import DeviceParameters
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective.local import LocalProblem
from refimpl.dcc.objective.response import ResponseCurves, local_budget_curve, response_curves
from tests.dcc.strategies import congestions, device_parameters

Floats = NDArray[np.float64]

# Heterogeneous devices of one discount factor, small enough for many solutions per test.
DEVICES: tuple[FiniteMDP, ...] = tuple(
    device_mdp(DeviceParameters(low, high, 1, cost, 4, 3, 0.9))
    for low, high, cost in ((0, 1, 3), (0, 2, 5), (1, 1, 5), (1, 3, 5), (0, 1, 5))
)
CURVES = tuple(local_budget_curve(mdp) for mdp in DEVICES)


def curves_of(*indices: int) -> ResponseCurves:
    """Response curves of some of ``DEVICES``."""
    return response_curves([CURVES[i] for i in indices], DEVICES[0].gamma)


def local_problems() -> st.SearchStrategy[LocalProblem]:
    """Local problems of small devices, budgets at the ends included."""
    return st.builds(
        LocalProblem,
        device_parameters().map(device_mdp),
        st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0.001, 0.6)),
        st.one_of(st.just(0.0), st.floats(0.001, 6.0)),
        congestions(),
    )


def random_budgets(max_devices: int = 5) -> st.SearchStrategy[Floats]:
    """Budgets of 1..max_devices devices, in [0, 1]."""
    return st.lists(st.floats(0.0, 1.0), min_size=1, max_size=max_devices).map(np.array)
