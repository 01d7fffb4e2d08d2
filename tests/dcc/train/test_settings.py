"""Specifies the settings of the tabular learners."""

from __future__ import annotations

from dataclasses import asdict, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dcc.train.settings import QSettings
from tests.dcc.train.strategies import BRIEF, brief

shares = st.floats(0.0, 1.0)


@given(shares, shares, shares, st.integers(0, 500))
def test_exploration_falls_geometrically_to_its_floor(first, decay, floor, block):
    settings = brief(exploration=first, exploration_decay=decay, exploration_floor=floor)
    here, later = settings.exploration_at(block), settings.exploration_at(block + 1)
    assert settings.exploration_at(0) == max(first, floor)
    assert floor <= later <= here <= 1.0
    assert later == pytest.approx(max(floor, decay * here), rel=1e-12) or later == floor


@given(st.integers(1, 30))
def test_another_number_of_steps_changes_nothing_else(blocks):
    other = BRIEF.with_steps(blocks * BRIEF.block)
    assert other.n_blocks == blocks
    assert {**asdict(other), "steps": BRIEF.steps} == asdict(BRIEF)


@pytest.mark.parametrize(
    ("changes", "numbers"),
    [
        ({"steps": 410}, "steps 410, block 40, episode 20"),
        ({"steps": 0}, "steps 0, block 40, episode 20"),
        ({"block": 0}, "block 0, episode 20"),
        ({"episode": 0}, "block 40, episode 0"),
        ({"episode": -20}, "block 40, episode -20"),
        ({"steps": -40}, "steps -40, block 40, episode 20"),
        ({"episode": 30}, "steps 400, block 40, episode 30"),
        ({"block": 50}, "steps 400, block 50, episode 20"),
    ],
)
def test_whole_numbers_of_blocks_and_episodes_are_asked_for(changes, numbers):
    with pytest.raises(ValueError, match=f"steps must be .* of episode; got .*{numbers}"):
        brief(**changes)


RANGED = (
    "exploration",
    "exploration_decay",
    "exploration_floor",
    "averaged",
    "step_exponent",
    "multiplier_exponent",
    "step_size",
)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_first_value_that_is_no_number_is_named(value):
    with pytest.raises(ValueError, match=f"^q_start must be finite; got {value}"):
        replace(BRIEF, q_start=value)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_a_multiplier_rate_that_cannot_be_is_named(value):
    with pytest.raises(
        ValueError, match=f"^multiplier_rate must be finite and not negative; got {value}$"
    ):
        replace(BRIEF, multiplier_rate=value)


@pytest.mark.parametrize("name", RANGED)
@pytest.mark.parametrize("value", [-0.25, 1.5, float("nan"), float("inf")])
def test_shares_and_exponents_outside_the_unit_interval_are_named(name, value):
    with pytest.raises(ValueError, match=rf"^{name} must lie in \[0, 1\]; got {value}$"):
        brief(**{name: value})


@pytest.mark.parametrize("name", RANGED)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_the_ends_of_the_interval_are_allowed(name, value):
    assert getattr(brief(**{name: value}), name) == value


def test_settings_can_be_read_off_their_name():
    names = {f.name for f in fields(QSettings)}
    assert all(f"{name}={getattr(BRIEF, name)!r}" in repr(BRIEF) for name in names)
