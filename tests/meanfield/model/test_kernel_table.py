"""Specifies the table of kernels: right rows, whatever collides, and forgetting."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.meanfield.model import kernel_table
from refimpl.meanfield.model.graph import graph_from_edges
from refimpl.meanfield.model.kernel_table import KernelTable
from refimpl.meanfield.model.system import System
from refimpl.shared.bounded_queue import epoch_kernel

PAIR = graph_from_edges(2, np.array([[0, 1]]))
ONE = np.zeros(1, dtype=np.intp)


def drops(table: KernelTable, rows: np.ndarray, width: int = 6) -> np.ndarray:
    return table.drops.reshape(-1, width)[rows]


def test_rates_in_one_bucket_are_kept_apart() -> None:
    table = KernelTable(System(PAIR))
    rates = 0.5 + np.arange(5) * 1e-9
    keys = np.rint(rates * kernel_table.UNITS).astype(np.int64)
    assert len(set(keys.tolist())) == 5
    assert len(set((keys >> kernel_table.BUCKET_SHIFT).tolist())) == 1
    for _ in range(2):
        rows = table.rows(rates, ONE)
        assert len(set(rows.tolist())) == 5
        expected = epoch_kernel(rates, 1.0, 5, 5.0).expected_drops
        np.testing.assert_allclose(drops(table, rows), expected, atol=1e-13)


def test_the_same_rate_at_another_speed_is_another_kernel() -> None:
    system = System(PAIR, service_rates=[1.0, 3.0])
    table = KernelTable(system)
    rows = table.rows(np.array([0.7, 0.7]), np.array([0, 1]))
    expected = epoch_kernel(0.7, [1.0, 3.0], 5, 5.0).expected_drops
    np.testing.assert_allclose(drops(table, rows), expected, atol=1e-13)


def test_a_full_table_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_table, "MAX_KERNELS", 10)
    table = KernelTable(System(PAIR))
    for first in range(0, 40, 8):
        rates = 0.1 + 0.01 * np.arange(first, first + 8)
        rows = table.rows(rates, ONE)
        assert rows.max() < 10
        expected = epoch_kernel(rates, 1.0, 5, 5.0).expected_drops
        np.testing.assert_allclose(drops(table, rows), expected, atol=1e-13)


def test_what_was_known_before_forgetting_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_table, "MAX_KERNELS", 10)
    table = KernelTable(System(PAIR))
    table.rows(0.1 + 0.01 * np.arange(8), ONE)
    mixed = 0.15 + 0.01 * np.arange(9)  # three known ones, six new ones: too many together
    rows = table.rows(mixed, ONE)
    expected = epoch_kernel(mixed, 1.0, 5, 5.0).expected_drops
    np.testing.assert_allclose(drops(table, rows), expected, atol=1e-13)


def test_more_rates_than_it_keeps_are_served_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_table, "MAX_KERNELS", 10)
    table = KernelTable(System(PAIR))
    for _ in range(2):
        many = 0.1 + 0.01 * np.arange(25)
        expected = epoch_kernel(many, 1.0, 5, 5.0).expected_drops
        np.testing.assert_allclose(drops(table, table.rows(many, ONE)), expected, atol=1e-13)


@pytest.mark.parametrize("buffer", [1, 2, 3, 7, 8, 20])
def test_inversion_counts_the_steps_below(buffer: int) -> None:
    table = KernelTable(System(PAIR, buffer=buffer))
    rng = np.random.default_rng(buffer)
    rates, states, u = (
        rng.choice([0.2, 1.1], 200),
        rng.integers(0, buffer + 1, 200),
        rng.random(200),
    )
    kernels = table.rows(rates, ONE)
    found = table.invert(kernels * (buffer + 1) + states, u)
    rows = epoch_kernel(rates, 1.0, buffer, 5.0).transitions[np.arange(200), states]
    expected = (u[:, None] > np.cumsum(rows, axis=1)[:, :-1]).sum(axis=1)
    np.testing.assert_array_equal(found, expected)


def test_too_many_speeds_are_refused() -> None:
    n = 60_000
    ring = graph_from_edges(n, np.stack([np.arange(n), (np.arange(n) + 1) % n], axis=1))
    with pytest.raises(ValueError, match="service_rates must have fewer different values"):
        KernelTable(System(ring, service_rates=1.0 + np.arange(n) / n))
