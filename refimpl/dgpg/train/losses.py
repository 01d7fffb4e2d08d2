"""Loss of the critic on outputs in columns, with its gradient, for speed.

Same numbers as :func:`linear_models.losses.huber` up to rounding; outputs are overwritten by the
gradient.
"""

from __future__ import annotations

import numpy as np

from linear_models.params import Array
from refimpl.shared.policy_gradient import Terms


def value_gradient(values: Array, targets: Array, delta: float) -> Terms:
    """Turn values (1, B) into the derivative of the mean Huber loss; return the ``loss``.

    ``e^2 / 2`` up to ``|e| = delta``, then its tangent; ``delta = inf`` is half the squared error.
    """
    values -= targets
    error = values.copy()
    np.clip(values, -delta, delta, out=values)
    loss = (values * (error - 0.5 * values)).mean()
    values /= values.shape[1]
    return {"loss": loss}
