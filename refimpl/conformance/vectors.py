"""The cases as data, for implementations in other languages.

A directory holds ``manifest.json`` and, per case, the instances ``NAME-0.npz``, ``NAME-1.npz``, ...
and ``NAME.npz``, which is the first of them once more for readers who want one file per case. An
``.npz`` file is a zip archive with one ``.npy`` array per key, inputs first, then outputs; scalars
are arrays without axes. No file holds Python objects. Equal seeds give equal bytes.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from refimpl.conformance.case import RULE, Arrays, Case
from refimpl.conformance.catalogue import cases, find
from refimpl.conformance.draws import RandomDraw
from refimpl.shared.files import write_atomically
from refimpl.shared.seeds import generator

FORMAT = 1
N_INSTANCES = 5

Files = dict[str, tuple[Arrays, Arrays]]  # inputs and outputs by file name


def write_vectors(directory: Path | str, seed: int, only: str | None = None) -> Path:
    """Write test vectors: inputs, and the outputs of the reference.

    Parameters
    ----------
    directory : path-like
        Made if it does not exist; files of the same names are replaced.
    seed : int
        Of the inputs, >= 0. The files of a case do not depend on ``only``.
    only : str, optional
        Write this case only; the manifest then lists it alone.

    Returns
    -------
    Path
        Of the manifest, which is written last.

    Raises
    ------
    LookupError
        If there is no such case.
    ValueError
        If ``seed`` is negative.
    OSError
        If the directory cannot be made or written.
    """
    chosen = list(cases().values()) if only is None else [find(only)]
    target = Path(directory)
    contents = [_contents(case, seed) for case in chosen]
    target.mkdir(parents=True, exist_ok=True)
    for files in contents:
        for name, (inputs, outputs) in files.items():
            _write(target / name, _npz(inputs | outputs))
    entries = [_entry(case, files) for case, files in zip(chosen, contents, strict=True)]
    manifest = {"format": FORMAT, "seed": seed, "tolerance_rule": RULE, "cases": entries}
    path = target / "manifest.json"
    _write(path, (json.dumps(manifest, indent=2) + "\n").encode())
    return path


def instance(case: Case, seed: int, k: int) -> tuple[Arrays, Arrays]:
    """Return inputs and outputs number ``k`` of a case under a seed."""
    inputs = case.generate(RandomDraw(generator(seed, "vectors", case.name, k)))
    return inputs, case.reference(**inputs)


def _contents(case: Case, seed: int) -> Files:
    instances = [instance(case, seed, k) for k in range(N_INSTANCES)]
    files = {f"{case.name}-{k}.npz": both for k, both in enumerate(instances)}
    return {f"{case.name}.npz": instances[0], **files}


def _entry(case: Case, files: Files) -> dict[str, Any]:
    """Return what the manifest says of a case."""
    return {
        "name": case.name,
        "title": case.title,
        "equation": case.equation,
        "tolerance": case.tolerance,
        "inputs": [asdict(field) for field in case.inputs],
        "outputs": [asdict(field) for field in case.outputs],
        "files": [
            {"file": name, "inputs": list(inputs), "outputs": list(outputs)}
            for name, (inputs, outputs) in files.items()
        ],
    }


def _npz(arrays: Arrays) -> bytes:
    """``numpy.savez`` without the time of day: equal arrays give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, value in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(value), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    return buffer.getvalue()


def _write(path: Path, data: bytes) -> None:
    write_atomically(path, lambda file: file.write(data))
