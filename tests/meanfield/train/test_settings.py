"""Settings: what they imply, what they refuse, and how they name themselves."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from refimpl.meanfield.train.baselines import shared_path_values
from refimpl.meanfield.train.settings import PPOTraining, label, with_iterations
from refimpl.shared.gae import unscaled
from refimpl.shared.gradient_step import unclipped

PLAIN = PPOTraining()


def test_the_update_is_what_the_settings_say() -> None:
    update = replace(PLAIN, clip=0.25, value_clip=7.0, gae_lambda=0.8, passes=3).update
    assert (update.clip, update.value_clip, update.lam, update.epochs) == (0.25, 7.0, 0.8, 3)
    assert (update.gamma, update.learning_rate, update.value_coef) == (0.99, 5e-5, 1.0)
    # Advantages are standardised once over the whole batch, gradients are not clipped.
    assert update.scale_advantages is unscaled
    assert update.clip_gradients is unclipped
    assert PLAIN.penalty.coefficient == 0.2
    assert PLAIN.penalty.target == 0.01


@pytest.mark.parametrize(
    ("batch", "minibatch", "parts"), [(4000, 128, 32), (4000, 1000, 4), (100, 100, 1)]
)
def test_minibatches_have_at_most_their_size(batch: int, minibatch: int, parts: int) -> None:
    settings = replace(PLAIN, batch=batch, minibatch=minibatch)
    assert settings.n_minibatches == parts
    assert max(map(len, np.array_split(np.arange(batch), parts))) <= minibatch


def test_batches_are_made_of_whole_groups_of_episodes() -> None:
    assert PLAIN.episodes() == 80
    assert replace(PLAIN, group=10).episodes() == 80
    assert replace(PLAIN, batch=50_000, group=10).episodes(5) == 200
    with pytest.raises(ValueError, match=r"batch must be a multiple of 1500, .* got 4000"):
        replace(PLAIN, group=30).episodes()


def test_labels_are_json_and_tell_settings_apart() -> None:
    other = replace(PLAIN, baseline=shared_path_values, group=10)
    assert json.loads(json.dumps(label(PLAIN))) == label(PLAIN)
    assert label(other)["baseline"] == "shared_path_values"
    assert label(pickle.loads(pickle.dumps(other))) == label(other)
    assert label(PLAIN) != label(other)


def test_another_budget() -> None:
    longer = with_iterations(PLAIN, 300)
    assert (longer.iterations, longer.evaluate_every) == (300, 30)
    assert with_iterations(PLAIN, 3).evaluate_every == 1
    assert with_iterations(PLAIN, 8, 4).evaluate_every == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"horizon": 0}, "horizon must be an integer >= 1; got 0"),
        ({"passes": 0}, "passes must be an integer >= 1; got 0"),
        ({"batch": -5}, "batch must be an integer >= 1; got -5"),
        ({"hidden": (4, 0)}, "hidden must be an integer >= 1; got 0"),
        ({"critic_hidden": (0,)}, "hidden must be an integer >= 1; got 0"),
        ({"minibatch": 5000}, "minibatch must be at most the batch, 4000; got 5000"),
        ({"iterations": 25}, "evaluate_every must divide the 25 iterations; got 10"),
        ({"kl_target": 0.0}, "kl_target must be finite and > 0; got 0.0"),
        ({"kl_coefficient": -1.0}, "coefficient must be finite and >= 0; got -1.0"),
        ({"gamma": 1.1}, r"gamma must be in \[0, 1\]; got 1.1"),
        ({"gae_lambda": -0.1}, "lam must be in"),
        ({"clip": 0.0}, "clip must be > 0; got 0.0"),
        ({"learning_rate": 0.0}, "learning_rate must be finite and > 0"),
        ({"log_std": float("nan")}, "log_std must be finite; got nan"),
    ],
)
def test_bad_settings_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(PLAIN, **changes)
