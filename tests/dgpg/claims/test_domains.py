"""Verdicts on the other domains, and the textbook numbers they rest on."""

from __future__ import annotations

import pytest

from refimpl.dgpg.claims.domains import (
    CLAIMS,
    check_dispatch,
    check_rates,
    check_routing,
    three_buses,
    wardrop,
)
from refimpl.dgpg.theory.domains.communication import linear_network
from refimpl.ledger import Context
from tests.contract import assert_claims


def test_verdicts() -> None:
    assert_claims(
        CLAIMS,
        {
            "dgpg/domain-template": "holds",
            "dgpg/domain-influence": "holds-under",
            "dgpg/domain-traffic": "refuted",
            "dgpg/domain-power": "refuted",
            "dgpg/domain-communication": "refuted",
        },
    )


def test_pigou_and_braess() -> None:
    """Total time on Pigou's way is f^2 + 1 - f: slope (2 f - 1)(1 - f), at most 1/8 at 3/4."""
    found = check_routing(wardrop, Context()).evidence
    assert found["pigou_largest_slope"] == pytest.approx(1 / 8)
    assert found["pigou_total_time_at_the_reference"] == pytest.approx(1.0)
    assert found["pigou_least_total_time"] == pytest.approx(0.75)
    assert found["braess_total_time_at_the_reference"] == pytest.approx(6 * 92.0)
    assert found["braess_least_total_time"] == pytest.approx(498.0)


def test_the_dispatch_overloads_the_direct_line() -> None:
    """Free: marginal costs 5 + g/10 = 12 + g/10 = 20 + g/5 meet at 110 and 40, none at bus 2.

    Two thirds of bus 0 and a third of bus 1 take the direct line of 50: 86.7.
    """
    found = check_dispatch(three_buses(), Context()).evidence
    assert found["largest_overload_of_economic_dispatch"] == pytest.approx(
        (2 * 110 + 40) / 3 - 50.0
    )
    assert found["cost_of_economic_dispatch"] == pytest.approx(
        0.05 * 110**2 + 5 * 110 + 0.05 * 40**2 + 12 * 40
    )
    assert 0 < found["largest_line_price"] < 100


def test_fair_rates_of_a_chain() -> None:
    found = check_rates(linear_network(2), Context()).evidence
    assert found["throughput_of_fair_rates"] == pytest.approx(5 / 3)
    assert found["greatest_throughput"] == pytest.approx(2.0)
