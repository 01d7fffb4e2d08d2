"""The shared problems are what they say."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from tests.dcc.objective.strategies import CURVES, DEVICES, curves_of, local_problems


def test_devices_differ_and_gain_from_offloading():
    values = [curve.values[0] for curve in CURVES]
    assert len(set(np.round(values, 6))) == len(DEVICES)
    assert all(curve.values[0] > curve.values[-1] for curve in CURVES)


def test_curves_are_in_the_order_asked_for():
    pair = curves_of(2, 0)
    assert pair.n_devices == 2
    assert pair.values[0, 0] == CURVES[2].values[0]


@given(local_problems())
def test_problems_are_small(problem):
    assert problem.mdp.n_states <= 30
    assert problem.discounted_budget <= 1 / (1 - problem.mdp.gamma) * (1 + 1e-15)
