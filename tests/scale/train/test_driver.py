"""Whole runs: repeatable, resumable, what they report, and that they learn."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from linear_models.params import flatten
from refimpl.scale.model.episodes import play
from refimpl.scale.model.scenario import sample_scenario
from refimpl.scale.model.settings import SystemSettings
from refimpl.scale.objective.srr import mean_srr, no_regularizer, shrinkage, srr
from refimpl.scale.policies.decisions import sampled
from refimpl.scale.policies.learned import learned
from refimpl.scale.train import driver
from refimpl.scale.train.driver import (
    curve_of,
    episode_means,
    no_hook,
    policy_of,
    stages_of,
    train,
)
from refimpl.scale.train.masks import feasible_only, truncated
from refimpl.scale.train.nets import PointerNet
from refimpl.shared.gae import unscaled
from refimpl.shared.seeds import generator
from tests.scale.train.strategies import CROSS, EVERY, PERCEPTRON, POINTER, SCALE, SYSTEM
from tests.scale.train.test_ppo import collected
from tests.shared.interruptions import assert_resumes, assert_same_bits

CLOCKS = ("curve.collecting", "curve.updating")


def timeless(arrays):
    """Results without what the clock said."""
    return {key: value for key, value in arrays.items() if key not in CLOCKS}


@pytest.mark.parametrize("settings", EVERY.values(), ids=EVERY)
def test_same_seed_same_bits_and_single_precision(settings) -> None:
    one, two = (timeless(train(SYSTEM, settings, 3)) for _ in range(2))
    assert_same_bits(one, two)
    other = train(SYSTEM, settings, 4, 2)
    assert not np.array_equal(flatten(policy_of(one)), flatten(policy_of(other)))
    assert {value.dtype for value in policy_of(one).values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("settings", EVERY.values(), ids=EVERY)
def test_resumes_to_the_same_bits(tmp_path, settings) -> None:
    assert_resumes(
        tmp_path, lambda path: timeless(train(SYSTEM, settings, 1, checkpoint=path)), 2, [1]
    )


def test_a_longer_run_continues_a_shorter_one(tmp_path) -> None:
    path = tmp_path / "run.npz"
    train(SYSTEM, SCALE, 1, 2, path)
    longer = timeless(train(SYSTEM, SCALE, 1, 4, path))
    assert_same_bits(longer, timeless(train(SYSTEM, SCALE, 1)))


@pytest.mark.parametrize(
    "changed",
    [
        {"lam": 0.9},
        {"mask": feasible_only},
        {"horizon": truncated},
        {"regularizer": no_regularizer},
        {"net": PointerNet(replace(POINTER.shape, affine=False))},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_every_knob_is_in_the_label_and_changes_the_run(tmp_path, changed) -> None:
    path = tmp_path / "run.npz"
    one = train(SYSTEM, SCALE, 1, 2, path)
    other = replace(SCALE, **changed)
    with pytest.raises(ValueError, match="must belong to the run"):
        train(SYSTEM, other, 1, 2, path)
    vector = flatten(policy_of(train(SYSTEM, other, 1, 2)))
    assert not np.array_equal(vector, flatten(policy_of(one)))
    with pytest.raises(ValueError, match="must belong to the run"):
        train(replace(SYSTEM, dt=0.2), SCALE, 1, 2, path)
    with pytest.raises(ValueError, match="must belong to the run"):
        train(SYSTEM, SCALE, 2, 2, path)


@pytest.mark.parametrize(
    "regularizer",
    [
        partial(srr, weight_decorrelation=0.0, weight_kl=0.0),
        partial(mean_srr, weight_decorrelation=0.0, weight_kl=0.0),
        partial(shrinkage, weight_spread=0.0, weight_kl=0.0),
    ],
    ids=lambda r: r.func.__name__,
)
def test_without_weight_scale_is_crossattn_bit_for_bit(regularizer) -> None:
    one = train(SYSTEM, replace(SCALE, regularizer=regularizer), 5)
    other = timeless(train(SYSTEM, CROSS, 5))
    assert_same_bits(timeless(one), other)
    weighted = train(SYSTEM, SCALE, 5)
    assert not np.array_equal(flatten(policy_of(weighted)), flatten(policy_of(one)))


def test_before_the_warm_up_scale_is_crossattn() -> None:
    late = replace(SCALE, warm_up=(2, 10))
    one, other = train(SYSTEM, late, 5, 2), train(SYSTEM, CROSS, 5, 2)
    np.testing.assert_array_equal(flatten(policy_of(one)), flatten(policy_of(other)))
    one, other = train(SYSTEM, late, 5, 4), train(SYSTEM, CROSS, 5, 4)
    assert not np.array_equal(flatten(policy_of(one)), flatten(policy_of(other)))


def test_the_curve_has_a_row_per_epoch_and_the_hook_one_per_stage() -> None:
    seen = []

    def hook(epochs, params, row):
        seen.append((epochs, row["entropy"], flatten(params)))
        return {"twice": np.array([row["entropy"], 2.0 * epochs])}

    arrays = train(SYSTEM, CROSS, 1, on_stage=hook)
    curve, stages = curve_of(arrays), stages_of(arrays)
    assert {len(column) for column in curve.values()} == {4}
    assert [epochs for epochs, _, _ in seen] == [2, 4]
    np.testing.assert_array_equal(stages["epochs"], [2, 4])
    np.testing.assert_array_equal(stages["twice"][:, 1], [4, 8])
    np.testing.assert_array_equal(stages["twice"][:, 0], curve["entropy"][1::2])
    np.testing.assert_array_equal(seen[1][2], flatten(policy_of(arrays)))
    assert (curve["collecting"] > 0).all()
    assert (curve["updating"] > 0).all()
    assert no_hook(1, {}, {}) == {}
    assert_same_bits(
        timeless({k: v for k, v in arrays.items() if k != "stage.twice"}),
        timeless(train(SYSTEM, CROSS, 1)),
    )


def test_every_stage_and_every_epoch_has_a_stream_of_its_own(monkeypatch) -> None:
    asked = []

    def recorded(*purpose):
        asked.append(purpose)
        return generator(*purpose)

    monkeypatch.setattr(driver, "generator", recorded)
    still = replace(CROSS, learning_rate=(1e-12, 1e-12))
    curve = curve_of(train(SYSTEM, still, 7))
    assert len(asked) == len(set(asked)) == 2 + 4
    assert {purpose[0] for purpose in asked} == {7}
    # The same policy, other episodes.
    assert curve["return"][0] != curve["return"][2]


def test_the_hook_resumes_too(tmp_path) -> None:
    def hook(epochs, params, row):
        del params, row
        return {"n": np.array(float(epochs))}

    def run(path):
        return timeless(train(SYSTEM, CROSS, 1, None, path, hook))

    assert_resumes(tmp_path, run, 2, kills=[1])


def test_means_over_the_episodes_of_an_epoch() -> None:
    rollout = collected()
    means = episode_means(rollout)
    assert means["episodes"] == len(rollout.finals.at) > 1
    for name in ("return", "completed", "avoidable", "decisions", "all_response"):
        assert means[name] == pytest.approx(rollout.episodes[name].mean())
    response = rollout.episodes["response"]
    assert np.isnan(response).any()
    assert means["response"] == pytest.approx(np.nanmean(response))
    empty = episode_means(replace(rollout, episodes={}))
    assert np.isnan(empty["return"])


@pytest.mark.parametrize("epochs", [0, 1, 3, -2])
def test_epochs_must_be_whole_stages(epochs) -> None:
    with pytest.raises(ValueError, match=f"positive multiple of 2; got {epochs}"):
        train(SYSTEM, CROSS, 0, epochs)


def test_a_number_that_is_not_finite_stops_the_run() -> None:
    broken = replace(CROSS, learning_rate=(1e30, 1e30), max_grad_norm=1e30)
    with pytest.raises(ValueError, match=r"finite|numbers"), np.errstate(all="ignore"):
        train(SYSTEM, broken, 0)


EASY = SystemSettings(
    counts=(3, 0, 1),
    arrival_rate=6.0,
    horizon=2.0,
    sizes=(1, 2),
    compute=(1.0, 0.2, 0.5),
    memory=(4.0, 1.0, 1.0, 6.0),
)
"""Short tasks that any server can take; the large one pays four times as much."""


@pytest.mark.parametrize("settings", [SCALE, PERCEPTRON], ids=["SCALE", "PPO"])
def test_trained_it_earns_more_than_untrained(settings) -> None:
    """On the same forty episodes, by four standard errors of the mean difference."""
    longer = replace(
        settings,
        epochs=12,
        stage=12,
        environments=4,
        steps=192,
        minibatch=64,
        passes=4,
        learning_rate=(5e-3, 1e-3),
    )
    params = policy_of(train(EASY, longer, 0))
    before = settings.net.init(np.random.default_rng(0), EASY.n_servers)
    scenario = sample_scenario(EASY, 40, np.random.default_rng(1))
    trained, untrained = (
        play(scenario, learned(p, sampled, POINTER.shape.heads), np.random.default_rng(2)).returns
        for p in (params, before)
    )
    gain = trained - untrained
    assert gain.mean() > 4 * gain.std(ddof=1) / np.sqrt(gain.size)


def test_advantage_scaling_is_a_knob() -> None:
    one, other = (
        train(SYSTEM, each, 1, 2) for each in (CROSS, replace(CROSS, scale_advantages=unscaled))
    )
    assert not np.array_equal(flatten(policy_of(one)), flatten(policy_of(other)))
