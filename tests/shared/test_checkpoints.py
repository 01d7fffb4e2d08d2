"""Specifies refimpl.shared.checkpoints: what was saved comes back bit for bit, or an error does."""

from __future__ import annotations

import copy
import json
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from refimpl.shared import checkpoints
from refimpl.shared.checkpoints import CheckpointError
from tests.shared.resumable import walk

names = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), max_size=8)
dtypes = st.sampled_from(["f8", "f4", "c16", "i8", "i4", "u1", "?", "U3", ">f8"])
contents = npst.arrays(dtypes, npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
metas = st.dictionaries(st.text(max_size=5), json_values, max_size=3)


@given(st.dictionaries(names, contents, max_size=3), metas)
def test_round_trip_is_bit_for_bit(arrays: dict[str, Any], meta: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.npz"
        checkpoints.save(path, arrays, meta)
        back, back_meta = checkpoints.load(path)
    assert back_meta == meta
    assert list(back) == list(arrays)
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype
        assert back[name].shape == array.shape
        assert back[name].tobytes() == array.tobytes()


def test_numpy_reads_the_arrays_too(tmp_path: Path) -> None:
    checkpoints.save(tmp_path / "a.npz", {"x": np.arange(3.0)})
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        assert archive["x"].tolist() == [0.0, 1.0, 2.0]


def test_equal_content_gives_equal_bytes_at_any_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, now in (("a", 0.0), ("b", 1e9)):
        monkeypatch.setattr(time, "localtime", lambda *_, now=now: time.gmtime(now))
        checkpoints.save(tmp_path / name, {"x": np.arange(9)}, {"k": [1, None]})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with zipfile.ZipFile(tmp_path / "a") as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("saved") / "a.npz"
    checkpoints.save(path, {"x": np.linspace(0, 1, 50), "n": np.arange(7)}, {"step": 3})
    return path.read_bytes()


@given(data=st.data())
def test_every_truncation_is_an_error_naming_file_and_reason(
    saved: bytes, data: st.DataObject
) -> None:
    length = data.draw(st.integers(0, len(saved) - 1))
    with pytest.raises(CheckpointError, match=r"cut\.npz.*truncated or corrupted"):
        _load_bytes(saved[:length], "cut.npz")


@given(data=st.data())
def test_a_changed_byte_is_an_error_or_without_effect(saved: bytes, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(saved) - 1))
    flip = data.draw(st.integers(1, 255))
    damaged = bytearray(saved)
    damaged[position] ^= flip
    try:
        arrays, meta = _load_bytes(bytes(damaged), "damaged.npz")
    except CheckpointError:
        return
    # Some bytes of a zip file say nothing about its content, e.g. the date of a member.
    good, good_meta = _load_bytes(saved, "good.npz")
    assert meta == good_meta
    assert {k: v.tobytes() for k, v in arrays.items()} == {k: v.tobytes() for k, v in good.items()}


def test_consistently_rewritten_content_fails_the_digest(tmp_path: Path) -> None:
    """A member replaced by a valid one passes every check of the zip format, not the digest."""
    checkpoints.save(tmp_path / "a.npz", {"x": np.zeros(3)})
    checkpoints.save(tmp_path / "b.npz", {"x": np.ones(3)})
    with zipfile.ZipFile(tmp_path / "a.npz") as a, zipfile.ZipFile(tmp_path / "b.npz") as b:
        header, other = a.read("header.json"), b.read("x.npy")
    with zipfile.ZipFile(tmp_path / "c.npz", "w") as c:
        c.writestr("x.npy", other)
        c.writestr("header.json", header)
    with pytest.raises(CheckpointError, match="digest"):
        checkpoints.load(tmp_path / "c.npz")


def test_rewritten_metadata_fails_the_digest(tmp_path: Path) -> None:
    checkpoints.save(tmp_path / "a.npz", {}, {"step": 3})
    with zipfile.ZipFile(tmp_path / "a.npz") as a:
        header = json.loads(a.read("header.json"))
    header["meta"]["step"] = 4
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as b:
        b.writestr("header.json", json.dumps(header))
    with pytest.raises(CheckpointError, match="digest"):
        checkpoints.load(tmp_path / "b.npz")


def test_other_format_version_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("header.json", json.dumps({"format": 99, "digest": "", "meta": {}}))
    with pytest.raises(CheckpointError, match=r"format 99, this version reads format 1"):
        checkpoints.load(tmp_path / "a.npz")


@pytest.mark.parametrize("content", [b"", b"not a zip file", b"PK\x05\x06" + bytes(18)])
def test_other_files_are_errors(content: bytes) -> None:
    with pytest.raises(CheckpointError, match=r"other\.npz"):
        _load_bytes(content, "other.npz")


def test_missing_file_is_the_usual_error_and_a_fresh_start(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        checkpoints.load(tmp_path / "none.npz")
    assert checkpoints.resume(tmp_path / "none.npz") is None
    assert checkpoints.resume(None) is None


def test_damaged_file_is_not_a_fresh_start(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"PK")
    with pytest.raises(CheckpointError):
        checkpoints.resume(tmp_path / "a.npz")


def test_failed_save_keeps_the_old_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    checkpoints.save(path, {"x": np.zeros(2)})
    with pytest.raises(TypeError, match=r"arrays\['x'\] must hold plain data; got dtype object"):
        checkpoints.save(path, {"x": np.array([object()])})
    assert checkpoints.load(path)[0]["x"].tolist() == [0.0, 0.0]


def test_names_must_be_strings(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="names of arrays must be strings; got 3"):
        checkpoints.save(tmp_path / "a", {3: np.zeros(1)})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("meta", "error"),
    [
        ({"x": float("nan")}, ValueError),
        ({"x": float("inf")}, ValueError),
        ({"x": object()}, TypeError),
        ({"x": np.float32(1)}, TypeError),
        ({1: "x"}, ValueError),
        ({"x": (1, 2)}, ValueError),
    ],
)
def test_meta_that_json_would_change_is_refused(
    tmp_path: Path, meta: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error, match="meta must"):
        checkpoints.save(tmp_path / "a", {}, meta)
    assert not (tmp_path / "a").exists()


def test_error_survives_the_way_between_processes() -> None:
    error = copy.copy(CheckpointError("dir/a.npz", "broken"))
    assert (error.path, error.reason) == (Path("dir/a.npz"), "broken")
    assert str(error) == "checkpoint 'dir/a.npz': broken"


@pytest.mark.parametrize("name", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_generator_continues_to_the_same_bits(name: str) -> None:
    rng = np.random.Generator(getattr(np.random, name)(5))
    rng.random(7)
    rng.integers(10, dtype=np.int32)  # leaves half a word buffered
    state = json.loads(json.dumps(checkpoints.rng_state(rng)))
    expected = copy.deepcopy(rng)
    again = checkpoints.restore_rng(state)
    for _ in range(3):
        assert again.integers(2**31, dtype=np.int32) == expected.integers(2**31, dtype=np.int32)
        assert again.normal(size=5).tobytes() == expected.normal(size=5).tobytes()


def test_state_of_an_unknown_generator_is_refused() -> None:
    with pytest.raises(ValueError, match="bit generators; got 'os'"):
        checkpoints.restore_rng({"bit_generator": "os"})


def test_run_killed_again_and_again_resumes_to_the_same_bits(tmp_path: Path) -> None:
    expected = walk(None, seed=3, n_steps=60)
    path = tmp_path / "walk.npz"
    command = [sys.executable, "-m", "tests.shared.resumable", str(path), "3", "60", "0.02"]
    seen = []
    for kill_at in (10, 35):
        process = subprocess.Popen(command)
        _wait_for_step(path, kill_at, process)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        seen.append(checkpoints.load(path)[1]["step"])
    assert 10 <= seen[0] < seen[1] < 60  # both kills were in the middle of the run
    assert walk(path, seed=3, n_steps=60).tobytes() == expected.tobytes()


def _wait_for_step(path: Path, step: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(3000):
        if path.exists() and checkpoints.load(path)[1]["step"] >= step:
            return
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.005)
    raise AssertionError(f"no checkpoint of step {step} appeared")


def _load_bytes(content: bytes, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        return checkpoints.load(path)
