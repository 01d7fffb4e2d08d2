"""The fast passes give the reference's numbers, whatever the sizes of minibatch and block."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from linear_models.params import Params
from refimpl.scale.network import pointer, workspace
from refimpl.scale.network.fast import FastPointer
from refimpl.scale.network.parameters import Shape
from tests.scale.network.strategies import SMALL, Case, cases, random_case

Array = NDArray[Any]


def reference(case: Case) -> tuple[pointer.Outputs, Params]:
    """Outputs and gradient of the network as written."""
    out, cache = pointer.forward(
        case.params, case.task, case.servers, case.present, case.shape.heads
    )
    grads, _, _ = pointer.backward(case.params, cache, case.d_logits, case.d_value, case.d_features)
    return out, grads


def run(net: FastPointer, case: Case) -> pointer.Outputs:
    """Both passes."""
    out = net.forward(case.task, case.servers, case.present)
    net.backward(case.d_logits, case.d_value, case.d_features)
    return out


def assert_same(net: FastPointer, found: pointer.Outputs, case: Case, tolerance: float) -> None:
    """Outputs, and gradients relative to the largest entry of their array."""
    out, grads = reference(case.map(lambda x: x.astype(np.float64)))
    there = case.there
    np.testing.assert_allclose(found.logits[there], out.logits[there], rtol=0, atol=tolerance)
    assert (found.logits[~there] == -np.inf).all()
    np.testing.assert_allclose(found.value, out.value, rtol=0, atol=tolerance)
    np.testing.assert_allclose(found.features, out.features, rtol=0, atol=tolerance)
    for key, gradient in grads.items():
        error = np.abs(net.grads.named[key] - gradient).max()
        assert error <= tolerance * max(1, np.abs(gradient).max()), key


@given(cases(), st.integers(1, 12))
def test_double_precision_is_the_reference_to_rounding(case: Case, block: int) -> None:
    net = FastPointer(case.params, case.shape.heads, block)
    # A normalisation divides by a deviation down to about 0.01: rounding grows as much.
    assert_same(net, run(net, case), case, 1e-10)


@pytest.mark.parametrize("absent", [False, True])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_the_papers_network_at_sixteen_servers(dtype, tolerance, absent) -> None:
    """To 1e-12, or a hundred times the rounding of single precision."""
    case = random_case(np.random.default_rng(0), Shape(), 70, 16, absent)
    case = case.map(lambda x: x.astype(dtype))
    net = FastPointer(case.params, block=500)
    out = run(net, case)
    assert {x.dtype for x in (out.logits, out.value, net.grads.vector)} == {np.dtype(dtype)}
    assert_same(net, out, case, tolerance)


def test_sizes_may_change_from_call_to_call() -> None:
    rng = np.random.default_rng(0)
    net = FastPointer(random_case(rng, SMALL, 1, 1, False).params, 2, block=11)
    for n_samples, n_servers, absent in ((5, 3, False), (2, 7, True), (5, 3, False), (1, 1, False)):
        case = random_case(rng, SMALL, n_samples, n_servers, absent)
        net.weights.vector[...] = FastPointer(case.params, 2).weights.vector
        assert_same(net, run(net, case), case, 1e-12)


def test_large_scores_are_shifted() -> None:
    case = random_case(np.random.default_rng(0), SMALL, 4, 5, False)
    params = {**case.params, "query0": 300 * case.params["query0"]}
    case = Case(**{**case.__dict__, "params": params})
    net = FastPointer(params, 2)
    # Scores near 1000 are rounded a thousand times as coarsely.
    assert_same(net, run(net, case), case, 1e-9)


@pytest.mark.parametrize(("slab", "tile"), [(2, 8), (7, 7), (3, 6)])
def test_tiles_and_slabs_of_servers_add_up(slab, tile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "SLAB", slab)
    monkeypatch.setattr(workspace, "TILE", tile)
    case = random_case(np.random.default_rng(0), SMALL, 6, 5, False)
    net = FastPointer(case.params, 2)
    assert_same(net, run(net, case), case, 1e-12)


def test_blocks_are_the_fewest_and_about_equal() -> None:
    case = random_case(np.random.default_rng(0), SMALL, 10, 4, False)
    net = FastPointer(case.params, 2, block=16)
    net.forward(case.task, case.servers)
    assert [rows.stop - rows.start for rows, _ in net._spaces] == [3, 3, 4]


def test_weights_may_change_in_place_between_passes() -> None:
    case = random_case(np.random.default_rng(0), SMALL, 3, 4, False)
    net = FastPointer(case.params, 2)
    run(net, case)
    net.weights.vector += 0.1
    moved = Case(**{**case.__dict__, "params": net.weights.params()})
    assert_same(net, run(net, case), moved, 1e-12)
    assert case.params["critic_b2"] == moved.params["critic_b2"] - 0.1


def test_the_caller_keeps_what_it_passed_in() -> None:
    case = random_case(np.random.default_rng(0), SMALL, 3, 4, True)
    copy = case.map(np.copy)
    run(FastPointer(case.params, 2), case)
    for name in ("task", "servers", "d_logits", "d_value", "d_features"):
        np.testing.assert_array_equal(getattr(case, name), getattr(copy, name))


def test_no_derivative_by_the_features_is_a_zero_one() -> None:
    case = random_case(np.random.default_rng(0), SMALL, 3, 4, False)
    net = FastPointer(case.params, 2)
    net.forward(case.task, case.servers)
    net.backward(case.d_logits, case.d_value)
    without = net.grads.vector.copy()
    net.forward(case.task, case.servers)
    net.backward(case.d_logits, case.d_value, np.zeros_like(case.d_features))
    np.testing.assert_array_equal(net.grads.vector, without)


def test_an_absent_server_may_hold_anything() -> None:
    case = random_case(np.random.default_rng(0), SMALL, 3, 4, True)
    assert not case.there.all()
    net = FastPointer(case.params, 2)
    case.servers[~case.there] = np.nan
    case.d_logits[~case.there] = np.nan
    found = run(net, case)
    case.servers[~case.there] = 0
    assert_same(net, found, case, 1e-12)


def test_nan_ends_up_in_the_gradient() -> None:
    case = random_case(np.random.default_rng(0), SMALL, 3, 4, False)
    case.servers[1, 2, 3] = np.nan
    net = FastPointer(case.params, 2)
    run(net, case)
    assert np.isnan(net.grads.vector).any()


def test_bad_input_is_refused() -> None:
    case = random_case(np.random.default_rng(0), SMALL, 3, 4, False)
    net = FastPointer(case.params, 2)
    task, servers = case.task, case.servers
    with pytest.raises(ValueError, match=r"B and N >= 1; got \(3, 5\) and \(3, 0, 5\)"):
        net.forward(task, servers[:, :0])
    with pytest.raises(ValueError, match=r"B and N >= 1; got \(0, 5\) and \(0, 4, 5\)"):
        net.forward(task[:0], servers[:0])
    with pytest.raises(ValueError, match=r"task must have shape \(3, 5\); got \(3, 4\)"):
        net.forward(task[:, :4], servers)
    with pytest.raises(ValueError, match=r"servers must have shape \(3, 4, 5\); got \(2, 4, 5\)"):
        net.forward(task, servers[:2])
    with pytest.raises(ValueError, match=r"present must have shape \(3, 4\)"):
        net.forward(task, servers, np.ones((3, 5), bool))
    net.forward(task, servers)
    with pytest.raises(ValueError, match=r"d_logits must have shape \(3, 4\)"):
        net.backward(case.d_logits[:2], case.d_value)
    with pytest.raises(ValueError, match=r"d_value must have shape \(3,\)"):
        net.backward(case.d_logits, case.d_value[:2])
    with pytest.raises(ValueError, match=r"d_features must have shape \(3, 4\)"):
        net.backward(case.d_logits, case.d_value, case.d_value)
    with pytest.raises(ValueError, match="a matrix 'server_W1'"):
        FastPointer({"W0": np.ones((2, 2))})
    with pytest.raises(ValueError, match="block must be an integer >= 1; got 0"):
        FastPointer(case.params, 2, 0)
