"""Specifies the systems of the experiments: the paper's sizes, and names that say everything."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from refimpl.meanfield.experiments.settings import (
    GRAPHS,
    LARGE,
    TRAINED_ON,
    Setting,
    large,
    training,
)

SIZES = {
    "ring": (101, 5001),
    "ccc": (160, 4608),
    "torus": (121, 4900),
    "cm": (101, 5001),
    "bethe": (94, 6142),
}


@pytest.mark.parametrize(("topology", "sizes"), SIZES.items())
def test_numbers_of_queues_are_those_of_the_formulas(topology: str, sizes: tuple[int, int]) -> None:
    assert training(topology, 5.0).system(0).n == sizes[0]
    assert large(topology, 5.0).system(0).n == sizes[1]
    assert set(GRAPHS) == set(LARGE) == set(TRAINED_ON) == set(SIZES)


def test_the_paper_s_system_is_the_default() -> None:
    system = training("ring", 3.0).system(0)
    assert (system.buffer, system.dt, system.modulation.rates) == (5, 3.0, (0.9, 0.6))
    np.testing.assert_array_equal(system.services, 1.0)


def test_names_tell_all_settings_apart() -> None:
    plain = Setting("ring", 9, 1.0)
    others = [
        {"topology": "cm"},
        {"size": 10},
        {"dt": 1.5},
        {"buffer": 6},
        {"rates": (0.9, 0.5)},
        {"fast": 2.0},
        {"time": 100.0},
        {"horizon": 200},
    ]
    names = [plain.name, *(dataclasses.replace(plain, **o).name for o in others)]  # type: ignore[arg-type]
    assert len(set(names)) == 9
    assert {f.name for f in dataclasses.fields(Setting)} == {key for o in others for key in o}


def test_fast_servers_are_about_half_and_belong_to_the_seed() -> None:
    setting = Setting("ring", 5001, 5.0, fast=2.0)
    services = setting.system(0).services
    assert set(services) == {1.0, 2.0}
    assert abs((services == 2.0).mean() - 0.5) < 4 * 0.5 / np.sqrt(5001)
    np.testing.assert_array_equal(services, setting.system(0).services)
    assert (services != setting.system(1).services).any()


def test_random_graphs_belong_to_the_seed() -> None:
    setting = Setting("cm", 101, 5.0)
    one, same, other = (setting.system(s).graph for s in (0, 0, 1))
    np.testing.assert_array_equal(one.neighbours, same.neighbours)
    assert not np.array_equal(one.neighbours, other.neighbours)


def test_resizing_changes_the_size_only() -> None:
    assert training("ring", 2.0).resized(9) == Setting("ring", 9, 2.0)


def test_an_unknown_topology_is_refused() -> None:
    with pytest.raises(ValueError, match=r"topology must be one of \['bethe', .*got 'star'"):
        Setting("star", 3, 1.0)
