"""Cases of differentiable models and their training: Gaussian, perceptron, Adam."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from linear_models import gaussian, mlp
from linear_models.activations import TANH
from linear_models.optimizers import AdamState, adam_step
from refimpl.conformance.case import Arrays, Case, Field
from refimpl.conformance.draws import Draw


def _gaussian_batch(draw: Draw) -> Arrays:
    shape = draw.size(4), draw.size(3)
    return {
        "mean": draw.floats(shape, -3.0, 3.0),
        "log_std": draw.floats(shape, -2.0, 2.0),
        "actions": draw.floats(shape, -3.0, 3.0),
    }


def _log_prob(**inputs: Any) -> Arrays:
    log_prob = gaussian.log_prob(**inputs)
    d_mean, d_log_std, _ = gaussian.log_prob_vjp(**inputs, dy=np.ones(log_prob.shape))
    return {"log_prob": log_prob, "d_mean": d_mean, "d_log_std": d_log_std}


def _network(draw: Draw) -> Arrays:
    """One to three layers; inputs and parameters keep tanh out of saturation."""
    widths = [draw.size(4) for _ in range(draw.size(3) + 1)]
    arrays: Arrays = {}
    for k, (n_in, n_out) in enumerate(pairwise(widths)):
        arrays[f"W{k}"] = draw.floats((n_in, n_out), -1.0, 1.0)
        arrays[f"b{k}"] = draw.floats((n_out,), -1.0, 1.0)
    n = draw.size(4)
    arrays["x"] = draw.floats((n, widths[0]), -1.0, 1.0)
    arrays["dy"] = draw.floats((n, widths[-1]), -1.0, 1.0)
    return arrays


def _backpropagation(x: Any, dy: Any, **params: Any) -> Arrays:
    y, cache = mlp.forward(params, x, TANH)
    grads, dx = mlp.backward(params, cache, dy)
    return {"y": y, "dx": dx, **{f"d{key}": grads[key] for key in params}}


def _optimizer_state(draw: Draw) -> Arrays:
    n = draw.size(4)
    return {
        "params": draw.floats((n,), -3.0, 3.0),
        "grads": draw.floats((n,), -3.0, 3.0),
        "m": draw.floats((n,), -1.0, 1.0),
        "v": draw.floats((n,), 0.0, 1.0),
        "t": draw.integer(1, 20),
        "lr": draw.choice((0.5, 0.1, 0.001)),
        "beta1": draw.choice((0.5, 0.9)),
        "beta2": draw.choice((0.5, 0.9, 0.999)),
        "eps": draw.choice((0.5, 1e-3, 1e-8)),
    }


def _adam(params: Any, grads: Any, m: Any, v: Any, t: int, **settings: float) -> Arrays:
    before = AdamState({"p": m}, {"p": v}, t - 1)
    new, after = adam_step({"p": params}, {"p": grads}, before, **settings)
    return {"params_next": new["p"], "m_next": after.m["p"], "v_next": after.v["p"]}


GAUSSIAN_LOG_PROB = Case(
    name="gaussian_log_prob",
    title="log-density of a diagonal Gaussian, and its gradient",
    equation="log_prob_b = sum_k [-((a - mean) / std)^2 / 2 - log_std - log(2 pi) / 2]",
    inputs=(
        Field("mean", "B x A", "means"),
        Field("log_std", "B x A", "natural logarithms of the standard deviations"),
        Field("actions", "B x A", "where the density is evaluated"),
    ),
    outputs=(
        Field("log_prob", "B", "summed over the A coordinates"),
        Field("d_mean", "B x A", "gradient of the sum of log_prob over B"),
        Field("d_log_std", "B x A", "gradient of the sum of log_prob over B"),
    ),
    generate=_gaussian_batch,
    reference=_log_prob,
    tolerance=1e-10,
)

MLP_TANH = Case(
    name="mlp_tanh",
    title="multi-layer perceptron with tanh between the layers, and back-propagation",
    equation="h_0 = x, h_{k+1} = tanh(h_k W_k + b_k), y = h_{L-1} W_{L-1} + b_{L-1}; "
    "gradients of <dy, y>",
    inputs=(
        Field("W{k}", "in x out", "weights of layer k = 0 .. L-1, L from 1 to 3; then b{k}"),
        Field("b{k}", "out", "bias of layer k; the order is W0, b0, W1, b1, ..."),
        Field("x", "B x in", "inputs, one row each"),
        Field("dy", "B x out", "gradient with respect to the output"),
    ),
    outputs=(
        Field("y", "B x out", "outputs; no activation after the last layer"),
        Field("dx", "B x in", "gradient with respect to the input"),
        Field("dW{k}", "in x out", "gradient, summed over the batch; then db{k}"),
        Field("db{k}", "out", "gradient, summed over the batch; order dW0, db0, dW1, db1, ..."),
    ),
    generate=_network,
    reference=_backpropagation,
    tolerance=1e-10,
)

ADAM_STEP = Case(
    name="adam_step",
    title="one step of Adam",
    equation="m' = beta1 m + (1 - beta1) g, v' = beta2 v + (1 - beta2) g^2, "
    "p' = p - lr (m' / (1 - beta1^t)) / (sqrt(v' / (1 - beta2^t)) + eps)",
    inputs=(
        Field("params", "n", "p, before the step"),
        Field("grads", "n", "g"),
        Field("m", "n", "running mean of the gradient, before the step"),
        Field("v", "n", "running mean of the squared gradient, before the step"),
        Field("t", "scalar", "int: number of this step, counted from 1 (the exponent above)"),
        Field("lr", "scalar", "step size"),
        Field("beta1", "scalar", "memory of m"),
        Field("beta2", "scalar", "memory of v"),
        Field("eps", "scalar", "added outside the square root, after bias correction"),
    ),
    outputs=(
        Field("params_next", "n", "p'"),
        Field("m_next", "n", "m', without bias correction"),
        Field("v_next", "n", "v', without bias correction"),
    ),
    generate=_optimizer_state,
    reference=_adam,
    tolerance=1e-10,
)

CASES = (GAUSSIAN_LOG_PROB, MLP_TANH, ADAM_STEP)
