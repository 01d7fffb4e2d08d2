"""What the learning examples of the DCC paper share: how much is learned, and the exact costs."""

from __future__ import annotations

from typing import Any

import numpy as np
from _runs import results
from _show import Options
from numpy.typing import NDArray

from refimpl.dcc.experiments import references
from refimpl.dcc.experiments.scale import FULL, Scale
from refimpl.ledger import Arrays


def scale(given: Options, sizes: tuple[int, ...], games: int, steps: int, **more: Any) -> Scale:
    """Size of the experiments: the paper's with ``--full``, else as given.

    ``more`` are fields of ``Scale``; without ``central_games`` no MAPPO and A2C.
    """
    if given.profile == "full":
        return FULL
    fields: dict[str, Any] = {
        "central_games": {},
        "long_games": 1,
        "long_factor": 2,
        "local_devices": 1,
        "local_steps": steps,
    }
    return Scale(sizes=sizes, games=(0, games), steps=steps, **(fields | more))


def reference(given: Options, n_devices: int, size: Scale, beta: float = 1.0) -> Arrays:
    """Exact costs of never offloading, the selfish equilibrium and the best budgets, by game."""
    job = references.job(n_devices, size.games, beta, 0)
    return results(given, (job,))[job.name]


def last(points: NDArray[np.float64]) -> float:
    """Mean over the games of the last point of a learning curve (K, E)."""
    return float(points[-1].mean())


def cost_and_violation(curve: Arrays) -> str:
    """Words for the final cost per agent and, if there are budgets, the mean excess over them."""
    kept = f"violation {last(curve['violation']):.3f}" if "budget_path" in curve else "no budgets"
    return f"{last(curve['cost']):.2f}, {kept}"
