"""Settings under a name, with the origin of every number.

A paper prints some numbers, implies others and leaves the rest open. A :class:`Preset` therefore
carries one tag per field, ``published``, ``derived`` or ``chosen``, and refuses to exist without.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Generic, Literal, TypeVar

Origin = Literal["published", "derived", "chosen"]
Settings = TypeVar("Settings")

_ORIGINS = ("published", "derived", "chosen")


@dataclass(frozen=True)
class Preset(Generic[Settings]):
    """Settings under a name, with the origin of every field.

    Raises
    ------
    ValueError
        If a field has no tag, a tag names no field, or a tag is not one of the three.
    """

    name: str
    settings: Settings
    origin: Mapping[str, Origin]

    def __post_init__(self) -> None:
        names = {f.name for f in fields(self.settings)}  # type: ignore[arg-type]
        if set(self.origin) != names:
            raise ValueError(
                f"origin of preset {self.name!r} must tag every field once; "
                f"it differs from the fields in {sorted(names ^ set(self.origin))}"
            )
        bad = {tag for tag in self.origin.values() if tag not in _ORIGINS}
        if bad:
            raise ValueError(f"origin tags must be among {_ORIGINS}; got {sorted(bad)}")

    def changed(self, name: str, **values: Any) -> Preset[Settings]:
        """Preset with some fields replaced, those tagged ``chosen``."""
        tags: dict[str, Origin] = {**self.origin, **dict.fromkeys(values, "chosen")}
        return Preset(name, replace(self.settings, **values), tags)  # type: ignore[type-var]

    def fields_tagged(self, origin: Origin) -> dict[str, Any]:
        """Fields with this tag and their values."""
        return {
            name: getattr(self.settings, name) for name, tag in self.origin.items() if tag == origin
        }
