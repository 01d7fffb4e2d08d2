"""Training settings of the experiments, by the name that results call them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from refimpl.scale.network.pointer import Shape
from refimpl.scale.objective.srr import mean_srr, shrinkage
from refimpl.scale.train.nets import PointerNet
from refimpl.scale.train.presets import PRESETS, WEIGHT_DECORRELATION, WEIGHT_KL
from refimpl.scale.train.settings import TrainSettings

_SCALE, _CROSS = PRESETS["SCALE"].settings, PRESETS["CrossAttn"].settings
_PLAIN = PointerNet(Shape(affine=False))

SPREAD = 4 * WEIGHT_DECORRELATION
"""Weight of the sum of the variances in place of the covariances: as strong as they are at a mean
absolute correlation of 64 / 240."""

METHODS: Mapping[str, TrainSettings] = {
    **{name: preset.settings for name, preset in PRESETS.items()},
    "mean decorrelation": replace(
        _SCALE,
        regularizer=partial(
            mean_srr, weight_decorrelation=WEIGHT_DECORRELATION, weight_kl=WEIGHT_KL
        ),
    ),
    "variance shrinkage": replace(
        _SCALE, regularizer=partial(shrinkage, weight_spread=SPREAD, weight_kl=WEIGHT_KL)
    ),
    "SCALE, plain norm": replace(_SCALE, net=_PLAIN),
    "CrossAttn, plain norm": replace(_CROSS, net=_PLAIN),
}
"""The six methods of the paper, and the first two taken apart."""


def settings_of(method: str, epochs: int) -> TrainSettings:
    """Return a method's settings with the schedules spread over ``epochs``.

    A stage is a twentieth of the run.

    Raises
    ------
    ValueError
        If there is no such method, or the epochs are no whole number of stages.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {list(METHODS)}; got {method!r}")
    stage = max(epochs // 20, 1)
    if epochs % stage:
        raise ValueError(f"epochs must be a multiple of {stage}; got {epochs}")
    return replace(METHODS[method], epochs=epochs, stage=stage)
