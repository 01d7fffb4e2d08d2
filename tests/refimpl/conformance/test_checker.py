"""What the checker accepts, refuses and shows."""

from __future__ import annotations

import builtins

import numpy as np
import pytest

from refimpl.conformance import ConformanceError, cases, check
from tests.refimpl.conformance.planted import counterexample

GAE = cases()["gae"]


def gae(**inputs):
    return GAE.reference(**inputs)


def test_dicts_tuples_and_lists_are_accepted() -> None:
    check("gae", gae, examples=8)
    check("gae", lambda **inputs: tuple(gae(**inputs).values()), examples=8)
    check("gae", lambda **inputs: {k: v.tolist() for k, v in gae(**inputs).items()}, examples=8)


def test_more_outputs_than_asked_for_are_fine_in_a_dict() -> None:
    check("gae", lambda **inputs: {**gae(**inputs), "mine": 1}, examples=8)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda **inputs: {"advantages": gae(**inputs)["advantages"]}, r"missing \['returns'\]"),
        (lambda **inputs: (*gae(**inputs).values(), 0), "must return 2 outputs .*got 3"),
        (lambda **inputs: gae(**inputs)["returns"], "must return 2 outputs .*got 1"),
        (lambda **inputs: {k: v[0] for k, v in gae(**inputs).items()}, "must have shape .*got"),
        (lambda **inputs: {k: v * np.nan for k, v in gae(**inputs).items()}, "got nan"),
        (lambda **inputs: dict.fromkeys(gae(**inputs), "?"), "raised ValueError: could not"),
        (lambda rewards: rewards, "raised TypeError: .*unexpected keyword argument"),
    ],
)
def test_what_else_goes_wrong_is_said(function, message) -> None:
    with pytest.raises(ConformanceError, match=message):
        check("gae", function, examples=8)


def test_an_exception_of_theirs_stays_attached() -> None:
    def broken(**inputs):
        return gae(**inputs), 1 // 0

    error = counterexample("gae", broken, examples=4)
    assert "broken does not compute 'gae'" in str(error)
    assert isinstance(error.__cause__, ZeroDivisionError)


def test_the_error_shows_every_number_and_carries_the_arrays() -> None:
    def negated(**inputs):
        return {**gae(**inputs), "returns": -gae(**inputs)["returns"]}

    error = counterexample("gae", negated)
    assert isinstance(error, AssertionError)
    # The simplest input on which a sign shows: one step, one number that is not 0.
    numbers = [error.inputs[key][0, 0] for key in ("rewards", "next_values")]
    assert error.inputs["rewards"].shape == (1, 1)
    assert sum(abs(number) for number in numbers) == 1 / 64
    assert error.reference["returns"].shape == (1, 1)
    for shown in ("returns at index (0, 0) must be", "reference returns = [[", "gamma = "):
        assert shown in str(error)


def test_long_arrays_are_not_abbreviated() -> None:
    def wrong(**inputs):
        return {**gae(**inputs), "returns": inputs["values"]}

    with np.printoptions(threshold=1, edgeitems=1):  # would abbreviate whatever is longer
        text = str(
            counterexample("gae", lambda **i: gae(**i) if len(i["values"]) < 3 else wrong(**i))
        )
    assert "reference returns" in text
    assert "..." not in text


def test_their_function_may_overwrite_its_arguments() -> None:
    def vandal(**inputs):
        outputs = gae(**inputs)
        inputs["rewards"][:] = 99.0
        return outputs

    check("gae", vandal, examples=8)

    def wrong_vandal(**inputs):
        vandal(**inputs)
        return 0, 0

    assert 99.0 not in counterexample("gae", wrong_vandal).inputs["rewards"]


def test_a_looser_tolerance_admits_float32() -> None:
    def single(**inputs):
        small = {
            k: np.float32(v) if np.ndim(v) and v.dtype == float else v for k, v in inputs.items()
        }
        return gae(**small)

    counterexample("gae", single, examples=40)
    check("gae", single, examples=40, tolerance=1e-4)


def test_an_error_within_the_tolerance_is_no_error() -> None:
    def off_by(error):
        return lambda **inputs: {
            k: v + error * max(1, abs(v).max()) for k, v in gae(**inputs).items()
        }

    check("gae", off_by(0.9e-3), examples=30, tolerance=1e-3)
    with pytest.raises(ConformanceError):
        check("gae", off_by(1.1e-3), examples=30, tolerance=1e-3)


def test_a_function_that_contradicts_itself_has_failed() -> None:
    calls = []

    def moody(**inputs):
        calls.append(1)
        return (0, 0) if len(calls) == 3 else gae(**inputs)

    with pytest.raises(ConformanceError):
        check("gae", moody, examples=20)


def test_the_same_counterexample_is_found_every_time() -> None:
    def plain(**inputs):
        return inputs["rewards"], inputs["rewards"]

    first, second = (str(counterexample("gae", plain)) for _ in range(2))
    assert first == second


def test_unknown_cases_come_with_a_suggestion() -> None:
    with pytest.raises(LookupError, match="unknown case 'gea'; did you mean 'gae'"):
        check("gea", gae)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"examples": 0}, "examples must be >= 1; got 0"),
        ({"tolerance": 0.0}, "tolerance must be finite and > 0; got 0.0"),
        ({"tolerance": float("nan")}, "tolerance must be finite and > 0; got nan"),
    ],
)
def test_bad_options_are_named(options, message) -> None:
    with pytest.raises(ValueError, match=message):
        check("gae", gae, **options)


def test_without_hypothesis_the_message_says_what_to_install(monkeypatch) -> None:
    real = builtins.__import__

    def without(name, *rest, **options):
        if name.split(".")[0] == "hypothesis":
            raise ModuleNotFoundError(f"No module named {name!r}")
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install refimpl\[test\]"):
        check("gae", gae, examples=4)
