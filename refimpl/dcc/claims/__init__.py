"""The claims of the DCC paper, each with its check and its negative control, in paper order."""

from refimpl.dcc.claims import (
    algorithms,
    approximation,
    convergence,
    coordination,
    derivatives,
    device,
    experiments,
    experiments_central,
    experiments_curves,
    experiments_offloading,
    experiments_solvers,
    frequencies,
    game,
    gradients,
    multipliers,
    optima,
    program,
    selfishness,
)
from refimpl.ledger import Claim

CLAIMS: tuple[Claim, ...] = (
    *device.CLAIMS,
    *game.CLAIMS,
    *program.CLAIMS,
    *approximation.CLAIMS,
    *derivatives.CLAIMS,
    *multipliers.CLAIMS,
    *gradients.CLAIMS,
    *frequencies.CLAIMS,
    *optima.CLAIMS,
    *convergence.CLAIMS,
    *coordination.CLAIMS,
    *algorithms.CLAIMS,
    *selfishness.CLAIMS,
    *experiments.CLAIMS,
    *experiments_central.CLAIMS,
    *experiments_curves.CLAIMS,
    *experiments_offloading.CLAIMS,
    *experiments_solvers.CLAIMS,
)
