"""Specifies the references: heuristics on the test episodes."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.scale.experiments import references
from refimpl.scale.experiments.evaluation import Trial
from refimpl.scale.experiments.references import REFERENCES, Reference
from refimpl.scale.experiments.systems import System

TRIAL = Trial(System(), "greedy", 2)


@pytest.mark.parametrize("policy", REFERENCES)
def test_every_policy_is_measured_and_by_its_own_name(policy: str) -> None:
    cell = Reference(policy, TRIAL)
    found = references.evaluate(cell, 0)
    assert np.isfinite(found["all_response"]).all()
    assert references.job(cell, 0).name != references.job(cell, 1).name
    assert policy in cell.name
    assert TRIAL.name in cell.name


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(ValueError, match=r"policy must be one of .*'fastest fit'.*; got 'best'"):
        Reference("best", TRIAL)
