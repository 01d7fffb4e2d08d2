"""Device parameters, their provenance, and the numbering of states [DCC App. B, App. F]."""

from __future__ import annotations

import pickle
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dcc.model.device import (
    PROVENANCE,
    DeviceParameters,
    ModulatedDevice,
    draw_device,
    linear_aoi_cost,
    randomised_deficit,
    state_components,
    state_index,
    state_shape,
    three_phase_device,
)
from refimpl.dcc.model.sources import iid, modulated, uniform
from refimpl.shared.seeds import generator
from tests.dcc.strategies import devices

GOLDEN = DeviceParameters(0, 2, 1, 7)


def test_defaults_are_those_of_appendix_f():
    assert (GOLDEN.max_aoi, GOLDEN.battery, GOLDEN.gamma) == (15, 15, 0.95)
    assert GOLDEN.aoi_cost == tuple(range(1, 16))


def test_every_field_says_where_it_comes_from():
    named = {f.name for kind in (DeviceParameters, ModulatedDevice) for f in fields(kind)}
    assert named <= set(PROVENANCE)
    assert {tag for tag, _ in PROVENANCE.values()} <= {"published", "derived", "chosen"}


def test_draws_cover_exactly_the_sample_sets():
    rng = generator(0, "draws")
    drawn = [draw_device(rng) for _ in range(400)]
    assert {d.harvest_low for d in drawn} == {0, 1}
    assert {d.harvest_high for d in drawn} == {1, 2, 3}
    assert {d.cost_low for d in drawn} == {1}
    assert {d.cost_high for d in drawn} == {5, 7, 10}
    assert {d.deficit_power for d in drawn} == {2.0}


def test_draws_are_uniform_on_the_sample_sets():
    rng, n = generator(1, "draws"), 3000
    drawn = [draw_device(rng) for _ in range(n)]
    for name, share in (("harvest_low", 1 / 2), ("harvest_high", 1 / 3), ("cost_high", 1 / 3)):
        values = np.array([getattr(d, name) for d in drawn])
        for value in np.unique(values):
            z = ((values == value).mean() - share) / np.sqrt(share * (1 - share) / n)
            assert abs(z) < 4


def test_same_stream_same_devices():
    first, second = generator(3, "devices"), generator(3, "devices")
    assert [draw_device(first) for _ in range(5)] == [draw_device(second) for _ in range(5)]


def test_randomised_deficit_power_has_the_stated_law():
    rng, n = generator(2, "powers"), 4000
    powers = np.array([draw_device(rng, randomised_deficit).deficit_power for _ in range(n)])
    for power, share in ((1, 0.1), (2, 0.2), (3, 0.4), (4, 0.3)):
        z = ((powers == power).mean() - share) / np.sqrt(share * (1 - share) / n)
        assert abs(z) < 4


def test_benchmark_instance_has_720_states():
    assert state_shape(three_phase_device()) == (15, 16, 3, 1)


@given(devices(max_size=3))
def test_numbering_is_a_bijection(device):
    n = int(np.prod(state_shape(device)))
    parts = state_components(device, np.arange(n))
    np.testing.assert_array_equal(state_index(device, *parts), np.arange(n))
    assert parts[0].min() == 1
    assert parts[0].max() == device.max_aoi


@given(aoi=st.integers(1, 15), level=st.integers(0, 15))
def test_without_phases_the_number_is_age_major(aoi, level):
    assert state_index(GOLDEN, aoi, level) == (aoi - 1) * 16 + level


def test_devices_survive_pickling():
    assert pickle.loads(pickle.dumps(GOLDEN)) == GOLDEN
    copy = pickle.loads(pickle.dumps(three_phase_device()))
    np.testing.assert_array_equal(copy.cost.amounts, three_phase_device().cost.amounts)


@pytest.mark.parametrize(
    ("fields_", "message"),
    [
        ({"harvest_low": 2}, "harvest_low and harvest_high must satisfy .* got 2 and 1"),
        ({"harvest_low": 0, "harvest_high": 0}, "harvest_high must be >= 1; got 0"),
        ({"cost_low": -1}, "cost_low and cost_high must satisfy .* got -1 and 5"),
        ({"cost_high": 0}, "cost_low and cost_high must satisfy .* got 1 and 0"),
        ({"max_aoi": 0}, "max_aoi must be >= 1; got 0"),
        ({"battery": -1}, "battery must be >= 0; got -1"),
        ({"gamma": 1.0}, r"gamma must be in \[0, 1\); got 1\.0"),
        ({"gamma": float("nan")}, r"gamma must be in \[0, 1\); got nan"),
        ({"deficit_power": 0.0}, "deficit_power must be positive and finite; got 0"),
        ({"deficit_power": float("inf")}, "deficit_power must be positive and finite; got inf"),
    ],
)
def test_bad_parameters_are_named(fields_, message):
    good = {"harvest_low": 0, "harvest_high": 1, "cost_low": 1, "cost_high": 5}
    with pytest.raises(ValueError, match=message):
        DeviceParameters(**(good | fields_))


@pytest.mark.parametrize("name", ["harvest_low", "cost_high", "battery", "max_aoi"])
def test_fractional_energy_is_refused(name):
    good = {"harvest_low": 0, "harvest_high": 1, "cost_low": 1, "cost_high": 5}
    with pytest.raises(TypeError, match=f"{name} must be an integer; got 1.5"):
        DeviceParameters(**(good | {name: 1.5}))


@pytest.mark.parametrize("aoi_cost", [(2.0, 1.0), (1.0, float("nan")), ()])
def test_age_cost_must_not_decrease(aoi_cost):
    with pytest.raises(ValueError, match=r"aoi_cost must be|max_aoi must be"):
        ModulatedDevice(uniform(0, 1), uniform(1, 2), aoi_cost)


def test_a_phase_that_starves_the_device_is_named():
    trap = modulated([[0.5, 0.5], [1.0, 0.0]], [[0.5, 0.5], [0.0, 1.0]])
    with pytest.raises(ValueError, match=r"harvest must be positive .* from phase 1"):
        ModulatedDevice(trap, iid([0.0, 1.0]), linear_aoi_cost(2))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((0, 0), r"aoi must lie in 1\.\.15; got 0"),
        ((16, 0), r"aoi must lie in 1\.\.15; got 16"),
        ((1, 16), r"level must lie in 0\.\.15; got 16"),
        ((1, 0, 1), r"cost_phase must lie in 0\.\.0; got 1"),
        ((1, 0, 0, -1), r"harvest_phase must lie in 0\.\.0; got -1"),
    ],
)
def test_components_out_of_range_are_named(parts, message):
    with pytest.raises(ValueError, match=message):
        state_index(GOLDEN, *parts)


def test_states_out_of_range_are_refused():
    with pytest.raises(ValueError, match=r"state must lie in 0\.\.239; got 240"):
        state_components(GOLDEN, 240)
