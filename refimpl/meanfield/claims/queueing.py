"""Claims about one epoch of the queues: generator, exponential, drops [MF eq. 1, App. A]."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray
from scipy.linalg import expm

from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind
from refimpl.meanfield.claims.findings import BUFFER, HIGH_RATE, LOW_RATE, SERVICE, largest_gap
from refimpl.meanfield.model.arrivals import arrival_rates
from refimpl.meanfield.model.topologies import path
from refimpl.shared.bounded_queue import epoch_kernel
from refimpl.shared.markov_chains import birth_death, transition_matrix, uniformized

Floats = NDArray[np.float64]
Joint = Callable[[Floats, int], Floats]
Columns = Callable[[float, float, int], Floats]
Evolve = Callable[[Floats, float], Floats]
CountDrops = Callable[[float, float], Floats]
Bound = Callable[[int, float, float], float]

DELAYS = (1.0, 2.0, 5.0, 10.0)
GOLDEN_DROPS = {1.0: 0.62614, 5.0: 1.75257, 10.0: 2.54944}
"""Expected drops in an epoch from a full queue at the high rate, by length of the epoch."""


def one_job_at_a_time(offload: Floats, buffer: int) -> Floats:
    """Build the generator of two neighbouring queues from events that are one job each."""
    one, other = _arrivals(offload)
    moves = [((1, 0), one), ((0, 1), other), ((-1, 0), SERVICE), ((0, -1), SERVICE)]
    return _from_events(buffer, moves)


def jobs_in_pairs(offload: Floats, buffer: int) -> Floats:
    """Let half of the rarer arrivals come to both queues at once; each queue's rate is the same."""
    one, other = _arrivals(offload)
    both = 0.5 * min(one, other)
    arrivals = [((1, 1), both), ((1, 0), one - both), ((0, 1), other - both)]
    return _from_events(buffer, [*arrivals, ((-1, 0), SERVICE), ((0, -1), SERVICE)])


def _arrivals(offload: Floats) -> tuple[float, float]:
    one, other = (float(p) for p in offload)
    return HIGH_RATE * (1 - one + other), HIGH_RATE * (1 - other + one)


def _from_events(buffer: int, moves: list[tuple[tuple[int, int], float]]) -> Floats:
    size = buffer + 1
    generator = np.zeros((size**2, size**2))
    for (a, b), ((up, right), rate) in product(np.ndindex(size, size), moves):
        to = min(max(a + up, 0), buffer), min(max(b + right, 0), buffer)
        generator[a * size + b, to[0] * size + to[1]] += rate
        generator[a * size + b, a * size + b] -= rate
    return generator


def check_independence(joint: Joint, context: Context) -> Finding:
    """Exponential of the joint generator of two queues against the product of their own laws."""
    rng, worst, buffer, dt = context.rng("meanfield", "independence"), 0.0, 3, 2.0
    for offload in rng.uniform(size=(3, 2)):
        rates = arrival_rates(path(2), offload, HIGH_RATE)
        one, two = epoch_kernel(rates, SERVICE, buffer, dt).transitions
        worst = max(worst, largest_gap(expm(joint(offload, buffer) * dt), np.kron(one, two)))
    # The printed condition leaves out the queue's own state and its own agent's action.
    kernel = epoch_kernel([0.0, 2 * HIGH_RATE], SERVICE, buffer, dt).transitions
    return only_under(
        "the neighbourhood in the condition includes the agent itself: its own state and action",
        worst < 1e-12,
        largest_error=worst,
        moved_by_own_state=largest_gap(kernel[0, 0], kernel[0, -1]),
        moved_by_own_action=largest_gap(kernel[0], kernel[1]),
    )


def printed_columns(arrival: float, service: float, buffer: int) -> Floats:
    """``Q_{i,i-1} = arrival, Q_{i-1,i} = service``, columns summing to 0 [MF App. A]."""
    return np.asarray(birth_death(np.full(buffer, arrival), np.full(buffer, service)).T)


