"""The generators keep their promises."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from linear_models import mlp
from tests.linear_models.strategies import (
    Choice,
    Network,
    Normal,
    away_from,
    choices,
    networks,
    normals,
    rngs,
)


@given(networks())
def test_networks_accept_their_input_and_stay_off_the_kink(network: Network) -> None:
    _, cache = mlp.forward(network.params, network.x)
    assert all((z != 0).all() for z in cache.outputs)


@given(choices(masked=True))
def test_every_row_has_an_allowed_action_and_the_actions_are_allowed(choice: Choice) -> None:
    assert choice.mask is not None
    assert choice.mask.any(axis=-1).all()
    assert np.take_along_axis(choice.mask, choice.actions[..., None], axis=-1).all()


@given(normals())
def test_log_std_is_shared_or_per_row(normal: Normal) -> None:
    assert normal.log_std.shape in (normal.mean.shape, normal.mean.shape[-1:])


@given(rngs, st.sampled_from([(0.0,), (-1.0, 1.0)]))
def test_away_from_leaves_a_gap_around_kinks(
    rng: np.random.Generator, kinks: tuple[float, ...]
) -> None:
    x = away_from(np.append(rng.standard_normal(20), kinks), kinks)
    assert all((np.abs(x - kink) >= 0.01).all() for kink in kinks)
