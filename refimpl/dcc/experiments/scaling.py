"""Reward and offloading against system size, for all methods.

[DCC Fig. 1] [DCC Fig. 9] [DCC Fig. 10] [DCC Fig. 12]
"""

from __future__ import annotations

from refimpl.dcc.experiments.methods import CENTRAL
from refimpl.dcc.experiments.runs import Run, job
from refimpl.dcc.experiments.scale import Scale
from refimpl.ledger import Job


def jobs(method: str, n_devices: int, scale: Scale, seed: int) -> tuple[Job, ...]:
    """Jobs of one method at one size, linear penalty [DCC Fig. 1] [DCC Fig. 9] [DCC Fig. 10].

    One job for all games, or one per game for a centralised baseline.
    """
    first, last = scale.games
    blocks = [scale.games]
    if method in CENTRAL:
        count = scale.central_games.get((method, n_devices), 0)
        blocks = [(g, g + 1) for g in range(first, min(first + count, last))]
    return tuple(job(Run(method, n_devices, block, scale.steps), seed) for block in blocks)
