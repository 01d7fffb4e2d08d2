"""Specifies the presets: what the paper's table says stays as it says, and all is tagged."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import asdict, fields

import pytest

from refimpl.dcc import train
from refimpl.dcc.train.presets import DCC_OURS, DCC_PUBLISHED, IQL_PUBLISHED, IQL_TUNED
from refimpl.shared.presets import Preset

TABULAR = (DCC_PUBLISHED, DCC_OURS, IQL_PUBLISHED, IQL_TUNED)


def all_presets():
    """Every preset of the paper's learners."""
    for module in pkgutil.iter_modules(train.__path__):
        code = importlib.import_module(f"{train.__name__}.{module.name}")
        for name, value in vars(code).items():
            if isinstance(value, Preset):
                yield pytest.param(value, id=f"{module.name}.{name}")


@pytest.mark.parametrize("preset", list(all_presets()))
def test_every_field_carries_one_of_three_tags(preset):
    assert set(preset.origin) == {f.name for f in fields(preset.settings)}
    assert set(preset.origin.values()) <= {"published", "derived", "chosen"}
    assert preset.name


def test_published_numbers_of_the_coordinated_learner_are_those_of_the_table():
    published = {k for k, tag in DCC_PUBLISHED.origin.items() if tag == "published"}
    assert {k: getattr(DCC_PUBLISHED.settings, k) for k in published} == {
        "step_size": 0.5,
        "exploration": 0.05,
        "exploration_decay": 0.95,
        "multiplier_rate": 1.0,
    }


def test_the_independent_learner_differs_from_it_by_its_row_of_the_table():
    ours, theirs = asdict(DCC_PUBLISHED.settings), asdict(IQL_PUBLISHED.settings)
    assert {k: v for k, v in theirs.items() if ours[k] != v} == {
        "steps": 1_600_000,
        "step_size": 0.05,
        "step_exponent": 0.0,
    }
    assert IQL_PUBLISHED.origin["step_size"] == "published"


def test_both_published_learners_get_the_same_number_of_steps():
    solves = 1 + 5 * 3
    assert IQL_PUBLISHED.settings.steps == solves * DCC_PUBLISHED.settings.steps


@pytest.mark.parametrize(
    ("mended", "base"), [(DCC_OURS, DCC_PUBLISHED), (IQL_TUNED, IQL_PUBLISHED)]
)
def test_what_was_changed_is_never_passed_off_as_the_paper_s(mended, base):
    new, old = asdict(mended.settings), asdict(base.settings)
    changed = {k for k in new if new[k] != old[k]}
    assert changed
    assert {mended.origin[k] for k in changed} == {"chosen"}
    assert all(mended.origin[k] == base.origin[k] for k in new if k not in changed)


def test_names_tell_presets_apart():
    names = [preset.name for preset in TABULAR]
    assert names == ["dcc-published", "dcc-ours", "iql-published", "iql-tuned"]
