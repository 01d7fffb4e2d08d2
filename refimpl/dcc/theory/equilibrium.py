"""Selfish equilibria and symmetric optima of identical devices, exactly [DCC sec. 5.1, 5.4].

Let ``W(b)`` be the least local cost of a device whose discounted count is at most ``b`` (convex,
piecewise linear; :mod:`refimpl.dcc.objective.response`). If every offload is charged ``price``, its
best counts are those where ``price`` lies between minus the right and minus the left slope of
``W``. When the price rises with the common frequency ``f``, the two meet exactly once; where
depends on which price is charged:

* selfish, expected crowd: ``d(1 + (N-1) f)``, what the approximate reward charges (eq. 6);
* social, expected crowd: ``d + (N-1) f d'``, the marginal cost of all: the symmetric optimum of
  eq. (13);
* selfish and social with the true random crowd: the same of ``E d(1 + Binomial(N-1, f))``.

An agent that never offloads pays no congestion whatever the others do, so in any equilibrium, of
any of these games, nobody's cost exceeds ``W(0)``, the cost of never offloading.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from refimpl.dcc.model.congestion import Congestion
from refimpl.dcc.model.crowd import expected_penalty_identical
from refimpl.dcc.objective.local import others_of
from refimpl.dcc.objective.response import ResponseCurves, respond
from refimpl.dcc.theory.schedules import marginal_congestion

Floats = NDArray[np.float64]
Price = Callable[[float], float]


@dataclass(frozen=True)
class Balance:
    """Common frequency at which the price of an offload equals its value to the device.

    Parameters
    ----------
    frequency : float
        Normalised discounted frequency f of each device.
    local : float
        Least local cost of one device at that frequency, ``W(f / (1 - gamma))``.
    price : float
        Price at ``frequency``, cost units per offload.
    multipliers : (float, float)
        Least and largest marginal value of an offload there; ``price`` lies between.
    at_kink : bool
        Whether the frequency is a breakpoint of ``W`` (the two multipliers differ).
    """

    frequency: float
    local: float
    price: float
    multipliers: tuple[float, float]
    at_kink: bool


def price_balance(curves: ResponseCurves, price: Price) -> Balance:
    """Frequency where a rising price meets the falling marginal value of offloading.

    Parameters
    ----------
    curves : ResponseCurves
        Of one device.
    price : callable
        Non-decreasing function of the common frequency in [0, 1].

    Raises
    ------
    ValueError
        If ``curves`` holds more than one device.
    """
    if curves.n_devices != 1:
        raise ValueError(f"curves must hold one device; got {curves.n_devices}")
    useful = np.append(True, np.diff(curves.counts[0]) > 0.0)  # rows are padded at their end
    counts, values = curves.counts[0, useful], curves.values[0, useful]
    budgets = (1.0 - curves.gamma) * counts
    worth = np.append(-np.diff(values) / np.diff(counts), 0.0)  # right of each breakpoint
    k = int(np.argmax([worth[k] <= price(budgets[k]) for k in range(len(budgets))]))
    above = float(worth[k - 1]) if k else np.inf
    if above > price(float(budgets[k])):
        frequency, values_there = float(budgets[k]), (float(worth[k]), above)
    else:
        frequency = float(
            brentq(lambda f: price(f) - above, budgets[k - 1], budgets[k], xtol=1e-15, rtol=1e-14)
        )
        values_there = (above, above)
    return Balance(
        frequency=frequency,
        local=float(np.interp(frequency / (1.0 - curves.gamma), counts, values)),
        price=float(price(frequency)),
        multipliers=values_there,
        at_kink=values_there[0] < values_there[1],
    )


def selfish_price(congestion: Congestion, n_devices: int) -> Price:
    """Price of an offload to its own device, expected crowd: ``d(1 + (N-1) f)`` [DCC eq. 6]."""
    return lambda f: float(congestion.penalty(1.0 + (n_devices - 1) * f))


def social_price_of_mean(congestion: Congestion, n_devices: int) -> Price:
    """Price of an offload to everybody, expected crowd: ``d + (N-1) f d'`` [DCC eq. 16].

    The balance at this price minimises eq. (13) over equal budgets: its own derivative is minus
    the multiplier plus ``d``, its coupling derivative ``(N-1) f d'``.
    """

    def price(f: float) -> float:
        others = (n_devices - 1) * f
        return float(
            congestion.penalty(1.0 + others) + others * congestion.derivative(1.0 + others)
        )

    return price


def selfish_price_of_crowd(congestion: Congestion, n_devices: int) -> Price:
    """Price of an offload to its own device, true crowd: ``E d(1 + Binomial(N-1, f))``."""
    return lambda f: float(expected_penalty_identical(np.array([f]), n_devices, congestion)[0])


def social_price_of_crowd(congestion: Congestion, n_devices: int) -> Price:
    """Price of an offload to everybody, true crowd: ``E [(1+X) d(1+X) - X d(X)]``, X binomial."""
    return selfish_price_of_crowd(marginal_congestion(congestion), n_devices)


def equilibrium_cost(curves: ResponseCurves, balance: Balance) -> float:
    """Discounted cost of one device at a selfish balance: local cost plus what it pays.

    Never above the cost of never offloading, for any non-negative price: the balance is a best
    response and not offloading at all is one of the alternatives.
    """
    return balance.local + balance.price * balance.frequency / (1.0 - curves.gamma)


@dataclass(frozen=True)
class Equilibrium:
    """Outcome of best responses of different devices, expected crowd [DCC eq. 6].

    Parameters
    ----------
    frequencies : (N,) float
        Offloading frequencies.
    costs : (N,) float
        Discounted approximate cost of each device.
    regret : float
        Largest saving that any device could still make alone; 0 at an equilibrium.
    rounds : int
        Rounds in which every device responded once.
    """

    frequencies: Floats
    costs: Floats
    regret: float
    rounds: int


def best_response_equilibrium(
    curves: ResponseCurves, congestion: Congestion, start: ArrayLike, largest_rounds: int = 1000
) -> Equilibrium:
    """Let devices respond in turn to the others' frequencies until nobody moves.

    A best response to a price is a breakpoint of the device's curve. With a linear penalty the game
    has the exact potential ``sum_i W_i + kappa sum_{i<j} f_i f_j / (1 - gamma)``, which falls with
    every move, so an equilibrium is reached; in general ``regret`` tells.

    Parameters
    ----------
    curves : ResponseCurves
        Of N devices.
    congestion : Congestion
        Penalty d.
    start : (N,) array
        First frequencies, in [0, 1].
    largest_rounds : int
        Rounds after which to stop anyway.
    """
    frequencies = np.array(start, dtype=np.float64)
    responses = partial(respond, curves, np.ones(curves.n_devices), congestion=congestion)
    rounds, before = 0, frequencies - 1.0
    while rounds < largest_rounds and (frequencies != before).any():
        rounds, before = rounds + 1, frequencies.copy()
        for i in range(curves.n_devices):
            counts = responses(others=others_of(frequencies)).counts[0]
            frequencies[i] = min(1.0, (1.0 - curves.gamma) * counts[i])
    others = others_of(frequencies)
    costs = respond(curves, frequencies, others, congestion).values
    regret = float(np.max(costs - responses(others=others).values))
    return Equilibrium(frequencies, costs, regret, rounds)
