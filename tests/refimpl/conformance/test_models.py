"""Right and wrong Gaussians, perceptrons and Adam steps meet the conformance kit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from refimpl.conformance import check
from tests.refimpl.conformance.planted import counterexample

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def gaussian(constant=HALF_LOG_2PI, minus=1.0, width=math.exp, power=2):
    """Log-density and gradient, one coordinate at a time, with replaceable parts."""

    def function(mean, log_std, actions):
        log_prob = np.zeros(len(mean))
        d_mean, d_log_std = np.zeros(mean.shape), np.zeros(mean.shape)
        for b, k in np.ndindex(mean.shape):
            std = width(log_std[b, k])
            z = (actions[b, k] - mean[b, k]) / std
            log_prob[b] += -0.5 * z * z - math.log(std) - constant
            d_mean[b, k] = (actions[b, k] - mean[b, k]) / std**power
            d_log_std[b, k] = z * z - minus
        return log_prob, d_mean, d_log_std

    return function


def test_scipys_density_conforms() -> None:
    def function(mean, log_std, actions):
        std = np.exp(log_std)
        density = stats.norm.logpdf(actions, mean, std).sum(axis=1)
        return density, *gaussian()(mean, log_std, actions)[1:]

    check("gaussian_log_prob", function, examples=60)


@pytest.mark.parametrize(
    "bug",
    [
        gaussian(constant=0.0),
        gaussian(minus=0.0),
        gaussian(width=lambda s: math.exp(s / 2)),
        gaussian(power=1),
    ],
    ids=["2 pi", "minus one", "variance for deviation", "power of std"],
)
def test_gaussian_bugs_are_shown_on_one_number(bug) -> None:
    assert counterexample("gaussian_log_prob", bug).inputs["mean"].shape == (1, 1)


def perceptron(slope=lambda h: 1 - h * h, scale=lambda _: 1.0, bias=1.0, at_output=lambda y: y):
    """Forward and backward with explicit matrices, with replaceable parts."""

    def function(x, dy, **params):
        n_layers = len(params) // 2
        h, zs = [x], []
        for k in range(n_layers):
            zs.append(h[k] @ params[f"W{k}"] + params[f"b{k}"])
            h.append(np.tanh(zs[k]))
        result = {"y": at_output(zs[-1])}
        dz = dy
        for k in reversed(range(n_layers)):
            result[f"dW{k}"] = scale(len(x)) * np.einsum("bi,bj->ij", h[k], dz)
            result[f"db{k}"] = bias * scale(len(x)) * dz.sum(axis=0)
            dh = np.einsum("bj,ij->bi", dz, params[f"W{k}"])
            dz = dh * slope(h[k])
        return result | {"dx": dh}

    return function


def test_explicit_backpropagation_conforms() -> None:
    check("mlp_tanh", perceptron(), examples=60)


@pytest.mark.parametrize(
    ("bug", "n_layers", "n_rows"),
    [
        (perceptron(slope=lambda _: 1.0), 2, 1),
        (perceptron(slope=lambda h: 1 - h), 2, 1),
        (perceptron(scale=lambda n: 1 / n), 1, 2),
        (perceptron(bias=0.0), 1, 1),
        (perceptron(at_output=np.tanh), 1, 1),
    ],
    ids=["tanh'", "1 - h", "mean over batch", "no bias gradient", "tanh at the output"],
)
def test_perceptron_bugs_are_shown_on_the_smallest_network(bug, n_layers, n_rows) -> None:
    inputs = counterexample("mlp_tanh", bug).inputs
    assert sum(key.startswith("W") for key in inputs) == n_layers
    assert len(inputs["x"]) == n_rows


def adam(
    corrected=lambda t: t,
    denominator=lambda v, eps: math.sqrt(v) + eps,
    second=lambda g: g * g,
    sign=-1.0,
    keep=1.0,
):
    """Kingma and Ba's Algorithm 1, one number at a time, with replaceable parts."""

    def function(params, grads, m, v, t, lr, beta1, beta2, eps):
        m = [beta1 * a + (1 - beta1 * keep) * g for a, g in zip(m, grads, strict=True)]
        v = [beta2 * a + (1 - beta2) * second(g) for a, g in zip(v, grads, strict=True)]
        n = corrected(t)
        m_hat = [a / (1 - beta1**n) if n else a for a in m]
        v_hat = [a / (1 - beta2**n) if n else a for a in v]
        new = [
            p + sign * lr * a / denominator(b, eps)
            for p, a, b in zip(params, m_hat, v_hat, strict=True)
        ]
        return {"v_next": v, "m_next": m, "params_next": new}

    return function


def test_the_textbook_adam_conforms() -> None:
    check("adam_step", adam(), examples=60)


@pytest.mark.parametrize(
    "bug",
    [
        adam(corrected=lambda _: 0),
        adam(corrected=lambda t: t + 1),
        adam(denominator=lambda v, eps: math.sqrt(v + eps)),
        adam(denominator=lambda v, _: math.sqrt(v) + 1e-8),
        adam(second=abs),
        adam(sign=1.0),
        adam(keep=0.0),
    ],
    ids=["no correction", "t + 1", "eps inside", "eps ignored", "|g|", "sign", "m sums up"],
)
def test_adam_bugs_are_shown_on_one_number(bug) -> None:
    assert counterexample("adam_step", bug).inputs["params"].shape == (1,)
