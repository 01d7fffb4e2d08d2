"""The claims of the mean-field paper, each with its check and its negative control."""

from refimpl.ledger import Claim
from refimpl.meanfield.claims import (
    arrivals,
    counterexamples,
    experiments_agents,
    experiments_delays,
    experiments_extensions,
    experiments_learning,
    experiments_sizes,
    heuristics_exact,
    learning,
    limit,
    optimality,
    parameters,
    proof,
    queueing,
    topologies,
)

CLAIMS: tuple[Claim, ...] = (
    *queueing.CLAIMS,
    *arrivals.CLAIMS,
    *limit.CLAIMS,
    *counterexamples.CLAIMS,
    *proof.CLAIMS,
    *topologies.CLAIMS,
    *parameters.CLAIMS,
    *heuristics_exact.CLAIMS,
    *optimality.CLAIMS,
    *learning.CLAIMS,
    *experiments_sizes.CLAIMS,
    *experiments_agents.CLAIMS,
    *experiments_delays.CLAIMS,
    *experiments_extensions.CLAIMS,
    *experiments_learning.CLAIMS,
)