def read_as_rows(arrival: float, service: float, buffer: int) -> Floats:
    """Take the same two entries as rates out of the row's state: arrivals and services swap."""
    return printed_columns(service, arrival, buffer)


def check_orientation(columns: Columns, context: Context) -> Finding:
    """``exp(Q dt) e_x`` against the transition matrix, and its mass."""
    del context
    worst, mass = 0.0, 0.0
    for dt, arrival in product(DELAYS, (LOW_RATE, 2 * HIGH_RATE)):
        law = expm(columns(arrival, HIGH_RATE, BUFFER) * dt)
        expected = epoch_kernel(arrival, HIGH_RATE, BUFFER, dt).transitions
        worst = max(worst, largest_gap(law, expected.T))
        mass = max(mass, largest_gap(law.sum(axis=0), np.ones(BUFFER + 1)))
    full = expm(columns(LOW_RATE, HIGH_RATE, BUFFER) * 5.0)[BUFFER, 0]
    return exactly(worst, 1e-12, mass_error=mass, full_from_empty=float(full))


def literal_diagonal(arrival: float, service: float, buffer: int) -> Floats:
    """``Q_ii = -sum_j Q_ji`` taken at its word, j = i included: half of what it should be."""
    q = printed_columns(arrival, service, buffer)
    np.fill_diagonal(q, 0.5 * np.diag(q))
    return q


def check_diagonal(columns: Columns, context: Context) -> Finding:
    """Check that ``exp(Q dt) e_x`` is a probability distribution."""
    del context
    masses = np.array([expm(columns(HIGH_RATE, SERVICE, BUFFER) * dt).sum(axis=0) for dt in DELAYS])
    return exactly(largest_gap(masses, np.ones_like(masses)), 1e-12, mass=float(masses.max()))


def without_delay(generator: Floats, dt: float) -> Floats:
    """Return ``exp(Q)``, whatever the length of the epoch [MF App. A]."""
    del dt
    return transition_matrix(generator, 1.0)


def check_delay(evolve: Evolve, context: Context) -> Finding:
    """Check the law at the end of epochs of several lengths against uniformisation."""
    del context
    generator = birth_death(np.full(BUFFER, HIGH_RATE), np.full(BUFFER, SERVICE))
    gaps = {dt: largest_gap(evolve(generator, dt), uniformized(generator, dt)) for dt in DELAYS}
    return exactly(
        max(gaps.values()), 1e-12, **{f"error_at_{dt:g}": gap for dt, gap in gaps.items()}
    )


def counting_row(arrival: float, dt: float) -> Floats:
    """Last row of ``exp(Qbar dt)`` in column convention; Qbar is square by a column of zeros."""
    q = np.zeros((BUFFER + 2, BUFFER + 2))
    q[:-1, :-1] = printed_columns(arrival, SERVICE, BUFFER)
    q[-1, BUFFER] = arrival
    return np.asarray(expm(q * dt)[-1, :-1])


def draining_row(arrival: float, dt: float) -> Floats:
    """Make Qbar conserve mass as well: then it gives the probability that anything is dropped."""
    q = np.zeros((BUFFER + 2, BUFFER + 2))
    q[:-1, :-1] = printed_columns(arrival, SERVICE, BUFFER)
    q[-1, BUFFER] = arrival
    q[BUFFER, BUFFER] -= arrival
    return np.asarray(expm(q * dt)[-1, :-1])


