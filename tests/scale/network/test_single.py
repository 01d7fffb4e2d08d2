"""Decisions are the reference's, for one state and for many, for any number of servers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from refimpl.scale.network import pointer
from refimpl.scale.network.parameters import Shape
from refimpl.scale.network.preparation import TILE
from refimpl.scale.network.single import act, decide, prepared
from tests.scale.network.strategies import SMALL, Case, cases, random_case, random_params


def reference(case: Case) -> pointer.Outputs:
    """Outputs of the network as written."""
    return pointer.forward(case.params, case.task, case.servers, case.present, case.shape.heads)[0]


@given(cases())
def test_acting_is_the_reference(case: Case) -> None:
    network = prepared(case.params, case.shape.heads, np.float64)
    out, found = reference(case), act(network, case.task, case.servers, case.present)
    # A normalisation divides by a deviation down to about 0.01: rounding grows as much.
    np.testing.assert_allclose(found.logits, out.logits, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.value, out.value, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.features, out.features, rtol=0, atol=1e-10)


@given(cases())
def test_a_decision_is_the_reference(case: Case) -> None:
    network = prepared(case.params, case.shape.heads, np.float64)
    out = reference(case)
    for b, there in enumerate(case.there):
        found = decide(network, case.task[b], case.servers[b][there])
        np.testing.assert_allclose(found, out.logits[b][there], rtol=0, atol=1e-10)


@pytest.mark.parametrize("n_servers", [1, 16, TILE - 1, TILE, 2 * TILE + 3])
def test_the_papers_network_in_single_precision(n_servers) -> None:
    case = random_case(np.random.default_rng(n_servers), Shape(), 2, n_servers, False)
    out = reference(case)
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 1e-5)):
        network = prepared(case.params, dtype=dtype)
        found = act(network, case.task, case.servers)
        assert found.logits.dtype == found.value.dtype == found.features.dtype == dtype
        np.testing.assert_allclose(found.logits, out.logits, rtol=0, atol=tolerance)
        np.testing.assert_allclose(found.value, out.value, rtol=0, atol=tolerance)
        one = decide(network, case.task[1], case.servers[1])
        np.testing.assert_allclose(one, out.logits[1], rtol=0, atol=tolerance)
        assert one.dtype == dtype


def test_a_hundred_thousand_servers() -> None:
    """Replicated a thousand times, every copy scores as the original."""
    case = random_case(np.random.default_rng(0), Shape(), 1, 100, False)
    logits = decide(prepared(case.params), case.task[0], np.tile(case.servers[0], (1000, 1)))
    assert logits.shape == (100_000,)
    np.testing.assert_allclose(logits, np.tile(reference(case).logits[0], 1000), atol=1e-4)


def test_large_scores_do_not_overflow() -> None:
    case = random_case(np.random.default_rng(0), SMALL, 2, 5, False)
    params = {**case.params, "query0": 3e4 * case.params["query0"]}
    network = prepared(params, 2)
    assert np.isfinite(decide(network, case.task[0], case.servers[0])).all()
    assert np.isfinite(act(network, case.task, case.servers).logits).all()


def test_an_absent_server_may_hold_anything() -> None:
    case = random_case(np.random.default_rng(0), SMALL, 3, 4, True)
    network, there = prepared(case.params, 2), case.there
    expected = act(network, case.task, case.servers, there).logits
    case.servers[~there] = np.nan
    found = act(network, case.task, case.servers, there).logits
    np.testing.assert_array_equal(found, expected)


def test_what_comes_out_is_the_callers() -> None:
    case = random_case(np.random.default_rng(0), SMALL, 2, 5, False)
    network = prepared(case.params, 2)
    first = act(network, case.task, case.servers)
    kept = first.logits.copy()
    act(network, case.task + 1, case.servers)
    decide(network, case.task[0], case.servers[1])
    np.testing.assert_array_equal(first.logits, kept)


def test_bad_input_is_refused() -> None:
    network = prepared(random_params(np.random.default_rng(0), SMALL), 2)
    task, servers = np.ones(5), np.ones((3, 5))
    for message, *inputs in (
        (r"task must have shape \(5,\); got \(4,\)", task[:4], servers),
        (r"servers must have shape \(N, 5\); got \(3, 4\)", task, servers[:, :4]),
        (r"servers must have shape \(N, 5\); got \(5,\)", task, servers[0]),
        (r"at least one server; got shape \(0, 5\)", task, servers[:0]),
        ("task must be finite; got nan at index", task * np.nan, servers),
        ("servers must be finite; got -inf at index", task, servers - np.inf),
    ):
        with pytest.raises(ValueError, match=message):
            decide(network, *inputs)
    for message, *inputs in (
        (r"servers must have shape \(1, 'N', 5\)", task[None], servers),
        ("servers must be finite; got nan", task[None], servers[None] * np.nan),
        (r"at least one server; got shape \(1, 0, 5\)", task[None], servers[None, :0]),
        ("row 0 has none", task[None], servers[None], np.zeros((1, 3), bool)),
    ):
        with pytest.raises(ValueError, match=message):
            act(network, *inputs)
