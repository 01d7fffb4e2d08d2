"""Claims about the learning settings: what we run as published is what the tables print.

A printed value may only stand in a field tagged ``published``, and such a field must hold it;
whatever else a run needs is tagged ``derived`` or ``chosen``. [DCC Table 1]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from refimpl.dcc.experiments.methods import VARIANTS
from refimpl.dcc.train import mappo
from refimpl.dcc.train.presets import DCC_PUBLISHED, IQL_PUBLISHED
from refimpl.findings import exactly
from refimpl.ledger import Claim, Context, Control, Finding, Kind
from refimpl.shared.presets import Preset

Numbers = Mapping[str, float]

COORDINATED = {
    "step_size": 0.5,
    "exploration": 0.05,
    "exploration_decay": 0.95,
    "multiplier_rate": 1.0,
}
"""Column DCC-QL of Table 1 in the names of :class:`refimpl.dcc.train.settings.QSettings`."""

OUTER = {"noise": 0.05, "rate": 0.25}
"""Table 1: first standard deviation of the constraint noise, first constraint learning rate."""

INDEPENDENT = {"step_size": 0.05, "exploration": 0.05, "exploration_decay": 0.95}
"""Column IQL of Table 1."""

MAPPO = {
    "n_envs": 8,
    "epochs": 2,
    "n_minibatches": 64,
    "learning_rate": 1e-3,
    "gae_lambda": 0.95,
    "clip": 0.2,
    "entropy_coef": 0.01,
    "value_coef": 0.5,
    "max_grad_norm": 0.5,
}
"""MAPPO table in the names of :class:`refimpl.dcc.train.mappo.MAPPOSettings`."""


@dataclass(frozen=True)
class Column:
    """What a table prints, and what is run and tagged as published."""

    printed: Numbers
    run: Numbers

    def differences(self) -> int:
        """Count entries printed and not run so, or run as published and not printed so."""
        names = self.printed.keys() | self.run.keys()
        return sum(self.printed.get(name) != self.run.get(name) for name in names)


def published_fields(preset: Preset[Any]) -> Numbers:
    """Fields of a preset that are tagged as published."""
    return {
        name: getattr(preset.settings, name)
        for name, origin in preset.origin.items()
        if origin == "published"
    }


def outer_rates() -> Numbers:
    """First perturbation and first step of the budgets, as run."""
    variant = VARIANTS["dcc-published"]
    # Estimator and step rule are functions with their numbers bound.
    bound: list[Any] = [variant.estimator, variant.step_rule]
    return {"noise": bound[0].keywords["noise"], "rate": bound[1].keywords["rate"]}


def check_columns(columns: tuple[Column, ...], context: Context) -> Finding:
    """Check that what is printed and what is run as published are the same."""
    del context
    wrong = sum(column.differences() for column in columns)
    return exactly(float(wrong), 0.0, printed=float(sum(len(c.printed) for c in columns)))


def mistuned(preset: Preset[Any], **values: float) -> Preset[Any]:
    """Preset with some values changed and their tags kept."""
    return replace(preset, settings=replace(preset.settings, **values))


def learning_columns(coordinated: Preset[Any]) -> tuple[Column, ...]:
    """Columns of Table 1 against what is run."""
    return (
        Column(COORDINATED, published_fields(coordinated)),
        Column(OUTER, outer_rates()),
        Column(INDEPENDENT, published_fields(IQL_PUBLISHED)),
    )


CLAIMS = (
    Claim(
        "dcc/learning-table",
        "Table 1",
        "Q-learning rates 0.5 (DCC-QL) and 0.05 (IQL), exploration 0.05 decaying by 0.95, "
        "multiplier rate 1, constraint noise 0.05 and constraint rate 0.25.",
        ("DC-52b",),
        Kind.EXACT,
        check_columns,
        learning_columns(DCC_PUBLISHED),
        Control(
            "the rate of independent Q-learning given to DCC-QL",
            learning_columns(mistuned(DCC_PUBLISHED, step_size=0.05)),
        ),
    ),
    Claim(
        "dcc/mappo-table",
        "App. F, MAPPO table",
        "MAPPO: learning rate 1e-3, 8 copies, 2 epochs of 64 minibatches, lambda 0.95, clip 0.2, "
        "entropy 0.01, value coefficient 0.5, gradient norm 0.5.",
        ("DC-52c",),
        Kind.EXACT,
        check_columns,
        (Column(MAPPO, published_fields(mappo.PUBLISHED)),),
        Control(
            "four minibatches instead of 64",
            (Column(MAPPO, published_fields(mistuned(mappo.PUBLISHED, n_minibatches=4))),),
        ),
    ),
)
