"""Specifies the reference state by what it is the best of, and the functionals by derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dgpg.objective.reference import (
    alignment,
    deviation,
    imbalance,
    imbalance_gradient,
    reference_state,
)
from tests.dgpg.objective.strategies import clusters

STEP = 1e-30
FUNCTIONS = (reference_state, imbalance, imbalance_gradient, alignment)


def size(load: np.ndarray, capacity: np.ndarray) -> np.ndarray:
    """Sum of squares over the smallest capacity: what rounding errors are relative to, (E,)."""
    squares: np.ndarray = (load**2).sum(axis=(1, 2)) / capacity.min()
    return squares


@given(clusters())
def test_the_reference_keeps_the_total_and_evens_out_utilisation(cluster) -> None:
    load, capacity = cluster
    reference = reference_state(load, capacity)
    np.testing.assert_allclose(reference.sum(axis=1), load.sum(axis=1), rtol=1e-13)
    utilization = reference / capacity
    np.testing.assert_allclose(utilization, utilization[:, :1] + 0 * utilization, rtol=1e-13)
    assert (reference >= 0).all()
    np.testing.assert_allclose(reference_state(reference, capacity), reference, rtol=1e-12)


@given(clusters(), st.integers(0, 2**32 - 1))
def test_nothing_with_the_same_total_is_less_imbalanced(cluster, seed: int) -> None:
    load, capacity = cluster
    best = imbalance(reference_state(load, capacity), capacity)
    rng = np.random.default_rng(seed)
    for _ in range(5):
        shares = rng.dirichlet(np.ones(load.shape[1]), size=(load.shape[0], load.shape[2]))
        other = np.moveaxis(shares, -1, 1) * load.sum(axis=1, keepdims=True)
        assert (imbalance(other, capacity) >= best * (1 - 1e-12)).all()
    assert (imbalance(load, capacity) >= best * (1 - 1e-12)).all()


@given(clusters(), st.integers(0, 2**32 - 1))
def test_the_order_of_servers_does_not_matter(cluster, seed: int) -> None:
    load, capacity = cluster
    order = np.random.default_rng(seed).permutation(load.shape[1])
    shuffled = reference_state(load[:, order], capacity[:, order])
    np.testing.assert_allclose(shuffled, reference_state(load, capacity)[:, order], rtol=1e-13)


@given(clusters(), st.integers(0, 2**32 - 1))
def test_gradients_are_complex_step_derivatives(cluster, seed: int) -> None:
    load, capacity = cluster
    direction = np.random.default_rng(seed).normal(size=load.shape)
    moved = load + 1j * STEP * direction
    slope = imbalance(moved, capacity).imag / STEP
    along = (imbalance_gradient(load, capacity) * direction).sum(axis=(1, 2))
    scale = 1e-13 * np.abs(load / capacity * direction).sum(axis=(1, 2))
    assert (np.abs(slope - along) <= scale + 1e-300).all()
    reference = reference_state(load, capacity)
    slope = deviation(moved, reference.astype(complex)).imag / STEP
    along = ((load - reference) * direction).sum(axis=(1, 2))
    scale = 1e-13 * np.abs((load - reference) * direction).sum(axis=(1, 2))
    assert (np.abs(slope - along) <= scale + 1e-300).all()


@given(clusters(), st.integers(0, 2**32 - 1))
def test_the_reference_is_linear_in_the_load(cluster, seed: int) -> None:
    """So its complex-step derivative along a direction is the direction's own reference."""
    load, capacity = cluster
    direction = np.random.default_rng(seed).random(load.shape)
    slope = reference_state(load + 1j * STEP * direction, capacity).imag / STEP
    np.testing.assert_allclose(slope, reference_state(direction, capacity), rtol=1e-13)
    slope = alignment(load + 1j * STEP * direction, capacity).imag / STEP
    along = -2 * ((load - reference_state(load, capacity)) / capacity * direction).sum(axis=(1, 2))
    scale = ((load + reference_state(load, capacity)) / capacity).sum(axis=(1, 2))
    assert (np.abs(slope - along) <= 1e-11 * scale + 1e-300).all()


@given(clusters())
def test_alignment_is_minus_a_weighted_squared_distance(cluster) -> None:
    """[DG-PG Prop. C.1] with its identity; also minus twice the excess imbalance."""
    load, capacity = cluster
    reference = reference_state(load, capacity)
    found = alignment(load, capacity)
    rounding = 1e-12 * size(load, capacity)
    distance = ((load - reference) ** 2 / capacity).sum(axis=(1, 2))
    assert (np.abs(found + distance) <= rounding).all()
    excess = imbalance(load, capacity) - imbalance(reference, capacity)
    assert (np.abs(found + 2 * excess) <= rounding).all()
    assert (found <= rounding).all()


def test_by_hand() -> None:
    load, capacity = np.array([[6.0], [0.0]]), np.array([[1.0], [2.0]])
    assert reference_state(load, capacity).tolist() == [[2.0], [4.0]]
    assert float(deviation(load, reference_state(load, capacity))) == 16.0
    assert float(imbalance(load, capacity)) == 18.0
    assert imbalance_gradient(load, capacity).tolist() == [[6.0], [0.0]]
    assert float(alignment(load, capacity)) == -24.0


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    ("load", "capacity", "message"),
    [
        (np.ones((2, 2)), np.ones((3, 2)), r"capacity must have shape \(2, 2\); got \(3, 2\)"),
        (np.ones((0, 2)), np.ones((0, 2)), r"load must have axes .*got shape \(0, 2\)"),
        (np.ones(2), np.ones(2), r"load must have axes .*got shape \(2,\)"),
        (np.ones((1, 2)), np.array([[1.0, 0.0]]), "capacity must be > 0; got 0.0"),
        (np.ones((1, 2)), np.array([[-1.0, 1.0]]), "capacity must be > 0; got -1.0"),
        (np.ones((1, 2)), np.array([[np.nan, 1.0]]), "capacity must be > 0; got nan"),
    ],
)
def test_bad_input_is_refused(function, load, capacity, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        function(load, capacity)


def test_a_reference_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"reference must have shape \(2, 2\); got \(2, 1\)"):
        deviation(np.ones((2, 2)), np.ones((2, 1)))
