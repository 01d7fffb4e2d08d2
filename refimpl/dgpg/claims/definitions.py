"""Claims about the setting and the gradient: eqs. 1 to 7, 10, 14 and both assumptions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from linear_models.gradcheck import complex_step_jvp
from lp_solvers.finite_mdp import finite_mdp, policy_value
from refimpl.dgpg.objective.guidance import AFTER_LOAD
from refimpl.dgpg.objective.reference import deviation, imbalance, reference_state
from refimpl.dgpg.theory.counterexamples import negative_deviation
from refimpl.dgpg.theory.estimators import (
    Weights,
    coefficients,
    direction_samples,
    discounted_weights,
    equal_weights,
    guidance_samples,
    mean,
    return_samples,
    returns_to_go,
)
from refimpl.dgpg.theory.games import Game, gradients, law, outcomes, performance, scores
from refimpl.dgpg.theory.variance import conditional_moments, main_effects, total_variance
from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind

Floats = NDArray[np.float64]


ROUNDING = 1e-12
"""Sums of at most a few thousand products of numbers of order one."""


def random_game(rng: np.random.Generator, n_steps: int = 1, gamma: float = 1.0) -> Game:
    """Draw a game of 3 agents, 2 servers, 2 resources with a reward that is no deviation."""
    capacity = rng.uniform(1.0, 3.0, (2, 2))
    price, target = rng.normal(size=(2, 2)), rng.uniform(0.0, 1.5, (2, 2))

    def reward(load: Floats) -> Floats:
        total: Floats = (price * load - (load - target) ** 2).sum(axis=(-2, -1))
        return total

    return Game(rng.uniform(0.2, 1.0, (3, 2)), capacity, reward, n_steps=n_steps, gamma=gamma)


def discounted_sum(rewards: Floats, gamma: float) -> float:
    """Return ``sum_t gamma^t r_t``."""
    return float(rewards @ gamma ** np.arange(len(rewards)))


def discounted_from_one(rewards: Floats, gamma: float) -> float:
    """Return ``sum_t gamma^(t+1) r_t``."""
    return float(rewards @ gamma ** np.arange(1, len(rewards) + 1))


def check_objective(total: Callable[[Floats, float], float], context: Context) -> Finding:
    """Discounted rewards of a chain with two states: summed, and by a linear equation."""
    rng, gamma = context.rng("dgpg", "objective"), 0.9
    transition, reward = rng.dirichlet(np.ones(2), (2, 2)), rng.normal(size=(2, 2))
    policy = rng.dirichlet(np.ones(2), 2)
    chain = (policy[:, :, None] * transition).sum(axis=1)
    laws = [np.array([1.0, 0.0])]
    for _ in range(400):
        laws.append(laws[-1] @ chain)
    expected = np.stack(laws) @ (policy * reward).sum(axis=1)
    solved = policy_value(finite_mdp(transition, reward, gamma, [1.0, 0.0]), policy)[0]
    # What 400 steps leave out is below 0.9^400 / 0.1 = 5e-18.
    return exactly(abs(total(expected, gamma) - solved), ROUNDING, J=float(solved))


def check_policy_gradient(weights: Weights, context: Context) -> Finding:
    """Mean of the return samples against the gradient of J by the complex step."""
    rng, error = context.rng("dgpg", "policy gradient"), 0.0
    for gamma in (1.0, 0.9, 0.5):
        game, logits = random_game(rng, 2, gamma), rng.normal(size=(3, 2))
        direction = rng.normal(size=(3, 2))
        slope = complex_step_jvp(partial(performance, game), logits, direction)
        found = mean(game, logits, return_samples(game, logits, weights))
        error = max(error, abs(float((found * direction).sum() - slope)))
    return only_under(
        "gamma = 1, or the factor gamma^t on the term of step t; without it the second step's "
        "reward counts p(1-p) instead of gamma p(1-p)",
        error <= 1e-10,
        largest_error=error,
        **_late_reward(),
    )


def _late_reward(gamma: float = 0.5) -> dict[str, float]:
    """One agent, two equal servers, p = 1/2, two steps; only server 0 in step 2 pays."""
    game = Game(np.ones((1, 1)), np.ones((2, 1)), lambda x: x[..., 0, 0], n_steps=2, gamma=gamma)
    seen, logits = outcomes(game), np.zeros((1, 2))
    late = seen.rewards * [0.0, 1.0]
    signal, weight = returns_to_go(late, gamma), law(logits, seen.actions)
    score = scores(logits, seen.actions)[:, :, 0, 0]
    return {
        "late_reward_without_factor": float(weight @ (signal * score).sum(axis=1)),
        "late_reward_exact": float(weight @ (signal * score) @ gamma ** np.arange(2)),
    }


Split = Callable[[Floats, NDArray[np.int64], Floats, Floats], tuple[float, float]]


def without_score(
    probability: Floats, own: NDArray[np.int64], score: Floats, signal: Floats
) -> tuple[float, float]:
    """Split with the return's variance left unweighted by the squared score."""
    mass, _, variance = conditional_moments(probability, own, signal)
    return total_variance(probability, own, score, signal)[0], float(mass @ variance)


