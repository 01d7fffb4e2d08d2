"""Presets of the tabular learners, every field tagged with its origin [DCC Table 1].

``published`` is what the paper's table and text give, completed where they are silent by the
authors' earlier code or a plain choice. ``ours`` mends what makes the published settings leave the
multiplier biased and the budget violated. ``tuned`` is independent Q-learning given the same number
of tried configurations; see :mod:`refimpl.dcc.experiments.tuning` for grid, budget and games.
"""

from __future__ import annotations

from dataclasses import replace

from refimpl.dcc.train.settings import QSettings
from refimpl.shared.presets import Origin, Preset

_PUBLISHED = QSettings(
    steps=100_000,
    q_start=0.0,
    step_size=0.5,
    step_exponent=0.75,
    exploration=0.05,
    exploration_decay=0.95,
    exploration_floor=0.005,
    episode=100,
    block=1000,
    averaged=0.0,
    multiplier_rate=1.0,
    multiplier_exponent=0.9,
)

_ORIGIN: dict[str, Origin] = {
    "steps": "derived",
    "q_start": "chosen",
    "step_size": "published",
    "step_exponent": "chosen",
    "exploration": "published",
    "exploration_decay": "published",
    "exploration_floor": "chosen",
    "episode": "chosen",
    "block": "chosen",
    "averaged": "chosen",
    "multiplier_rate": "published",
    "multiplier_exponent": "chosen",
}


def _changed(name: str, base: Preset[QSettings], **values: float) -> Preset[QSettings]:
    """Preset with some fields replaced, those tagged ``chosen``."""
    tags: dict[str, Origin] = {**base.origin, **dict.fromkeys(values, "chosen")}
    return Preset(name, replace(base.settings, **values), tags)  # type: ignore[arg-type]


DCC_PUBLISHED = Preset("dcc-published", _PUBLISHED, _ORIGIN)

# Q starts near V(0), the value of never offloading; the multiplier outlives the critic's start.
DCC_OURS = _changed(
    "dcc-ours",
    DCC_PUBLISHED,
    q_start=46.0,
    step_exponent=0.51,
    averaged=0.5,
    multiplier_rate=4.0,
    multiplier_exponent=0.6,
)

IQL_PUBLISHED = Preset(
    "iql-published",
    replace(_PUBLISHED, steps=1_600_000, step_size=0.05, step_exponent=0.0),
    # Table 1 has no multiplier for independent learners; they do not read the field.
    {**_ORIGIN, "step_exponent": "derived", "multiplier_rate": "chosen"},
)

IQL_TUNED = _changed(
    "iql-tuned", IQL_PUBLISHED, q_start=46.0, step_size=1.0, step_exponent=0.6, averaged=0.5
)
