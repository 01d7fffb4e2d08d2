"""Optimisers as values: the same steps as the functions, and states that survive a checkpoint."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from linear_models import mlp, optimizers
from linear_models.params import Params
from refimpl.shared import checkpoints
from refimpl.shared.optimizer import (
    Optimizer,
    adam,
    group,
    joined,
    restore_state,
    rmsprop,
    state_arrays,
)

OPTIMIZERS = {"adam": adam(0.8, 0.9, 1e-3), "rmsprop": rmsprop(0.9, 1e-3)}


def problem() -> tuple[Params, Params]:
    rng = np.random.default_rng(0)
    params = mlp.init(rng, (3, 2, 1))
    return params, {key: rng.standard_normal(a.shape) for key, a in params.items()}


def same(a: Params, b: Params) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[key], b[key]) for key in a)


def test_steps_are_those_of_the_functions() -> None:
    params, grads = problem()
    state = optimizers.adam_init(params)
    expected = optimizers.adam_step(params, grads, state, 0.1, beta1=0.8, beta2=0.9, eps=1e-3)
    got = OPTIMIZERS["adam"].step(params, grads, OPTIMIZERS["adam"].init(params), 0.1)
    assert same(got[0], expected[0])
    start = optimizers.rmsprop_init(params)
    expected_rms = optimizers.rmsprop_step(params, grads, start, 0.1, decay=0.9, eps=1e-3)
    got = OPTIMIZERS["rmsprop"].step(params, grads, OPTIMIZERS["rmsprop"].init(params), 0.1)
    assert same(got[0], expected_rms[0])


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_state_survives_a_checkpoint_to_the_bit(optimizer: Optimizer, tmp_path: Path) -> None:
    params, grads = problem()
    params, state = optimizer.step(params, grads, optimizer.init(params), 0.1)
    path = tmp_path / "state.npz"
    checkpoints.save(path, joined(params=params, state=state_arrays(state)))
    arrays, _ = checkpoints.load(path)
    again = group(arrays, "params")
    restored = restore_state(optimizer, again, group(arrays, "state"))
    expected = optimizer.step(params, grads, state, 0.1)
    got = optimizer.step(again, grads, restored, 0.1)
    assert same(got[0], expected[0])
    assert type(restored) is type(state)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_optimizers_travel_between_processes(optimizer: Optimizer) -> None:
    params, grads = problem()
    copy = pickle.loads(pickle.dumps(optimizer))
    one = optimizer.step(params, grads, optimizer.init(params), 0.1)
    two = copy.step(params, grads, copy.init(params), 0.1)
    assert same(one[0], two[0])


def test_groups_are_taken_apart_as_they_were_joined() -> None:
    one, two = problem()
    both = joined(one=one, two=two)
    assert len(both) == len(one) + len(two)
    assert same(group(both, "one"), one)
    assert same(group(both, "two"), two)


def bad_state() -> Any:
    params, _ = problem()
    return restore_state(adam(), params, {"t": np.asarray(1)})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: group({"one.W": np.zeros(1)}, "on"), "params must have the group 'on'; got the"),
        (bad_state, r"arrays must have the keys .* got \['t'\]"),
    ],
)
def test_bad_input_is_named(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
