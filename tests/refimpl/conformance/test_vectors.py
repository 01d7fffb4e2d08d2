"""Vectors: what is in the directory, that it is right, and that a seed fixes every byte."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from refimpl.conformance import cases, write_vectors
from refimpl.conformance.vectors import N_INSTANCES, instance


@pytest.fixture(scope="module")
def directory(tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("vectors") / "made" / "on demand"
    assert write_vectors(target, seed=7) == target / "manifest.json"
    return target


def loaded(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def manifest(directory: Path):
    return json.loads((directory / "manifest.json").read_text())


def test_the_manifest_lists_exactly_the_files_there_are(directory: Path) -> None:
    listed = {f["file"] for entry in manifest(directory)["cases"] for f in entry["files"]}
    assert listed | {"manifest.json"} == {path.name for path in directory.iterdir()}
    assert len(listed) == len(cases()) * (N_INSTANCES + 1)


def test_the_manifest_says_what_everything_is(directory: Path) -> None:
    content = manifest(directory)
    assert content["format"] == 1
    assert content["seed"] == 7
    assert "tolerance * max(1" in content["tolerance_rule"]
    for entry, case in zip(content["cases"], cases().values(), strict=True):
        assert entry["name"] == case.name
        assert entry["equation"] == case.equation
        assert entry["tolerance"] == case.tolerance
        for side, fields in (("inputs", case.inputs), ("outputs", case.outputs)):
            assert [f["name"] for f in entry[side]] == [field.name for field in fields]
            assert all(f["shape"] and f["meaning"] for f in entry[side])


def test_files_hold_the_listed_keys_inputs_first_as_plain_numbers(directory: Path) -> None:
    for entry in manifest(directory)["cases"]:
        for file in entry["files"]:
            arrays = loaded(directory / file["file"])
            assert list(arrays) == file["inputs"] + file["outputs"]
            assert {array.dtype.str for array in arrays.values()} <= {"<f8", "<i8", "|b1"}


@pytest.mark.parametrize("case", cases().values(), ids=cases())
def test_recomputing_the_outputs_from_the_file_gives_them_back(directory: Path, case) -> None:
    """An implementation reads the inputs, scalars as arrays without axes, and compares."""
    for k in range(N_INSTANCES):
        arrays = loaded(directory / f"{case.name}-{k}.npz")
        inputs, outputs = instance(case, 7, k)
        again = case.reference(**{key: as_argument(arrays[key]) for key in inputs})
        for key in outputs:
            np.testing.assert_array_equal(arrays[key], again[key])
            np.testing.assert_array_equal(arrays[key], outputs[key])


def as_argument(array: np.ndarray):
    return array.item() if array.ndim == 0 else array


def test_the_plain_name_is_the_first_instance(directory: Path) -> None:
    for name in cases():
        first = (directory / f"{name}-0.npz").read_bytes()
        assert (directory / f"{name}.npz").read_bytes() == first
        assert (directory / f"{name}-1.npz").read_bytes() != first


def test_a_seed_fixes_every_byte_and_another_seed_changes_them(directory: Path, tmp_path) -> None:
    write_vectors(tmp_path / "again", seed=7)
    write_vectors(tmp_path / "other", seed=8)
    for path in directory.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()
        assert (tmp_path / "other" / path.name).read_bytes() != path.read_bytes()


def test_one_case_alone_is_the_same_as_among_all(directory: Path, tmp_path: Path) -> None:
    write_vectors(tmp_path, seed=7, only="gae")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"manifest.json", "gae.npz", *(f"gae-{k}.npz" for k in range(N_INSTANCES))}
    assert [entry["name"] for entry in manifest(tmp_path)["cases"]] == ["gae"]
    assert (tmp_path / "gae-3.npz").read_bytes() == (directory / "gae-3.npz").read_bytes()


def test_bad_arguments_are_named_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="unknown case 'gea'; did you mean 'gae'"):
        write_vectors(tmp_path / "new", seed=0, only="gea")
    with pytest.raises(ValueError, match=r"non-negative; got .*-1"):
        write_vectors(tmp_path / "new", seed=-1)
    assert not (tmp_path / "new").exists()


def test_a_directory_that_is_a_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    occupied = tmp_path / "occupied"
    occupied.write_text("mine")
    with pytest.raises(OSError, match="occupied"):
        write_vectors(occupied, seed=0)
    assert occupied.read_text() == "mine"