def check_drops(count: CountDrops, context: Context) -> Finding:
    """Check against Gauss-Legendre quadrature of the rate at which a full queue is hit."""
    del context
    nodes, weights = leggauss(40)
    generator = birth_death(np.full(BUFFER, HIGH_RATE), np.full(BUFFER, SERVICE))
    worst, evidence = 0.0, {}
    for dt, golden in GOLDEN_DROPS.items():
        times = dt * (nodes + 1) / 2
        full = np.array([transition_matrix(generator, t)[:, BUFFER] for t in times])
        drops = count(HIGH_RATE, dt)
        worst = max(worst, largest_gap(drops, HIGH_RATE * dt / 2 * (weights @ full)))
        evidence[f"from_full_at_{dt:g}"] = float(drops[BUFFER])
        evidence[f"off_the_record_at_{dt:g}"] = abs(float(drops[BUFFER]) - golden)
    return exactly(worst, 1e-10, **evidence)


def printed_bound(degree: int, rate: float, dt: float) -> float:
    """``D_max = (d + 1) lambda_h`` [MF App. A]."""
    del dt
    return (degree + 1) * rate


def bound_of_arrivals(degree: int, rate: float, dt: float) -> float:
    """Bound drops by expected arrivals, ``(d + 1) lambda_h dt``."""
    return (degree + 1) * rate * dt


def check_bound(bound: Bound, context: Context) -> Finding:
    """Fill a queue on a ring: its own agent keeps its jobs and the neighbours send all theirs."""
    del context
    over, evidence = 0.0, {}
    for dt in (1.0, 2.0, 3.0, 5.0, 10.0):
        drops = epoch_kernel(2 * HIGH_RATE, SERVICE, BUFFER, dt).expected_drops[BUFFER]
        evidence[f"drops_at_{dt:g}"] = float(drops)
        evidence[f"bound_at_{dt:g}"] = bound(2, HIGH_RATE, dt)
        over = max(over, float(drops) - bound(2, HIGH_RATE, dt))
    return exactly(over, 0.0, **evidence)


CLAIMS = (
    Claim(
        "meanfield/eq-1-product-kernel",
        "eq. 1",
        "Given states and actions at the start of an epoch, the queues' next states are "
        "independent, each with a law that its own arrival rate determines.",
        ("MF-01",),
        Kind.EXACT,
        check_independence,
        one_job_at_a_time,
        Control("some jobs come to both queues at the same moment", jobs_in_pairs),
    ),
    Claim(
        "meanfield/generator-columns",
        "App. A, Q",
        "With arrivals in Q_{i,i-1}, services in Q_{i-1,i} and columns that sum to 0, exp(Q dt) "
        "e_x is the law of the queue that starts with x jobs.",
        ("MF-04",),
        Kind.EXACT,
        check_orientation,
        printed_columns,
        Control("rows and columns exchanged, so that services fill the queue", read_as_rows),
    ),
    Claim(
        "meanfield/generator-diagonal",
        "App. A, Q",
        "With the diagonal Q_ii = -sum_j Q_ji as printed, exp(Q dt) e_x is a law.",
        ("MF-06",),
        Kind.EXACT,
        check_diagonal,
        literal_diagonal,
        Control("the sum leaves out j = i", printed_columns),
    ),
    Claim(
        "meanfield/exponential-without-delay",
        "App. A, P",
        "The law of the queue at the end of an epoch of any length is exp(Q) e_x.",
        ("MF-05",),
        Kind.EXACT,
        check_delay,
        without_delay,
        Control("the generator times the length of the epoch", transition_matrix),
    ),
    Claim(
        "meanfield/drops-by-counting-row",
        "App. A, Qbar",
        "With one more row that counts arrivals at a full queue, a column of zeros, and Q "
        "otherwise unchanged, the last entry of exp(Qbar dt) e_x is the expected number of drops.",
        ("MF-07",),
        Kind.EXACT,
        check_drops,
        counting_row,
        Control("the counted rate is taken off the diagonal of the full queue", draining_row),
    ),
    Claim(
        "meanfield/largest-expected-drops",
        "App. A, D_max",
        "The expected drops of a queue in one epoch are at most (d + 1) lambda_h.",
        ("MF-08",),
        Kind.EXACT,
        check_bound,
        printed_bound,
        Control("times the length of the epoch", bound_of_arrivals),
    ),
)
