"""MF-RNN: its start, its settings, and that training moves it the right way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import ring
from refimpl.meanfield.policies.recurrent import forward
from refimpl.meanfield.train.presets import OURS
from refimpl.meanfield.train.recurrent_ppo import RecurrentTraining, first_actor, train
from refimpl.meanfield.train.settings import PPOTraining, with_iterations

SETTINGS = RecurrentTraining(7, PPOTraining(hidden=(4, 5), log_std=-0.4))


def test_it_starts_near_zero_and_open_to_the_past() -> None:
    actor = first_actor(np.random.default_rng(0), 6, SETTINGS)
    assert {p.dtype for p in actor.values()} == {np.dtype(np.float32)}
    for key in ("read.W0", "read.W1"):
        np.testing.assert_allclose(np.linalg.norm(actor[key], axis=0), 1.0, rtol=1e-6)
    assert actor["remember.b"][7:14].tolist() == [1.0] * 7
    outputs, _ = forward(actor, np.full((2, 3, 6), 1 / 6, np.float32))
    assert np.abs(outputs[..., :12]).max() < 0.03
    assert np.abs(outputs[..., 12:] + 0.4).max() < 0.03


def test_training_lowers_the_drops() -> None:
    small = replace(OURS.settings, batch=2000, minibatch=500, hidden=(16,), learning_rate=3e-3)
    settings = RecurrentTraining(16, with_iterations(small, 14, 2))
    result = train(System(ring(10)), settings, 0)
    curve = result["curve.evaluation MF-RNN"]
    assert curve[-1] < 0.97 * curve[0]


def test_bad_settings_are_named() -> None:
    with pytest.raises(ValueError, match="cell must be an integer >= 1; got 0"):
        RecurrentTraining(0)
    with pytest.raises(ValueError, match=r"ppo.hidden must have a layer .* got \(\)"):
        RecurrentTraining(4, PPOTraining(hidden=()))
