"""Named errors keep their proof, also across processes."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from lp_solvers.errors import (
    CertificateError,
    DegenerateError,
    FarkasRay,
    InfeasibleError,
    LPError,
    SolverError,
    UnboundedError,
)

RAY = FarkasRay(np.array([1.0]), np.array([-2.0]))
ERRORS = [
    InfeasibleError("why", RAY),
    UnboundedError("why", np.array([1.0]), np.array([2.0])),
    DegenerateError("why", (1.0, 2.0)),
    SolverError("why"),
    CertificateError("why"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_error_is_an_lp_error_with_its_message(error: LPError) -> None:
    assert isinstance(error, LPError)
    assert str(error) == "why"


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_pickled_error_keeps_its_proof(error: LPError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == "why"
    assert copy.__dict__.keys() == error.__dict__.keys()


def test_pickled_ray_and_direction_hold_the_same_numbers() -> None:
    infeasible, unbounded, degenerate = (pickle.loads(pickle.dumps(e)) for e in ERRORS[:3])
    assert np.array_equal(infeasible.ray.y_ub, RAY.y_ub)
    assert np.array_equal(infeasible.ray.y_eq, RAY.y_eq)
    assert np.array_equal(unbounded.point, [1.0])
    assert np.array_equal(unbounded.direction, [2.0])
    assert degenerate.interval == (1.0, 2.0)
