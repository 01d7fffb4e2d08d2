"""An audit's outcome as a table for the terminal and as JSON for programs."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

from refimpl.audit import AuditReport, Row
from refimpl.ledger import Finding, Verdict
from refimpl.papers import PAPERS
from refimpl.shared.files import write_atomically

FORMAT = 1

MEANING = {
    Verdict.HOLDS: "True exactly, up to a tolerance derived from rounding.",
    Verdict.HOLDS_STATISTICALLY: "Seen in simulation, with an effect size and a confidence "
    "interval that excludes chance.",
    Verdict.HOLDS_UNDER: "True only with an extra assumption, which is named; a counter-example "
    "without it is included.",
    Verdict.REFUTED: "False as stated: here is an explicit counter-example.",
    Verdict.NOT_REPRODUCED: "An empirical claim that does not appear under the set-up documented "
    "here.",
    Verdict.UNSPECIFIED: "The paper does not say enough to decide.",
}
"""The six verdicts in plain words."""

_ANSI = {
    Verdict.HOLDS: "34",
    Verdict.HOLDS_STATISTICALLY: "36",
    Verdict.HOLDS_UNDER: "33",
    Verdict.REFUTED: "1;31",
    Verdict.NOT_REPRODUCED: "35",
    Verdict.UNSPECIFIED: "2",
}
_ALARM = "1;7"
_LEAST_EVIDENCE_WIDTH = 36


def in_paper_order(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Rows sorted by the order of the papers, and within a paper as they came."""
    keys = [paper.key for paper in PAPERS]
    position = {key: k for k, key in enumerate(keys)}
    return tuple(sorted(rows, key=lambda row: position.get(row.claim.paper, len(keys))))


def table(report: AuditReport, width: int = 120, colour: bool = False) -> str:
    """One row per claim, then counts, errors in full, and what is broken.

    Parameters
    ----------
    report : AuditReport
        What to show.
    width : int
        Characters per line. Evidence is cut to fit, and moves to a line of its own when little
        room is left; ids and verdicts are never cut.
    colour : bool
        Whether to add terminal colours; everything is said in words, too.

    Returns
    -------
    str
        Lines without a trailing newline.
    """
    rows = in_paper_order(report.rows)
    cells = [("id", "source", "verdict", "control", "s"), *(_cells(row) for row in rows)]
    widths = [max(len(line[k]) for line in cells) for k in range(5)]
    room = width - sum(widths) - 2 * len(widths)
    texts = ["evidence", *(evidence_line(row.finding, row.error) for row in rows)]
    lines = []
    for line, text, row in zip(cells, texts, (None, *rows), strict=True):
        shown = _aligned(line, widths, row if colour else None)
        if room >= _LEAST_EVIDENCE_WIDTH:
            lines.append(f"{shown}  {_cut(text, room)}".rstrip())
        else:
            below = [] if row is None or not text else [f"    {_cut(text, width - 4)}"]
            lines += [shown.rstrip(), *below]
    rule = "-" * min(width, max(len(_cut(line, width)) for line in lines))
    return "\n".join([lines[0], rule, *lines[1:], rule, *_closing(report)])


def evidence_line(finding: Finding | None, error: str = "") -> str:
    """Evidence on one line: the assumption if there is one, then ``name=number`` pairs."""
    if error:
        return error.strip().splitlines()[-1]
    if finding is None:
        return ""
    numbers = ", ".join(f"{name}={value:.6g}" for name, value in finding.evidence.items())
    return f"if {finding.assumption}: {numbers}" if finding.assumption else numbers


def control_word(row: Row) -> str:
    """Word for what the negative control showed."""
    if row.error:
        return "error"
    return "flipped" if row.flipped else "NOT FLIPPED"


def to_json(report: AuditReport) -> dict[str, Any]:
    """Report as JSON values, format 1; a claim that raised has verdict null and an ``error``."""
    return {
        "format": FORMAT,
        "profile": report.settings.profile,
        "seed": report.settings.seed,
        "environment": dict(report.environment),
        "claims": [_claim_json(row) for row in in_paper_order(report.rows)],
        "summary": report.summary,
    }


def identity(report: AuditReport) -> dict[str, Any]:
    """Part of the JSON that the same seed must reproduce bit for bit: all but times and machine."""
    content = to_json(report)
    del content["environment"]
    for claim in content["claims"]:
        del claim["seconds"]
    return content


def write_json(report: AuditReport, path: Path | str) -> None:
    """Write :func:`to_json` to a file, atomically."""
    text = json.dumps(to_json(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))


def _claim_json(row: Row) -> dict[str, Any]:
    claim, finding, control = row.claim, row.finding, row.control
    content = {
        "id": claim.id,
        "paper": claim.paper,
        "source": claim.source,
        "statement": claim.statement,
        "covers": list(claim.covers),
        "kind": claim.kind.value,
        "verdict": finding.verdict.value if finding else None,
        "assumption": finding.assumption if finding else "",
        "evidence": {name: float(x) for name, x in finding.evidence.items()} if finding else {},
        "control": {
            "mutation": claim.control.mutation,
            "verdict": control.verdict.value if control else None,
            "flipped": row.flipped,
        },
        "seconds": row.seconds,
    }
    return content | ({"error": row.error} if row.error else {})


def _cells(row: Row) -> tuple[str, str, str, str, str]:
    verdict = row.finding.verdict.value if row.finding else "ERROR"
    return row.claim.id, row.claim.source, verdict, control_word(row), f"{row.seconds:.1f}"


def _aligned(line: tuple[str, ...], widths: list[int], painted: Row | None) -> str:
    """Cells padded to their columns; the row gives the colours, None means plain."""
    padded = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
    padded[4] = line[4].rjust(widths[4])
    if painted is not None:
        finding = painted.finding
        padded[2] = _paint(padded[2], _ANSI[finding.verdict] if finding else _ALARM)
        padded[3] = padded[3] if painted.flipped else _paint(padded[3], _ALARM)
    return "  ".join(padded)


def _paint(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(width - 3, 0)] + "..."


def _closing(report: AuditReport) -> list[str]:
    counts = [f"{count} {verdict}" for verdict, count in report.summary.items() if count]
    wall = report.environment["wall_seconds"]
    head = f"{len(report.rows)} claims"
    lines = [f"{head}: {', '.join(counts)}" if counts else head]
    lines.append(
        f"profile {report.settings.profile}, seed {report.settings.seed}, {wall:.1f} s of wall time"
    )
    lines += report.notes
    for row in report.errors:
        lines += [f"ERROR in {row.claim.id}:", textwrap.indent(row.error.rstrip(), "    ")]
    for row in report.unflipped:
        verdict = row.finding.verdict.value if row.finding else ""
        lines.append(
            f"BROKEN CHECK {row.claim.id}: the negative control ({row.claim.control.mutation}) "
            f"also came out as {verdict!r}"
        )
    if report.exit_status == 0:
        lines.append("every check ran and every negative control flipped")
    return lines
