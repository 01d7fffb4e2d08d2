"""States that no policy has visited, and networks that have learned nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from refimpl.scale.model.settings import COMPUTE_SCALE, TABLE_1, TIERS
from refimpl.scale.network.pointer import Shape, init
from refimpl.scale.objective.feature_statistics import feature_statistics
from refimpl.scale.objective.srr import covariance
from refimpl.scale.theory.untrained import (
    DELAY,
    LONGEST,
    calibrated,
    drawn_states,
    drawn_states_of_table_1,
    embeddings_of,
    features_of,
    whitened,
    with_one_task,
    with_uniform_attention,
)

TASK = np.array([2.5, 0.2, 0.2, 0.5, 0.5])


@pytest.fixture
def rng():
    return np.random.default_rng(6)


@pytest.mark.parametrize("states", [drawn_states, drawn_states_of_table_1])
def test_states_look_like_those_of_a_cluster(states, rng) -> None:
    task, servers = states(rng, 200, 16)
    assert task.shape == (200, 5)
    assert servers.shape == (200, 16, 5)
    compute, memory, remaining, power, delay = np.moveaxis(servers, -1, 0)
    kinds = {(t.compute / 4, t.memory / 80) for t in TIERS}
    assert set(zip(compute.ravel(), memory.ravel(), strict=True)) == kinds
    assert 0 <= remaining.min() <= remaining.max() <= LONGEST
    for tier in TIERS:
        of = compute == tier.compute / COMPUTE_SCALE
        assert set(power[of & (remaining > 0)]) == {tier.busy_power / 400}
        assert set(power[of & (remaining == 0)]) == {tier.idle_power / 400}
    # One server in every state is where the predecessor ran.
    assert ((delay == 0).sum(axis=1) == 1).all()
    assert set(delay.ravel()) == {0.0, DELAY}
    assert delay.mean() == pytest.approx((1 - 1 / 16) * DELAY)
    assert pytest.approx(0.06) == DELAY


def test_demands_are_those_of_the_paper(rng) -> None:
    """Over 4000 tasks; |z| < 4. The cuts move the means by far less."""
    task, _ = drawn_states(rng, 4000, 1)
    for column, mean, spread in ((0, 10 / 4, 3 / 4), (4, 0.5, 0.2)):
        assert abs(task[:, column].mean() - mean) < 4 * spread / math.sqrt(4000)
    assert task[:, 1].min() >= 1 / 80
    assert task[:, 1].max() <= 1


@pytest.mark.parametrize("n", [16, 32, 48])
def test_clusters_of_table_1_have_its_counts(n, rng) -> None:
    _, servers = drawn_states_of_table_1(rng, 3, n)
    for tier, count in zip(TIERS, TABLE_1[n], strict=True):
        of = servers[..., 0] == tier.compute / COMPUTE_SCALE
        assert (of.sum(axis=1) == count).all()


def test_drawn_clusters_have_them_on_average(rng) -> None:
    """Over 8000 servers; |z| < 4."""
    _, servers = drawn_states(rng, 500, 16)
    large = (servers[..., 0] == 1.0).mean()
    assert abs(large - 1 / 8) < 4 * math.sqrt(7 / 64 / 8000)


def test_with_one_task_only_the_servers_vary(rng) -> None:
    task, servers = with_one_task(drawn_states, TASK)(rng, 7, 16)
    np.testing.assert_array_equal(task, np.tile(TASK, (7, 1)))
    assert np.ptp(servers, axis=0).max() > 0


def test_uniform_attention_has_no_use_for_keys(rng) -> None:
    params = with_uniform_attention(init(rng, Shape()))
    states = drawn_states(rng, 20, 16)
    other = {**params, "key0": 5.0 * params["key0"], "key1": -params["key1"]}
    np.testing.assert_array_equal(features_of(params, states), features_of(other, states))
    # Values still count.
    other = {**params, "value0": 5.0 * params["value0"]}
    assert np.abs(features_of(params, states) - features_of(other, states)).max() > 0.1


def test_embeddings_are_of_single_servers(rng) -> None:
    params, (_, servers) = init(rng, Shape()), drawn_states(rng, 20, 16)
    found = embeddings_of(params, servers)
    assert found.shape == (20, 16, 16)
    np.testing.assert_allclose(embeddings_of(params, servers[:, 3:4])[:, 0], found[:, 3])


def test_calibration_leaves_nothing_to_the_moment_loss(rng) -> None:
    params = init(rng, Shape())
    params["norm_ffn1_shift"] = rng.normal(size=16)
    states = drawn_states(rng, 300, 16)
    changed = calibrated(params, features_of(params, states))
    found = feature_statistics(features_of(changed, states))
    assert found["kl"] == pytest.approx(0.0, abs=1e-12)
    assert found["variance"] == pytest.approx(1.0)
    # A change of scale: correlations are what they were.
    before = feature_statistics(features_of(params, states))
    assert found["correlation"] == pytest.approx(before["correlation"])


def test_a_calibrated_network_of_uniform_attention_drifts_as_one_over_n(rng) -> None:
    """To first order in what the servers contribute, variance 16 / N; 3 % for the rest."""
    params = with_uniform_attention(init(rng, Shape()))
    states = with_one_task(drawn_states, TASK)
    params = calibrated(params, features_of(params, states(rng, 2000, 16)))
    for n in (32, 48):
        found = feature_statistics(features_of(params, states(rng, 2000, n)))
        # Standard error of a variance over 2000 samples, if all dimensions were the same.
        assert abs(found["variance"] / (16 / n) - 1) < 0.03 + 4 * math.sqrt(2 / 2000)
        assert found["kl"] > 0.05


def test_whitened_samples_are_white(rng) -> None:
    x = whitened(rng.normal(size=(50, 8)) @ rng.normal(size=(8, 8)) + 3.0)
    np.testing.assert_allclose(covariance(x), np.eye(8), atol=1e-10)
    np.testing.assert_allclose(x.mean(axis=0), 0.0, atol=1e-10)


def test_bad_input(rng) -> None:
    with pytest.raises(ValueError, match="n_servers must be a positive multiple of 8; got 12"):
        drawn_states_of_table_1(rng, 2, 12)
    with pytest.raises(ValueError, match="batch must be an integer >= 1; got 0"):
        drawn_states(rng, 0, 16)
    params = init(rng, Shape())
    features = rng.normal(size=(9, 16))
    with pytest.raises(ValueError, match=r"layer must be the last block, .* got 0"):
        calibrated(params, features, 0)
    with pytest.raises(ValueError, match="layer must be the last block, with affine"):
        calibrated(init(rng, Shape(affine=False)), features)
    with pytest.raises(ValueError, match="features must vary in every dimension"):
        calibrated(params, np.ones((9, 16)))
    with pytest.raises(ValueError, match="x must span every direction"):
        whitened(np.ones((5, 2)))
