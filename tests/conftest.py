"""What every test runs under: one BLAS thread, and how many examples Hypothesis draws."""

from __future__ import annotations

import os

# Before NumPy is loaded: the bits of a matrix product then do not depend on the machine's cores.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

from hypothesis import HealthCheck, settings  # noqa: E402 - after the environment is set

# A busy machine must not fail a test: no deadlines, and slow generation is no defect.
_ALWAYS = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("dev", _ALWAYS, max_examples=25)
settings.register_profile("ci", _ALWAYS, max_examples=50, derandomize=True)
settings.register_profile("nightly", _ALWAYS, max_examples=2000)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
)
