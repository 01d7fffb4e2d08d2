"""Statistical representation regularisation: what its two losses can do, and what they do.

Shows: SCALE sec. 4.3, eq. 5, Table 5. Both losses and their gradients, and the warm-up. Features
come out of a layer norm, so their covariance has a null vector and is never the identity; without
gains, unit variances and a mean covariance below 1/15 exclude each other. The moment loss is no
divergence: it does not see dependence, nor the shape of a marginal. And as written SRR does not
whiten: the sum of 240 covariances outweighs the mean of 16 moments, and what gives way is the
scale. With a mean in place of the sum features end near what Table 5 prints.
Look at: the right picture: a network that follows SRR and nothing else shrinks its features.
For: everybody who wants to use SRR.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _show import BLUE, RED, Row, figure, look_at, options, table

from linear_models.gradcheck import complex_step_jvp
from refimpl.scale.network.parameters import Shape, init
from refimpl.scale.objective.feature_statistics import feature_statistics
from refimpl.scale.objective.srr import covariance, decorrelation, mean_srr, moment_kl, srr, warm_up
from refimpl.scale.theory.feature_geometry import layer_normalised, least_off_diagonal, null_vector
from refimpl.scale.theory.moments import gaussian_kl, hermite_pair, uniform_kl
from refimpl.scale.theory.printed import COVARIANCE, DIVERGENCE
from refimpl.scale.theory.shrinkage import balanced_variance, total_absolute_correlation
from refimpl.scale.theory.untrained import drawn_states
from refimpl.scale.train.nets import PointerNet
from refimpl.scale.train.presets import WEIGHT_DECORRELATION, WEIGHT_KL
from refimpl.shared.adam_in_place import Moments, adam_in_place
from refimpl.shared.seeds import generator

WEIGHTS: Any = {"weight_decorrelation": WEIGHT_DECORRELATION, "weight_kl": WEIGHT_KL}
READINGS = {"sum, as written": partial(srr, **WEIGHTS), "mean, ours": partial(mean_srr, **WEIGHTS)}
COLOURS = dict(zip(READINGS, (RED, BLUE), strict=True))
PRINTED: dict[str, Any] = {"covariance": (COVARIANCE["SCALE"][16], "Table 5")}
PRINTED |= {"kl": (DIVERGENCE["SCALE"][16], "Table 5"), "variance": "1", "correlation": "0"}


def correlated(rng: np.random.Generator) -> Any:
    """Features of 16 dimensions with unit variances and a mean absolute correlation of 1/4."""
    mixed = rng.normal(size=(256, 16)) + 0.6 * rng.normal(size=(256, 1))
    return (mixed - mixed.mean(axis=0)) / mixed.std(axis=0, ddof=1)


def slope_error(loss: Any, x: Any, rng: np.random.Generator) -> float:
    """Relative error of a gradient against the complex step, in a random direction."""
    way = rng.normal(size=x.shape)
    exact = float(complex_step_jvp(lambda y: loss(y)[0], x, way))
    return abs(float((loss(x)[1] * way).sum()) / exact - 1)


def followed(loss: Any, steps: int) -> list[dict[str, float]]:
    """Let a network follow the loss alone on minibatches of 256 states; its features elsewhere."""
    rng, found = generator(0, "example", "states"), []
    network = PointerNet().trainable(init(rng, Shape(), np.float32))
    batches = [drawn_states(rng, 256, 16) for _ in range(10)] + [drawn_states(rng, 1000, 16)]
    *seen, unseen = ([x.astype(np.float32) for x in batch] for batch in batches)
    moments = Moments.zeros(network.weights.vector)
    for k in range(steps + 1):
        if k % 20 == 0:
            found.append(feature_statistics(network.forward(*unseen).features))
        said = network.forward(*seen[k % 10])
        network.backward(0 * said.logits, 0 * said.value, loss(said.features)[1])
        adam_in_place(network.weights.vector, network.grads.vector, moments, 3e-4, 0.5)
    return found


def draw(x: Any, runs: Any, left: Any, right: Any) -> None:
    at = np.logspace(-4.5, 0.5, 80)
    for name, loss in READINGS.items():
        curve = np.array([loss(np.sqrt(v) * x)[0] for v in at])
        left.loglog(at, curve, color=COLOURS[name], label=name)
        left.plot(at[curve.argmin()], curve.min(), "o", color=COLOURS[name])
    left.set(title="SRR of features scaled to variance v", xlabel="v", ylabel="loss")
    for name, run in runs.items():
        for what, style in (("variance", "-"), ("correlation", "--")):
            steps, line = 20 * np.arange(len(run)), [found[what] for found in run]
            right.semilogy(steps, line, style, color=COLOURS[name], label=f"{what}, {name}")
    right.set(title="Features of a network that follows SRR alone", xlabel="steps")


def main() -> None:
    given = options(__doc__ or "", __file__)
    rng = generator(0, "example", "srr")
    x, gain = correlated(rng), np.exp(rng.normal(size=16))
    cov = covariance(gain * layer_normalised(rng.normal(size=(400, 16))))
    null = float(np.linalg.norm(cov @ null_vector(gain)) / np.linalg.norm(cov))
    errors = {f.__name__: slope_error(f, 0.5 + 2 * x, rng) for f in (decorrelation, moment_kl)}
    least, pair = least_off_diagonal(np.ones(16)).mean, hermite_pair()
    spread = least_off_diagonal(np.exp(np.linspace(-1.2, 1.2, 16))).mean
    strong = np.array([[1.0, 0.9], [0.9, 1.0]])
    rows: list[Row] = [
        *((f"gradient of {n}: error", (0.0, "exact"), e) for n, e in errors.items()),
        ("weight of SRR in epochs 10 and 60", "0 and 1", f"{warm_up(10):g} and {warm_up(60):g}"),
        ("|C u| / |C|, u = 1 / gain of the layer norm", "C = I is the aim", null),
        ("least mean |C_ij|, unit variances, equal gains", PRINTED["covariance"], least),
        ("  if gains differ by a factor of 11", PRINTED["covariance"], spread),
        ("L_c + L_d of X and (X^2 - 1) / sqrt 2", "0: independent", sum(pair.losses)),
        ("  what one tells of the other, nat", "0: independent", pair.mutual_information),
        ("d L_d is 0 but the divergence is: uniform law", (0.0, "KL"), uniform_kl(3**0.5)),
        ("  a normal pair with correlation 0.9", (0.0, "KL"), gaussian_kl(np.zeros(2), strong)),
    ]
    runs, total = {}, total_absolute_correlation(covariance(x))
    for (name, loss), pull in zip(READINGS.items(), (total, total / 240), strict=True):
        rows.append((f"least SRR, scale only, {name}: variance", "near 1", balanced_variance(pull)))
        runs[name] = run = followed(loss, given.choose(60, 400, 2000))
        for what, paper in PRINTED.items():
            rows.append((f"after SRR alone, {name}: {what}", paper, run[-1][what]))
    table(rows)
    look_at("which reading ends where Table 5 is, and whether correlation or scale went.")
    figure(given, partial(draw, x, runs), columns=2, size=(12.0, 4.2))
    assert max(null, abs(least - 1 / 15), *errors.values()) < 1e-6
    assert runs["sum, as written"][-1]["variance"] < 0.1 < runs["mean, ours"][-1]["variance"]


if __name__ == "__main__":
    main()
