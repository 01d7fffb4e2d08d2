"""Right and wrong guidance meets the conformance kit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.conformance import cases, check
from refimpl.conformance.draws import RandomDraw
from refimpl.dgpg.objective.guidance import Placements, load_coefficient
from tests.refimpl.conformance.planted import counterexample


def state(share=lambda c: c / sum(c), total=sum):
    """One resource after the other, server by server, with replaceable parts."""

    def function(load, capacity):
        columns = [
            [part * total(x) for part in share(c)]
            for x, c in zip(load.T.tolist(), capacity.T, strict=True)
        ]
        return np.array(columns).T

    return function


def coefficient(gap=lambda x, r, _: x - r, weigh=lambda d, _: d):
    """Server by server, with replaceable parts."""

    def function(load, reference, demand, capacity):
        return np.array(
            [
                sum(weigh(d, c) * gap(x, r, c) for x, r, d, c in zip(*rows, strict=True))
                for rows in (
                    (x, r, demand, c) for x, r, c in zip(load, reference, capacity, strict=True)
                )
            ]
        )

    return function


def test_equal_utilisation_conforms() -> None:
    check("dgpg_reference", state(), examples=60)


@pytest.mark.parametrize(
    "bug",
    [
        state(share=lambda c: np.ones_like(c) / len(c)),
        state(share=lambda c: c / max(c)),
        state(total=lambda x: sum(x) / len(x)),
        state(total=max),
        lambda load, capacity: load.sum() * capacity / capacity.sum(),
    ],
    ids=["equal loads", "share of the largest", "mean", "largest", "resources added up"],
)
def test_reference_bugs_are_shown_on_few_servers(bug) -> None:
    assert counterexample("dgpg_reference", bug).inputs["load"].size <= 2


def test_gap_times_demand_conforms() -> None:
    check("dgpg_guidance", coefficient(), examples=60)


@pytest.mark.parametrize(
    "bug",
    [
        coefficient(gap=lambda x, r, _: r - x),
        coefficient(gap=lambda x, _r, _c: x),
        coefficient(weigh=lambda _d, _c: 1.0),
        coefficient(gap=lambda x, r, c: (x - r) / c),
        coefficient(gap=lambda x, r, c: (x - r) / c, weigh=lambda d, c: d / c),
        coefficient(gap=lambda x, r, _: 2 * (x - r)),
    ],
    ids=["sign", "no reference", "no demand", "mixed units", "utilisations", "factor 2"],
)
def test_guidance_bugs_are_shown_on_few_servers(bug) -> None:
    assert counterexample("dgpg_guidance", bug).inputs["load"].size <= 4


@given(st.integers(0, 2**32 - 1))
def test_the_case_is_the_coefficient_in_loads(seed: int) -> None:
    case = cases()["dgpg_guidance"]
    inputs = case.generate(RandomDraw(np.random.default_rng(seed)))
    load, capacity = inputs["load"], inputs["capacity"]
    n = len(load)
    everywhere = Placements(np.zeros(n, int), np.arange(n), np.tile(inputs["demand"], (n, 1)))
    expected = load_coefficient(load[None], capacity[None], everywhere)
    found = case.reference(**inputs)["coefficient"]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
