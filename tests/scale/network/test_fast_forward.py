"""The softmax in place, in both of its ways; the whole pass is specified in ``test_fast.py``."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models import categorical
from refimpl.scale.network.fast_forward import OVERFLOW, rectify, softmax
from tests.scale.network.strategies import rngs


@given(rngs, st.integers(1, 6), st.sampled_from([1.0, 30.0, 1e3]), st.booleans())
def test_softmax_of_small_and_large_scores(rng, n_servers, size, some_absent) -> None:
    scores = size * rng.uniform(-3, 3, (2, 3, n_servers))
    present = rng.random((2, n_servers)) < 0.5
    present[:, 0] = True
    mask = np.broadcast_to(present[:, None], scores.shape) if some_absent else None
    expected = categorical.probabilities(scores, mask)
    softmax(scores, present if some_absent else None, np.ones(n_servers))
    np.testing.assert_allclose(scores, expected, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("sign", [1, -1])
def test_unshifted_scores_do_not_overflow_in_single_precision(sign) -> None:
    scores = np.full((1, 1, 100_000), sign * OVERFLOW, np.float32)
    softmax(scores, None, np.ones(100_000, np.float32))
    np.testing.assert_allclose(scores, 1e-5, rtol=1e-4)


@pytest.mark.parametrize("sign", [1, -1])
def test_scores_far_from_zero_on_one_side_are_shifted(sign) -> None:
    scores = sign * 1e3 + np.array([[[0.0, 1.0]]])
    softmax(scores, None, np.ones(2))
    np.testing.assert_allclose(scores, categorical.probabilities(np.array([[[0.0, 1.0]]])))


def test_nan_stays() -> None:
    scores = np.array([[[0.0, np.nan]]])
    softmax(scores, None, np.ones(2))
    assert np.isnan(scores).all()


def test_rectify_keeps_nan() -> None:
    x = np.array([[-1.0, 2.0], [np.nan, 0.0]])
    rectify(x, np.zeros(9))
    np.testing.assert_array_equal(x, [[0.0, 2.0], [np.nan, 0.0]])
