"""Factored actions are several independent categorical choices, whatever their sizes."""

from __future__ import annotations

import itertools
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from linear_models import categorical
from refimpl.shared.action_heads import CATEGORICAL, factored
from refimpl.shared.statistics import binomial_z_score
from tests.shared.gradients import assert_gradient
from tests.shared.strategies import floats, masks

Array = NDArray[Any]
choices = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)


def parts(counts: tuple[int, ...], outputs: Array) -> list[Array]:
    """Logits of each choice."""
    return np.split(outputs, np.cumsum(counts)[:-1], axis=-1)


@st.composite
def heads(draw: st.DrawFn) -> tuple[tuple[int, ...], Array, Array | None]:
    """Sizes of the choices, outputs of two rows, and perhaps a mask that leaves one of each."""
    counts = draw(choices)
    pieces = [draw(masks(2, count)) for count in counts]
    mask = draw(st.sampled_from([None, np.concatenate(pieces, axis=1)]))
    return counts, draw(floats((2, sum(counts)), 3.0)), mask


@given(heads())
def test_joint_distribution_is_the_product(
    case: tuple[tuple[int, ...], Array, Array | None],
) -> None:
    counts, outputs, mask = case
    head = factored(counts)
    logits = parts(counts, outputs)
    allowed = [None] * len(counts) if mask is None else parts(counts, mask)
    each = [categorical.probabilities(z, m) for z, m in zip(logits, allowed, strict=True)]
    total, entropy = np.zeros(2), np.zeros(2)
    for action in itertools.product(*(range(count) for count in counts)):
        p = np.prod([probs[:, k] for probs, k in zip(each, action, strict=True)], axis=0)
        if p.min() == 0:
            continue
        log_p = head.log_prob(outputs, np.tile(action, (2, 1)), mask)
        np.testing.assert_allclose(np.exp(log_p), p, rtol=1e-13)
        total += p
        entropy -= p * log_p
    if mask is None:
        np.testing.assert_allclose(total, 1, rtol=1e-13)
        np.testing.assert_allclose(head.entropy(outputs, None), entropy, atol=1e-13)
    separately = sum(categorical.entropy(z, m) for z, m in zip(logits, allowed, strict=True))
    np.testing.assert_allclose(head.entropy(outputs, mask), separately, atol=1e-13)


@given(heads(), st.integers(0, 2**32 - 1))
def test_gradients_by_complex_step(
    case: tuple[tuple[int, ...], Array, Array | None], seed: int
) -> None:
    counts, outputs, mask = case
    rng = np.random.default_rng(seed)
    head = factored(counts)
    actions = head.sample(outputs, rng, mask)
    dy = rng.standard_normal(2)
    assert_gradient(
        lambda z: head.log_prob(z, actions, mask) @ dy,
        outputs,
        head.log_prob_vjp(outputs, actions, dy, mask),
        rng,
    )
    assert_gradient(
        lambda z: head.entropy(z, mask) @ dy, outputs, head.entropy_vjp(outputs, dy, mask), rng
    )
    other = rng.standard_normal(outputs.shape)
    d_outputs, d_other = head.kl_vjp(outputs, other, dy, mask)
    assert_gradient(lambda z: head.kl(z, other, mask) @ dy, outputs, d_outputs, rng)
    assert_gradient(lambda z: head.kl(outputs, z, mask) @ dy, other, d_other, rng)


@given(heads(), st.integers(0, 2**32 - 1))
def test_divergence_is_the_sum_over_the_choices_and_draws_are_samples(
    case: tuple[tuple[int, ...], Array, Array | None], seed: int
) -> None:
    counts, outputs, mask = case
    head, other = factored(counts), np.random.default_rng(seed).standard_normal(outputs.shape)
    allowed = [None] * len(counts) if mask is None else parts(counts, mask)
    pieces = zip(parts(counts, outputs), parts(counts, other), allowed, strict=True)
    expected = sum(categorical.kl(z, w, m) for z, w, m in pieces)
    np.testing.assert_allclose(head.kl(outputs, other, mask), expected, atol=1e-12)
    actions, log_probs = head.draw(outputs, np.random.default_rng(seed), mask)
    assert np.array_equal(actions, head.sample(outputs, np.random.default_rng(seed), mask))
    assert np.array_equal(log_probs, head.log_prob(outputs, actions, mask))


@given(floats((3, 4), 3.0), st.integers(0, 2**32 - 1))
def test_one_choice_is_the_categorical_head(logits: Array, seed: int) -> None:
    one = factored((4,))
    draws = [
        head.sample(logits, np.random.default_rng(seed), None).reshape(3)
        for head in (one, CATEGORICAL)
    ]
    assert np.array_equal(*draws)
    dy = np.arange(3.0)
    np.testing.assert_array_equal(
        one.log_prob_vjp(logits, draws[0][:, None], dy, None),
        CATEGORICAL.log_prob_vjp(logits, draws[0], dy, None),
    )
    np.testing.assert_array_equal(one.entropy(logits, None), CATEGORICAL.entropy(logits, None))


def test_samples_follow_the_probabilities_and_the_mask() -> None:
    rng = np.random.default_rng(0)
    outputs = np.array([0.0, 1.0, 0.5, -0.5, 0.2])
    mask = np.array([True, True, True, False, True])
    n = 4000
    drawn = factored((2, 3)).sample(np.tile(outputs, (n, 1)), rng, np.tile(mask, (n, 1)))
    assert drawn.shape == (n, 2)
    assert not np.any(drawn[:, 1] == 1)
    for column, logits in enumerate((outputs[:2], outputs[[2, 4]])):
        p = categorical.probabilities(logits)[0]
        assert abs(binomial_z_score(int((drawn[:, column] == 0).sum()), n, p)) < 4
    both = int((drawn == 0).all(axis=1).sum())
    p = np.prod([categorical.probabilities(z)[0] for z in (outputs[:2], outputs[[2, 4]])])
    assert abs(binomial_z_score(both, n, float(p))) < 4


def test_any_number_of_leading_axes() -> None:
    rng = np.random.default_rng(1)
    head, outputs = factored((2, 3)), rng.standard_normal((4, 3, 5))
    actions = head.sample(outputs, rng, None)
    assert actions.shape == (4, 3, 2)
    flat = head.log_prob(outputs.reshape(12, 5), actions.reshape(12, 2), None)
    assert np.array_equal(head.log_prob(outputs, actions, None), flat.reshape(4, 3))


def test_heads_travel_between_processes() -> None:
    head = pickle.loads(pickle.dumps(factored((2, 3))))
    outputs, actions = np.zeros((1, 5)), np.zeros((1, 2), dtype=int)
    assert head.log_prob(outputs, actions, None)[0] == pytest.approx(-np.log(6))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: factored(()), "counts must be positive integers, at least one; got"),
        (lambda: factored((2, 0)), r"counts must be positive integers, .* got \(2, 0\)"),
        (lambda: factored((2, 2)).entropy(np.zeros((1, 3)), None), "outputs must have 4 entries"),
    ],
)
def test_bad_input_is_named(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
