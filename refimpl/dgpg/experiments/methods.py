"""Training settings of the experiments, by the name that results call them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from refimpl.dgpg.train import presets
from refimpl.dgpg.train.methods import DGPG, IPPO, MAPPO, Method
from refimpl.dgpg.train.schedules import fixed
from refimpl.dgpg.train.settings import TrainSettings
from refimpl.shared.presets import Preset


def _linear(method: Method, n_servers: int) -> Preset[TrainSettings]:
    del n_servers
    return presets.linear_chosen(method)


def _failure(number: int, n_servers: int) -> Preset[TrainSettings]:
    del n_servers
    return presets.failure_run(number)


METHODS: Mapping[str, Callable[[int], Preset[TrainSettings]]] = {
    "linear DG-PG": partial(_linear, DGPG),
    "linear MAPPO": partial(_linear, MAPPO),
    "linear IPPO": partial(_linear, IPPO),
    "neural DG-PG": presets.neural_chosen,
    "published DG-PG": presets.neural_published,
    "ours": presets.ours,
    **{f"failure {k}": partial(_failure, k) for k in presets.TABLE_8},
}
"""Preset by number of servers: the controlled comparison with linear models, DG-PG at every scale
with the chosen and with the first-guess constants, ours, and the failed runs of Table 8."""


def settings_of(
    method: str,
    n_servers: int,
    episodes: int,
    alpha: float | None = None,
    lam: float | None = None,
) -> TrainSettings:
    """Return a method's settings, spread over ``episodes``, with weights of one's own.

    Parameters
    ----------
    method : str
        Key of :data:`METHODS`.
    n_servers, episodes : int
    alpha : float, optional
        Constant weight of the guidance.
    lam : float, optional
        Weight of longer sums in the advantages.

    Raises
    ------
    ValueError
        If there is no such method.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {sorted(METHODS)}; got {method!r}")
    changes: dict[str, Any] = {"episodes": episodes}
    if alpha is not None:
        changes["alpha"] = fixed(alpha)
    if lam is not None:
        changes["lam"] = lam
    return replace(METHODS[method](n_servers).settings, **changes)
