"""Speed and memory, measured next to the ready-made alternatives in the same run.

``python -m benchmarks GROUP`` runs the workloads of one paper and prints one JSON document:
machine and versions, the machine's own limits, and for every workload the medians of all
implementations (repeats interleaved), pairwise ratios, the share of the machine's limit, and each
target with whether it was met. Alternatives that are not installed are listed as skipped. The exit
status says only whether everything ran.

All measurements use one BLAS thread: on shared cores a comparison at more says little.
"""

import os

# Before NumPy is loaded.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
