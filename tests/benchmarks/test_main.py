"""The command line: one JSON document on stdout, progress on stderr, bad options refused."""

from __future__ import annotations

import json

import pytest

from benchmarks import __main__ as command
from benchmarks.workload import Report, Settings, Target, Workload


def _workload(name: str, measured: float) -> Workload:
    def run(settings: Settings) -> Report:
        return Report({"repeats": settings.repeats}, targets=(Target("one", measured, low=1.0),))

    return Workload(name, f"title of {name}", run)


@pytest.fixture(autouse=True)
def _two_workloads(monkeypatch: pytest.MonkeyPatch) -> None:
    workloads = (_workload("good", 2.0), _workload("poor", 0.5))
    monkeypatch.setattr(command, "load_workloads", {"dcc": workloads}.__getitem__)


def test_document_is_json_and_missed_targets_are_no_failure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command.main(["dcc", "--quick", "--repeats", "3"]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert [w["name"] for w in document["workloads"]] == ["good", "poor"]
    assert (document["targets_met"], document["targets"]) == (1, 2)
    assert document["workloads"][0]["instance"] == {"repeats": 3}
    assert "title of poor" in err
    assert document["quick"] is True


def test_only_chooses_workloads(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["dcc", "--quick", "--only", "poor"]) == 0
    assert [w["name"] for w in json.loads(capsys.readouterr().out)["workloads"]] == ["poor"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dgpq"], "invalid choice: 'dgpq'"),
        ([], "required: group"),
        (["dcc", "--only", "nothing"], "unknown workload 'nothing'"),
        (["dcc", "--repeats", "0"], "must be at least 1; got 0"),
        (["dcc", "--repeats", "x"], "invalid int value: 'x'"),
    ],
)
def test_bad_options_are_refused_by_name(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        command.main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err
