"""Optimisers as values, so that training code takes one and never asks which it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np

from linear_models import optimizers
from linear_models.params import Array, Params


@dataclass(frozen=True)
class Optimizer:
    """``init(params) -> state`` and ``step(params, grads, state, lr) -> (params, state)``.

    The state is a frozen dataclass of parameter dicts and integers.
    """

    init: Callable[[Params], Any]
    step: Callable[[Params, Params, Any, float], tuple[Params, Any]]


def adam(beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> Optimizer:
    """Adam; see :func:`linear_models.optimizers.adam_step`."""
    step = partial(optimizers.adam_step, beta1=beta1, beta2=beta2, eps=eps)
    return Optimizer(optimizers.adam_init, step)


def rmsprop(decay: float = 0.99, eps: float = 1e-8) -> Optimizer:
    """RMSprop; see :func:`linear_models.optimizers.rmsprop_step`."""
    step = partial(optimizers.rmsprop_step, decay=decay, eps=eps)
    return Optimizer(optimizers.rmsprop_init, step)


def joined(**groups: Mapping[str, Array]) -> Params:
    """Several parameter dicts as one, keys ``group.key``: one optimiser serves them all."""
    return {
        f"{name}.{key}": array for name, group in groups.items() for key, array in group.items()
    }


def group(params: Mapping[str, Array], name: str) -> Params:
    """Take the part of :func:`joined` parameters that was passed as ``name``.

    Raises
    ------
    ValueError
        If there is no such group.
    """
    prefix = f"{name}."
    part = {key.removeprefix(prefix): a for key, a in params.items() if key.startswith(prefix)}
    if not part:
        raise ValueError(f"params must have the group {name!r}; got the keys {sorted(params)}")
    return part


def state_arrays(state: Any) -> dict[str, Array]:
    """State of an optimiser as plain arrays, for a checkpoint; keys ``field.key`` or ``field``."""
    arrays: dict[str, Array] = {}
    for field in fields(state):
        value = getattr(state, field.name)
        arrays |= (
            joined(**{field.name: value})
            if isinstance(value, dict)
            else {field.name: np.asarray(value)}
        )
    return arrays


def restore_state(optimizer: Optimizer, params: Params, arrays: Mapping[str, Array]) -> Any:
    """Inverse of :func:`state_arrays` for a state that belongs to ``params``.

    Raises
    ------
    ValueError
        If ``arrays`` does not hold exactly the state of this optimiser on these parameters.
    """
    blank = optimizer.init(params)
    expected = state_arrays(blank)
    if arrays.keys() != expected.keys():
        raise ValueError(f"arrays must have the keys {sorted(expected)}; got {sorted(arrays)}")
    values = {
        field.name: group(arrays, field.name)
        if isinstance(getattr(blank, field.name), dict)
        else arrays[field.name].item()
        for field in fields(blank)
    }
    return type(blank)(**values)
