"""Specifies the systems of the experiments and their held-out episodes."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.dgpg.experiments.systems import PRESETS, SIZES, System, joined
from refimpl.dgpg.model.settings import TABLE_5

SHORT = 30


@pytest.mark.parametrize("constants", PRESETS)
def test_a_system_has_the_length_it_is_given(constants: str) -> None:
    settings = System(10, constants, SHORT).settings
    assert (settings.steps, settings.arrival_steps) == (SHORT, 20)


def test_every_size_of_the_experiments_is_one_of_table_5() -> None:
    assert set(SIZES) <= set(TABLE_5)


def test_held_out_episodes_do_not_depend_on_how_many_there_are() -> None:
    system = System(2, steps=SHORT)
    few, many = (system.episodes("test", count, 3) for count in (2, 4))
    jobs = few.demand.shape[1]
    assert np.array_equal(few.capacity, many.capacity[:2])
    assert np.array_equal(few.offsets, many.offsets[:2])
    assert np.array_equal(few.demand, many.demand[:2, :jobs])


def test_purposes_seeds_and_sizes_have_episodes_of_their_own() -> None:
    drawn = [
        System(n, steps=SHORT).episodes(purpose, 1, seed).duration.sum()
        for n in (2, 5)
        for purpose in ("test", "validation")
        for seed in (0, 1)
    ]
    assert len(set(drawn)) == len(drawn)


def test_joining_pads_with_jobs_that_never_arrive() -> None:
    system = System(2, steps=SHORT)
    parts = [system.episodes("test", 3, 0).take([k]) for k in range(3)]
    both = joined(parts)
    for e, part in enumerate(parts):
        arrived = int(part.offsets[0, -1])
        assert int(both.offsets[e, -1]) == arrived
        assert np.array_equal(both.demand[e, :arrived], part.demand[0, :arrived])
        assert not both.demand[e, arrived:].any()


def test_unknown_constants_are_refused() -> None:
    with pytest.raises(ValueError, match=r"constants must be one of .*'chosen'.*; got 'lost'"):
        System(10, "lost")
