"""The search finds failures, makes them small, and looks at small sizes first."""

from __future__ import annotations

import pytest

from refimpl.conformance.search import smallest_failure


@pytest.mark.parametrize("least", [1, 2, 4])
def test_the_smallest_size_that_fails_is_reported(least: int) -> None:
    def generate(draw):
        return draw.floats((draw.size(5),), -9.0, 9.0)

    def judge(x):
        return x if len(x) >= least and abs(x).max() >= 3.5 else None

    found = smallest_failure(generate, judge, 100)
    assert found is not None
    assert len(found) == least
    assert sorted(abs(found)) == [0.0] * (least - 1) + [3.5]


def test_no_failure_is_none_and_every_example_is_judged() -> None:
    seen = []
    assert smallest_failure(lambda draw: draw.integer(0, 10**9), seen.append, 40) is None
    assert len(seen) == pytest.approx(40, abs=2)


def test_the_same_examples_are_tried_each_time() -> None:
    runs: list[list[int]] = [[], []]
    for seen in runs:
        smallest_failure(lambda draw: draw.integer(0, 10**9), seen.append, 20)
    assert runs[0] == runs[1]


def test_sizes_grow_in_stages() -> None:
    seen: list[int] = []
    smallest_failure(lambda draw: 10 * draw.size(6) + draw.integer(0, 9), seen.append, 80)
    sizes = [example // 10 for example in seen]
    assert max(sizes[:10]) == 1
    assert max(sizes) > 2
    assert sizes.index(max(sizes)) > sizes.index(2)


def test_bugs_in_a_generator_are_not_mistaken_for_failures() -> None:
    def generate(draw):
        return 1 // (0 * draw.size(1))

    with pytest.raises(ZeroDivisionError):
        smallest_failure(generate, lambda example: example, 4)
