"""Specifies the M/M/1/B queue over an epoch: golden values, quadrature, conservation, limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from refimpl.shared.bounded_queue import (
    counting_generator,
    drop_law,
    epoch_kernel,
    epoch_kernel_derivative,
    stationary_law,
)
from refimpl.shared.markov_chains import birth_death, stationary, transition_matrix

rates = st.floats(0.0, 4.0)
services = st.floats(0.1, 4.0)
buffers = st.integers(1, 8)
delays = st.floats(0.05, 12.0)

GOLDEN = {
    (0.9, 1.0): "0.00021 0.00135 0.00835 0.04356 0.18559 0.62614",
    (0.9, 5.0): "0.10269 0.16486 0.31307 0.58917 1.04889 1.75257",
    (0.9, 10.0): "0.50538 0.61328 0.84623 1.22757 1.78527 2.54944",
    (0.6, 5.0): "0.01496 0.02948 0.07504 0.18888 0.44395 0.96822",
}


@pytest.mark.parametrize(("setting", "printed"), GOLDEN.items())
def test_golden_values(setting: tuple[float, float], printed: str) -> None:
    rate, dt = setting
    drops = epoch_kernel(rate, 1.0, 5, dt).expected_drops
    assert " ".join(f"{d:.5f}" for d in drops) == printed


@given(rates, services, buffers, delays)
def test_rows_are_laws_and_drops_are_between_none_and_all(
    rate: float, service: float, buffer: int, dt: float
) -> None:
    kernel = epoch_kernel(rate, service, buffer, dt)
    assert (kernel.transitions >= 0).all()
    np.testing.assert_allclose(kernel.transitions.sum(axis=-1), 1.0, atol=1e-13)
    assert (kernel.expected_drops >= 0).all()
    assert (kernel.expected_drops <= rate * dt * (1 + 1e-12)).all()
    assert (np.diff(kernel.expected_drops) >= -1e-14).all()


@given(rates, services, buffers, delays)
def test_jobs_are_conserved(rate: float, service: float, buffer: int, dt: float) -> None:
    """In equals out: arrivals - drops - departures is the mean change of the queue length."""
    kernel = epoch_kernel(rate, service, buffer, dt)
    change = kernel.transitions @ np.arange(buffer + 1) - np.arange(buffer + 1)
    # time spent empty, collected by a column like that of the drops
    collecting = counting_generator(np.float64(rate), np.float64(service), buffer)
    collecting[:, -1] = 0.0
    collecting[0, -1] = 1.0
    from refimpl.shared.matrix_exponential import exponential

    idle = exponential(collecting * dt)[:-1, -1]
    departures = service * (dt - idle)
    scale = 1e-13 * (1 + (rate + service) * dt)
    np.testing.assert_allclose(rate * dt - kernel.expected_drops - departures, change, atol=scale)


@pytest.mark.parametrize(("rate", "dt"), [(0.9, 1.0), (0.9, 5.0), (2.7, 10.0), (0.1, 3.0)])
def test_drops_are_the_integral_of_the_rate_at_a_full_queue(rate: float, dt: float) -> None:
    generator = birth_death(np.full(5, rate), np.ones(5))
    for state, found in enumerate(epoch_kernel(rate, 1.0, 5, dt).expected_drops):
        expected, _ = integrate.quad(
            lambda t, z=state: rate * transition_matrix(generator, t)[z, 5], 0.0, dt, epsabs=1e-12
        )
        assert abs(found - expected) < 1e-10


@given(rates, services, buffers, delays, delays)
def test_two_epochs_with_one_rate_are_one_longer_epoch(
    rate: float, service: float, buffer: int, first: float, second: float
) -> None:
    a, b = (epoch_kernel(rate, service, buffer, dt) for dt in (first, second))
    both = epoch_kernel(rate, service, buffer, first + second)
    scale = 1e-13 * (1 + (rate + service) * (first + second))
    np.testing.assert_allclose(a.transitions @ b.transitions, both.transitions, atol=scale)
    drops = a.expected_drops + a.transitions @ b.expected_drops
    np.testing.assert_allclose(drops, both.expected_drops, atol=scale)


@given(rates, services, buffers, delays)
def test_the_unit_of_time_does_not_matter(
    rate: float, service: float, buffer: int, dt: float
) -> None:
    slow = epoch_kernel(rate, service, buffer, dt)
    fast = epoch_kernel(3 * rate, 3 * service, buffer, dt / 3)
    scale = 1e-13 * (1 + (rate + service) * dt)
    np.testing.assert_allclose(slow.transitions, fast.transitions, atol=scale)
    np.testing.assert_allclose(slow.expected_drops, fast.expected_drops, atol=scale)


@given(st.lists(rates, min_size=1, max_size=4), services, buffers, delays)
def test_arrays_of_rates_are_handled_one_by_one(
    many: list[float], service: float, buffer: int, dt: float
) -> None:
    together = epoch_kernel(many, service, buffer, dt)
    for k, rate in enumerate(many):
        alone = epoch_kernel(rate, service, buffer, dt)
        np.testing.assert_array_equal(together.transitions[k], alone.transitions)
        np.testing.assert_array_equal(together.expected_drops[k], alone.expected_drops)


@given(rates, services, buffers, delays)
def test_the_derivative_is_the_complex_step(
    rate: float, service: float, buffer: int, dt: float
) -> None:
    found = epoch_kernel_derivative(rate, service, buffer, dt)
    step = epoch_kernel(rate + 1e-30j, service, buffer, dt)
    scale = 1e-12 * (1 + dt) * (1 + (rate + service) * dt)
    np.testing.assert_allclose(found.transitions, step.transitions.imag / 1e-30, atol=scale)
    np.testing.assert_allclose(found.expected_drops, step.expected_drops.imag / 1e-30, atol=scale)
    np.testing.assert_allclose(found.transitions.sum(axis=-1), 0.0, atol=scale)


@given(rates, services, st.integers(1, 5), st.floats(0.05, 6.0))
def test_the_joint_law_has_the_right_margins(
    rate: float, service: float, buffer: int, dt: float
) -> None:
    law = drop_law(rate, service, buffer, dt)
    kernel = epoch_kernel(rate, service, buffer, dt)
    scale = 1e-13 * (1 + (rate + service) * dt) * law.shape[-1]
    assert (law >= 0).all()
    np.testing.assert_allclose(law.sum(axis=-1), kernel.transitions, atol=scale)
    mean = (law * np.arange(law.shape[-1])).sum(axis=(-1, -2))
    np.testing.assert_allclose(mean, kernel.expected_drops, atol=scale * law.shape[-1])


def test_the_joint_law_counts_poisson_arrivals_when_nothing_leaves() -> None:
    """From a full queue with hardly any service, drops are Poisson."""
    from scipy import stats

    law = drop_law(1.5, 1e-12, 2, 2.0)[2, 2]
    expected = stats.poisson.pmf(np.arange(law.size), 3.0)
    np.testing.assert_allclose(law, expected, atol=1e-11)


@given(rates, services, buffers)
def test_the_stationary_law_solves_the_chain_and_is_the_long_run(
    rate: float, service: float, buffer: int
) -> None:
    law = stationary_law(rate, service, buffer)
    np.testing.assert_allclose(law.sum(), 1.0)
    if rate > 1e-3:
        chain = birth_death(np.full(buffer, rate), np.full(buffer, service))
        np.testing.assert_allclose(law, stationary(chain), rtol=1e-12)
        np.testing.assert_allclose(law @ transition_matrix(chain, 3.0), law, atol=1e-13)


def test_printed_blocking_probabilities() -> None:
    assert [f"{p:.4f}" for p in stationary_law([0.9, 0.6], 1.0, 5)[:, 5]] == ["0.1260", "0.0326"]


def test_nothing_arrives_nothing_drops() -> None:
    kernel = epoch_kernel(0.0, 1.0, 4, 3.0)
    assert not kernel.expected_drops.any()
    assert not np.triu(kernel.transitions, 1).any()
    np.testing.assert_array_equal(stationary_law(0.0, 1.0, 3), [1, 0, 0, 0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-0.1, 1.0, 5, 1.0), "arrival_rates must be >= 0; got -0.1"),
        ((np.nan, 1.0, 5, 1.0), "arrival_rates must be finite"),
        ((0.9, 0.0, 5, 1.0), "service_rates must be > 0; got 0"),
        ((0.9, 1.0, 0, 1.0), "buffer must be an integer >= 1; got 0"),
        ((0.9, 1.0, 5, 0.0), "dt must be finite and > 0; got 0"),
        ((0.9, 1.0, 5, -1.0), "dt must be finite and > 0; got -1"),
        ((0.9, 1.0, 5, np.nan), "dt must be finite"),
    ],
)
def test_bad_arguments_are_refused(
    arguments: tuple[float, float, int, float], message: str
) -> None:
    for function in (epoch_kernel, epoch_kernel_derivative, drop_law):
        with pytest.raises(ValueError, match=message):
            function(*arguments)


def test_too_few_drops_are_refused() -> None:
    with pytest.raises(ValueError, match="max_drops must be at least"):
        drop_law(2.0, 1.0, 5, 5.0, max_drops=3)
