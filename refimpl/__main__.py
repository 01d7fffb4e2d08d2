"""``python -m refimpl``."""

import os
import sys

from refimpl.shared.executors import ONE_THREAD

# Before NumPy is loaded: one BLAS thread here as in the workers, so that the bits are the same.
os.environ.update(ONE_THREAD)

if __name__ == "__main__":
    from refimpl.cli import main

    sys.exit(main())
