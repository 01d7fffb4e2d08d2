"""The enumeration oracle against an MDP solved by hand.

Two states, discount 1/2, start in state 0. Staying in state 0 costs 4 a step; moving to state 1
costs 0 there but is the constrained action, after which every step costs 1.
"""

from __future__ import annotations

import numpy as np
import pytest

from lp_solvers.finite_mdp import finite_mdp
from tests.oracles.policy_enumeration import (
    constrained_optimum,
    enumerate_policies,
    lower_hull,
    optimum_of_pairs,
)

STAY_OR_GO = finite_mdp(
    [[[1, 0], [0, 1]], [[0, 1], [0, 1]]],
    [[4, 0], [1, 7]],
    0.5,
    [1, 0],
    [[True, True], [True, False]],
)
GOING = np.array([[[0.0, 1.0], [0.0, 0.0]]])


def test_policies_and_their_values_by_hand() -> None:
    points = enumerate_policies(STAY_OR_GO, GOING)
    assert points.actions.tolist() == [[0, 0], [1, 0]]
    assert points.values.tolist() == [[8, 2], [1, 2]]
    assert points.visits.tolist() == [[2, 0], [1, 1]]
    assert points.counts.tolist() == [[0], [1]]


def test_constrained_optimum_mixes_the_two() -> None:
    points = enumerate_policies(STAY_OR_GO, GOING)
    assert constrained_optimum(points, np.array([0.25])) == pytest.approx(8 - 0.25 * 7)
    assert constrained_optimum(points, np.array([3.0])) == pytest.approx(1)
    assert constrained_optimum(points, np.array([-0.1])) is None
    assert optimum_of_pairs(points, 0.25) == 8 - 0.25 * 7
    assert optimum_of_pairs(points, 3.0) == 1
    assert optimum_of_pairs(points, -0.1) == np.inf


def test_lower_hull_is_the_segment_between_them() -> None:
    counts, costs = lower_hull(enumerate_policies(STAY_OR_GO, GOING))
    assert counts.tolist() == [0, 1]
    assert costs.tolist() == [8, 1]
