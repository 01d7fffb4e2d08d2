"""What the critics judge, and where the samples' values stand."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.dgpg.train.experience import Experience
from refimpl.dgpg.train.methods import (
    CENTRAL,
    DGPG,
    IPPO,
    LOCAL,
    MAPPO,
    Sizes,
    every_value,
    values_of_samples,
)
from refimpl.dgpg.train.networks import evaluate

T, E, N, S = 2, 2, 3, 4


def experience() -> Experience:
    """Samples of (t, e, agent) = (0, 1, 0), (0, 1, 1), (1, 0, 0)."""
    rng = np.random.default_rng(0)
    rows, agent = np.array([1, 1, 2]), np.array([0, 1, 0])
    empty = np.zeros(3)
    return Experience(
        N,
        rng.random((T, E, S)),
        rng.random((T, E)),
        np.zeros((T, E)),
        rows,
        rng.random((3, 2)),
        agent,
        np.zeros(3, int),
        empty,
        empty,
    )


SIZES = Sizes(S, N, 5, (6,), 2)


def test_the_central_critic_judges_states() -> None:
    played = experience()
    params = CENTRAL.start(np.random.default_rng(1), SIZES)
    samples = CENTRAL.samples(played, params, N)
    assert len(samples) == T * E
    values = evaluate(params, samples)[:, 0]
    assert params["W0"].shape == (S, 6)
    np.testing.assert_array_equal(CENTRAL.own_axis(played.rewards, N), played.rewards)
    np.testing.assert_array_equal(values[CENTRAL.at_samples(played)], values[[1, 1, 2]])


@pytest.mark.parametrize("width", [0, 2])
def test_the_local_critic_judges_every_agent_in_every_state(width) -> None:
    played, sizes = experience(), Sizes(S, N, 5, (6,), width)
    params = LOCAL.start(np.random.default_rng(1), sizes)
    samples = LOCAL.samples(played, params, N)
    values = evaluate(params, samples).reshape(T, E, N)
    index = np.eye(N) @ params["E"] if width else np.arange(N)[:, None] / N
    for t in range(T):
        for e in range(E):
            for i in range(N):
                own = [0.0, 0.0]
                for n in range(3):
                    if played.rows[n] == t * E + e and played.agent[n] == i:
                        own = played.own[n]
                x = np.concatenate([played.shared[t, e], own, index[i]])
                expected = np.tanh(x @ params["W0"] + params["b0"]) @ params["W1"] + params["b1"]
                assert values[t, e, i] == pytest.approx(expected[0], abs=1e-12)
    picked = values.ravel()[LOCAL.at_samples(played)]
    np.testing.assert_array_equal(picked, [values[0, 1, 0], values[0, 1, 1], values[1, 0, 0]])
    np.testing.assert_array_equal(
        LOCAL.own_axis(played.rewards, N), np.stack([played.rewards] * N, axis=-1)
    )


def test_the_critic_is_fitted_to_all_values_or_to_those_of_samples() -> None:
    at = np.array([1, 1, 2])
    np.testing.assert_array_equal(every_value(at, 4), [0, 1, 2, 3])
    np.testing.assert_array_equal(values_of_samples(at, 4), at)


def test_only_dg_pg_listens_to_the_guidance() -> None:
    advantages, coefficients = np.array([1.0, -2.0]), np.array([3.0, 0.5])
    for method in (MAPPO, IPPO):
        np.testing.assert_array_equal(method.signal(advantages, coefficients, 0.7), advantages)
    mixed = 0.25 * advantages - 0.75 * coefficients
    np.testing.assert_allclose(DGPG.signal(advantages, coefficients, 0.75), mixed, atol=1e-15)
    assert MAPPO.critic is DGPG.critic is CENTRAL
    assert IPPO.critic is LOCAL
