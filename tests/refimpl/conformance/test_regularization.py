"""Right and wrong regularisers meet the conformance kit."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.conformance import check
from tests.refimpl.conformance.planted import counterexample


def one(width):
    """Divide by nothing."""
    del width
    return 1.0


def by_matrices(**wrong):
    """Loss and gradient from NumPy's covariance, with replaceable parts."""

    def function(features, weight_decorrelation, weight_kl):
        n, d = features.shape
        ddof = wrong.get("ddof", 1)
        mean, c = features.mean(axis=0), np.cov(features.T, ddof=ddof).reshape(d, d)
        off = 1 - np.eye(d) if wrong.get("off", True) else np.ones((d, d))
        pairs = wrong.get("pairs", one)(d)
        scale = np.sqrt(np.outer(np.diag(c), np.diag(c))) if wrong.get("correlation") else 1.0
        first = (np.abs(c / scale) * off).sum() / pairs
        second = (mean**2 + np.diag(c) - np.log(np.diag(c)) - 1).sum() / wrong.get("two", 2) / d
        deviation = features - mean
        d_first = 2 * deviation @ (np.sign(c) * off) / (n - ddof) / pairs
        d_second = deviation * (1 - 1 / np.diag(c)) / (n - ddof) / d
        if wrong.get("means", True):
            d_second = d_second + mean / n / d
        d_first = d_first if wrong.get("gradient", True) else d_first / 2
        loss = weight_decorrelation * first + weight_kl * second
        return loss, weight_decorrelation * d_first + weight_kl * d_second

    return function


def test_numpys_covariance_conforms() -> None:
    check("srr", by_matrices(), examples=100)


@pytest.mark.parametrize(
    "bug",
    [
        by_matrices(ddof=0),
        by_matrices(off=False),
        by_matrices(pairs=lambda d: max(d * (d - 1), 1)),
        by_matrices(correlation=True),
        by_matrices(two=1),
        by_matrices(means=False),
        by_matrices(gradient=False),
    ],
    ids=["B", "diagonal", "mean", "correlation", "no half", "mean forgotten", "half the slope"],
)
def test_wrong_regularisers_are_noticed(bug) -> None:
    counterexample("srr", bug)
