"""Power of comparisons between trained networks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from refimpl.scale.theory.power import between_episodes, detectable, power, seeds_needed
from refimpl.scale.theory.printed import Printed

differences = st.floats(0.1, 3.0)
levels = st.sampled_from([0.01, 0.05, 0.1])


def test_power_is_how_often_a_t_test_finds_the_difference() -> None:
    rng, repeats = np.random.default_rng(1), 4000
    for difference, seeds in ((0.61, 5), (1.0, 8)):
        a = rng.normal(0.0, 0.6, (repeats, seeds))
        b = rng.normal(difference, 0.6, (repeats, seeds))
        found = (stats.ttest_ind(a, b, axis=1).pvalue < 0.05).mean()
        p = power(difference, 0.6, seeds)
        assert abs(found - p) < 4 * math.sqrt(p * (1 - p) / repeats)


@given(levels, st.integers(2, 50))
def test_without_a_difference_power_is_the_level(level, seeds) -> None:
    assert power(0.0, 1.0, seeds, level) == pytest.approx(level, rel=1e-9)


@given(differences, st.floats(0.1, 2.0), levels)
def test_seeds_needed_are_the_fewest(difference, spread, level) -> None:
    seeds = seeds_needed(difference, spread, 0.8, level)
    assert power(difference, spread, seeds, level) >= 0.8
    assert seeds == 2 or power(difference, spread, seeds - 1, level) < 0.8


@given(st.floats(0.1, 2.0), st.integers(2, 40))
def test_the_detectable_difference_has_the_wanted_power(spread, seeds) -> None:
    least = detectable(spread, seeds)
    assert power(least, spread, seeds) == pytest.approx(0.8, abs=1e-6)
    # The unit does not matter.
    assert detectable(2 * spread, seeds) == pytest.approx(2 * least, rel=1e-8)


def test_golden_values() -> None:
    """The printed 0.61 s at 48 servers; seeds that differ by 0.6 s."""
    assert seeds_needed(0.61, 0.6) == 17
    assert power(0.61, 0.6, 16) == pytest.approx(0.7946, abs=5e-5)
    assert [seeds_needed(0.61, s) for s in (0.3, 0.5, 0.7)] == [5, 12, 22]


@given(st.floats(0.1, 2.0), st.floats(0.1, 2.0), st.integers(2, 60))
def test_the_interval_of_printed_numbers_is_welch_s(a, b, episodes) -> None:
    found = between_episodes(Printed(5.0, a), Printed(4.0, b), episodes)
    # At the end of the interval the test is exactly at its level.
    for end in (found.low, found.high):
        p = stats.ttest_ind_from_stats(5.0 - end, a, episodes, 4.0, b, episodes, equal_var=False)
        assert p.pvalue == pytest.approx(0.05, rel=1e-6)
    assert found.mean == 1.0


def test_bad_input() -> None:
    with pytest.raises(
        ValueError, match="seeds must be >= 2 per arm, or there is no spread; got 1"
    ):
        power(1.0, 1.0, 1)
    with pytest.raises(ValueError, match=r"spread must be finite and > 0; got 0\.0"):
        power(1.0, 0.0, 5)
    with pytest.raises(ValueError, match=r"difference must be finite and >= 0; got -1\.0"):
        power(-1.0, 1.0, 5)
    with pytest.raises(ValueError, match=r"level must be in \(0, 1\); got 1\.5"):
        power(1.0, 1.0, 5, 1.5)
    with pytest.raises(ValueError, match=r"wanted must be in \(0, 1\); got 1\.0"):
        seeds_needed(1.0, 1.0, 1.0)
    with pytest.raises(
        ValueError, match=r"difference must be detectable with 100000 runs; got 0\.0"
    ):
        seeds_needed(0.0, 1.0)
    with pytest.raises(ValueError, match=r"wanted must be in \(level, 1\) = \(0.05, 1\); got 0.01"):
        detectable(1.0, 5, 0.01)
    with pytest.raises(ValueError, match="episodes must be >= 2; got 1"):
        between_episodes(Printed(1.0, 1.0), Printed(1.0, 1.0), 1)
    with pytest.raises(ValueError, match="sum of the squared spreads must be finite and > 0"):
        between_episodes(Printed(1.0, 0.0), Printed(1.0, 0.0), 30)
