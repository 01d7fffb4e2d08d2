"""What a claim is: a statement of a paper, a check, and a control that shows the check can fail.

A *check* is a pure function ``check(subject, context) -> Finding``. The *subject* is the thing the
claim is about (a function, a model, a table of results). The negative control runs the very same
check on a deliberately broken subject and must come out with another verdict; a check whose
control does not flip proves nothing and is reported as broken.

Long computations are not done inside checks. They are *jobs*: named, independent, resumable
pieces of work whose results (dicts of arrays) the audit collects first, in any order and on any
executor, and hands to the check as ``context.data``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refimpl.shared.seeds import generator

Arrays = dict[str, NDArray[Any]]


class Verdict(StrEnum):
    """The only six things an audit may conclude."""

    HOLDS = "holds"
    HOLDS_STATISTICALLY = "holds-statistically"
    HOLDS_UNDER = "holds-under"
    REFUTED = "refuted"
    NOT_REPRODUCED = "not-reproduced"
    UNSPECIFIED = "unspecified"


class Kind(StrEnum):
    """How a claim is checked: to rounding, by a confidence interval, or by training runs."""

    EXACT = "exact"
    STATISTICAL = "statistical"
    EMPIRICAL = "empirical"


@dataclass(frozen=True)
class Plot:
    """Data of one line chart for the HTML page; how it is drawn is not the check's business.

    ``series`` maps a legend entry to ``(x, y)`` or ``(x, y, half_width)`` arrays of equal length.
    """

    title: str
    x_label: str
    y_label: str
    series: Mapping[str, tuple[NDArray[Any], ...]]


@dataclass(frozen=True)
class Finding:
    """Outcome of one check: the verdict and the numbers it rests on.

    ``assumption`` is required for, and only for, ``HOLDS_UNDER``.
    """

    verdict: Verdict
    evidence: Mapping[str, float]
    assumption: str = ""
    plots: tuple[Plot, ...] = ()

    def __post_init__(self) -> None:
        if (self.verdict is Verdict.HOLDS_UNDER) != bool(self.assumption):
            raise ValueError(
                f"assumption must be named exactly when the verdict is 'holds-under'; "
                f"got verdict {self.verdict.value!r} with assumption {self.assumption!r}"
            )
        bad = {name: value for name, value in self.evidence.items() if not np.isfinite(value)}
        if bad:
            raise ValueError(f"evidence must be finite numbers; got {bad}")


@dataclass(frozen=True)
class Job:
    """A resumable piece of work.

    ``function(*args, checkpoint=PATH_OR_NONE)`` returns a dict of arrays. It must be importable
    by name (a module-level function) and depend on nothing but its arguments; ``checkpoint`` is a
    file it may use to continue after an interruption, to the same bits. ``name`` identifies the
    result across runs, so it must spell out everything the result depends on, the seed included.
    """

    name: str
    function: Callable[..., Arrays]
    args: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Context:
    """What a check may know: the profile, the seed, and the results of its jobs by job name."""

    profile: str = "quick"
    seed: int = 0
    data: Mapping[str, Arrays] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """Whether this is the paper-scale profile."""
        return self.profile == "full"

    def rng(self, *purpose: str | int) -> np.random.Generator:
        """Independent random stream for ``purpose``; same seed and purpose, same bits."""
        return generator(self.seed, *purpose)


@dataclass(frozen=True)
class Control:
    """A deliberately broken subject and what was broken, in words."""

    mutation: str
    subject: Any


def no_jobs(context: Context) -> tuple[Job, ...]:
    """Job list of a claim that needs no long computation."""
    del context
    return ()


@dataclass(frozen=True)
class Claim:
    """One row of the ledger.

    Parameters
    ----------
    id : str
        ``paper/name``, e.g. ``dcc/lemma-1-linear``.
    source : str
        Where the paper says it: ``"Lemma 1"``, ``"eq. 16"``, ``"Fig. 4"``.
    statement : str
        The claim in our words, one sentence.
    covers : tuple of str
        Rows of the claims inventory that this claim settles, e.g. ``("DC-09", "DC-50")``.
    kind : Kind
        How it is checked.
    check : callable
        ``check(subject, context) -> Finding``.
    subject : object
        What the check is run on.
    control : Control
        The negative control.
    jobs : callable
        ``jobs(context) -> tuple of Job``: long computations whose results the check needs.
    """

    id: str
    source: str
    statement: str
    covers: tuple[str, ...]
    kind: Kind
    check: Callable[[Any, Context], Finding]
    subject: Any
    control: Control
    jobs: Callable[[Context], tuple[Job, ...]] = no_jobs

    @property
    def paper(self) -> str:
        """Key of the paper, the part of the id before the slash."""
        return self.id.split("/", 1)[0]
