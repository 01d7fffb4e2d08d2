"""Linear models, small neural networks, and their gradients written by hand.

Everything here has a derivative, and every derivative is a few lines of NumPy that stand next to
the formula they differentiate. There is no tape, no graph and no state: arrays and dicts of arrays
go in, arrays and dicts of arrays come out.

Two shapes of function
----------------------
A *function* ``f`` of arrays comes with its reverse derivative ``f_vjp`` directly underneath::

    y = f(x)                      # forward
    dx = f_vjp(x, dy)             # dx = (dy/dx)^T dy, the gradient of <dy, y>

A *layer* has parameters (a dict of arrays) and keeps what its backward pass needs in a cache::

    y, cache = forward(params, x)
    grads, dx = backward(params, cache, dy)     # grads has the keys and shapes of params

``dy`` is the gradient of the final scalar with respect to ``y``. Whoever knows the scalar starts
the chain: ``mlp.backward(params, cache, mse_vjp(y, target))``. Nothing is averaged on the way; a
mean over the batch enters through ``dy`` alone. ``dx`` is always returned, so layers compose.

Reading order
-------------
``params``, ``affine``, ``activations``, ``mlp`` are back-propagation itself; ``losses``,
``categorical`` and ``gaussian`` start the chain; ``optimizers`` and ``schedules`` use its end;
``gradcheck`` proves it, to ten digits, by the complex step. ``recurrent`` is back-propagation
through time; ``embedding`` looks categories up; ``layer_norm`` and ``attention`` are the parts of a
transformer that cross-attention over a set needs. A linear model is an MLP without a hidden layer.

Numerics
--------
float64 by default; float32 arrays stay float32; complex128 passes through everything that is
differentiable, because ``imag(f(x + i h d)) / h`` is then the directional derivative to rounding.
Bad input raises ``ValueError`` naming the argument, the rule and the value. Shapes are always
checked; NaN and infinity are checked where they would otherwise turn into a plausible number.
"""

from linear_models import (
    activations,
    affine,
    attention,
    categorical,
    embedding,
    gaussian,
    gradcheck,
    layer_norm,
    losses,
    mlp,
    optimizers,
    params,
    recurrent,
    schedules,
)

__all__ = [
    "activations",
    "affine",
    "attention",
    "categorical",
    "embedding",
    "gaussian",
    "gradcheck",
    "layer_norm",
    "losses",
    "mlp",
    "optimizers",
    "params",
    "recurrent",
    "schedules",
]
