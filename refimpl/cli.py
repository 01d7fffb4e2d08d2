"""The commands ``audit``, ``find`` and ``vectors`` of ``python -m refimpl``.

Everything numerical is imported inside the commands, so that each starts as fast as it can.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from refimpl.names import UnknownNameError, unknown

if TYPE_CHECKING:
    from refimpl.audit import AuditReport
    from refimpl.ledger import Claim

USAGE_ERROR = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    0 when everything asked for was done (for ``audit``: every check ran and every negative control
    flipped, whatever the verdicts), 1 when it was not, 2 when the question was wrong, 130 when
    interrupted.
    """
    options = _parser().parse_args(arguments)
    try:
        status: int = options.command(options)
    except _Refused as error:
        print(f"refimpl: error: {error}", file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        print("refimpl: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has gone; nothing more to say to them, at exit included.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


class _Refused(Exception):
    """A request that cannot be served as asked; its message is for the user."""


@contextmanager
def _refusing(*errors: type[Exception]) -> Iterator[None]:
    try:
        yield
    except errors as error:
        raise _Refused(error) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m refimpl", description="Executable reference for four papers."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_audit(commands.add_parser("audit", help="check every claim of the papers"))
    find = commands.add_parser("find", help="where an equation is: code, test, example")
    find.add_argument("paper", metavar="PAPER", help="dgpg, scale, dcc or meanfield")
    find.add_argument("number", metavar="NUMBER", nargs="*", help="8, lemma 1, fig. 4; all if none")
    find.set_defaults(command=_find)
    vectors = commands.add_parser("vectors", help="write test vectors for other languages")
    vectors.add_argument("directory", metavar="DIR", type=Path)
    vectors.add_argument("--seed", type=_natural, required=True)
    vectors.add_argument("--only", metavar="NAME", help="write this case only")
    vectors.set_defaults(command=_vectors)
    return parser


def _add_audit(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--profile", choices=("quick", "full"), default="quick", help="minutes, or paper scale")
    add("--paper", metavar="KEY", help="claims of this paper only")
    add("--only", metavar="ID", action="append", default=[], help="this claim only; repeatable")
    add("--seed", type=_natural, default=0, help="same seed, same bits (default 0)")
    add("--jobs", type=_positive, default=os.cpu_count(), help="worker processes (default: cores)")
    add("--dask", metavar="ADDRESS", help='run on this Dask scheduler, or on a "local" one')
    add("--json", metavar="FILE", type=Path, help="write the report as JSON")
    add("--html", metavar="FILE", type=Path, help="write the report as one self-contained page")
    add(
        "--workspace",
        metavar="DIR",
        type=Path,
        help="keep results of long jobs here and continue from them; default: .audit with "
        "--profile full, nothing kept with quick",
    )
    add("--list", action="store_true", help="list the claims instead of checking them")
    parser.set_defaults(command=_audit)


def _audit(options: argparse.Namespace) -> int:
    from refimpl import audit
    from refimpl.shared import progress
    from refimpl.workers import Settings

    with _refusing(UnknownNameError):
        claims = _chosen(options.paper, options.only)
    if options.list:
        for claim in claims:
            print(f"{claim.id}  [{claim.source}; {claim.kind}]\n    {claim.statement}")
        return 0
    workspace = options.workspace or (Path(".audit") if options.profile == "full" else None)
    with _refusing(OSError):
        _check_outputs(options, workspace)
    settings = Settings(options.profile, options.seed, workspace)
    with ExitStack() as stack:
        with _refusing(ModuleNotFoundError, OSError):
            executor = _executor(options, stack)
        try:
            report = audit.run([claim.id for claim in claims], settings, executor, progress.bar)
        except BrokenExecutor as error:
            kept = f"; finished jobs are kept in {workspace}" if workspace else ""
            print(f"refimpl: a worker process died ({error}){kept}", file=sys.stderr)
            return 1
    return _show(report, options)


def _chosen(paper: str | None, only: Sequence[str]) -> list[Claim]:
    """Claims selected by the options, in the order of the papers."""
    from refimpl.papers import claims, find_paper

    if paper is not None and find_paper(paper).module is None:
        raise _Refused(f"paper {paper!r} is not built yet")
    available = claims(paper)
    known = [claim.id for claim in available]
    for name in only:
        if name not in known:
            raise unknown("claim", name, known)
    return [claim for claim in available if not only or claim.id in only]


def _check_outputs(options: argparse.Namespace, workspace: Path | None) -> None:
    """Raise OSError now rather than after hours of work."""
    from refimpl.shared.files import check_writable

    for path in (options.json, options.html):
        if path is not None:
            check_writable(path)
    if workspace is not None:
        workspace.mkdir(parents=True, exist_ok=True)
        check_writable(workspace / "results.npz")


def _executor(options: argparse.Namespace, stack: ExitStack) -> Executor | None:
    from refimpl.shared.executors import dask_executor, process_pool

    if options.dask:
        return stack.enter_context(dask_executor(options.dask, options.jobs))
    return None if options.jobs == 1 else stack.enter_context(process_pool(options.jobs))


def _show(report: AuditReport, options: argparse.Namespace) -> int:
    """Print and write the report; a file that cannot be written does not cost the other."""
    from refimpl.html_report import write_html
    from refimpl.report import table, write_json

    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    print(table(report, shutil.get_terminal_size((120, 24)).columns, colour), flush=True)
    status = report.exit_status
    for path, write in ((options.json, write_json), (options.html, write_html)):
        if path is None:
            continue
        try:
            write(report, path)
        except OSError as error:
            print(f"refimpl: error: {path} was not written: {error}", file=sys.stderr)
            status = 1
        else:
            print(f"written: {path}")
    return status


def _find(options: argparse.Namespace) -> int:
    from refimpl.contents import NotBuiltError, describe, listing, rows

    number = " ".join(options.number)
    with _refusing(UnknownNameError, NotBuiltError):
        found = rows(options.paper, number)
    print("\n".join(map(describe, found)) if number else listing(found))
    return 0


def _vectors(options: argparse.Namespace) -> int:
    from refimpl import conformance

    known = list(conformance.cases())
    if options.only is not None and options.only not in known:
        raise _Refused(unknown("case", options.only, known))
    with _refusing(OSError):
        conformance.write_vectors(options.directory, options.seed, options.only)
    print(f"written: {options.directory}")
    return 0


def _natural(text: str) -> int:
    return _at_least(0, text)


def _positive(text: str) -> int:
    return _at_least(1, text)


def _at_least(least: int, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise argparse.ArgumentTypeError(f"must be an integer of at least {least}; got {text!r}")
    return number
