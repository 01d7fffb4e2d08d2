"""Specifies the measured variances: against enumeration, and against what must cancel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dgpg.experiments import variance
from refimpl.dgpg.experiments.variance import GAMMA, Measurement

SMALL = Measurement(5, 5, replicas=6, steps=60, episode=0)


@given(
    st.integers(0, 10**6), st.integers(2, 6), st.integers(1, 4), st.integers(2, 5), st.booleans()
)
def test_the_spread_is_that_of_the_gradient_vectors(
    seed: int, replicas: int, agents: int, n_actions: int, common: bool
) -> None:
    rng = np.random.default_rng(seed)
    actions = rng.integers(0, n_actions, (replicas, agents))
    signal = rng.normal(size=(replicas, 1 if common else agents))
    scores = np.eye(n_actions)[actions] - 1 / n_actions
    gradients = scores * signal[..., None]
    traces = gradients.var(axis=0, ddof=1).sum(axis=-1)
    norms = (gradients.mean(axis=0) ** 2).sum(axis=-1) - traces / replicas
    found = variance._spread(actions, signal, n_actions)
    np.testing.assert_allclose(found, (traces.mean(), norms.mean()), atol=1e-12)


def test_returns_are_discounted_sums() -> None:
    rewards = np.random.default_rng(0).normal(size=(7, 3))
    found = variance._returns(rewards)
    for t in range(7):
        weights = GAMMA ** np.arange(7 - t)
        np.testing.assert_allclose(found[t], weights @ rewards[t:], rtol=1e-12)


def test_dividing_the_reward_by_n_divides_the_variance_by_its_square() -> None:
    found = variance.measure(SMALL, 0)
    for kind in ("raw", "baseline"):
        ratio = found[f"{kind} total"] / found[f"{kind} average"]
        assert ratio == pytest.approx(25.0, rel=1e-9)


def test_a_baseline_takes_variance_away_and_every_reading_is_measured() -> None:
    found = variance.measure(SMALL, 0)
    assert found["baseline total"] < found["raw total"]
    assert {f"guidance {name}" for name in variance.GUIDANCE} <= set(found)
    assert all(np.isfinite(value).all() for value in found.values())


def test_the_job_names_everything_it_depends_on() -> None:
    names = {
        variance.job(SMALL, 0).name,
        variance.job(SMALL, 1).name,
        variance.job(Measurement(5, 1, 6, 60, 0), 0).name,
        variance.job(Measurement(5, 5, 7, 60, 0), 0).name,
        variance.job(Measurement(5, 5, 6, 61, 0), 0).name,
        variance.job(Measurement(5, 5, 6, 60, 1), 0).name,
    }
    assert len(names) == 6
