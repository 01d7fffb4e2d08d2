"""The M/M/1/B queue during an epoch with constant rates: where it ends and what it drops.

Arrivals at rate a, one server at rate s, room for B jobs, the one in service included; an arrival
that finds B jobs is dropped. Within the epoch the number of jobs is a birth-death chain with
generator Q. Drops are counted by one more column next to Q,

    Qbar = [[Q, a e_B], [0, 0]],    exp(Qbar t) = [[P(t), D(t)], [0, 1]],

whose exponential holds the transition matrix and ``D_z(t) = a int_0^t P_{z,B}(u) du``, the expected
number of drops from z. The column collects; it drains nothing, so the diagonal of Q stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from linear_models.params import Array
from linear_models.validation import check_count, check_positive
from refimpl.shared.markov_chains import birth_death, check_rates
from refimpl.shared.matrix_exponential import exponential


@dataclass(frozen=True)
class EpochKernel:
    """What an epoch does to queues, one entry of the leading axes per queue.

    Attributes
    ----------
    transitions : (..., B + 1, B + 1) float
        Probabilities. Convention: row = state at the start; rows sum to 1.
    expected_drops : (..., B + 1) float
        Expected number of drops by state at the start.
    """

    transitions: Array
    expected_drops: Array


def epoch_kernel(
    arrival_rates: ArrayLike, service_rates: ArrayLike, buffer: int, dt: float
) -> EpochKernel:
    """Exact law of an epoch for arrays of rates [MF App. A].

    Parameters
    ----------
    arrival_rates : (...) float
        Per unit time, >= 0.
    service_rates : (...) float
        Per unit time, > 0; broadcast against ``arrival_rates``.
    buffer : int
        B >= 1.
    dt : float
        Length of the epoch, > 0.

    Raises
    ------
    ValueError
        If a number is out of range, NaN or infinite.
    """
    arrivals, services = _check(arrival_rates, service_rates, buffer, dt)
    return _split(exponential(counting_generator(arrivals, services, buffer) * dt))


def epoch_kernel_derivative(
    arrival_rates: ArrayLike, service_rates: ArrayLike, buffer: int, dt: float
) -> EpochKernel:
    """Differentiate :func:`epoch_kernel` with respect to the arrival rate.

    The corner of the exponential of a doubled matrix is the Frechet derivative of the exponential
    at A in the direction E:  ``exp [[A, E], [0, A]] = [[exp A, L(A, E)], [0, exp A]]``; here
    ``A = Qbar dt`` and ``E = dt dQbar/da``.

    Returns
    -------
    EpochKernel
        Of derivatives: rows of ``transitions`` sum to 0.

    Raises
    ------
    ValueError
        As :func:`epoch_kernel`.
    """
    arrivals, services = _check(arrival_rates, service_rates, buffer, dt)
    generator = counting_generator(arrivals, services, buffer) * dt
    # The matrix is linear in the arrival rate, so a unit rate without service is the direction.
    direction = counting_generator(np.ones(()), np.zeros(()), buffer) * dt
    n = buffer + 2
    doubled = np.zeros((*generator.shape[:-2], 2 * n, 2 * n), dtype=generator.dtype)
    doubled[..., :n, :n] = doubled[..., n:, n:] = generator
    doubled[..., :n, n:] = direction
    return _split(exponential(doubled)[..., :n, n:])


def counting_generator(arrivals: Array, services: Array, buffer: int) -> Array:
    """Build the generator with the column that counts drops, ``Qbar``; (..., B + 2, B + 2)."""
    arrivals, services = np.broadcast_arrays(arrivals, services)
    ones = np.ones(buffer)
    generator = birth_death(arrivals[..., None] * ones, services[..., None] * ones)
    counting = np.zeros((*arrivals.shape, buffer + 2, buffer + 2), dtype=generator.dtype)
    counting[..., :-1, :-1] = generator
    counting[..., buffer, buffer + 1] = arrivals
    return counting


def drop_law(
    arrival_rates: ArrayLike,
    service_rates: ArrayLike,
    buffer: int,
    dt: float,
    max_drops: int | None = None,
) -> Array:
    """Joint law of the state at the end of an epoch and the number of drops during it.

    Weighing each drop with a number x makes the generator ``Q + a (x - 1) e_B e_B'``, whose
    exponential is the generating function ``sum_n P(z', n) x^n``; its values at the roots of unity
    are the Fourier transform of the law.

    Parameters
    ----------
    arrival_rates, service_rates, buffer, dt
        As for :func:`epoch_kernel`.
    max_drops : int, optional
        Largest count told apart; by default so large that more have a probability below 1e-17.

    Returns
    -------
    (..., B + 1, B + 1, max_drops + 1) float
        Indexed by state before, state after, drops. Absolute errors are of the order of rounding.

    Raises
    ------
    ValueError
        As :func:`epoch_kernel`; or if ``max_drops`` is too small to hold all but 1e-12 of the law.
    """
    arrivals, services = _check(arrival_rates, service_rates, buffer, dt)
    # A queue drops no more than arrive.
    mean = float(arrivals.max(initial=0.0)) * dt
    needed = _tail_starts(mean)
    size = needed if max_drops is None else max_drops
    if stats.poisson.sf(size, mean) > 1e-12:
        raise ValueError(f"max_drops must be at least {needed} at these rates; got {max_drops}")
    roots = np.exp(-2j * np.pi * np.arange(size + 1) / (size + 1))
    generator = counting_generator(arrivals, services, buffer)[..., :-1, :-1].astype(np.complex128)
    weighted = np.repeat(generator[..., None, :, :], size + 1, axis=-3)
    weighted[..., buffer, buffer] += arrivals[..., None] * roots
    # The counting column's arrivals at B leave the diagonal alone; here they are events.
    weighted[..., buffer, buffer] -= arrivals[..., None]
    transform = np.moveaxis(exponential(weighted * dt), -3, -1)
    return np.maximum(np.fft.ifft(transform, axis=-1).real, 0.0)


def stationary_law(arrival_rates: ArrayLike, service_rates: ArrayLike, buffer: int) -> Array:
    """Law of the number of jobs after a long time, ``pi_k`` proportional to ``(a / s)^k``.

    Returns
    -------
    (..., B + 1) float
        ``[..., B]`` is the blocking probability.

    Raises
    ------
    ValueError
        As :func:`epoch_kernel`.
    """
    arrivals, services = _check(arrival_rates, service_rates, buffer, 1.0)
    arrivals, services = np.broadcast_arrays(arrivals, services)
    load = (arrivals / services)[..., None]
    k = np.arange(buffer + 1)
    # Powers of numbers up to 1 only: counted from whichever end is the likely one.
    weights = np.where(
        load <= 1, np.minimum(load, 1.0) ** k, np.maximum(load, 1.0) ** (k - float(buffer))
    )
    law: Array = weights / weights.sum(axis=-1, keepdims=True)
    return law


def _tail_starts(mean: float) -> int:
    """Least n that a Poisson number with this mean exceeds with probability below 1e-17."""
    candidates = np.arange(int(mean + 12.0 * np.sqrt(mean)) + 40)
    return int(np.argmax(stats.poisson.sf(candidates, mean) < 1e-17))


def _check(
    arrival_rates: ArrayLike, service_rates: ArrayLike, buffer: int, dt: float
) -> tuple[Array, Array]:
    arrivals = check_rates("arrival_rates", arrival_rates)
    services = check_rates("service_rates", service_rates)
    if services.size and services.real.min() <= 0:
        raise ValueError(f"service_rates must be > 0; got {services.real.min()}")
    check_count("buffer", buffer)
    check_positive("dt", dt)
    return arrivals, services


def _split(counting: Array) -> EpochKernel:
    return EpochKernel(counting[..., :-1, :-1], counting[..., :-1, -1])
