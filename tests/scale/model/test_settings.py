"""Specifies the constants of the system against what the paper prints, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from refimpl.scale.model.settings import TABLE_1, TIERS, SystemSettings, Tier, chosen, proportional


def test_table_1_is_the_paper_s() -> None:
    rows = [(t.compute, t.memory, t.idle_power, t.busy_power) for t in TIERS]
    assert rows == [(1.0, 8.0, 30.0, 100.0), (2.0, 32.0, 50.0, 200.0), (4.0, 80.0, 80.0, 400.0)]
    assert TABLE_1 == {16: (4, 10, 2), 32: (8, 20, 4), 48: (12, 30, 6)}
    for n, counts in TABLE_1.items():
        assert proportional(n) == counts
        assert chosen(n).settings.n_servers == n
        assert chosen(n).settings.arrival_rate == n / 16
        assert counts[0] * 5 == counts[1] * 2 == counts[2] * 10


def test_printed_constants_are_tagged_so_and_no_others() -> None:
    assert chosen(32).fields_tagged("published") == {
        "counts": (8, 20, 4),
        "arrival_rate": 2.0,
        "sizes": (3, 8),
        "compute": (10.0, 3.0, 1.0),
        "memory": (16.0, 8.0, 1.0, 80.0),
        "data": (0.5, 0.2, 0.01),
        "bandwidth": 10.0,
        "latency": 0.01,
        "time_scale": 1.0,
        "comm_weight": 0.1,
        "energy_weight": 0.0,
        "invalid_reward": -0.001,
    }
    assert set(chosen().fields_tagged("chosen")) == {
        *("horizon", "dt", "family", "delay_scale", "energy_scale"),
    }


def test_sizes_beyond_the_paper_are_tagged_as_chosen() -> None:
    origin = chosen(128).origin
    assert (origin["counts"], origin["arrival_rate"]) == ("chosen", "chosen")


@pytest.mark.parametrize("n", [0, -8, 12])
def test_other_sizes_have_no_proportional_mix(n: int) -> None:
    with pytest.raises(ValueError, match=f"n_servers must be a positive multiple of 8; got {n}"):
        proportional(n)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"counts": (0, 0, 0)}, r"counts must have at least one server; got \(0, 0, 0\)"),
        ({"counts": (1, -1, 1)}, r"counts must be three numbers >= 0; got \(1, -1, 1\)"),
        ({"counts": (1, 2)}, "counts must be three numbers >= 0"),
        ({"arrival_rate": 0.0}, "arrival_rate must be finite and > 0; got 0.0"),
        ({"arrival_rate": math.nan}, "arrival_rate must be finite and > 0; got nan"),
        ({"horizon": math.inf}, "horizon must be finite and > 0; got inf"),
        ({"dt": -0.1}, "dt must be finite and > 0; got -0.1"),
        ({"sizes": (0, 3)}, r"sizes\[0\] must be an integer >= 1; got 0"),
        ({"sizes": (4, 3)}, r"sizes must be increasing; got \(4, 3\)"),
        ({"compute": (-10.0, 3.0, 1.0)}, "compute mean must be finite and > 0; got -10.0"),
        ({"compute": (10.0, -3.0, 1.0)}, "compute standard deviation must be finite and >= 0"),
        ({"compute": (10.0, 3.0, 0.0)}, "compute floor must be finite and > 0; got 0.0"),
        ({"compute": (math.nan, 3.0, 1.0)}, "compute mean must be finite and > 0; got nan"),
        ({"memory": (16.0, 8.0, 2.0, 1.0)}, "memory ceiling must be finite and >= 2.0; got 1.0"),
        ({"bandwidth": 0.0}, "bandwidth must be finite and > 0; got 0.0"),
        ({"latency": -0.01}, "latency must be finite and >= 0; got -0.01"),
        ({"time_scale": 0.0}, "time_scale must be finite and > 0; got 0.0"),
        ({"comm_weight": -0.1}, "comm_weight must be finite and >= 0; got -0.1"),
        ({"delay_scale": 0.0}, "delay_scale must be positive or infinite; got 0.0"),
        ({"delay_scale": math.nan}, "delay_scale must be positive or infinite; got nan"),
        ({"energy_weight": -1.0}, "energy_weight must be finite and >= 0; got -1.0"),
        ({"energy_scale": 0.0}, "energy_scale must be finite and > 0; got 0.0"),
        ({"invalid_reward": math.inf}, "invalid_reward must be finite; got inf"),
    ],
)
def test_numbers_out_of_range_are_refused(changes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(chosen().settings, **changes)


@pytest.mark.parametrize("name", ["compute", "memory", "idle_power", "busy_power"])
def test_a_tier_has_positive_numbers(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be finite and > 0; got 0.0"):
        replace(TIERS[0], **{name: 0.0})


def test_any_mix_of_tiers_is_a_cluster() -> None:
    assert SystemSettings((0, 0, 3)).n_servers == 3
    assert Tier("tiny", 0.5, 4.0, 10.0, 20.0).compute == 0.5
