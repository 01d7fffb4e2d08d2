"""Critics of the scalable actor-critic: one per agent, of the states and actions around it.

Each critic is a value with three functions. Its arrays are private to a run and changed in place:
a table has (B + 1)^D * D^D entries per agent, of which a step touches one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models.activations import RELU
from linear_models.optimizers import AdamState, adam_init, adam_step
from linear_models.params import Params
from refimpl.shared.optimizer import group, joined

Array = NDArray[Any]
Ints = NDArray[np.intp]
Arrays = dict[str, Array]

WIDTH, LEARNING_RATE = 64, 2e-4


@dataclass(frozen=True)
class Around:
    """What the critics look at: states (..., N, D) below S and choices (..., N, D) below D."""

    states: Ints
    choices: Ints


@dataclass(frozen=True)
class Critic:
    """Local action values, one critic per agent.

    Attributes
    ----------
    name : str
    start : callable
        ``start(n, n_states, n_choices, rng) -> arrays``.
    values : callable
        ``values(arrays, around) -> (..., N)``.
    learn : callable
        ``learn(arrays, around, targets (N,), step_size)``: move the values of one moment towards
        the targets, in place.
    """

    name: str
    start: Callable[[int, int, int, np.random.Generator], Arrays]
    values: Callable[[Mapping[str, Array], Around], Array]
    learn: Callable[[Arrays, Around, Array, float], None]


def _table_start(n: int, n_states: int, n_choices: int, rng: np.random.Generator) -> Arrays:
    del rng
    return {
        "q": np.zeros((n, (n_states * n_choices) ** n_choices)),
        "n_states": np.asarray(n_states),
    }


def _table_index(arrays: Mapping[str, Array], around: Around) -> tuple[Ints, Ints]:
    n_states, n_choices = int(arrays["n_states"]), around.choices.shape[-1]
    code = np.zeros(around.states.shape[:-1], dtype=np.intp)
    for k in range(n_choices):
        code = (code * n_states + around.states[..., k]) * n_choices + around.choices[..., k]
    agents = np.arange(around.states.shape[-2])
    return np.broadcast_to(agents, code.shape), code


def _table_values(arrays: Mapping[str, Array], around: Around) -> Array:
    values: Array = arrays["q"][_table_index(arrays, around)]
    return values


def _table_learn(arrays: Arrays, around: Around, targets: Array, step_size: float) -> None:
    agents, code = _table_index(arrays, around)
    table = arrays["q"]
    table[agents, code] += step_size * (targets - table[agents, code])


TABULAR = Critic("tabular", _table_start, _table_values, _table_learn)
"""A table per agent, learned by TD(0) with the given step size."""


def network_values(params: Mapping[str, Array], x: Array) -> tuple[Array, tuple[Array, Array]]:
    """Values (N,) of N networks with one hidden layer of rectifiers on inputs (N, n_in)."""
    z = np.matmul(x[:, None, :], params["W0"])[:, 0] + params["b0"]
    hidden = RELU.forward(z)
    return (hidden * params["W1"]).sum(axis=1) + params["b1"], (z, hidden)


def network_gradients(
    params: Mapping[str, Array], x: Array, cache: tuple[Array, Array], dy: Array
) -> Params:
    """Gradient of ``<dy, values>`` with respect to the parameters of all networks."""
    z, hidden = cache
    dz = RELU.vjp(z, hidden, dy[:, None] * params["W1"])
    return {
        "W0": x[:, :, None] * dz[:, None, :],
        "b0": dz,
        "W1": dy[:, None] * hidden,
        "b1": dy,
    }


def inputs(around: Around, n_states: int) -> Array:
    """One-hot states and choices of a neighbourhood side by side, (..., N, D S + D^2)."""
    n_choices = around.choices.shape[-1]
    states = np.eye(n_states)[around.states]
    choices = np.eye(n_choices)[around.choices]
    flat = (part.reshape(*part.shape[:-2], -1) for part in (states, choices))
    return np.concatenate(list(flat), axis=-1)


def _network_start(n: int, n_states: int, n_choices: int, rng: np.random.Generator) -> Arrays:
    n_in = n_choices * (n_states + n_choices)
    # Uniform within 1 / sqrt(inputs), as PyTorch starts a linear layer.
    bounds = {"W0": n_in, "b0": n_in, "W1": WIDTH, "b1": WIDTH}
    shapes: dict[str, tuple[int, ...]] = {
        "W0": (n, n_in, WIDTH),
        "b0": (n, WIDTH),
        "W1": (n, WIDTH),
        "b1": (n,),
    }
    params = {
        key: rng.uniform(-1, 1, shape) / np.sqrt(bounds[key]) for key, shape in shapes.items()
    }
    return {"n_states": np.asarray(n_states), **_network_arrays(params, adam_init(params))}


def _network_arrays(params: Params, state: AdamState) -> Arrays:
    return {**joined(params=params, m=state.m, v=state.v), "t": np.asarray(state.t)}


def _network_values(arrays: Mapping[str, Array], around: Around) -> Array:
    params, x = group(arrays, "params"), inputs(around, int(arrays["n_states"]))
    if x.ndim == 2:
        return network_values(params, x)[0]
    return np.stack([network_values(params, each)[0] for each in x])


def _network_learn(arrays: Arrays, around: Around, targets: Array, step_size: float) -> None:
    del step_size  # Adam has its own
    params, x = group(arrays, "params"), inputs(around, int(arrays["n_states"]))
    values, cache = network_values(params, x)
    error = np.clip(values - targets, -1.0, 1.0)  # slope of the smooth absolute error
    grads = network_gradients(params, x, cache, error)
    state = AdamState(group(arrays, "m"), group(arrays, "v"), int(arrays["t"]))
    arrays |= _network_arrays(*adam_step(params, grads, state, LEARNING_RATE))


NEURAL = Critic("neural", _network_start, _network_values, _network_learn)
"""A network with 64 rectifiers per agent, learned by Adam(2e-4) on the smooth absolute error."""
