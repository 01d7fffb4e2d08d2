"""What the examples share, so that each script is about its subject: options, table, figure."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

Choice = TypeVar("Choice")
Paper = str | float | tuple[float, str]
Row = tuple[str, Paper, float | str]

UNPUBLISHED = "not published"
BLUE, ORANGE, GREEN, PINK = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
SKY, RED, BLACK, GREY = "#56B4E9", "#D55E00", "#000000", "#767676"
"""Colours that stay apart under every kind of colour blindness (Okabe and Ito)."""


@dataclass(frozen=True)
class Options:
    """How much to compute, and where the figure goes."""

    profile: str
    figure: Path

    def choose(self, quick: Choice, default: Choice, full: Choice) -> Choice:
        """Pick the value of the profile that was asked for."""
        return {"quick": quick, "default": default, "full": full}[self.profile]


def options(doc: str, file: str) -> Options:
    """Read ``[--quick | --full] [--figure FILE]`` from the command line of script ``file``."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="a few seconds")
    size.add_argument("--full", action="store_true", help="the paper's scale")
    default = Path("figures") / f"{Path(file).stem}.png"
    parser.add_argument("--figure", type=Path, default=default, help=f"default: {default}")
    given = parser.parse_args()
    profile = "quick" if given.quick else "full" if given.full else "default"
    print(doc.strip().splitlines()[0] + "\n")
    return Options(profile, given.figure)


def table(rows: Sequence[Row]) -> None:
    """Print rows ``(quantity, paper, here)``.

    ``paper`` is a number the paper states, such a number with its place, or words where there is
    none; only against a number is there a difference.
    """
    header = ("quantity", "paper", "here", "difference")
    cells = [header, *(_cells(*row) for row in rows)]
    widths = [max(len(line[k]) for line in cells) for k in range(4)]
    for k, line in enumerate(cells):
        words = (line[0].ljust(widths[0]), *(line[j].rjust(widths[j]) for j in (1, 2, 3)))
        print("  ".join(words).rstrip())
        if k == 0:
            print("  ".join("-" * width for width in widths))


def look_at(text: str) -> None:
    """Say in one line what matters in the table and the figure."""
    print(f"\nLook at: {text}")


def figure(
    given: Options,
    draw: Callable[..., None],
    columns: int = 1,
    size: tuple[float, float] = (7.0, 4.2),
) -> None:
    """Save what ``draw(*axes)`` draws, if matplotlib is there; otherwise say how to get it.

    Axes with labels get a legend unless the figure has one.
    """
    try:
        import matplotlib as mpl
    except ModuleNotFoundError:
        print('Figure: needs matplotlib; install it with: pip install "refimpl[figures]"')
        return
    mpl.use("Agg")
    from matplotlib import pyplot

    with pyplot.rc_context(_style(mpl)):
        sheet, axes = pyplot.subplots(1, columns, figsize=size, squeeze=False)
        draw(*axes[0])
        for axis in axes[0]:
            if axis.get_legend_handles_labels()[0] and not (axis.get_legend() or sheet.legends):
                axis.legend()
        given.figure.parent.mkdir(parents=True, exist_ok=True)
        sheet.savefig(given.figure, dpi=130)
        pyplot.close(sheet)
    assert given.figure.is_file()
    print(f"Figure: {given.figure}")


def _cells(quantity: str, paper: Paper, here: float | str) -> tuple[str, str, str, str]:
    shown = here if isinstance(here, str) else f"{here:.6g}"
    if isinstance(paper, str):
        return quantity, paper, shown, "-"
    number, place = paper if isinstance(paper, tuple) else (paper, "")
    difference = "-" if isinstance(here, str) else f"{here - number:+.3g}"
    return quantity, f"{number:.6g} ({place})" if place else f"{number:.6g}", shown, difference


def _style(mpl: Any) -> dict[str, Any]:
    colours = [BLUE, ORANGE, GREEN, PINK, SKY, RED, GREY]
    return {
        "axes.prop_cycle": mpl.cycler(color=colours),
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlesize": "medium",
        "figure.constrained_layout.use": True,
        "legend.fontsize": "small",
        "legend.frameon": False,
    }
