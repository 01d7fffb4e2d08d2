"""Specifies the exact epoch: it inverts the row's distribution function, by table and by series."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.model import epoch as epoch_module
from refimpl.meanfield.model.epoch import chebyshev_rows, interpolated_epoch, tabulated_epoch
from refimpl.meanfield.model.graph import graph_from_edges
from refimpl.meanfield.model.system import System
from refimpl.shared.bounded_queue import epoch_kernel
from tests.meanfield.strategies import states_of, systems

WAYS = (tabulated_epoch, interpolated_epoch)
PAIR = graph_from_edges(2, np.array([[0, 1]]))


def some(data: st.DataObject, system: System) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """States, rates and uniform numbers of three episodes."""
    states = data.draw(st.composite(lambda draw: states_of(draw, system, 3))())
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    top = max(system.modulation.rates) * (1 + system.graph.degrees.max())
    values = np.concatenate([[0.0, top], rng.uniform(0.0, top, size=5)])
    return states, rng.choice(values, size=states.shape), rng.random(states.shape)


@given(st.data())
def test_the_next_state_inverts_the_row(data: st.DataObject) -> None:
    system = data.draw(systems())
    states, rates, uniforms = some(data, system)
    kernel = epoch_kernel(rates, system.services, system.buffer, system.dt)
    index = states[..., None, None]
    rows = np.take_along_axis(kernel.transitions, index, axis=-2)[..., 0, :]
    drops = np.take_along_axis(kernel.expected_drops, index[..., 0], axis=-1)[..., 0]
    function = np.cumsum(rows, axis=-1)[..., :-1]
    # at a uniform number within rounding of a step both neighbours are right
    clear = (np.abs(function - uniforms[..., None]) > 1e-9).all(axis=-1)
    expected = (uniforms[..., None] > function).sum(axis=-1)
    for way in WAYS:
        after, found = way(system)(states, rates, uniforms)
        np.testing.assert_array_equal(after[clear], expected[clear])
        np.testing.assert_allclose(found, drops, atol=1e-12 * (1 + rates.max() * system.dt))


@given(st.data())
def test_larger_uniform_numbers_and_larger_rates_never_lead_to_shorter_queues(
    data: st.DataObject,
) -> None:
    system = data.draw(systems())
    states, rates, uniforms = some(data, system)
    epoch = tabulated_epoch(system)
    first, _ = epoch(states, rates, uniforms)
    for more in (
        (states, rates, uniforms + 0.5 * (1 - uniforms)),
        (np.minimum(states + 1, system.buffer), rates, uniforms),
        (states, rates * 1.25, uniforms),
    ):
        assert (epoch(*more)[0] >= first).all()


def test_the_table_remembers_without_a_trace() -> None:
    """What was asked before changes no bit, however much it was."""
    system = System(PAIR, dt=2.0)
    rng = np.random.default_rng(0)
    states = rng.integers(0, 6, size=(4, 2))
    rates, uniforms = rng.choice([0.3, 0.9, 1.8], size=(4, 2)), rng.random((4, 2))
    fresh = tabulated_epoch(system)(states, rates, uniforms)
    used = tabulated_epoch(system)
    for _ in range(3):
        used(
            rng.integers(0, 6, size=(3000, 2)),
            rng.uniform(0, 2, size=(3000, 2)),
            rng.random((3000, 2)),
        )
        again = used(states, rates, uniforms)
        np.testing.assert_array_equal(again[0], fresh[0])
        np.testing.assert_array_equal(again[1], fresh[1])


def test_rates_that_differ_by_rounding_are_one_rate() -> None:
    system = System(PAIR)
    epoch = tabulated_epoch(system)
    sums = np.array([[0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1]])
    assert sums[0, 0] != sums[0, 1]
    _, drops = epoch(np.zeros((1, 2), dtype=np.intp), sums, np.full((1, 2), 0.5))
    assert drops[0, 0] == drops[0, 1]


@given(st.data(), st.integers(1, 10))
def test_how_many_queues_are_played_together_changes_no_bit(data: st.DataObject, few: int) -> None:
    system = data.draw(systems())
    arguments = some(data, system)
    whole = tabulated_epoch(system)(*arguments)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(epoch_module, "CHUNK", few)
        pieces = tabulated_epoch(system)(*arguments)
    for one, other in zip(whole, pieces, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("dt", [1.0, 5.0, 10.0])
@pytest.mark.parametrize("speed", [1.0, 2.0])
def test_the_series_has_reached_rounding_everywhere(dt: float, speed: float) -> None:
    system = System(PAIR, dt=dt)
    series = chebyshev_rows(system, speed, 4.5)
    rates = np.linspace(0.0, 4.5, 301)
    found = np.polynomial.chebyshev.chebval(rates / 2.25 - 1.0, series)
    kernel = epoch_kernel(rates, speed, 5, dt)
    function = np.moveaxis(np.cumsum(kernel.transitions, axis=-1)[..., :-1], 0, -1)
    np.testing.assert_allclose(found[:, :-1], function, atol=1e-13)
    np.testing.assert_allclose(found[:, -1], kernel.expected_drops.T, atol=1e-13 * 4.5 * dt)
    assert len(series) < 80


def test_rates_beyond_the_series_are_refused() -> None:
    epoch = interpolated_epoch(System(PAIR), max_rate=1.0)
    with pytest.raises(ValueError, match=r"at most max_rate = 1\.0; got 1\.5"):
        epoch(np.zeros((1, 2), dtype=np.intp), np.array([[0.5, 1.5]]), np.zeros((1, 2)))
    with pytest.raises(ValueError, match="max_rate"):
        interpolated_epoch(System(PAIR), max_rate=0.0)
