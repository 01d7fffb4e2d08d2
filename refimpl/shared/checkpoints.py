"""Checkpoints: named arrays and JSON in one file that is complete, verified, or an error.

A checkpoint is a ``.npz`` file (a zip archive of ``.npy`` members, readable by ``numpy.load``)
with one more member, ``header.json``: format version, the caller's metadata, and a SHA-256 digest
of everything. Nothing in it can execute code. It is written atomically, so a run that is killed
leaves the previous checkpoint in place.

A run that resumes to the same bits saves its arrays together with ``rng_state(rng)``::

    saved = checkpoints.resume(path)
    if saved is None:
        step, x, rng = 0, start(), generator(seed, "run")
    else:
        arrays, meta = saved
        step, x, rng = meta["step"], arrays["x"], checkpoints.restore_rng(meta["rng"])
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from refimpl.shared.files import write_atomically

FORMAT = 1
_HEADER = "header.json"

Arrays = dict[str, NDArray[Any]]
Meta = dict[str, Any]


class CheckpointError(Exception):
    """A checkpoint that cannot be trusted: truncated, corrupted, or of another format.

    Parameters
    ----------
    path : Path
        The file.
    reason : str
        What is wrong with it.
    """

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"checkpoint {str(path)!r}: {reason}")
        self.path = Path(path)
        self.reason = reason

    def __reduce__(self) -> tuple[type[CheckpointError], tuple[Path, str]]:
        """Rebuild from both arguments, so that the error travels between processes."""
        return type(self), (self.path, self.reason)


def save(
    path: Path | str,
    arrays: Mapping[str, NDArray[Any]],
    meta: Mapping[str, Any] | None = None,
) -> None:
    """Write ``arrays`` and ``meta`` to ``path`` atomically; equal content gives equal bytes.

    Parameters
    ----------
    path : path-like
        File to write, by custom ``*.npz``; its directory must exist.
    arrays : mapping of str to array
        Any shapes and any dtype that holds plain data (numbers, booleans, fixed-length strings).
    meta : mapping, optional
        JSON values: strings, finite numbers, booleans, None, lists, string-keyed dicts.

    Raises
    ------
    TypeError
        If an array holds Python objects or ``meta`` holds something that is not JSON.
    ValueError
        If ``meta`` holds NaN or infinity, or would not come back from JSON as it went in.
    """
    members = {name: _encode(name, array) for name, array in arrays.items()}
    plain = _plain_json(dict(meta or {}))
    header = {"format": FORMAT, "digest": _digest(members, plain), "meta": plain}
    write_atomically(path, lambda file: _write_zip(file, members, _canonical(header)))


def load(path: Path | str) -> tuple[Arrays, Meta]:
    """Read a checkpoint and verify it against its digest.

    Returns
    -------
    arrays, meta
        Equal to what was given to :func:`save`, bit for bit.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    CheckpointError
        If the file is truncated or corrupted, or written in another format version.
    """
    with open(path, "rb") as file:
        try:
            members, header = _read_zip(file)
            version, digest, meta = header["format"], header["digest"], header["meta"]
        except Exception as error:  # zipfile alone has a dozen ways to fail on damaged bytes
            reason = f"truncated or corrupted ({type(error).__name__}: {error})"
            raise CheckpointError(path, reason) from error
    if version != FORMAT:
        raise CheckpointError(path, f"format {version!r}, this version reads format {FORMAT}")
    if _digest(members, meta) != digest:
        raise CheckpointError(path, "corrupted (content does not match its SHA-256 digest)")
    return {name: _decode(data) for name, data in members.items()}, meta


def resume(path: Path | str | None) -> tuple[Arrays, Meta] | None:
    """Checkpoint to continue from, or None for a fresh start (no path, or no file yet).

    Raises
    ------
    CheckpointError
        If the file is there but cannot be trusted.
    """
    return load(path) if path is not None and Path(path).exists() else None


def rng_state(rng: np.random.Generator) -> Meta:
    """State of a random generator as JSON, for ``meta``."""
    state: Meta = _lists(rng.bit_generator.state)
    return state


def restore_rng(state: Mapping[str, Any]) -> np.random.Generator:
    """Continue exactly where the generator given to :func:`rng_state` stood.

    Raises
    ------
    ValueError
        If ``state`` does not name one of NumPy's bit generators.
    """
    name = state.get("bit_generator")
    if name not in ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"):
        raise ValueError(f"state must name one of NumPy's bit generators; got {name!r}")
    bit_generator = getattr(np.random, str(name))()
    bit_generator.state = _uint_arrays(state)
    return np.random.Generator(bit_generator)


def _encode(name: str, array: NDArray[Any]) -> bytes:
    if not isinstance(name, str):
        raise TypeError(f"names of arrays must be strings; got {name!r}")
    array = np.asarray(array)
    if array.dtype.hasobject:
        raise TypeError(f"arrays[{name!r}] must hold plain data; got dtype {array.dtype}")
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _decode(data: bytes) -> NDArray[Any]:
    array: NDArray[Any] = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    return array


def _write_zip(file: BinaryIO, members: Mapping[str, bytes], header: bytes) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        # ZipInfo without a date: equal content, equal bytes.
        for name, data in members.items():
            archive.writestr(_entry(f"{name}.npy"), data)
        archive.writestr(_entry(_HEADER), header)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _read_zip(file: BinaryIO) -> tuple[dict[str, bytes], Meta]:
    with zipfile.ZipFile(file) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    header = json.loads(content.pop(_HEADER))
    return {name.removesuffix(".npy"): data for name, data in content.items()}, header


def _digest(members: Mapping[str, bytes], meta: Meta) -> str:
    """SHA-256 of the metadata and of every member, each preceded by its name and length."""
    sha = hashlib.sha256(_canonical(meta))
    for name in sorted(members):
        sha.update(f"\n{name!r} {len(members[name])}\n".encode())
        sha.update(members[name])
    return sha.hexdigest()


def _canonical(value: Meta) -> bytes:
    return json.dumps(value, sort_keys=True, allow_nan=False).encode()


def _plain_json(meta: Meta) -> Meta:
    """``meta`` as it will be read back, refused when that is not what was given."""
    try:
        back: Meta = json.loads(json.dumps(meta, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise type(error)(f"meta must be JSON: {error}; got {meta!r}") from error
    if back != meta:
        raise ValueError(f"meta must come back from JSON unchanged; {meta!r} becomes {back!r}")
    return back


def _lists(value: Any) -> Any:
    """NumPy values of a generator's state as plain lists and integers."""
    if isinstance(value, Mapping):
        return {key: _lists(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value


def _uint_arrays(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _uint_arrays(item) for key, item in value.items()}
    return np.array(value, dtype=np.uint64) if isinstance(value, list) else value
