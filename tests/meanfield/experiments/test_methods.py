"""Specifies the table of learned policies."""

from __future__ import annotations

import dataclasses

from refimpl.meanfield.experiments.methods import METHODS, SETTINGS, adapted
from refimpl.meanfield.train import presets


def test_every_method_has_both_presets() -> None:
    both = {(method, p) for method in METHODS for p in ("published", "ours")}
    assert set(SETTINGS) == both | {("mean-field", "shared-path")}
    for method in METHODS.values():
        assert {*method.everywhere, *method.at_home}


def test_adapting_changes_what_was_asked_for_and_nothing_else() -> None:
    plain = presets.PUBLISHED.settings
    changed = adapted(plain, 30, 100, (8,))
    expected = dataclasses.replace(
        plain, iterations=30, evaluate_every=3, horizon=100, hidden=(8,), critic_hidden=(8,)
    )
    assert changed == expected
    memory = presets.RNN_PUBLISHED.settings
    assert adapted(memory, 30, 50).ppo == adapted(memory.ppo, 30, 50)  # type: ignore[union-attr]
