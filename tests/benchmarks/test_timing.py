"""The timing harness on clocks that tell what we want."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest

from benchmarks.timing import Timing, fastest, interleaved, ratio


class FakeClock:
    """A clock moved by the functions it times."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []

    def __call__(self) -> float:
        return self.now

    def function(self, name: str, *seconds: float) -> Callable[[], None]:
        """Function whose k-th call takes ``seconds[k]`` (the last one for ever after)."""
        durations = list(seconds)

        def run() -> None:
            self.calls.append(name)
            self.now += durations.pop(0) if len(durations) > 1 else durations[0]

        return run


def test_constant_function_is_timed_exactly() -> None:
    clock = FakeClock()
    timing = interleaved({"a": clock.function("a", 0.25)}, 3, clock)["a"]
    assert timing == Timing((0.25, 0.25, 0.25), calls=1, first=0.25)


def test_rounds_alternate_their_order() -> None:
    clock = FakeClock()
    names = ("a", "b", "c")
    interleaved({name: clock.function(name, 1.0) for name in names}, 3, clock)
    assert "".join(clock.calls) == "abc" * 2 + "abc" + "cba" + "abc"


def test_first_call_is_kept_apart_and_does_not_set_the_number_of_calls() -> None:
    clock = FakeClock()
    timing = interleaved({"a": clock.function("a", 1.0, 0.125)}, 2, clock, min_seconds=0.6)["a"]
    assert timing.first == 1.0
    assert timing.calls == 5
    assert timing.samples == (0.125, 0.125)
    assert len(clock.calls) == 2 + 2 * 5


def test_function_that_takes_seconds_is_warmed_up_once() -> None:
    clock = FakeClock()
    timing = interleaved({"a": clock.function("a", 1.5)}, 2, clock)["a"]
    assert (timing.first, timing.calls) == (1.5, 1)
    assert len(clock.calls) == 1 + 2


def test_slow_stretch_moves_the_maximum_and_not_the_median() -> None:
    clock = FakeClock()
    timing = interleaved({"a": clock.function("a", 1, 1, 1, 7, 1)}, 3, clock)["a"]
    assert timing.median == 1
    assert timing.to_json() == {
        "median_ms": 1000.0,
        "min_ms": 1000.0,
        "max_ms": 7000.0,
        "first_call_ms": 1000.0,
        "rounds": 3,
        "calls_per_round": 1,
    }


def test_ratio_is_taken_round_by_round() -> None:
    """A machine that slows down for everybody in one round changes no quotient."""
    slow, fast = Timing((4.0, 40.0, 4.0), 1, 0), Timing((2.0, 20.0, 1.0), 1, 0)
    quotients = ratio(slow, fast)
    assert list(quotients.quotients) == [2, 2, 4]
    assert quotients.to_json() == {"median": 2, "min": 2, "max": 4}


def test_fastest_is_by_median() -> None:
    timings = {"steady": Timing((2.0, 2.0, 2.0), 1, 0), "lucky": Timing((1.0, 3.0, 3.0), 1, 0)}
    assert fastest(timings) == "steady"


def test_function_without_duration_is_called_a_finite_number_of_times() -> None:
    clock = FakeClock()
    timing = interleaved({"a": clock.function("a", 0.0)}, 1, clock, min_seconds=1e-8)["a"]
    assert timing.calls == 10


def test_garbage_collector_is_off_while_timing_and_on_afterwards() -> None:
    seen = []
    clock = FakeClock()
    interleaved({"a": lambda: seen.append(gc.isenabled())}, 1, clock, min_seconds=0)
    assert seen == [False] * 3
    assert gc.isenabled()


def test_garbage_collector_is_on_again_after_an_error() -> None:
    def broken() -> None:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        interleaved({"a": broken}, 1)
    assert gc.isenabled()


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="repeats must be at least 1; got 0"):
        interleaved({"a": lambda: None}, 0)
    with pytest.raises(ValueError, match="functions must name at least one"):
        interleaved({}, 1)
    with pytest.raises(ValueError, match="timings must hold at least one"):
        fastest({})
    with pytest.raises(ValueError, match="shorter"):
        ratio(Timing((1.0, 1.0), 1, 0), Timing((1.0,), 1, 0))
