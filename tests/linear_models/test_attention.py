"""Attention against an item by item loop, as written against folded, gradients to ten digits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models import attention
from linear_models.gradcheck import check_vjp
from linear_models.params import Params
from tests.linear_models.strategies import Array, rngs

FORWARD = (attention.forward, attention.single_query_forward)


@dataclass(frozen=True)
class Scene:
    """Matrices, queries, items, and which of them are there."""

    params: Params
    query: Array
    items: Array
    heads: int
    present: Array | None
    rng: np.random.Generator


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """Up to three heads of width up to three, up to five items, no or one batch axis."""
    rng, heads = draw(rngs), draw(st.integers(1, 3))
    width = heads * draw(st.integers(1, 3))
    batch = draw(st.sampled_from([(), (1,), (3,)]))
    n_items = draw(st.integers(1, 5))
    present = rng.random((*batch, n_items)) < 0.6
    present[..., rng.integers(n_items)] = True
    return Scene(
        attention.init(rng, width, 1.5),
        rng.standard_normal((*batch, width)),
        rng.standard_normal((*batch, n_items, width)),
        heads,
        present if draw(st.booleans()) else None,
        rng,
    )


def one_by_one(scene: Scene, row: tuple[int, ...]) -> list[float]:
    """Attention of one query, a number at a time."""
    params, query, items = scene.params, scene.query[row], scene.items[row]
    width = len(query)
    size = width // scene.heads
    there = np.ones(len(items), bool) if scene.present is None else scene.present[row]
    joined = []
    for head in range(scene.heads):
        columns = slice(head * size, (head + 1) * size)
        q = [math.fsum(query * params["query"][:, k]) for k in range(width)[columns]]
        heights = []
        for item, is_there in zip(items, there, strict=True):
            key = [math.fsum(item * params["key"][:, k]) for k in range(width)[columns]]
            score = math.fsum(a * b for a, b in zip(q, key, strict=True)) / math.sqrt(size)
            heights.append(math.exp(score) if is_there else 0.0)
        for k in range(width)[columns]:
            values = [math.fsum(item * params["value"][:, k]) for item in items]
            mean = math.fsum(h * v for h, v in zip(heights, values, strict=True)) / math.fsum(
                heights
            )
            joined.append(mean)
    return [math.fsum(np.array(joined) * params["output"][:, k]) for k in range(width)]


@pytest.mark.parametrize("forward", FORWARD)
@given(scenes())
def test_forward_is_the_item_by_item_loop(forward, scene: Scene) -> None:
    y, cache = forward(scene.params, scene.query, scene.items, scene.heads, scene.present)
    for row in np.ndindex(scene.query.shape[:-1]):
        np.testing.assert_allclose(y[row], one_by_one(scene, row), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(cache.weights.sum(axis=-1), 1, rtol=1e-13)


@given(scenes())
def test_the_folded_products_are_the_same_function(scene: Scene) -> None:
    given = scene.params, scene.query, scene.items, scene.heads, scene.present
    (y, cache), (other, folded) = attention.forward(*given), attention.single_query_forward(*given)
    np.testing.assert_allclose(other, y, rtol=0, atol=1e-12)
    np.testing.assert_allclose(folded.weights, cache.weights, rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(folded.heads_out, cache.heads_out, rtol=0, atol=1e-12)


@pytest.mark.parametrize("forward", FORWARD)
@given(scenes())
def test_gradient_of_matrices_query_and_items(forward, scene: Scene) -> None:
    names = attention.NAMES

    def f(query, items, *matrices):
        params = dict(zip(names, matrices, strict=True))
        return forward(params, query, items, scene.heads, scene.present)[0]

    def f_vjp(query, items, *rest):
        *matrices, dy = rest
        params = dict(zip(names, matrices, strict=True))
        _, cache = forward(params, query, items, scene.heads, scene.present)
        grads, d_query, d_items = attention.backward(params, cache, dy)
        return d_query, d_items, *(grads[name] for name in names)

    matrices = (scene.params[name] for name in names)
    check_vjp(f, f_vjp, scene.query, scene.items, *matrices, rng=scene.rng)


@given(scenes())
def test_the_order_of_the_items_does_not_matter(scene: Scene) -> None:
    order = scene.rng.permutation(scene.items.shape[-2])
    present = None if scene.present is None else scene.present[..., order]
    shuffled = scene.items[..., order, :]
    params, query, heads = scene.params, scene.query, scene.heads
    y, cache = attention.forward(params, query, scene.items, heads, scene.present)
    other, moved = attention.forward(params, query, shuffled, heads, present)
    np.testing.assert_allclose(other, y, rtol=0, atol=1e-13)
    np.testing.assert_allclose(moved.weights, cache.weights[..., order], rtol=0, atol=1e-14)


@pytest.mark.parametrize("forward", FORWARD)
@given(scenes())
def test_an_absent_item_has_no_influence(forward, scene: Scene) -> None:
    present = np.ones(scene.items.shape[:-1], bool) if scene.present is None else scene.present
    present = np.concatenate([present, np.zeros((*present.shape[:-1], 1), bool)], axis=-1)
    extra = scene.rng.standard_normal((*scene.items.shape[:-2], 1, scene.items.shape[-1]))
    items = np.concatenate([scene.items, extra], axis=-2)
    params, query, heads = scene.params, scene.query, scene.heads
    y, _ = forward(params, query, scene.items, heads, scene.present)
    other, cache = forward(params, query, items, heads, present)
    np.testing.assert_allclose(other, y, rtol=0, atol=1e-13)
    assert not cache.weights[..., -1].any()
    _, _, d_items = attention.backward(params, cache, np.ones_like(other))
    assert not d_items[..., -1, :].any()


def test_large_scores_do_not_overflow() -> None:
    params = {name: np.eye(2) for name in attention.NAMES}
    query, items = np.array([1e4, 0.0]), np.array([[1.0, 2.0], [-1.0, 5.0]])
    for forward in FORWARD:
        np.testing.assert_allclose(forward(params, query, items, 1)[0], [1.0, 2.0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_dtype_is_kept(dtype) -> None:
    params = attention.init(np.random.default_rng(0), 4, dtype=dtype)
    query, items = np.ones((2, 4), dtype), np.ones((2, 3, 4), dtype)
    for forward in FORWARD:
        y, cache = forward(params, query, items, 2)
        grads, d_query, d_items = attention.backward(params, cache, y)
        found = {y.dtype, d_query.dtype, d_items.dtype, *(g.dtype for g in grads.values())}
        assert found == {np.dtype(dtype)}


@pytest.mark.parametrize("forward", FORWARD)
def test_bad_input_is_refused(forward) -> None:
    params = attention.init(np.random.default_rng(0), 4)
    query, items = np.ones((2, 4)), np.ones((2, 3, 4))
    with pytest.raises(ValueError, match="heads must divide the width of the query, 4; got 3"):
        forward(params, query, items, 3)
    with pytest.raises(ValueError, match="heads must be an integer >= 1; got 0"):
        forward(params, query, items, 0)
    with pytest.raises(ValueError, match=r"items must have shape \(2, 'N', 4\); got \(3, 4\)"):
        forward(params, query, items[0], 2)
    with pytest.raises(ValueError, match=r"items must hold at least one item; got .*\(2, 0, 4\)"):
        forward(params, query, items[:, :0], 2)
    with pytest.raises(ValueError, match=r"params\['key'\] must have shape \(4, 4\); got \(4, 3\)"):
        forward({**params, "key": np.ones((4, 3))}, query, items, 2)
    with pytest.raises(ValueError, match=r"present must have shape \(2, 3\); got \(3,\)"):
        forward(params, query, items, 2, np.ones(3, bool))
    with pytest.raises(ValueError, match="mask must allow at least one"):
        forward(params, query, items, 2, np.zeros((2, 3), bool))
    with pytest.raises(ValueError, match="must be finite; got nan"):
        forward(params, query * np.nan, items, 2)
    _, cache = forward(params, query, items, 2)
    with pytest.raises(ValueError, match=r"dy must have shape \(2, 4\); got \(4,\)"):
        attention.backward(params, cache, np.ones(4))
