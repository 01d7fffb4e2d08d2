"""The fast loss of the critic is the plain one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models.losses import huber, huber_vjp, mse
from refimpl.dgpg.train.losses import value_gradient
from tests.dgpg.train.strategies import rngs


@given(rngs, st.integers(1, 9), st.floats(0.1, 5))
def test_value_gradient_is_that_of_the_huber_loss(rng, n, delta) -> None:
    values, targets = rng.standard_normal((1, n)) * 4, rng.standard_normal(n)
    found = values.copy()
    loss = value_gradient(found, targets, delta)["loss"]
    assert loss == pytest.approx(huber(values[0], targets, delta), rel=1e-13)
    np.testing.assert_allclose(found[0], huber_vjp(values[0], targets, delta), rtol=1e-13)


@given(rngs, st.integers(1, 9))
def test_without_a_bound_it_is_half_the_squared_error(rng, n) -> None:
    values, targets = rng.standard_normal((1, n)) * 100, rng.standard_normal(n)
    loss = value_gradient(values.copy(), targets, math.inf)["loss"]
    assert loss == pytest.approx(0.5 * mse(values[0], targets), rel=1e-13)
