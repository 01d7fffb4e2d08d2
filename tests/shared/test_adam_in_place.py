"""Adam in place gives the numbers of the plain one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models.optimizers import adam_init, adam_step, clip_by_global_norm
from refimpl.shared.adam_in_place import BETA1, BETA2, EPS, PIECE, Moments, adam_in_place
from tests.linear_models.strategies import rngs


@given(rngs, st.sampled_from([1, 5, PIECE, PIECE + 1, 2 * PIECE + 3]), st.floats(0.01, 1e3))
def test_steps_are_those_of_the_plain_optimiser(rng, size, max_norm) -> None:
    vector = rng.standard_normal(size)
    params, state = {"p": vector.copy()}, adam_init({"p": vector})
    moments = Moments.zeros(vector)
    for rate in (0.1, 0.01, 0.01):
        gradient = rng.standard_normal(size)
        clipped, norm = clip_by_global_norm({"p": gradient}, max_norm)
        params, state = adam_step(params, clipped, state, rate, beta1=BETA1, beta2=BETA2, eps=EPS)
        before = gradient.copy()
        assert adam_in_place(vector, gradient, moments, rate, max_norm) == pytest.approx(norm)
        np.testing.assert_array_equal(gradient, before)
    np.testing.assert_allclose(vector, params["p"], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(moments.m, state.m["p"], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(moments.v, state.v["p"], rtol=1e-12, atol=1e-18)
    assert moments.t == state.t == 3


def test_the_floor_can_be_chosen() -> None:
    """After one step both means are the gradient's: the step is rate g / (|g| + eps)."""
    vector = np.zeros(1)
    adam_in_place(vector, np.ones(1), Moments.zeros(vector), 0.1, 10.0, eps=1.0)
    np.testing.assert_allclose(vector, -0.05, rtol=1e-12)


def test_single_precision_stays() -> None:
    vector = np.ones(3, np.float32)
    moments = Moments.zeros(vector)
    adam_in_place(vector, np.ones(3, np.float32), moments, 0.1, 0.5)
    assert {vector.dtype, moments.m.dtype, moments.v.dtype} == {np.dtype(np.float32)}


def test_copies_share_nothing() -> None:
    vector = np.ones(3)
    moments = Moments.zeros(vector)
    copy = moments.copy()
    adam_in_place(vector, np.ones(3), copy, 0.1, 1.0)
    assert not moments.m.any()
    assert moments.t == 0


def test_a_zero_gradient_changes_nothing() -> None:
    vector = np.ones(3)
    assert adam_in_place(vector, np.zeros(3), Moments.zeros(vector), 0.1, 1.0) == 0
    np.testing.assert_array_equal(vector, np.ones(3))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_is_refused(bad) -> None:
    vector = np.ones(3)
    with pytest.raises(ValueError, match="gradient must be finite"):
        adam_in_place(vector, np.array([1.0, bad, 1.0]), Moments.zeros(vector), 0.1, 1.0)
