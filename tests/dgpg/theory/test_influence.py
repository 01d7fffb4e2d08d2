from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models.categorical import probabilities
from linear_models.gradcheck import complex_step_jvp
from refimpl.dgpg.theory.influence import influences, jacobian_rank, state_jacobian
from tests.dgpg.theory.strategies import seeds


@given(seeds, st.integers(2, 5), st.integers(1, 3))
def test_the_jacobian_is_the_complex_step_s_and_never_of_full_row_rank(seed, k, r) -> None:
    rng = np.random.default_rng(seed)
    logits, direction, z = (
        rng.normal(size=k),
        rng.normal(size=k),
        influences(rng.random(r) + 0.1, k),
    )
    slope = complex_step_jvp(lambda at: probabilities(at) @ z.reshape(k, -1), logits, direction)
    found = state_jacobian(probabilities(logits), z)
    np.testing.assert_allclose(found @ direction, slope, atol=1e-13)
    rank, needed = jacobian_rank(probabilities(logits), z)
    assert (rank, needed) == (k - 1, k * r)


@given(seeds)
def test_rows_of_a_resource_sum_to_zero_because_load_is_conserved(seed) -> None:
    rng = np.random.default_rng(seed)
    jacobian = state_jacobian(rng.dirichlet(np.ones(4)), influences(rng.random(2), 4))
    np.testing.assert_allclose(jacobian.reshape(4, 2, 4).sum(axis=0), 0.0, atol=1e-15)


def test_a_job_moves_the_chosen_server_only() -> None:
    z = influences(np.array([1.0, 2.0]), 3)
    assert z.shape == (3, 3, 2)
    np.testing.assert_array_equal(z[1], [[0, 0], [1, 2], [0, 0]])


def test_bad_inputs() -> None:
    with pytest.raises(ValueError, match="n_servers must be an integer >= 1; got 0"):
        influences(np.ones(1), 0)
    with pytest.raises(ValueError, match=r"policy must have shape \(3,\)"):
        state_jacobian(np.ones(2) / 2, influences(np.ones(1), 3))
