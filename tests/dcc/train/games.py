"""Small games that the tests of the learners share."""

from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import DeviceParameters

SMALL = DeviceParameters(0, 2, 1, 4, max_aoi=4, battery=3)
OTHER = DeviceParameters(1, 1, 1, 5, max_aoi=4, battery=3)
LINEAR = power_law(1.0, 1.0)
