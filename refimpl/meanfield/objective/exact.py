"""Expected drops of a small system and their exact gradient by the rule's table [MF sec. 1.3.2].

Forward: laws x_t over (level, joint state). Backward: expected drops to come V_t. With the product
kernel of the epoch, the derivative by the arrival rate of queue i in state (level, z) is

    sum_t x_t(z) (d_i'(z_i) / N + sum_{z'} K_i'(z_i, z_i') prod_{j != i} K_j(z_j, z_j') V_{t+1}(z'))

where K_i' and d_i' are the Frechet derivatives of the local kernel. From rates to shares to offload
probabilities to the table's entries everything is linear.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from linear_models.validation import check_count, check_shape
from refimpl.meanfield.model.arrivals import check_probabilities, offload_shares
from refimpl.meanfield.model.system import System
from refimpl.meanfield.objective.observations import Observation
from refimpl.meanfield.theory.joint_chain import JointChain, joint_chain, reachable_levels
from refimpl.meanfield.theory.joint_states import check_size, joint_states
from refimpl.meanfield.theory.local_rows import local_rows
from refimpl.meanfield.theory.outcomes import Outcomes, certain
from refimpl.meanfield.theory.product_kernel import cut, outer_rows
from refimpl.shared.bounded_queue import epoch_kernel_derivative

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class ExactObjective:
    """Drops per queue over ``epochs`` epochs from empty queues, as a function of a table.

    Attributes
    ----------
    system : System
        Small: the joint chain is used.
    epochs : int
        Horizon T.
    observation : Observation
        What the rule looks at.

    Examples
    --------
    >>> from refimpl.meanfield.model.topologies import ring
    >>> from refimpl.meanfield.objective.observations import own_state
    >>> drops = ExactObjective(System(ring(3), dt=5.0), 10, own_state())
    >>> value, gradient = drops.value_and_gradient(np.zeros(6))
    >>> round(value, 3), gradient.shape
    (3.514, (6,))
    """

    system: System
    epochs: int
    observation: Observation

    @property
    def size(self) -> int:
        """Length of the table."""
        return self.observation.size(self.system)

    def value(self, table: ArrayLike) -> float:
        """Return the expected drops per queue.

        Raises
        ------
        TooLargeError
            If the system is too large.
        ValueError
            If the table has a wrong length or an entry is not a probability.
        """
        chain = self._chain(self._checked(table))
        law, total = chain.start, 0.0
        for _ in range(self.epochs):
            total += float((law * chain.costs).sum())
            law = chain.forward(law)
        return total

    def value_and_gradient(self, table: ArrayLike) -> tuple[float, Floats]:
        """Return the expected drops per queue and their gradient; raises as :meth:`value`."""
        system, entries = self.system, self._checked(table)
        check_size(system.n, system.buffer, 2.0 + system.n)
        chain = self._chain(entries)
        laws, aheads = _sweeps(chain, self.epochs)
        states, gradient = joint_states(system.n, system.buffer), np.zeros(self.size)
        for k, level in enumerate(reachable_levels(system.modulation)):
            index = self._entries(states, level)
            rate = system.modulation.rates[level]
            by_rate = _rate_gradient(
                system,
                (states, rate * offload_shares(system.graph, entries[index])),
                (laws[:, k], aheads[:, k]),
            )
            by_offload = offload_shares_vjp(system, rate * by_rate)
            gradient += np.bincount(index.ravel(), by_offload.ravel(), minlength=self.size)
        return float((laws * chain.costs).sum()), gradient

    def _checked(self, table: ArrayLike) -> Floats:
        check_count("epochs", self.epochs)
        entries = check_probabilities("table", table)
        check_shape("table", entries, (self.size,))
        return entries

    def _entries(self, states: Indices, level: int) -> Indices:
        return self.observation.entries(self.system, states, np.full(len(states), level))

    def _chain(self, table: Floats) -> JointChain:
        def choose(system: System, states: Indices, level: int) -> Outcomes:
            return certain(offload_shares(system.graph, table[self._entries(states, level)]))

        return joint_chain(self.system, choose)


def offload_shares_vjp(system: System, d_shares: Floats) -> Floats:
    """Reverse derivative of :func:`offload_shares`, (..., N) -> (..., N)."""
    flat = d_shares.reshape(-1, system.n)
    received = system.graph.offload_matrix.T @ np.ascontiguousarray(flat.T)
    return np.asarray(received.T.reshape(d_shares.shape) - d_shares)


def _sweeps(chain: JointChain, epochs: int) -> tuple[Floats, Floats]:
    """Laws at the start of each epoch and expected drops after it, both (T, L, S)."""
    laws, values = [chain.start], [np.zeros_like(chain.start)]
    for _ in range(epochs - 1):
        laws.append(chain.forward(laws[-1]))
        values.append(chain.costs + chain.backward(values[-1]))
    return np.array(laws), np.array([chain.switching @ v for v in values[::-1]])


def _rate_gradient(
    system: System, queues: tuple[Indices, Floats], sweeps: tuple[Floats, Floats]
) -> Floats:
    """Slope of the value by every arrival rate, (S, N): sum over the epochs."""
    (states, rates), (laws, aheads) = queues, sweeps
    rows, _ = local_rows(system, states, rates)
    slopes, drop_slopes = local_rows(system, states, rates, epoch_kernel_derivative)
    half = cut(system.n)
    left, right = outer_rows(rows[:, :half]), outer_rows(rows[:, half:])
    to_left, to_right = np.zeros_like(left), np.zeros_like(right)
    for law, ahead in zip(laws, aheads, strict=True):
        table = ahead.reshape(left.shape[1], right.shape[1])
        to_left += law[:, None] * (right @ table.T)
        to_right += law[:, None] * (left @ table)
    gradient: Floats = laws.sum(axis=0)[:, None] * drop_slopes / system.n
    for queue in range(system.n):
        mine, other = (slice(half), to_left) if queue < half else (slice(half, None), to_right)
        turned = rows[:, mine].copy()
        turned[:, queue - (mine.start or 0)] = slopes[:, queue]
        gradient[:, queue] += np.einsum("sh,sh->s", outer_rows(turned), other)
    return gradient
