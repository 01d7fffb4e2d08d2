"""Registry of the fake paper's claims; run as a program, an audit that can be killed."""

from __future__ import annotations

import sys
from pathlib import Path

from refimpl import audit
from refimpl.ledger import Claim
from refimpl.shared.executors import process_pool
from refimpl.workers import Settings
from tests.refimpl.fake_paper import claims as fake

NAME = "tests.refimpl.fake_registry"
SOUND = tuple(claim.id for claim in fake.SOUND)
ALL = tuple(claim.id for claim in fake.CLAIMS)


def claims() -> tuple[Claim, ...]:
    """All claims of the fake paper."""
    return fake.CLAIMS


def main(workspace: Path) -> None:
    """Audit the sound claims in the full profile with two processes."""
    with process_pool(2) as executor:
        audit.run(SOUND, Settings("full", 7, workspace, NAME), executor)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