def check_decomposition(split: Split, context: Context) -> Finding:
    """Own action plus all others jointly, and the sum over others one by one."""
    rng, error, missing = context.rng("dgpg", "decomposition"), 0.0, []
    for _ in range(5):
        game, logits = random_game(rng), rng.normal(size=(3, 2))
        seen = outcomes(game)
        probability, actions = law(logits, seen.actions), seen.actions[:, 0]
        score, signal = scores(logits, seen.actions)[:, 0, 0, 0], seen.rewards[:, 0]
        sample = score * signal
        variance = float(probability @ sample**2 - (probability @ sample) ** 2)
        own, others = split(probability, actions[:, 0], score, signal)
        error = max(error, abs(own + others - variance) / variance)
        alone = main_effects(probability, actions, score, signal).sum()
        missing.append(1.0 - alone / total_variance(probability, actions[:, 0], score, signal)[1])
    return only_under(
        "two parts, the own action and all others jointly; one term per other agent adds up only "
        "if the return is additive in the others, interactions are left out",
        error <= ROUNDING,
        largest_error=error,
        largest_share_missed_by_the_sum_over_agents=max(missing),
    )


def squared_distance(load: Floats, reference: Floats) -> Floats:
    """Return the squared distance without the half."""
    return 2.0 * deviation(load, reference)


def _swapped(
    measure: Callable[[Floats, Floats], Floats], reference: Floats, load: Floats
) -> Floats:
    return measure(load, reference)


def check_deviation(measure: Callable[[Floats, Floats], Floats], context: Context) -> Finding:
    """Compare the deviation's derivative with ``x - xr``, and the imbalance with its weights."""
    rng, error, weighted, ratios = context.rng("dgpg", "deviation"), 0.0, 0.0, []
    for _ in range(20):
        load, capacity = rng.uniform(0.0, 2.0, (4, 2)), rng.uniform(0.5, 3.0, (4, 2))
        reference, along = reference_state(load, capacity), rng.normal(size=(4, 2))
        slope = complex_step_jvp(partial(_swapped, measure, reference), load, along)
        error = max(error, abs(float(slope - ((load - reference) * along).sum())))
        above = imbalance(load, capacity) - imbalance(reference, capacity)
        weighted_square = 0.5 * ((load - reference) ** 2 / capacity).sum()
        weighted = max(weighted, abs(float(above - weighted_square)))
        ratios.append(float(above / deviation(load, reference)))
    return exactly(
        max(error, weighted),
        ROUNDING,
        imbalance_over_deviation_least=min(ratios),
        imbalance_over_deviation_largest=max(ratios),
    )


Mix = Callable[[Floats, Floats, float], Floats]


def added(of_return: Floats, of_guidance: Floats, alpha: float) -> Floats:
    """Mix with the guidance added instead of subtracted."""
    return direction_samples(of_return, -of_guidance, alpha)


