"""Statistics of features against NumPy's own."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.scale.objective.feature_statistics import NAMES, correlation, feature_statistics


def test_they_are_numpys() -> None:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((200, 5)) @ rng.standard_normal((5, 5)) + 1.0
    off = ~np.eye(5, dtype=bool)
    found = feature_statistics(features)
    assert tuple(found) == NAMES
    assert found["covariance"] == pytest.approx(np.abs(np.cov(features.T)[off]).mean())
    assert found["correlation"] == pytest.approx(np.abs(np.corrcoef(features.T)[off]).mean())
    variance = features.var(axis=0, ddof=1)
    assert found["variance"] == pytest.approx(variance.mean())
    kl = 0.5 * (features.mean(axis=0) ** 2 + variance - np.log(variance) - 1).mean()
    assert found["kl"] == pytest.approx(kl)


def test_scaling_moves_covariances_and_leaves_correlations() -> None:
    features = np.random.default_rng(1).standard_normal((50, 4))
    one, other = feature_statistics(features), feature_statistics(features / 10)
    assert other["covariance"] == pytest.approx(one["covariance"] / 100)
    assert other["correlation"] == pytest.approx(one["correlation"])


def test_undefined_is_nan() -> None:
    features = np.random.default_rng(2).standard_normal((1, 4))
    assert all(np.isnan(value) for value in feature_statistics(features).values())
    constant = np.array([[1.0, 2.0], [1.0, 3.0]])
    found = feature_statistics(constant)
    assert found["covariance"] == 0
    assert found["variance"] == 0.25
    assert np.isnan(found["kl"])
    assert np.isnan(found["correlation"])
    assert np.isnan(feature_statistics(features.T)["covariance"])


def test_a_dimension_that_does_not_vary_has_no_correlations() -> None:
    features = np.random.default_rng(3).standard_normal((40, 3))
    dead = np.concatenate([features, np.zeros((40, 1))], axis=1)
    one, other = feature_statistics(features), feature_statistics(dead)
    assert other["correlation"] == pytest.approx(one["correlation"])
    assert other["covariance"] == pytest.approx(one["covariance"] / 2)


def test_correlation_of_a_covariance() -> None:
    product = np.array([[4.0, 3.0], [3.0, 9.0]])
    np.testing.assert_allclose(correlation(product), [[1, 0.5], [0.5, 1]])


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="features must be finite"):
        feature_statistics(np.array([[1.0, np.nan], [0.0, 1.0]]))
