"""Numbers of an independent reconstruction of the paper's device, to all printed digits."""

from __future__ import annotations

TEN_DEVICES = (
    (1.0, 0.05, "40.1332", "-85.669", 1.0),
    (1.0, 0.10, "37.6641", "-44.020", 2.0),
    (1.0, 0.15, "37.0128", "-29.107", 3.0),
    (2.0, 0.05, "39.8857", "-90.619", 0.9),
    (2.0, 0.10, "37.4841", "-45.820", 3.6),
    (2.0, 0.15, "38.4303", "-19.657", 8.1),
)
"""Ten identical 240-state devices: exponent, budget of each, V_i, derivatives by own and others."""
