"""Presets of the six methods, every field tagged with its origin [SCALE Table 2] [SCALE sec. 5.2].

What the paper says of all methods is in Table 2; of DQN and SAC it gives nothing else. They make as
many gradient steps per epoch as PPO does, on minibatches of the same size.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from refimpl.scale.objective.srr import no_regularizer, srr
from refimpl.scale.train.dqn import DUELING_DQN
from refimpl.scale.train.nets import Net, PointerNet, StructuredNet
from refimpl.scale.train.ppo import PPO
from refimpl.scale.train.sac import DISCRETE_SAC
from refimpl.scale.train.settings import Method, TrainSettings
from refimpl.shared.presets import Origin, Preset

WEIGHT_DECORRELATION, WEIGHT_KL = 0.01, 0.001
"""``lambda_1`` and ``lambda_2`` [SCALE Table 2]."""

FLOOR = 1e-6
"""Least variance that the shared feature of the structured network counts with: a unit that is
off in a whole minibatch does not vary."""

_PUBLISHED = (
    *("method", "regularizer", "warm_up", "epochs", "environments", "steps", "passes"),
    *("minibatch", "gamma", "lam", "clip", "entropy_coef", "learning_rate", "max_grad_norm"),
    "mask",
)


def _preset(
    name: str, method: Method, net: Net, origin: Origin, **values: Any
) -> Preset[TrainSettings]:
    tags: dict[str, Origin] = {
        field: "published" if field in _PUBLISHED else "chosen"
        for field in TrainSettings.__dataclass_fields__
    }
    settings = TrainSettings(method, net, **values)
    return Preset(name, settings, {**tags, "net": origin})


_SRR = partial(srr, weight_decorrelation=WEIGHT_DECORRELATION, weight_kl=WEIGHT_KL)
_FLOORED = partial(_SRR, floor=FLOOR)

PRESETS: Mapping[str, Preset[TrainSettings]] = {
    preset.name: preset
    for preset in (
        _preset("SCALE", PPO, PointerNet(), "published", regularizer=_SRR),
        _preset("CrossAttn", PPO, PointerNet(), "published", regularizer=no_regularizer),
        _preset("PPO", PPO, StructuredNet(), "chosen", regularizer=no_regularizer),
        _preset("PPO+SRR", PPO, StructuredNet(), "chosen", regularizer=_FLOORED),
        _preset("DQN", DUELING_DQN, StructuredNet(), "chosen", regularizer=no_regularizer),
        _preset("SAC", DISCRETE_SAC, StructuredNet(), "chosen", regularizer=no_regularizer),
    )
}
"""The six methods of [SCALE Table 3] by name."""


def method(name: str) -> TrainSettings:
    """Return the settings of a method by its name in [SCALE Table 3].

    Raises
    ------
    ValueError
        If there is no such method.
    """
    if name not in PRESETS:
        raise ValueError(f"name must be one of {sorted(PRESETS)}; got {name!r}")
    return PRESETS[name].settings
