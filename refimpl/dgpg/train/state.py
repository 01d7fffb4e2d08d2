"""A learner as plain arrays, for checkpoints."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.train.learner import Learner, Trained
from refimpl.dgpg.train.settings import TrainSettings
from refimpl.shared.adam_in_place import Moments
from refimpl.shared.optimizer import group, joined

Arrays = dict[str, NDArray[Any]]


def learner_arrays(learner: Learner) -> Arrays:
    """Parameters, optimiser states and running statistics."""
    value, guidance = learner.value_scale, learner.guidance_scale
    scales = {
        "value": np.array([value.mean, value.square, value.weight]),
        "guidance": np.array([guidance.mean, guidance.variance, guidance.batches]),
    }
    parts = {"actor": _trained(learner.actor), "critic": _trained(learner.critic)}
    return joined(**parts, scales=scales)


def restored_learner(arrays: Arrays, settings: TrainSettings) -> Learner:
    """Inverse of :func:`learner_arrays` for a run with these settings.

    Raises
    ------
    ValueError
        If a part is missing.
    """
    scales = group(arrays, "scales")
    mean, square, weight = map(float, scales["value"])
    value = replace(settings.value_scale, mean=mean, square=square, weight=weight)
    mean, variance, batches = map(float, scales["guidance"])
    guidance = replace(settings.guidance_scale, mean=mean, variance=variance, batches=int(batches))
    actor, critic = (_restored(group(arrays, name)) for name in ("actor", "critic"))
    return Learner(actor, critic, value, guidance)


def _trained(network: Trained) -> Arrays:
    moments = {"m": network.moments.m, "v": network.moments.v, "t": np.array(network.moments.t)}
    return joined(params=network.params, moments=moments)


def _restored(arrays: Arrays) -> Trained:
    moments = group(arrays, "moments")
    return Trained(group(arrays, "params"), Moments(moments["m"], moments["v"], int(moments["t"])))
