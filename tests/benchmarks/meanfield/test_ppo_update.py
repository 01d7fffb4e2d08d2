"""The benchmark of the PPO update measures what it says it measures."""

from __future__ import annotations

import json
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from benchmarks.machine import Limits
from benchmarks.meanfield import ppo_update
from benchmarks.meanfield.ppo_update import MODEL, disagreement, instance, products
from benchmarks.workload import Settings
from linear_models import mlp
from linear_models.params import flatten
from refimpl.shared.gae import unscaled
from refimpl.shared.gradient_step import in_blocks, loss_and_gradients, unclipped
from refimpl.shared.ppo import PPOSettings

UPDATE = PPOSettings(
    clip=0.3,
    value_clip=10.0,
    kl_coef=0.2,
    value_coef=1.0,
    scale_advantages=unscaled,
    clip_gradients=unclipped,
)


def test_quick_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ppo_update, "installed", lambda package: None if package else package)
    report = ppo_update.run(Settings(1, Limits(1e10, 1e10, 1e-6), quick=True))
    document: dict[str, Any] = json.loads(json.dumps(report.to_json()))
    assert document["skipped"] == {"torch": "not installed"}
    assert document["numbers"]["whole minibatch, samples per s"] > 0
    assert len(document["targets"]) == 1


def test_the_minibatch_has_something_to_clip_and_to_pull_back() -> None:
    trained, batch = instance(16, 300)
    assert batch.outputs is not None
    losses, _ = loss_and_gradients(MODEL, trained.params, batch, UPDATE.objective)
    assert losses.kl > 0.01
    moved = MODEL.head.log_prob(
        MODEL.actor.forward(trained.actor, batch.observations)[0], batch.actions, None
    )
    ratio = np.exp(moved - batch.log_probs)
    assert (np.abs(ratio - 1) > 0.3).any()
    assert (np.abs(ratio - 1) < 0.3).any()


def test_blocks_compute_the_same_gradient_in_single_precision() -> None:
    trained, batch = instance(16, 300)
    blocks = partial(in_blocks, rows=70)
    _, whole = loss_and_gradients(MODEL, trained.params, batch, UPDATE.objective)
    _, parts = blocks(MODEL, trained.params, batch, UPDATE.objective)
    assert {gradient.dtype for gradient in parts.values()} == {np.dtype(np.float32)}
    distance = np.linalg.norm(flatten(whole) - flatten(parts))
    # Sums of 300 terms in single precision.
    assert distance <= 300 * np.finfo(np.float32).eps * np.linalg.norm(flatten(whole))


def test_operations_are_those_of_the_products() -> None:
    """Every weight: one product forward, two backward; the first layer's input needs none."""
    width, total = 7, 0
    for outputs in (24, 1):
        shapes = [(6, width), (width, width), (width, outputs)]
        params = mlp.init(np.random.default_rng(0), (6, width, width, outputs))
        assert [params[f"W{k}"].shape for k in range(3)] == shapes
        total += sum(
            2 * n_in * n_out * (2 if k == 0 else 3) for k, (n_in, n_out) in enumerate(shapes)
        )
    assert products(width) == total


@pytest.mark.skipif(find_spec("torch") is None, reason="torch not installed")
def test_torch_computes_the_same_gradient() -> None:
    trained, batch = instance(16, 300)
    rival = ppo_update.TorchUpdate(trained.params, batch, UPDATE)
    assert disagreement(trained, batch, UPDATE, rival) < 1e-4
