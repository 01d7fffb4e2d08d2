"""An audit's outcome as one self-contained page: no scripts, no network, figures inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from refimpl import figures
from refimpl.audit import AuditReport, Row
from refimpl.ledger import Finding, Plot, Verdict
from refimpl.papers import PAPERS
from refimpl.report import MEANING, control_word, evidence_line, in_paper_order
from refimpl.shared.files import write_atomically

Draw = Callable[[Plot, str], str]

# Mark and words carry the verdict; the colour (after Okabe and Ito) only repeats it.
_LOOK = {
    Verdict.HOLDS: ("✓", "#0072b2"),
    Verdict.HOLDS_STATISTICALLY: ("≈", "#2a9fd8"),
    Verdict.HOLDS_UNDER: ("*", "#b98300"),
    Verdict.REFUTED: ("✕", "#d55e00"),
    Verdict.NOT_REPRODUCED: ("–", "#b8578e"),
    Verdict.UNSPECIFIED: ("?", "#7f7f7f"),
}
_BROKEN = ("!", "#c00000")

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 66rem; margin: 2rem auto; padding: 0 1rem;
  background: Canvas; color: CanvasText; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .15rem .9rem .15rem 0;
  border-bottom: 1px solid var(--line); }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .4rem 0; }
summary { display: grid; grid-template-columns: 12.5rem 1fr auto; gap: .2rem 1rem;
  padding: .5rem .8rem; cursor: pointer; }
summary:hover { background: var(--soft); }
summary .text { overflow-wrap: anywhere; }
details > div { padding: 0 .8rem .8rem; border-top: 1px solid var(--line); }
.verdict { font-weight: 600; white-space: nowrap; }
.mark { display: inline-block; width: 1.3em; height: 1.3em; line-height: 1.3em; margin-right: .5em;
  border-radius: 50%; text-align: center; color: #fff; background: var(--colour); }
.quiet { opacity: .75; } code, pre { font: .88em/1.45 ui-monospace, monospace; }
pre { overflow-x: auto; padding: .6rem; background: var(--soft); }
figure { margin: 1rem 0; } svg { max-width: 100%; height: auto; }
dt { font-weight: 600; margin-top: .6rem; } dd { margin: 0; }
@media (max-width: 40rem) { summary { grid-template-columns: 1fr; } }
"""


