"""Search for the smallest example that fails, by Hypothesis."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

from refimpl.conformance.draws import Draw, HypothesisDraw

Example = TypeVar("Example")
Failure = TypeVar("Failure")

# Largest size, and the share of the examples tried with it. Numbers shrink well, but the lengths of
# several arrays at once do not: small sizes come first, and a bug that shows there is shown there.
STAGES = ((1, 0.25), (2, 0.25), (sys.maxsize, 0.5))


class _FoundError(Exception):
    """An example failed."""


def smallest_failure(
    generate: Callable[[Draw], Example], judge: Callable[[Example], Failure | None], examples: int
) -> Failure | None:
    """Try generated examples; if one fails, shrink it as far as it goes and return its failure.

    The same examples are tried each time.

    Parameters
    ----------
    generate : callable
        Makes an example from draws.
    judge : callable
        Failure of an example, or None.
    examples : int
        How many to try, >= 1.

    Raises
    ------
    ImportError
        If Hypothesis is not installed.
    """
    for largest, share in STAGES:
        failure = _stage(generate, judge, max(1, round(share * examples)), largest)
        if failure is not None:
            return failure
    return None


def _stage(
    generate: Callable[[Draw], Example],
    judge: Callable[[Example], Failure | None],
    examples: int,
    largest: int,
) -> Failure | None:
    hypothesis, st, hnp = _hypothesis()
    found: list[Failure] = []
    strategy = st.composite(lambda draw: generate(HypothesisDraw(draw, st, hnp, largest)))()

    def attempt(example: Example) -> None:
        failure = judge(example)
        if failure is not None:
            found.append(failure)
            raise _FoundError

    search = _settings(hypothesis, examples)(hypothesis.given(strategy)(attempt))
    try:
        search()
    except (_FoundError, hypothesis.errors.Flaky):
        # Hypothesis replays the smallest example last. Flaky: it failed once and not again; a
        # function that contradicts itself has failed too.
        return found[-1]
    return None


def _settings(hypothesis: Any, examples: int) -> Any:
    return hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        report_multiple_bugs=False,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
    )


def _hypothesis() -> tuple[Any, Any, Any]:
    try:
        import hypothesis
        from hypothesis import strategies
        from hypothesis.extra import numpy
    except ImportError as error:
        raise ImportError(
            "refimpl.conformance.check needs Hypothesis: pip install refimpl[test]"
        ) from error
    return hypothesis, strategies, numpy
