"""Presets say where every number comes from, or do not exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from refimpl.shared.presets import Preset


@dataclass(frozen=True)
class Numbers:
    """Settings with two fields."""

    rate: float = 0.5
    steps: int = 10


TAGS: dict[str, Any] = {"rate": "published", "steps": "derived"}
FINE = Preset("fine", Numbers(), TAGS)


@pytest.mark.parametrize("name", TAGS)
def test_every_field_needs_a_tag(name: str) -> None:
    tags = {key: tag for key, tag in TAGS.items() if key != name}
    with pytest.raises(ValueError, match=rf"preset 'odd' must tag every field .*\['{name}'\]"):
        Preset("odd", Numbers(), tags)


def test_tags_without_a_field_are_named() -> None:
    with pytest.raises(ValueError, match=r"'odd' must tag every field once.*\['momentum'\]"):
        Preset("odd", Numbers(), {**TAGS, "momentum": "chosen"})


def test_other_tags_are_named() -> None:
    with pytest.raises(ValueError, match=r"origin tags must be among .*; got \['guessed'\]"):
        Preset("odd", Numbers(), {**TAGS, "steps": "guessed"})


def test_what_is_changed_is_chosen() -> None:
    other = FINE.changed("other", rate=0.7)
    assert other.name == "other"
    assert other.settings == Numbers(0.7, 10)
    assert other.origin == {"rate": "chosen", "steps": "derived"}
    assert FINE.origin == TAGS


def test_fields_are_found_by_their_tag() -> None:
    assert FINE.fields_tagged("published") == {"rate": 0.5}
    assert FINE.fields_tagged("chosen") == {}
