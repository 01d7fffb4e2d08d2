"""Line charts of the audit as SVG text, drawn when matplotlib is installed."""

from __future__ import annotations

import io
import re
from itertools import cycle
from typing import Any

from refimpl.ledger import Plot

# Okabe and Ito's colours, told apart by people with any kind of colour blindness, and dashes for
# those who see none.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_DASHES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D", "v", "x")
# Stands for "the colour of the text around", which SVG knows and matplotlib does not.
_INK = "#010203"
_MARKED_UP_TO = 30


def available() -> bool:
    """Whether figures can be drawn here."""
    try:
        import matplotlib  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True


def svg(plot: Plot, name: str) -> str:
    """Draw a plot as an ``<svg>`` element for a page with a light or a dark background.

    Parameters
    ----------
    plot : Plot
        Lines, each ``(x, y)`` or ``(x, y, half_width)``; the half-width is drawn as a band.
    name : str
        Prefix of the ids inside, so that several figures can share a page.

    Raises
    ------
    ModuleNotFoundError
        If matplotlib is not installed.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    style = {
        "svg.fonttype": "none",  # text stays text: selectable, and in the page's font
        "svg.hashsalt": name,  # equal plots give equal bytes
        "font.size": 10,
        **dict.fromkeys(
            ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), _INK
        ),
    }
    buffer = io.StringIO()
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(6.4, 3.6), layout="constrained")
        FigureCanvasSVG(figure)
        _draw(figure.add_subplot(), plot)
        figure.savefig(buffer, format="svg", transparent=True)
    return _inline(buffer.getvalue(), name)


def _draw(axes: Any, plot: Plot) -> None:
    styles = zip(cycle(_COLOURS), cycle(_DASHES), cycle(_MARKERS), strict=False)
    for (label, (x, y, *band)), (colour, dash, marker) in zip(
        plot.series.items(), styles, strict=False
    ):
        shown = marker if len(x) <= _MARKED_UP_TO else ""
        axes.plot(x, y, label=label, color=colour, linestyle=dash, marker=shown, markersize=4)
        if band:
            axes.fill_between(x, y - band[0], y + band[0], color=colour, alpha=0.2, linewidth=0)
    axes.set(title=plot.title, xlabel=plot.x_label, ylabel=plot.y_label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    if len(plot.series) > 1:
        axes.legend(frameon=False)


def _inline(document: str, name: str) -> str:
    """Element alone, without XML prologue and metadata, and with ids that belong to the figure."""
    element = document[document.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.S)
    element = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', element)
    element = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", element)
    element = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', element)
    return element.replace(_INK, "currentColor").strip()