def check_direction(mix: Mix, context: Context) -> Finding:
    """Mean of the mixed samples against the mix of the exact gradients."""
    rng, error = context.rng("dgpg", "direction"), 0.0
    for alpha in (0.0, 0.2, 0.8, 1.0):
        game, logits = random_game(rng), rng.normal(size=(3, 2))
        found = mean(
            game, logits, mix(return_samples(game, logits), guidance_samples(game, logits), alpha)
        )
        of_performance, of_deviation = gradients(game, logits)
        wanted = (1.0 - alpha) * of_performance - alpha * of_deviation
        error = max(error, float(np.abs(found - wanted).max()))
    return exactly(error, ROUNDING)


def as_they_are(advantages: Floats, coefficient: Floats) -> tuple[Floats, Floats]:
    """Return both signals unchanged."""
    return advantages, coefficient


def normalised_and_clipped(advantages: Floats, coefficient: Floats) -> tuple[Floats, Floats]:
    """Standardise both signals and clip the second to [-1, 1], as training does."""
    standard = [(x - x.mean()) / x.std() for x in (advantages, coefficient)]
    return standard[0], np.clip(standard[1], -1.0, 1.0)


def check_advantage(
    prepare: Callable[[Floats, Floats], tuple[Floats, Floats]], context: Context
) -> Finding:
    """Direction from the mixed advantage against the mixed direction: how parallel they are."""
    rng, alpha, least = context.rng("dgpg", "advantage"), 0.4, 1.0
    for _ in range(5):
        capacity = rng.uniform(1.0, 3.0, (2, 2))
        game = replace(random_game(rng), reward=negative_deviation(capacity, 2.0, 5.0))
        logits = rng.normal(size=(3, 2))
        seen = outcomes(game)
        signals = np.repeat(seen.rewards, 3, axis=1), coefficients(game, seen, AFTER_LOAD)[:, 0]
        first, second = prepare(*signals)
        mixed = (1.0 - alpha) * first - alpha * second
        score, weight = scores(logits, seen.actions)[:, 0], law(logits, seen.actions)
        found = np.einsum("p,pi,pik->ik", weight, mixed, score)
        of_performance, of_deviation = gradients(game, logits)
        wanted = (1.0 - alpha) * of_performance - alpha * of_deviation
        cosine = (found * wanted).sum() / (np.linalg.norm(found) * np.linalg.norm(wanted))
        least = min(least, float(cosine))
    return only_under(
        "neither signal is normalised or clipped; App. I.2.2 does all of it, and then the update "
        "is no longer along eq. 10",
        least >= 1.0 - ROUNDING,
        least_cosine=least,
    )


CLAIMS = (
    Claim(
        "dgpg/objective",
        "eq. 1",
        "The objective is the expected discounted sum of the shared reward.",
        ("DG-01",),
        Kind.EXACT,
        check_objective,
        discounted_sum,
        Control("discounting starts with the first reward", discounted_from_one),
    ),
    Claim(
        "dgpg/policy-gradient",
        "eqs. 2, 11",
        "The gradient of J is the mean of score times return to go, summed over steps.",
        ("DG-02", "DG-11b"),
        Kind.EXACT,
        check_policy_gradient,
        discounted_weights,
        Control("no factor gamma^t", equal_weights),
    ),
    Claim(
        "dgpg/variance-decomposition",
        "eq. 3",
        "The variance of the sample splits into the own action's part and the other agents'.",
        ("DG-03",),
        Kind.EXACT,
        check_decomposition,
        total_variance,
        Control("the others' part without the squared score", without_score),
    ),
    Claim(
        "dgpg/deviation",
        "eq. 6",
        "Half the squared distance has the derivative x - xr; the imbalance is a weighted form.",
        ("DG-06",),
        Kind.EXACT,
        check_deviation,
        deviation,
        Control("the squared distance without the half", squared_distance),
    ),
    Claim(
        "dgpg/augmented-direction",
        "eqs. 7, 10",
        "The mean of the sampled direction is (1 - alpha) grad J - alpha grad G.",
        ("DG-07", "DG-11a"),
        Kind.EXACT,
        check_direction,
        direction_samples,
        Control("the guidance added instead of subtracted", added),
    ),
    Claim(
        "dgpg/advantage",
        "eq. 14",
        "Mixing the advantages is the same as mixing the gradients.",
        ("DG-13",),
        Kind.EXACT,
        check_advantage,
        as_they_are,
        Control("both signals standardised, the guidance clipped", normalised_and_clipped),
    ),
)
