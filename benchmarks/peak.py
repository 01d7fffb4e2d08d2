"""Peak memory of this process."""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path


def peak_bytes() -> int:
    """Largest resident memory of this process so far."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        # Kilobytes, except on macOS. Not used on Linux, where it survives exec and would report
        # the peak of the process that started this one.
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return 1024 * int(found.group(1)) if found else 0
