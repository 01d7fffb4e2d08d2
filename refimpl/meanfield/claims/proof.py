"""Claims about how the proof of Theorem 1 rewrites the system [MF App. A]."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refimpl.findings import exactly
from refimpl.ledger import Claim, Context, Control, Finding, Kind
from refimpl.meanfield.claims.findings import HIGH_RATE, SERVICE, largest_gap
from refimpl.meanfield.model.arrivals import arrival_rates
from refimpl.meanfield.model.topologies import star
from refimpl.shared.bounded_queue import epoch_kernel

Floats = NDArray[np.float64]
Arities = tuple[int, ...]
Exponent = Callable[[int], float]
Objective = Callable[[Floats, float], float]

STATE_ARITIES = (1, 2, 3)
"""Entries of an element of Z, of Z x A, and of Z x A x [0, D_max]: the state space X."""


def check_cases(arities: Arities, context: Context) -> Finding:
    """Count the parts of the state space that exactly one case of F covers."""
    del context
    covered = sum(arities.count(arity) == 1 for arity in STATE_ARITIES)
    return exactly(float(len(STATE_ARITIES) - covered), 0.0, covered_parts=float(covered))


def printed_exponent(step: int) -> float:
    """Discount exponent ``(t - 2) / 3`` of step t of the split time."""
    return (step - 2) / 3


def shifted_exponent(step: int) -> float:
    """Discount as if drops were known at the first of the three steps: ``t / 3``."""
    return step / 3


def check_time_split(exponent: Exponent, context: Context) -> Finding:
    """Discounted sum of drops, against the sum over three times as many steps."""
    rng, gamma, epochs = context.rng("meanfield", "time-split"), 0.99, 50
    drops, split = rng.random(epochs), np.zeros(3 * epochs)
    # Only every third step holds a number of drops; states and actions count for nothing.
    split[2::3] = drops
    weights = np.array([gamma ** exponent(step) for step in range(3 * epochs)])
    expected = float(gamma ** np.arange(epochs) @ drops)
    return exactly(abs(float(weights @ split) / expected - 1.0), 1e-12)


def main_text(drops: Floats, gamma: float) -> float:
    """``J = -sum gamma^t D_t``, to be maximised [MF sec. 1.3.2]."""
    return -float(gamma ** np.arange(drops.size) @ drops)


def appendix(drops: Floats, gamma: float) -> float:
    """``J = sum gamma^t D_t``, of which the proof also takes the largest [MF App. A]."""
    return -main_text(drops, gamma)


@dataclass(frozen=True)
class Objectives:
    """The objective as two places of the paper write it."""

    one: Objective
    other: Objective


def check_sign(objectives: Objectives, context: Context) -> Finding:
    """Check that both objectives, maximised, prefer the same of two policies on a star.

    One keeps all jobs; the other sends all away, so that the middle gets most of them.
    """
    del context
    streams = []
    for offload in (0.0, 1.0):
        rates = arrival_rates(star(3), np.full(4, offload), HIGH_RATE)
        drops = [epoch_kernel(rates, SERVICE, 5, 5.0).expected_drops[:, z].mean() for z in range(6)]
        streams.append(np.array(drops))
    kept, sent = (
        np.array([objective(stream, 0.99) for stream in streams])
        for objective in (objectives.one, objectives.other)
    )
    disagree = int(np.argmax(kept)) != int(np.argmax(sent))
    return exactly(
        float(disagree),
        0.0,
        keeping_first=kept[0],
        sending_first=kept[1],
        gap_of_the_two=largest_gap(kept, sent),
    )


CLAIMS = (
    Claim(
        "meanfield/proof-cases-of-the-dynamics",
        "App. A, F",
        "The three cases of F cover the three parts Z, Z x A and Z x A x [0, D_max] of the state "
        "space, each once.",
        ("MF-09",),
        Kind.EXACT,
        check_cases,
        (1, 2, 4),
        Control("the third case names the action set once, not twice", (1, 2, 3)),
    ),
    Claim(
        "meanfield/objective-sign",
        "sec. 1.3.2, App. A",
        "The objective that is maximised is the same in the main text and in the appendix.",
        ("MF-10",),
        Kind.EXACT,
        check_sign,
        Objectives(main_text, appendix),
        Control("the minus sign is kept in the appendix", Objectives(main_text, main_text)),
    ),
    Claim(
        "meanfield/proof-time-split",
        "App. A",
        "With each epoch split in three, drops counted at steps 2, 5, 8, ... and weighed with "
        "gamma^((t-2)/3), the objective stays the same.",
        ("MF-11",),
        Kind.EXACT,
        check_time_split,
        printed_exponent,
        Control("drops weighed with gamma^(t/3)", shifted_exponent),
    ),
)
