"""MAPPO trained for several times the common budget [DCC Fig. 11]."""

from __future__ import annotations

from refimpl.dcc.experiments.runs import Run, job
from refimpl.dcc.experiments.scale import Scale
from refimpl.ledger import Job


def jobs(scale: Scale, seed: int) -> tuple[Job, ...]:
    """Long runs of MAPPO on the first games of the smallest size, one job each [DCC Fig. 11].

    In the full profile 1.6e7 steps, as in the paper's MAPPO table.
    """
    first, n = scale.games[0], scale.sizes[0]
    return tuple(
        job(Run("mappo", n, (g, g + 1), scale.long_factor * scale.steps), seed)
        for g in range(first, first + scale.long_games)
    )
