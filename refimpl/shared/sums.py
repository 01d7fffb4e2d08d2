"""Means of what many gradient steps saw, without keeping it all."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Sums:
    """Sums over gradient steps, for their means."""

    steps: int = 0
    totals: dict[str, float] = field(default_factory=dict)

    def add(self, **values: float) -> None:
        """Count one step."""
        self.steps += 1
        for name, value in values.items():
            self.totals[name] = self.totals.get(name, 0.0) + float(value)

    def means(self) -> dict[str, float]:
        """Mean of everything that was added."""
        return {name: total / self.steps for name, total in self.totals.items()}
