"""Verdicts on SRR as written, and what else would be noticed."""

from __future__ import annotations

import pytest

from refimpl.ledger import Context
from refimpl.scale.claims.regularizer import (
    CLAIMS,
    check_covariance,
    check_decorrelation,
    check_parameters,
    check_total,
    initial,
)
from refimpl.scale.objective.srr import covariance, decorrelation, spread, warm_up
from tests.contract import assert_claims

VERDICTS = {
    "scale/covariance": "holds",
    "scale/decorrelation-loss": "holds",
    "scale/total-loss": "holds-under",
    "scale/no-parameters": "holds",
}


def test_verdicts_last_and_controls_flip() -> None:
    assert_claims(CLAIMS, VERDICTS)


def test_shrinking_to_a_tenth_divides_the_loss_by_a_hundred() -> None:
    evidence = check_decorrelation(decorrelation, Context()).evidence
    assert evidence["loss"] == pytest.approx(100 * evidence["at_a_tenth_of_the_features"])


def test_eq_5_is_exact_from_epoch_60_and_wrong_before() -> None:
    evidence = check_total(warm_up, Context()).evidence
    assert evidence["first_epoch_as_printed"] == 60
    assert evidence["largest_error_before"] > 0.01


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: (decorrelation(x)[0], 2 * decorrelation(x)[1]),
        lambda x: (decorrelation(x)[0] + spread(x)[0], decorrelation(x)[1] + spread(x)[1]),
    ],
    ids=["twice the gradient", "the diagonal too"],
)
def test_other_losses_are_noticed(wrong) -> None:
    assert check_decorrelation(wrong, Context()).verdict.value == "refuted"


def test_a_covariance_around_zero_is_noticed() -> None:
    def around_zero(features):
        return features.T @ features / (len(features) - 1)

    assert check_covariance(covariance, Context()).verdict.value == "holds"
    assert check_covariance(around_zero, Context()).verdict.value == "refuted"


def test_another_start_is_noticed() -> None:
    def shifted(name):
        return {k: v + (name == "SCALE") for k, v in initial(name).items()}

    found = check_parameters(initial, Context())
    assert found.evidence["parameters_of_the_pointer_network"] == sum(
        value.size for value in initial("SCALE").values()
    )
    assert check_parameters(shifted, Context()).verdict.value == "refuted"