def render(report: AuditReport, draw: Draw | None = None) -> str:
    """Page of a report.

    Parameters
    ----------
    report : AuditReport
        What to show.
    draw : callable, optional
        ``draw(plot, name)`` returns an ``<svg>`` element; by default matplotlib's when it is
        installed. Without it the page says how to get figures.

    Returns
    -------
    str
        A complete HTML document.
    """
    drawing = draw or (figures.svg if figures.available() else None)
    rows = in_paper_order(report.rows)
    parts = [
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Claims audit</title><style>{_STYLE}</style></head><body>",
        _header(report),
        _legend(report),
        "" if drawing else _how_to_get_figures(rows),
        *(_section(key, rows, drawing) for key in dict.fromkeys(r.claim.paper for r in rows)),
        _environment(report),
        "</body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def write_html(report: AuditReport, path: Path | str) -> None:
    """Write :func:`render` to a file, atomically."""
    page = render(report)
    write_atomically(path, lambda file: file.write(page.encode()))


def _header(report: AuditReport) -> str:
    broken = [f"{len(report.errors)} raised an error"] if report.errors else []
    if report.unflipped:
        broken.append(f"{len(report.unflipped)} with a negative control that did not flip")
    state = "; ".join(broken) or "every check ran and every negative control flipped"
    settings = report.settings
    return (
        f"<h1>Claims audit</h1><p class=quiet>{len(report.rows)} claims, profile "
        f"{escape(settings.profile)}, seed {settings.seed}: {escape(state)}.</p>"
        "<p>Each line is one claim of a paper, checked by a program. The check was also run on a "
        "subject broken on purpose, its <em>negative control</em>: there it must come out "
        "differently, or the check proves nothing and is reported as broken. "
        "Open a line for the evidence.</p>"
    )


def _legend(report: AuditReport) -> str:
    lines = (
        f"<tr><td>{_badge(verdict)}<td class=number>{report.summary[verdict.value]}"
        f"<td>{escape(MEANING[verdict])}"
        for verdict in Verdict
    )
    return f"<table><tr><th>verdict<th>claims<th>meaning{''.join(lines)}</table>"


def _how_to_get_figures(rows: Sequence[Row]) -> str:
    if not any(row.finding and row.finding.plots for row in rows):
        return ""
    return (
        "<p>Figures are left out because matplotlib is not installed; "
        '<code>pip install -e ".[figures]"</code> brings them.</p>'
    )


def _section(key: str, rows: Sequence[Row], draw: Draw | None) -> str:
    titles = {paper.key: paper.title for paper in PAPERS}
    mine = [row for row in rows if row.claim.paper == key]
    return (
        f'<h2 id="{escape(key)}">{escape(titles.get(key, key))}</h2>'
        f"<p class=quiet>{escape(key)}: {len(mine)} claims</p>"
        + "\n".join(_claim(row, draw) for row in mine)
    )


def _claim(row: Row, draw: Draw | None) -> str:
    claim = row.claim
    alarm = "" if row.flipped else f"{_mark(*_BROKEN)}control: {escape(control_word(row))}"
    return (
        f'<details id="{escape(claim.id)}"><summary>'
        f"{_badge(row.finding.verdict if row.finding else None)}"
        f"<span class=text><b>{escape(claim.source)}</b> {escape(claim.statement)}</span>"
        f"<span class=verdict>{alarm}</span></summary><div>"
        f"<dl><dt>Where</dt><dd>{escape(claim.source)}; <code>{escape(claim.id)}</code>; "
        f"kind: {escape(claim.kind.value)}; settles {escape(', '.join(claim.covers) or 'no row')}; "
        f"{row.seconds:.2f} s</dd>{_finding(row.finding)}"
        f"<dt>Negative control</dt><dd>{escape(claim.control.mutation)}"
        f"<br>{_control(row)}</dd></dl>"
        f"{_error(row)}{_figures(row, draw)}</div></details>"
    )


def _finding(finding: Finding | None) -> str:
    if finding is None:
        return ""
    only = f"<dt>Holds only if</dt><dd>{escape(finding.assumption)}</dd>"
    lines = (
        f"<tr><td>{escape(name)}<td class=number>{value:.6g}"
        for name, value in finding.evidence.items()
    )
    return (
        f"{only if finding.assumption else ''}<dt>Evidence</dt>"
        f"<dd><table>{''.join(lines)}</table></dd>"
    )


def _control(row: Row) -> str:
    if row.control is None:
        return "did not run"
    verdict = f"came out as {_badge(row.control.verdict)}: {escape(control_word(row))}"
    evidence = escape(evidence_line(row.control))
    return f"{verdict}<br><span class=quiet>{evidence}</span>"


def _error(row: Row) -> str:
    return f"<pre>{escape(row.error)}</pre>" if row.error else ""


def _figures(row: Row, draw: Draw | None) -> str:
    if row.finding is None or draw is None:
        return ""
    name = "".join(c if c.isalnum() else "-" for c in row.claim.id)
    return "".join(
        f'<figure role="img" aria-label="{escape(plot.title)}">{draw(plot, f"{name}-{k}")}</figure>'
        for k, plot in enumerate(row.finding.plots)
    )


def _badge(verdict: Verdict | None) -> str:
    mark, colour = _LOOK[verdict] if verdict else _BROKEN
    word = verdict.value if verdict else "error"
    return f"<span class=verdict>{_mark(mark, colour)}{word}</span>"


def _mark(mark: str, colour: str) -> str:
    return f'<span class=mark style="--colour: {colour}" aria-hidden="true">{mark}</span>'


def _environment(report: AuditReport) -> str:
    lines = (
        f"<tr><td>{escape(name)}<td>{escape(_plain(value))}"
        for name, value in report.environment.items()
    )
    return f"<h2>Environment</h2><table>{''.join(lines)}</table>"


def _plain(value: str | int | float) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
