"""Presets: what the tables print, and honest tags."""

from __future__ import annotations

import math
import re

import pytest

from refimpl.dgpg.model.settings import TABLE_5
from refimpl.dgpg.train.methods import DGPG, IPPO, MAPPO
from refimpl.dgpg.train.presets import (
    TABLE_7,
    TABLE_8,
    failure_run,
    linear_chosen,
    linear_published,
    neural_chosen,
    neural_published,
)

METHODS = (DGPG, MAPPO, IPPO)
# Numbers that the extracted text of the paper has lost.
LOST = ("gamma", "lam", "learning_rate", "max_grad_norm", "huber_delta", "guidance_scale")


@pytest.mark.parametrize("method", METHODS)
def test_table_6(method) -> None:
    preset = linear_published(method)
    run = preset.settings
    assert (run.hidden, run.embedding, run.method) == ((), 0, method)
    assert (run.critic_epochs, run.actor_epochs) == (20, 3)
    assert (run.minibatch, run.rollouts) == (10_000, 24)
    assert run.episodes == (200 if method is DGPG else 500)
    falls = run.entropy(0.0) > run.entropy(1.0)
    assert falls == (method is DGPG)
    assert run.learning_rate(0.5) == pytest.approx(
        (run.learning_rate(0.0) + run.learning_rate(1.0)) / 2
    )


@pytest.mark.parametrize("n", TABLE_7)
def test_table_7(n) -> None:
    run, row = neural_published(n).settings, TABLE_7[n]
    assert run.hidden == (row.hidden, row.hidden)
    assert (run.minibatch, run.rollouts, run.clip) == (row.minibatch, row.rollouts, row.clip)
    assert (run.sample_cap is not None) == row.capped
    assert run.learning_rate(0.5) == pytest.approx(
        math.sqrt(run.learning_rate(0.0) * run.learning_rate(1.0))
    )
    assert (run.alpha(0.0) == run.alpha(1.0)) == (n > 200)
    assert n in TABLE_5


def test_table_8() -> None:
    for k, row in TABLE_8.items():
        run = failure_run(k).settings
        assert (run.minibatch, run.actor_epochs, run.critic_epochs) == (
            row.minibatch, row.epochs, row.epochs,
        )  # fmt: skip
        assert run.entropy(0.0) == row.entropy
        assert (run.entropy(1.0) == row.entropy) == (k > 0)
        assert run.method is MAPPO
    potentials = [failure_run(k).settings.potential.__name__ for k in TABLE_8]
    assert potentials == ["no_potential"] * 7 + ["minus_imbalance"]
    assert failure_run(3, IPPO).settings.method is IPPO


@pytest.mark.parametrize(
    "preset",
    [
        *(linear_published(m) for m in METHODS),
        *(neural_published(n) for n in TABLE_7),
        *(failure_run(k) for k in TABLE_8),
    ],
    ids=lambda preset: preset.name,
)
def test_no_lost_number_is_called_published(preset) -> None:
    assert not set(LOST) & preset.fields_tagged("published").keys()
    assert set(LOST) <= preset.fields_tagged("chosen").keys() | {"gamma"}


def test_chosen_presets_keep_what_the_tables_print() -> None:
    pairs = [(linear_published(m), linear_chosen(m)) for m in METHODS]
    pairs += [(neural_published(n), neural_chosen(n)) for n in TABLE_7]
    for published, chosen in pairs:
        differ = {
            name
            for name in published.origin
            if getattr(published.settings, name) != getattr(chosen.settings, name)
        }
        assert all(chosen.origin[name] == "chosen" for name in differ)


def test_an_unknown_row_is_refused() -> None:
    with pytest.raises(ValueError, match=r"n_servers must be one of \[10, 20, .*\]; got 30"):
        neural_published(30)
    with pytest.raises(
        ValueError, match=re.escape("run must be one of [0, 1, 2, 3, 4, 5, 6, 7]; got 8")
    ):
        failure_run(8)
