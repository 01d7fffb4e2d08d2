"""Specifies the two profiles: the paper's scale, and a small one of the same shape."""

from __future__ import annotations

import pytest

from refimpl.dcc.experiments.methods import CENTRAL
from refimpl.dcc.experiments.scale import FULL, QUICK, scale_of
from refimpl.dcc.train.presets import DCC_PUBLISHED
from refimpl.ledger import Context


def test_full_is_the_paper_s_scale():
    assert FULL.sizes == (10, 20, 50)
    assert FULL.n_games == 15
    assert FULL.steps == DCC_PUBLISHED.settings.steps == 100_000


def test_profiles_choose_their_scale():
    assert scale_of(Context("full")) is FULL
    assert scale_of(Context("quick")) is scale_of(Context()) is QUICK


@pytest.mark.parametrize("scale", [QUICK, FULL], ids=["quick", "full"])
def test_scales_are_consistent(scale):
    assert scale.n_games == scale.games[1] - scale.games[0] >= 2, "intervals need two games"
    assert list(scale.sizes) == sorted(set(scale.sizes))
    assert scale.long_factor > 1
    assert min(scale.long_games, scale.local_devices) >= 2
    assert {method for method, _ in scale.central_games} == set(CENTRAL)
    for (_, n), games in scale.central_games.items():
        assert n in scale.sizes
        assert 2 <= games <= scale.n_games
    # Learners count whole blocks; see QSettings.
    assert scale.steps % DCC_PUBLISHED.settings.block == 0
    assert scale.local_steps % DCC_PUBLISHED.settings.block == 0


def test_quick_is_smaller_in_everything_but_its_sizes():
    assert QUICK.sizes == FULL.sizes
    assert QUICK.steps * 100 == FULL.steps
    assert QUICK.n_games < FULL.n_games
    assert QUICK.local_steps < FULL.local_steps
    assert QUICK.long_factor <= FULL.long_factor


def test_centralised_methods_see_the_smallest_and_a_larger_size():
    for scale in (QUICK, FULL):
        for method in CENTRAL:
            sizes = [n for name, n in scale.central_games if name == method]
            assert sorted(sizes)[:2] == [10, 20]
