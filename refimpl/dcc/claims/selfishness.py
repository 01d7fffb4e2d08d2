"""Claims that compare coordination with selfish use, and their exponents [DCC sec. 5.1, Fig. 4]."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from refimpl.dcc.claims.findings import golden, small_environments, toy_curve
from refimpl.dcc.model.congestion import Congestion, power_law
from refimpl.dcc.model.game import evaluate_identical
from refimpl.dcc.objective.response import ResponseCurves, local_budget_curve, response_curves
from refimpl.dcc.policies import always_offload
from refimpl.dcc.theory.equilibrium import (
    Price,
    best_response_equilibrium,
    equilibrium_cost,
    price_balance,
    selfish_price,
    selfish_price_of_crowd,
    social_price_of_crowd,
    social_price_of_mean,
)
from refimpl.dcc.theory.kinks import exponent_threshold
from refimpl.findings import only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Plot, Verdict

Floats = NDArray[np.float64]

BETAS = (1.0, 1.5, 2.0, 3.0)


def mean_of_others(congestion: Congestion, n_devices: int) -> Price:
    """Social price with the mean of the others' frequencies in place of their sum."""
    del n_devices
    return social_price_of_mean(congestion, 2)


def check_exponent(price: Callable[[Congestion, int], Price], context: Context) -> Finding:
    """Best common frequency over the exponent: ten devices, four dear ones, and the true crowd."""
    del context
    falling, rising = _frequencies(price, 10, 1.0), _frequencies(price, 4, 2.0)
    true = [_frequencies(social_price_of_crowd, n, k) for n, k in ((10, 1.0), (4, 2.0), (4, 0.3))]
    evidence = {}
    for name, n_devices, found in (("10", 10, falling), ("4", 4, rising)):
        for beta, frequency in zip(BETAS, found, strict=True):
            crowd = (n_devices - 1) * frequency
            evidence[f"others_on_average_N_{name}_beta_{beta}"] = float(crowd)
    plot = Plot(
        "Best common offloading frequency (toy device)",
        "exponent of the penalty",
        "frequency",
        {
            "N = 10, kappa = 1, expected crowd": (np.array(BETAS), falling),
            "N = 4, kappa = 2, expected crowd": (np.array(BETAS), rising),
            "N = 4, kappa = 2, true crowd": (np.array(BETAS), true[1]),
        },
    )
    finding = only_under(
        "more than exp(-1 / (beta + 1)) others offload on average, or the penalty falls on the "
        "actual crowd instead of its mean",
        bool((np.diff(falling) < 0.0).all() and all((np.diff(t) <= 1e-9).all() for t in true)),
        threshold_beta_1=exponent_threshold(1.0),
        threshold_beta_3=exponent_threshold(3.0),
        rise_of_frequency_N_4_kappa_2=float(rising[-1] - rising[0]),
        change_with_the_true_crowd_N_4_kappa_2=float(true[1][-1] - true[1][0]),
        **evidence,
    )
    return Finding(finding.verdict, finding.evidence, finding.assumption, (plot,))


def at_equilibrium(curves: ResponseCurves, n_devices: int) -> float:
    """Cost per device where every device best-responds to the others, linear penalty."""
    balance = price_balance(curves, selfish_price(power_law(), n_devices))
    return equilibrium_cost(curves, balance)


def always_offloading(curves: ResponseCurves, n_devices: int) -> float:
    """Cost per device when all always offload, as learners that have not converged may."""
    del curves
    value = evaluate_identical(golden(), always_offload(golden().n_states), n_devices, power_law())
    return float(value.per_device[0])


def check_never_offload(play: Callable[[ResponseCurves, int], float], context: Context) -> Finding:
    """Cost of selfish play of the 240-state device against V(0), in systems of 4 to 50."""
    curves = response_curves([local_budget_curve(golden())], golden().gamma)
    never, evidence, ratios = float(curves.values[0, 0]), {}, []
    for n_devices in (4, 10, 20, 50):
        cost = play(curves, n_devices)
        best = price_balance(curves, social_price_of_mean(power_law(), n_devices))
        ratios.append(cost / never)
        evidence[f"selfish_cost_over_never_N_{n_devices}"] = cost / never
        evidence[f"selfish_cost_over_optimum_N_{n_devices}"] = cost / _best_cost(
            curves, best.frequency, n_devices
        )
    evidence |= _mixed_populations(context)
    beaten = max(ratios[2:]) > 1.0
    return Finding(
        Verdict.HOLDS if beaten else Verdict.REFUTED,
        {"cost_of_never_offloading": never, **evidence},
    )


def _frequencies(price: Callable[[Congestion, int], Price], n_devices: int, kappa: float) -> Floats:
    """Best common frequencies of toy devices over the exponents."""
    return np.array(
        [price_balance(toy_curve(), price(power_law(kappa, b), n_devices)).frequency for b in BETAS]
    )


def _best_cost(curves: ResponseCurves, frequency: float, n_devices: int) -> float:
    """Cost per device when all offload at a common frequency and pay for the expected crowd."""
    rest = 1.0 - curves.gamma
    local = float(np.interp(frequency / rest, curves.counts[0], curves.values[0]))
    return local + frequency / rest * (n_devices - 1) * frequency


def _mixed_populations(context: Context) -> dict[str, float]:
    """Best responses of 20 different devices, and the largest cost against never offloading."""
    devices = small_environments(context, 1, 20)[0]
    curves = response_curves([local_budget_curve(m) for m in devices], devices[0].gamma)
    found = best_response_equilibrium(curves, power_law(), np.zeros(20))
    crowd = price_balance(toy_curve(), selfish_price_of_crowd(power_law(1.0, 2.0), 20))
    return {
        "regret_of_20_different_devices": found.regret,
        "largest_cost_over_never_20_different_devices": float(
            np.max(found.costs / curves.values[:, 0])
        ),
        "selfish_cost_over_never_true_crowd_N_20_beta_2": equilibrium_cost(toy_curve(), crowd)
        / float(toy_curve().values[0, 0]),
    }


CLAIMS = (
    Claim(
        "dcc/offloading-falls-with-the-exponent",
        "Fig. 4, sec. 5.4",
        "A larger exponent of the penalty makes coordinated devices offload less.",
        ("DC-45",),
        Kind.EXACT,
        check_exponent,
        social_price_of_mean,
        Control("the mean of the others' frequencies in place of their sum", mean_of_others),
    ),
    Claim(
        "dcc/never-offloading-beats-selfish-devices",
        "sec. 5.1",
        "In large systems never offloading is cheaper than what uncoordinated devices reach.",
        ("DC-54",),
        Kind.EXACT,
        check_never_offload,
        at_equilibrium,
        Control("all devices always offload, which is no equilibrium", always_offloading),
    ),
)
