"""Specifies the instance types by what the paper says about its table."""

from __future__ import annotations

import pytest

from refimpl.dgpg.model.instances import INSTANCE_TYPES, InstanceType, instance_type


def test_twelve_types_of_three_generations_whose_weights_are_percentages() -> None:
    assert len({kind.name for kind in INSTANCE_TYPES}) == 12
    assert {kind.generation for kind in INSTANCE_TYPES} == {1, 2, 3}
    assert sum(kind.weight for kind in INSTANCE_TYPES) == 100
    speeds = [kind.cpu_efficiency for kind in INSTANCE_TYPES]
    assert (min(speeds), max(speeds)) == (0.70, 1.08)  # [DG-PG Fig. 1b]


def test_later_generations_are_more_efficient() -> None:
    for earlier, later in ((1, 2), (2, 3)):
        best = max(k.cpu_efficiency for k in INSTANCE_TYPES if k.generation == earlier)
        worst = min(k.cpu_efficiency for k in INSTANCE_TYPES if k.generation == later)
        assert best < worst


def test_means_per_server() -> None:
    """By hand from the table: 39.92 cores, 157.44 GB, efficiencies 0.9341 and 0.8984."""
    mean = [
        sum(getattr(kind, name) * kind.weight for kind in INSTANCE_TYPES) / 100
        for name in ("cpu", "memory", "cpu_efficiency", "memory_efficiency")
    ]
    assert mean == pytest.approx([39.92, 157.44, 0.934, 0.898], abs=6e-4)


def test_types_are_found_by_name() -> None:
    assert [instance_type(kind.name) for kind in INSTANCE_TYPES] == list(INSTANCE_TYPES)
    with pytest.raises(ValueError, match=r"one of m4\.8xlarge, .*got 'm9\.huge'"):
        instance_type("m9.huge")


@pytest.mark.parametrize(
    "field", ["cpu", "memory", "cpu_efficiency", "memory_efficiency", "weight"]
)
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_numbers_must_be_positive(field: str, value: float) -> None:
    numbers = {"cpu": 8.0, "memory": 8.0, "cpu_efficiency": 1.0, "memory_efficiency": 1.0}
    with pytest.raises(ValueError, match=f"{field} must be finite and > 0; got {value}"):
        InstanceType("a", 1, **({"weight": 1.0} | numbers | {field: value}))
