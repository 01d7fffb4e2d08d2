"""What the share of the limit counts."""

from __future__ import annotations

from benchmarks.scale.decisions import embedding_weights


def test_the_embedding_has_a_thousand_weights() -> None:
    assert embedding_weights() == 5 * 64 + 64 * 16
