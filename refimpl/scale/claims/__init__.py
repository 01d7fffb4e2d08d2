"""The paper's rows of the ledger."""

from __future__ import annotations

from refimpl.ledger import Claim
from refimpl.scale.claims import (
    alone,
    clock,
    divergence,
    experiments_ablations,
    experiments_beyond,
    experiments_constants,
    experiments_features,
    experiments_methods,
    experiments_sizes,
    features,
    learning,
    network,
    printed_tables,
    regularizer,
    reward,
    statistics,
    symmetries,
    system,
    workflows,
)

CLAIMS: tuple[Claim, ...] = (
    *system.CLAIMS,
    *reward.CLAIMS,
    *clock.CLAIMS,
    *workflows.CLAIMS,
    *network.CLAIMS,
    *symmetries.CLAIMS,
    *statistics.CLAIMS,
    *regularizer.CLAIMS,
    *divergence.CLAIMS,
    *features.CLAIMS,
    *alone.CLAIMS,
    *learning.CLAIMS,
    *printed_tables.CLAIMS,
    *experiments_methods.CLAIMS,
    *experiments_sizes.CLAIMS,
    *experiments_features.CLAIMS,
    *experiments_beyond.CLAIMS,
    *experiments_ablations.CLAIMS,
    *experiments_constants.CLAIMS,
)
