"""What a workload is and how its result is written down."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from benchmarks.machine import Limits, foreign_load, load_now
from benchmarks.timing import JSON, Ratio, Timing


@dataclass(frozen=True)
class Settings:
    """How to run.

    Parameters
    ----------
    repeats : int
        Rounds of every comparison.
    limits : Limits
        The machine's limits, measured in the same run.
    quick : bool
        Small instances and few repetitions, to see that everything runs; targets mean nothing.
    """

    repeats: int
    limits: Limits
    quick: bool = False


@dataclass(frozen=True)
class Target:
    """A number that has to be reached.

    Parameters
    ----------
    statement : str
        What is required, in words.
    measured : float
        What was measured.
    low, high : float
        The target is met when ``low <= measured <= high``.
    """

    statement: str
    measured: float
    low: float = -float("inf")
    high: float = float("inf")

    @property
    def met(self) -> bool:
        """Whether the measured number is within the bounds."""
        return self.low <= self.measured <= self.high

    def to_json(self) -> JSON:
        """Statement, bounds that are finite, number and outcome."""
        bounds = {"at_least": self.low, "at_most": self.high}
        finite = {name: bound for name, bound in bounds.items() if abs(bound) != float("inf")}
        return {"statement": self.statement, "measured": self.measured, **finite, "met": self.met}


@dataclass(frozen=True)
class Report:
    """Result of a workload.

    Parameters
    ----------
    instance : mapping
        What was solved: sizes and seeds.
    timings : mapping from implementation to Timing
        Seconds per call.
    ratios : mapping from name to Ratio
        Pairwise comparisons.
    numbers : mapping from name to float
        Everything else that was measured: errors against the reference, rates, bytes.
    targets : tuple of Target
        What had to be reached.
    limit : mapping
        Share of the machine's limit, and what the limit counts.
    skipped : mapping from implementation to reason
        Alternatives that were not compared.
    """

    instance: Mapping[str, object]
    timings: Mapping[str, Timing] = field(default_factory=dict)
    ratios: Mapping[str, Ratio] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    limit: Mapping[str, object] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> JSON:
        """Everything, ready for ``json.dumps``."""
        return {
            "instance": dict(self.instance),
            "timings": {name: timing.to_json() for name, timing in self.timings.items()},
            "ratios": {name: ratio.to_json() for name, ratio in self.ratios.items()},
            "numbers": dict(self.numbers),
            "targets": [target.to_json() for target in self.targets],
            "limit": dict(self.limit),
            "skipped": dict(self.skipped),
        }


@dataclass(frozen=True)
class Workload:
    """A named measurement."""

    name: str
    title: str
    run: Callable[[Settings], Report]


def imported_late(package: str, titles: Mapping[str, str]) -> tuple[Workload, ...]:
    """Workloads that live in a module each of ``package``, imported when they run.

    A workload that measures memory must not carry the others' libraries.

    Parameters
    ----------
    package : str
        Full name of the package.
    titles : mapping from module to title
    """

    def run(settings: Settings, module: str) -> Report:
        report: Report = importlib.import_module(f"{package}.{module}").run(settings)
        return report

    return tuple(Workload(name, title, partial(run, module=name)) for name, title in titles.items())


def run_workload(workload: Workload, settings: Settings) -> JSON:
    """Run one workload and write down its result and what else the machine was doing."""
    before = load_now()
    report = workload.run(settings)
    others = foreign_load(before, load_now())
    return {
        "name": workload.name,
        "title": workload.title,
        **report.to_json(),
        "foreign_load_cores": others,
    }


def share_of_limit(
    limits: Limits, measured: float, counted: str, flops: float = 0.0, bytes_moved: float = 0.0
) -> JSON:
    """Fraction of the machine's limit that was reached.

    Parameters
    ----------
    limits : Limits
        The machine's limits.
    measured : float
        Seconds taken.
    counted : str
        What the operations and bytes stand for, in words.
    flops, bytes_moved : float
        Work that cannot be avoided.
    """
    least = limits.seconds(flops, bytes_moved)
    return {"counted": counted, "least_ms": 1e3 * least, "share": least / measured}
