"""Specifies the statistics of features: those of numpy on all states at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from refimpl.scale.experiments.measures import Moments, shift, summary
from refimpl.scale.objective.srr import moment_kl


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 5), min_size=2, max_size=4))
def test_moments_of_parts_are_those_of_the_whole(seed: int, sizes: list[int]) -> None:
    rng = np.random.default_rng(seed)
    parts = [rng.normal(size=(n, 3)) for n in sizes]
    moments = Moments()
    for part in parts:
        moments.add(part)
    whole = np.concatenate(parts)
    assert_allclose(moments.mean, whole.mean(axis=0), rtol=1e-12, atol=1e-12)
    assert_allclose(moments.covariance, np.cov(whole.T), rtol=1e-9, atol=1e-12)


def test_the_summary_is_what_numpy_says() -> None:
    rows = np.random.default_rng(0).normal(0.3, 2.0, size=(50, 4)) @ np.diag([1.0, 0.5, 2.0, 1.0])
    found = summary(rows.mean(axis=0), np.cov(rows.T))
    outside = ~np.eye(4, dtype=bool)
    assert found["covariance"] == pytest.approx(np.abs(np.cov(rows.T)[outside]).mean())
    assert found["correlation"] == pytest.approx(np.abs(np.corrcoef(rows.T)[outside]).mean())
    assert found["variance"] == pytest.approx(rows.var(axis=0, ddof=1).mean())
    assert found["mean_square"] == pytest.approx((rows.mean(axis=0) ** 2).mean())
    assert found["kl"] == pytest.approx(moment_kl(rows)[0])


def test_a_feature_that_does_not_vary_has_finite_statistics() -> None:
    found = summary(np.array([1.0, 0.0]), np.diag([0.0, 1.0]))
    assert all(np.isfinite(x) for x in found.values())


def test_a_shift_is_in_standard_deviations_of_the_reference() -> None:
    covariance = np.diag([4.0, 0.25, 0.0])
    moved = np.array([2.0, 0.5, 99.0])
    assert shift(moved, np.zeros(3), covariance) == pytest.approx(1.0)
    assert shift(np.zeros(3), np.zeros(3), covariance) == 0.0
