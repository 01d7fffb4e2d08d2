"""Specifies refimpl.html_report: one page, complete, readable, and quiet on the network."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from refimpl import audit, figures
from refimpl.audit import AuditReport
from refimpl.html_report import render, write_html
from refimpl.ledger import Plot
from refimpl.report import MEANING
from refimpl.workers import Settings
from tests.refimpl import fake_registry

SETTINGS = Settings(registry=fake_registry.NAME)
VOID = {"meta", "br", "use", "path", "rect", "line"}
OPTIONAL_END = {"tr", "td", "th"}


class Page(HTMLParser):
    """Text, attributes and unbalanced tags of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.links, self.ids, self.unbalanced = "", [], [], []
        self.tags: dict[str, int] = {}
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.links += [v for k, v in attrs if k in ("href", "src", "xlink:href") and v]
        self.ids += [v for k, v in attrs if k == "id" and v]
        if tag not in VOID | OPTIONAL_END:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID | OPTIONAL_END:
            return
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def draw(_: Plot, name: str) -> str:
    return f"<svg id='{name}'></svg>"


@pytest.fixture(scope="module")
def report() -> AuditReport:
    return audit.run(fake_registry.ALL, SETTINGS)


@pytest.fixture(scope="module")
def page(report: AuditReport) -> Page:
    return Page(render(report, draw))


def test_page_is_well_formed(page: Page) -> None:
    assert page.unbalanced == []
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))


def test_page_needs_no_network_and_runs_nothing(report: AuditReport, page: Page) -> None:
    text = render(report, draw)
    assert page.links == []
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert "@import" not in text
    assert "url(" not in text


def test_every_claim_has_its_whole_story(report: AuditReport, page: Page) -> None:
    assert page.tags["details"] == len(report.rows)
    for row in report.rows:
        for part in (row.claim.id, row.claim.statement, row.claim.source, *row.claim.covers):
            assert part in page.text
    assert page.text.count("turned upside down") == len(report.rows)
    assert "the divisor is not zero & <0" in page.text
    assert "ArithmeticError: the check <went> wrong" in page.text
    assert "NOT FLIPPED" in page.text


def test_evidence_is_complete(report: AuditReport, page: Page) -> None:
    for row in report.rows:
        for name, value in row.finding.evidence.items() if row.finding else ():
            assert f"{name}{value:.6g}" in page.text


def test_verdicts_are_words_and_all_six_are_explained(report: AuditReport, page: Page) -> None:
    for verdict, meaning in MEANING.items():
        assert verdict.value in page.text
        assert meaning in page.text
        badges = re.findall(rf"</span>{verdict.value}</span>", render(report, draw))
        assert len(badges) > report.summary[verdict.value]


def test_header_counts_what_is_broken(report: AuditReport, page: Page) -> None:
    assert "7 raised an error; 1 with a negative control that did not flip" in page.text
    sound = Page(render(audit.run(fake_registry.SOUND, SETTINGS), draw))
    assert "every check ran and every negative control flipped" in sound.text
    assert len(report.rows) > 9


def test_light_and_dark_are_left_to_the_reader(report: AuditReport) -> None:
    assert "color-scheme: light dark" in render(report, draw)


def test_figures_have_titles_for_those_who_do_not_see_them(report: AuditReport) -> None:
    text = render(report, draw)
    assert 'aria-label="Two &amp; &lt;curves&gt;"' in text
    assert "<svg id='fake-mean-0'>" in text


def test_without_matplotlib_the_page_says_how_to_get_figures(
    report: AuditReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    text = render(report)
    assert "<svg" not in text
    assert text.count('pip install -e ".[figures]"') == 1
    none = render(audit.run(["fake/silent"], SETTINGS))
    assert "matplotlib" not in none


def test_with_matplotlib_figures_are_inside(report: AuditReport) -> None:
    pytest.importorskip("matplotlib")
    text = render(report)
    assert text.count("<svg") == 2
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    assert all(link.startswith("#") for link in page.links)
    assert {link[1:] for link in page.links} <= set(page.ids)


def test_same_audit_gives_the_same_figures(report: AuditReport) -> None:
    pytest.importorskip("matplotlib")
    row = next(row for row in report.rows if row.claim.id == "fake/mean")
    assert row.finding is not None
    assert figures.svg(row.finding.plots[1], "a") == figures.svg(row.finding.plots[1], "a")


def test_figure_uses_the_colours_of_the_page(report: AuditReport) -> None:
    pytest.importorskip("matplotlib")
    row = next(row for row in report.rows if row.claim.id == "fake/mean")
    assert row.finding is not None
    svg = figures.svg(row.finding.plots[0], "a")
    assert svg.startswith("<svg")
    assert "currentColor" in svg
    assert "#000000" not in svg
    assert "#ffffff" not in svg
    assert "Running mean" in svg


def test_written_page_is_the_rendered_one(report: AuditReport, tmp_path: Path) -> None:
    write_html(report, tmp_path / "audit.html")
    assert (tmp_path / "audit.html").read_text(encoding="utf-8") == render(report)
