"""Presets: what Table 2 prints is what runs as published; ours differ where they say so."""

from __future__ import annotations

from dataclasses import fields

import pytest

from refimpl.meanfield.train import presets
from refimpl.meanfield.train.baselines import critic_values, shared_path_values
from refimpl.meanfield.train.local_critics import NEURAL, TABULAR
from refimpl.meanfield.train.presets import OURS, PUBLISHED, SHARED_PATH
from refimpl.shared.presets import Preset

ALL = {name: p for name, p in vars(presets).items() if isinstance(p, Preset)}


def test_table_2() -> None:
    run = PUBLISHED.settings
    assert (run.gamma, run.gae_lambda, run.clip) == (0.99, 1.0, 0.3)
    assert (run.kl_coefficient, run.kl_target, run.learning_rate) == (0.2, 0.01, 5e-5)
    assert 4000 <= run.batch <= 24000
    assert 128 <= run.minibatch <= 4000
    assert 5 <= run.passes <= 8
    assert (run.horizon, run.hidden) == (50, (256, 256))
    assert run.baseline is critic_values
    assert (run.value_coefficient, run.value_clip, run.entropy_coefficient) == (1.0, 10.0, 0.0)


def test_shared_path_changes_the_baseline_alone() -> None:
    changed = {
        f.name
        for f in fields(PUBLISHED.settings)
        if getattr(PUBLISHED.settings, f.name) != getattr(SHARED_PATH.settings, f.name)
    }
    assert changed == {"baseline", "group"}
    assert SHARED_PATH.settings.baseline is shared_path_values


@pytest.mark.parametrize("preset", [SHARED_PATH, OURS])
def test_nothing_of_ours_is_tagged_as_published(preset: Preset) -> None:
    for name, value in preset.fields_tagged("published").items():
        assert value == getattr(PUBLISHED.settings, name)


def test_the_other_methods() -> None:
    assert presets.NA_PS_PUBLISHED.settings.batch == 50_000
    assert presets.NA_PS_PUBLISHED.settings.minibatch == 8_000
    assert presets.NA_PS_PUBLISHED.settings.episodes(5) == 200
    assert presets.NA_PS_OURS.settings.episodes(5) % 10 == 0
    assert presets.RNN_PUBLISHED.settings.ppo == PUBLISHED.settings
    assert presets.SAC_TABULAR.settings.critic is TABULAR
    assert presets.SAC_NEURAL.settings.critic is NEURAL
    assert set(presets.SAC_TABULAR.origin.values()) == {"chosen"}


def test_names_are_different() -> None:
    assert len({preset.name for preset in ALL.values()}) == len(ALL) == 9
