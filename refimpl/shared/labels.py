"""Settings as text that is the same in every process, for the label of a run."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any


def label(settings: Any) -> dict[str, str]:
    """Fields of a dataclass as strings, functions by their names, nested settings by their fields.

    Raises
    ------
    TypeError
        If ``settings`` is no dataclass instance.
    """
    if isinstance(settings, type) or not is_dataclass(settings):
        raise TypeError(f"settings must be an instance of a dataclass; got {settings!r}")
    return {f.name: text(getattr(settings, f.name)) for f in fields(settings)}


def text(value: Any) -> str:
    """Return a value as text: no addresses, so that equal settings give equal text."""
    if isinstance(value, partial):
        given = [text(each) for each in value.args]
        given += [f"{name}={text(each)}" for name, each in sorted(value.keywords.items())]
        return f"{text(value.func)}({', '.join(given)})"
    if is_dataclass(value) and not isinstance(value, type):
        inner = ", ".join(f"{name}={each}" for name, each in label(value).items())
        return f"{type(value).__name__}({inner})"
    if isinstance(value, tuple):
        return f"({', '.join(map(text, value))})"
    return getattr(value, "__qualname__", None) or repr(value)
