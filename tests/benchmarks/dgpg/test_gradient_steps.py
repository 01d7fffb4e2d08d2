"""The benchmark of the gradient steps measures what it says it measures."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from benchmarks.dgpg.gradient_steps import (
    WIDE,
    TorchUpdate,
    disagreement,
    one_shape,
    operations,
    our_gradients,
)
from benchmarks.dgpg.instances import MINIBATCHES, made_up, one_pass, table_6, table_7
from linear_models.params import flatten

SYSTEM, FULL = table_7(10)
SMALL = replace(one_pass(FULL), hidden=(16, 16), minibatch=64, critic_minibatch=64)


def test_the_samples_have_something_to_clip() -> None:
    learner, batch = made_up(SYSTEM, SMALL)
    assert len(batch.actions) == len(batch.judged) == MINIBATCHES * SMALL.minibatch
    ratio = np.exp(-np.log(10) - batch.log_probs)
    assert (np.abs(ratio - 1) > SMALL.clip).any()
    assert (np.abs(ratio - 1) < SMALL.clip).any()
    assert {g.dtype for g in our_gradients(SMALL, learner, batch)["actor"].values()} == {
        np.dtype(np.float32)
    }


def test_operations_are_those_of_the_products() -> None:
    """Every weight: one product forward, two backward; the first layer's input needs none."""
    learner, _ = made_up(SYSTEM, SMALL)
    shapes = [(91 + 2 + 16, 16), (16, 16), (16, 10)]
    assert [learner.actor.params[f"W{k}"].shape for k in range(3)] == shapes
    total = sum(2 * a * b * (2 if k == 0 else 3) for k, (a, b) in enumerate(shapes))
    assert operations(learner.actor.params) == total


def test_wide_shapes_have_a_target_against_the_machine() -> None:
    statements = [target.statement for target in one_shape(SYSTEM, SMALL, 1, False).targets]
    assert statements == []
    wide = replace(SMALL, hidden=(WIDE,), minibatch=2, critic_minibatch=2)
    (target,) = one_shape(SYSTEM, wide, 1, False).targets
    assert target.low == 0.8


@pytest.mark.skipif(find_spec("torch") is None, reason="torch not installed")
@pytest.mark.parametrize("hidden", [(), (16, 16)])
def test_torch_computes_the_same_gradient(hidden) -> None:
    system, full = table_6() if hidden == () else table_7(10)
    settings = replace(one_pass(full), hidden=hidden, minibatch=64, critic_minibatch=64)
    learner, batch = made_up(system, settings)
    rival = TorchUpdate(settings, learner, batch)
    assert disagreement(settings, learner, batch, rival) < 1e-4
    before = flatten(rival.gradients("actor"))
    rival.update()
    assert not np.allclose(flatten(rival.gradients("actor")), before)
