"""The learned policies of the experiments: how each is trained, and what to evaluate of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from linear_models.params import Params
from refimpl.ledger import Arrays
from refimpl.meanfield.model.system import System
from refimpl.meanfield.policies.learned import (
    global_rule,
    neighbourhood_rule,
    own_rule,
    shared_agent,
)
from refimpl.meanfield.policies.recurrent import remembering_rule
from refimpl.meanfield.policies.rules import Policy
from refimpl.meanfield.train import mean_field_ppo, parameter_sharing, presets, recurrent_ppo
from refimpl.meanfield.train.recurrent_ppo import RecurrentTraining
from refimpl.meanfield.train.settings import PPOTraining, with_iterations

Train = Callable[[System, Any, int, Path | str | None], Arrays]


@dataclass(frozen=True)
class Method:
    """One way to learn.

    Attributes
    ----------
    train : callable
        ``train(system, settings, seed, checkpoint)``; returns the groups ``actor``, ``curve``.
    everywhere : mapping from name to callable
        ``make(actor) -> Policy`` for policies that amount to an own-state rule; they are evaluated
        on systems of all sizes.
    at_home : mapping from name to callable
        ``make(actor, epochs) -> Policy`` for policies that know more, in episodes of that length;
        they are evaluated where they were trained.
    """

    train: Train
    everywhere: Mapping[str, Callable[[Params], Policy]]
    at_home: Mapping[str, Callable[[Params, int], Policy]]


def _global(actor: Params, epochs: int) -> Policy:
    del epochs
    return global_rule(actor)


def _neighbourhood(actor: Params, epochs: int) -> Policy:
    del epochs
    return neighbourhood_rule(actor)


def _remembering(actor: Params, epochs: int) -> Policy:
    return remembering_rule(actor, epochs=epochs)


METHODS: dict[str, Method] = {
    "mean-field": Method(
        mean_field_ppo.train, {"MF-R": own_rule}, {"MF-G": _global, "MF-N": _neighbourhood}
    ),
    "parameter-sharing": Method(parameter_sharing.train, {"NA-PS": shared_agent}, {}),
    "recurrent": Method(recurrent_ppo.train, {}, {"MF-RNN": _remembering}),
}
"""MF-R and its variants, NA-PS, MF-RNN [MF sec. 2.2] [MF Fig. 9]."""

SETTINGS: dict[tuple[str, str], PPOTraining | RecurrentTraining] = {
    ("mean-field", "published"): presets.PUBLISHED.settings,
    ("mean-field", "shared-path"): presets.SHARED_PATH.settings,
    ("mean-field", "ours"): presets.OURS.settings,
    ("parameter-sharing", "published"): presets.NA_PS_PUBLISHED.settings,
    ("parameter-sharing", "ours"): presets.NA_PS_OURS.settings,
    ("recurrent", "published"): presets.RNN_PUBLISHED.settings,
    ("recurrent", "ours"): presets.RNN_OURS.settings,
}
"""Settings by method and preset."""


def adapted(
    settings: PPOTraining | RecurrentTraining,
    iterations: int,
    horizon: int,
    hidden: tuple[int, ...] = (),
) -> PPOTraining | RecurrentTraining:
    """Return settings for another number of batches, other episodes and, unless empty, layers."""
    if isinstance(settings, RecurrentTraining):
        return replace(settings, ppo=_adapted(settings.ppo, iterations, horizon, hidden))
    return _adapted(settings, iterations, horizon, hidden)


def _adapted(
    settings: PPOTraining, iterations: int, horizon: int, hidden: tuple[int, ...]
) -> PPOTraining:
    if hidden:
        settings = replace(settings, hidden=hidden, critic_hidden=hidden)
    return with_iterations(replace(settings, horizon=horizon), iterations)
