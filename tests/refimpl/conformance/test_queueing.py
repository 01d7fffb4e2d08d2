"""Right and wrong queues meet the conformance kit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad_vec
from scipy.linalg import expm

from refimpl.conformance import cases, check
from refimpl.conformance.draws import RandomDraw
from tests.refimpl.conformance.planted import counterexample


def generator(a, s, buffer):
    """Rates as they are said in words, row convention."""
    q = np.zeros((buffer + 1, buffer + 1))
    for z in range(buffer):
        q[z, z + 1], q[z + 1, z] = a, s
    return q - np.diag(q.sum(axis=1))


def queue(time=lambda dt: dt, turn=lambda a, s: (a, s), drops=None):
    """SciPy's matrix exponential and a quadrature, with replaceable parts."""

    def integrated(q, a, dt):
        return a * quad_vec(lambda u: expm(q * u)[:, -1], 0.0, dt, epsabs=1e-13)[0]

    def function(arrival_rate, service_rate, buffer, dt):
        a, s = turn(arrival_rate, service_rate)
        q = generator(a, s, buffer)
        return expm(q * time(dt)), (drops or integrated)(q, a, time(dt))

    return function


def draining(q, a, dt):
    """Counting state that takes the job away from the queue: the chance of at least one drop."""
    n = len(q)
    bigger = np.zeros((n + 1, n + 1))
    bigger[:n, :n] = q
    bigger[n - 1, n - 1] -= a
    bigger[n - 1, n] = a
    return expm(bigger * dt)[:n, n]


def test_quadrature_of_scipy_s_exponential_conforms() -> None:
    check("queue_epoch", queue(), examples=40)


@pytest.mark.parametrize(
    "bug",
    [
        queue(time=lambda _: 1.0),
        queue(turn=lambda a, s: (s, a)),
        queue(drops=draining),
        queue(drops=lambda q, a, dt: a * dt * expm(q * dt)[:, -1]),
        lambda **inputs: (queue()(**inputs)[0].T, queue()(**inputs)[1]),
    ],
    ids=["dt left out", "rates swapped", "at least one drop", "at the end only", "columns"],
)
def test_queue_bugs_are_shown_on_the_smallest_buffer(bug) -> None:
    assert counterexample("queue_epoch", bug, examples=60).inputs["buffer"] == 1


def split(degree=lambda adjacency, _, j: adjacency[j].sum(), keep=1.0):
    """One agent after the other, with replaceable parts."""

    def function(adjacency, offload_prob, rate):
        n = len(adjacency)
        rates = [keep - offload_prob[i] for i in range(n)]
        for i, j in zip(*np.nonzero(adjacency), strict=True):
            rates[i] += offload_prob[j] / degree(adjacency, i, j)
        return rate * np.array(rates)

    return function


def test_one_agent_after_the_other_conforms() -> None:
    check("arrival_rates", split(), examples=60)


@pytest.mark.parametrize(
    "bug",
    [
        split(degree=lambda adjacency, i, _: adjacency[i].sum()),
        split(degree=lambda adjacency, *_: adjacency.sum(axis=0).max()),
        split(keep=0.0),
        lambda **inputs: split()(**inputs) / inputs["rate"] ** 2,
    ],
    ids=["own degree, as in the appendix", "largest degree", "nothing kept", "rate"],
)
def test_splitting_bugs_are_shown_on_a_small_graph(bug) -> None:
    assert len(counterexample("arrival_rates", bug).inputs["adjacency"]) <= 3


@given(st.integers(0, 2**32 - 1))
def test_generated_graphs_leave_nobody_alone(seed: int) -> None:
    inputs = cases()["arrival_rates"].generate(RandomDraw(np.random.default_rng(seed)))
    matrix = inputs["adjacency"]
    np.testing.assert_array_equal(matrix, matrix.T)
    assert set(np.unique(matrix)) <= {0, 1}
    assert matrix.trace() == 0
    assert matrix.sum(axis=0).min() >= 1
