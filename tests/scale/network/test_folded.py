"""The folded network: attention and pointer of the plain one, gradients to ten digits."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from linear_models import attention
from linear_models.gradcheck import check_vjp
from refimpl.scale.network.folded import empty_folded, fold, fold_vjp, folded
from refimpl.scale.network.parameters import attention_part
from tests.scale.network.strategies import SMALL, random_params, rngs, shapes


@given(rngs, shapes())
def test_looks_and_takes_are_the_attention(rng, shape) -> None:
    params = random_params(rng, shape)
    network = folded(params, shape)
    query, items = rng.standard_normal((2, shape.width)), rng.standard_normal((2, 3, shape.width))
    for layer in range(shape.layers):
        matrices = attention_part(params, layer)
        y, cache = attention.forward(matrices, query, items, shape.heads)
        looks = (query @ network[f"look{layer}"]).reshape(2, shape.heads, shape.width)
        expected = attention.folded_queries(matrices, query, shape.heads)
        np.testing.assert_allclose(looks, expected, rtol=0, atol=1e-12)
        means = (cache.weights @ items).reshape(2, -1)
        np.testing.assert_allclose(means @ network[f"take{layer}"], y, rtol=0, atol=1e-12)


@given(rngs, shapes())
def test_gradient_of_everything_that_folds(rng, shape) -> None:
    params = random_params(rng, shape)
    kept = set(empty_folded(params, shape)) & set(params)
    names = sorted(params.keys() - kept | {"task_W0", "server_W0"})
    made = sorted(folded(params, shape).keys() - kept | {"task_W0", "server_W0"})

    def f(*values):
        network = folded({**params, **dict(zip(names, values, strict=True))}, shape)
        return np.concatenate([network[name].ravel() for name in made])

    def f_vjp(*rest):
        *values, dy = rest
        here, grads = {**params, **dict(zip(names, values, strict=True))}, {}
        for name in params:
            grads[name] = np.zeros_like(here[name])
        d_network, at = {}, 0
        for name, value in folded(here, shape).items():
            d_network[name] = np.zeros_like(value)
        for name in made:
            size = d_network[name].size
            d_network[name] = dy[at : at + size].reshape(d_network[name].shape)
            at += size
        fold_vjp(here, d_network, shape, grads)
        return tuple(grads[name] for name in names)

    check_vjp(f, f_vjp, *(params[name] for name in names), rng=rng)


def test_what_does_not_fold_is_the_same_memory() -> None:
    params = random_params(np.random.default_rng(0), SMALL)
    network = empty_folded(params, SMALL)
    assert network["critic_W1"] is params["critic_W1"]
    assert network["norm_ffn0_gain"] is params["norm_ffn0_gain"]
    before = network["look0"]
    fold(params, SMALL, network)
    assert network["look0"] is before
    np.testing.assert_array_equal(network["task_W0"][-1], params["task_b0"])
    np.testing.assert_array_equal(network["server_W0"][:-1], params["server_W0"])


def test_heads_stand_side_by_side() -> None:
    params = random_params(np.random.default_rng(0), SMALL)
    network, half = folded(params, SMALL), slice(2, 4)
    second = params["query1"][:, half] @ params["key1"][:, half].T / np.sqrt(2)
    np.testing.assert_allclose(network["look1"][:, 4:], second, rtol=1e-13)
    out = params["value1"][:, half] @ params["output1"][half]
    np.testing.assert_allclose(network["take1"][4:], out, rtol=1e-13)
