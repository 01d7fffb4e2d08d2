"""Claims about the approximate congestion [DCC Lemma 1, eqs. 17, 18, App. C.5]."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lp_solvers import lagrangian
from lp_solvers.finite_mdp import FiniteMDP
from refimpl.dcc.claims.findings import golden, small_environments, toy
from refimpl.dcc.model.congestion import Congestion, power_law
from refimpl.dcc.model.crowd import crowd_law
from refimpl.dcc.model.exact import battery_at, stationary_start, with_start
from refimpl.dcc.model.game import evaluate, evaluate_identical
from refimpl.dcc.objective.local import LocalProblem, local_cmdp, others_of
from refimpl.dcc.theory.approximation import (
    approximation_bound,
    curvature_gap_bound,
    penalty_gap_bound,
    synchronised_pair,
)
from refimpl.dcc.theory.instances import golden_device, toy_device
from refimpl.findings import only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Plot, Verdict

Floats = NDArray[np.float64]
Bound = Callable[[Floats, int, Congestion], Floats]

EVERY_SLOT = (
    "devices are independent and each offloads with probability theta_i in every slot (stationary "
    "start); a discounted average of theta_i is not enough"
)


def fractional_power(n: ArrayLike, beta: float) -> Floats:
    """Concave penalty (n - 1)^beta with beta below 1."""
    return np.asarray((np.asarray(n, dtype=np.float64) - 1.0) ** beta)


def fractional_slope(n: ArrayLike, beta: float) -> Floats:
    """Return the derivative of :func:`fractional_power`, infinite for a single offloader."""
    with np.errstate(divide="ignore"):
        return np.asarray(beta * (np.asarray(n, dtype=np.float64) - 1.0) ** (beta - 1.0))


def concave(beta: float) -> Congestion:
    """Concave power law."""
    return Congestion(
        partial(fractional_power, beta=beta), partial(fractional_slope, beta=beta), -1
    )


def check_linear(congestion: Congestion, context: Context) -> Finding:
    """Compare true and approximate congestion of optimal policies, two identical devices."""
    del context
    stationary, evidence = 0.0, {}
    for name, mdp in (("toy", toy()), ("240_states", golden())):
        for budget in (0.1, 0.2, 0.3):
            policy = _policy(mdp, budget, budget, congestion)
            stationary = max(
                stationary, abs(_error(stationary_start(mdp, policy), policy, congestion))
            )
            true = 2.0 * evaluate_identical(mdp, policy, 2, congestion).congestion[0]
            evidence[f"true_collisions_{name}_budget_{budget}"] = float(true)
            evidence[f"approximate_collisions_budget_{budget}"] = 2.0 * budget**2 / 0.05
    for name, device, mdp in (
        ("toy", toy_device(), toy()),
        ("240_states", golden_device(), golden()),
    ):
        empty = with_start(mdp, battery_at(device, 0))
        policy = _policy(empty, 0.1, 0.1, congestion)
        true = 2.0 * evaluate_identical(empty, policy, 2, congestion).congestion[0]
        evidence[f"true_collisions_{name}_budget_0.1_empty_battery"] = float(true)
    true, approximate = synchronised_pair(0.95)
    return only_under(
        EVERY_SLOT,
        stationary < 1e-9,
        largest_error_from_stationary_start=stationary,
        lockstep_true_over_approximate=true / approximate,
        **evidence,
    )


def chord_to_half(mean: Floats, n_others: int, congestion: Congestion) -> Floats:
    """Bound whose chord is drawn to half the crowd instead of the whole."""
    half = max(1, n_others // 2)
    return penalty_gap_bound(np.minimum(mean, half), half, congestion)


def check_bound(bound: Bound, context: Context) -> Finding:
    """20 000 Poisson-binomial crowds, convex and concave; then ten devices on optimal policies."""
    rng, ratios = context.rng("dcc", "lemma-1-bound"), []
    for beta in (0.5, 0.8, 1.5, 2.0, 3.0):
        d = power_law(1.0, beta) if beta >= 1.0 else concave(beta)
        for n_others in (1, 2, 4, 9):
            p = rng.beta(0.6, 0.6, size=(1000, n_others)) * rng.random((1000, 1))
            mean = np.minimum(p.sum(axis=1), n_others)
            true = crowd_law(p) @ d.penalty(1.0 + np.arange(n_others + 1.0))
            rounding = 1e-13 * d.penalty(1.0 + n_others)
            gap = np.abs(true - d.penalty(1.0 + mean))
            ratios.append(gap / (bound(mean, n_others, d) + rounding))
    ratio = np.concatenate(ratios)
    return only_under(
        EVERY_SLOT,
        float(ratio.max()) <= 1.0 + 1e-9,
        crowds=float(ratio.size),
        largest_gap_over_bound=float(ratio.max()),
        median_gap_over_bound=float(np.median(ratio)),
        **_ten_devices(),
    )


def check_converse(congestion: Congestion, context: Context) -> Finding:
    """Gap of random and of certain crowds under a convex penalty."""
    rng = context.rng("dcc", "lemma-1-converse")
    p = rng.uniform(0.05, 0.95, size=(500, 4))
    certain = np.eye(4)[:, :3].repeat(2, axis=0)
    gaps = [
        crowd_law(q) @ congestion.penalty(1.0 + np.arange(q.shape[1] + 1.0))
        - congestion.penalty(1.0 + q.sum(axis=1))
        for q in (p, certain)
    ]
    return only_under(
        "the number of other offloaders is random",
        bool((gaps[0] > 1e-6).all()) and float(np.abs(gaps[1]).max()) < 1e-12,
        least_gap_of_random_crowds=float(gaps[0].min()),
        largest_gap_of_certain_crowds=float(np.abs(gaps[1]).max()),
        variance_formula_error_beta_2=float(
            np.abs(gaps[0] - [curvature_gap_bound(q, 2.0) for q in p]).max()
        ),
    )


def check_variance(congestion: Congestion, context: Context) -> Finding:
    """Variance of what one device pays, true against approximate, exact over 2000 crowds."""
    rng = context.rng("dcc", "variance")
    found = _variance_change(congestion, rng.uniform(size=(2000, 4)), rng.uniform(size=2000))
    counter = _variance_change(concave(0.25), np.full((1, 4), 0.5), np.array([0.05]))
    return only_under(
        "d is convex or linear (a strongly concave d can raise the variance), and theta is the "
        "probability in every slot (otherwise the mean changes as well)",
        float(found.max()) <= 1e-12,
        largest_change_of_variance=float(found.max()),
        mean_change_of_variance=float(found.mean()),
        change_for_concave_d_power_one_quarter=float(counter[0]),
    )


def as_given(mdp: FiniteMDP, policy: Floats) -> FiniteMDP:
    """Start law of the experiments: AoI 1, battery uniform."""
    del policy
    return mdp


def check_experiment(start: Callable[[FiniteMDP, Floats], FiniteMDP], context: Context) -> Finding:
    """15 random environments of three devices, exponents 1 to 3, optimal policies."""
    rng = context.rng("dcc", "bound-experiment")
    betas, within, linear = (1.0, 1.5, 2.0, 3.0), [], 0.0
    shown: dict[str, list[float]] = {"error": [], "bound": []}
    environments = small_environments(context, 15, 3)
    budgets = rng.uniform(0.05, 0.4, size=(15, 3))
    for beta in betas:
        congestion = power_law(1.0, beta)
        errors, bounds = [], []
        for devices, theta in zip(environments, budgets, strict=True):
            found = _errors_and_bounds(devices, theta, congestion, start)
            errors.append(found[0])
            bounds.append(found[1])
        error, bound = np.concatenate(errors), np.concatenate(bounds)
        within.append(float(np.mean(error <= bound + 1e-9)))
        linear = max(linear, float(error.max())) if beta == 1.0 else linear
        shown["error"].append(float(error.mean()))
        shown["bound"].append(float(bound.mean()))
    holds = min(within) == 1.0
    plot = Plot(
        "Mean error of the approximate congestion per device",
        "exponent of the penalty",
        "discounted cost",
        {name: (np.array(betas), np.array(values)) for name, values in shown.items()},
    )
    return Finding(
        Verdict.HOLDS if holds else Verdict.NOT_REPRODUCED,
        {
            "share_within_bound_least": min(within),
            "largest_error_beta_1": linear,
            **{f"mean_error_beta_{b}": e for b, e in zip(betas, shown["error"], strict=True)},
            **{f"mean_bound_beta_{b}": e for b, e in zip(betas, shown["bound"], strict=True)},
        },
        plots=(plot,),
    )


def _policy(mdp: FiniteMDP, budget: float, others: float, congestion: Congestion) -> Floats:
    return lagrangian.solve(local_cmdp(LocalProblem(mdp, budget, others, congestion))).policy


def _error(mdp: FiniteMDP, policy: Floats, congestion: Congestion) -> float:
    """Return the true minus the approximate congestion of one of two identical devices."""
    value = evaluate_identical(mdp, policy, 2, congestion)
    theta = (1.0 - mdp.gamma) * value.counts[0]
    return float(value.congestion[0] - value.counts[0] * congestion.penalty(1.0 + theta))


def _ten_devices() -> dict[str, float]:
    """Errors per device of ten 240-state devices, budgets 0.1, empty batteries, and the bounds."""
    mdp, evidence = with_start(golden(), battery_at(golden_device(), 0)), {}
    for beta in (1.0, 1.5, 2.0):
        congestion = power_law(1.0, beta)
        value = evaluate_identical(mdp, _policy(mdp, 0.1, 0.9, congestion), 10, congestion)
        charged = value.counts[0] * float(congestion.penalty(1.9))
        bound = approximation_bound(np.full(10, 0.1), congestion, mdp.gamma)[0]
        evidence[f"error_of_common_start_beta_{beta}"] = float(value.congestion[0] - charged)
        evidence[f"bound_beta_{beta}"] = float(bound)
    return evidence


def _errors_and_bounds(
    devices: list[FiniteMDP],
    theta: Floats,
    congestion: Congestion,
    start: Callable[[FiniteMDP, Floats], FiniteMDP],
) -> tuple[Floats, Floats]:
    """Per device: error of the approximate congestion at the frequencies used, and its bound."""
    others = others_of(theta)
    policies = [
        _policy(m, float(b), float(o), congestion)
        for m, b, o in zip(devices, theta, others, strict=True)
    ]
    started = [start(m, q) for m, q in zip(devices, policies, strict=True)]
    value = evaluate(started, policies, congestion)
    used = np.clip((1.0 - devices[0].gamma) * value.counts, 0.0, 1.0)
    charged = value.counts * congestion.penalty(1.0 + others_of(used))
    return np.abs(value.congestion - charged), approximation_bound(
        used, congestion, devices[0].gamma
    )


def _variance_change(congestion: Congestion, p: Floats, own: Floats) -> Floats:
    """Approximate minus true variance of 1{offload} d, others with probabilities p, (cases,)."""
    values = congestion.penalty(1.0 + np.arange(p.shape[1] + 1.0))
    law = crowd_law(p)
    true = own * (law @ values**2) - (own * (law @ values)) ** 2
    charged = congestion.penalty(1.0 + p.sum(axis=1))
    return np.asarray(own * (1.0 - own) * charged**2 - true)


CLAIMS = (
    Claim(
        "dcc/lemma-1-linear",
        "Lemma 1, linear penalty",
        "With a linear penalty the true and the approximate discounted reward coincide.",
        ("DC-09",),
        Kind.EXACT,
        check_linear,
        power_law(),
        Control("a squared penalty", power_law(1.0, 2.0)),
    ),
    Claim(
        "dcc/lemma-1-bound",
        "Lemma 1, eqs. 17, 18",
        "The error of a convex or concave penalty is at most chord minus function at the mean.",
        ("DC-10",),
        Kind.EXACT,
        check_bound,
        penalty_gap_bound,
        Control("the chord ends at half the crowd", chord_to_half),
    ),
    Claim(
        "dcc/lemma-1-converse",
        "Lemma 1 (implied converse)",
        "The approximation is exact only for linear penalties.",
        ("DC-11",),
        Kind.EXACT,
        check_converse,
        power_law(1.0, 2.0),
        Control("a linear penalty", power_law()),
    ),
    Claim(
        "dcc/variance-reduction",
        "sec. 4.1",
        "Charging the mean crowd instead of the actual one reduces the variance of the reward.",
        ("DC-12",),
        Kind.EXACT,
        check_variance,
        power_law(1.0, 1.5),
        Control("a strongly concave penalty, power one quarter", concave(0.25)),
    ),
    Claim(
        "dcc/bound-experiment",
        "App. C.5",
        "On small environments solved by linear programs the observed error stays within the bound "
        "and vanishes for exponent 1.",
        ("DC-50",),
        Kind.EXACT,
        check_experiment,
        as_given,
        Control("every device starts from the stationary law of its policy", stationary_start),
    ),
)
