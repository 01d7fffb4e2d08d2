"""Names given by the user: the ones that are known, and a helpful error for the others."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UnknownNameError(LookupError):
    """A name that is not known; the message says which, and what comes close."""


def unknown(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """Error for ``name``, with the known names closest to it, or all of them if none is close.

    Parameters
    ----------
    kind : str
        What is being named: ``"claim"``, ``"paper"``.
    name : str
        What was asked for.
    known : iterable of str
        The names there are.

    Returns
    -------
    UnknownNameError
        To be raised by the caller.
    """
    names = list(known)
    close = difflib.get_close_matches(name, names, n=5)
    close = close or [other for other in names if name and name.lower() in other.lower()][:5]
    if close:
        hint = f"did you mean {' or '.join(map(repr, close))}?"
    elif len(names) <= 8:
        hint = f"known: {', '.join(names) or 'none'}"
    else:
        hint = f"nothing comes close among {len(names)} known names"
    return UnknownNameError(f"unknown {kind} {name!r}; {hint}")
