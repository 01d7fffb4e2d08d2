"""The adapters pass the checkers of the libraries that they adapt to."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

gymnasium = pytest.importorskip("gymnasium")
pytest.importorskip("pettingzoo")

from gymnasium.utils.env_checker import check_env  # noqa: E402 - the extra may be missing
from pettingzoo.test import parallel_api_test  # noqa: E402

from refimpl.shared.gym_adapters import (  # noqa: E402
    to_gymnasium,
    to_gymnasium_space,
    to_pettingzoo_parallel,
)
from refimpl.shared.single_environment import AgentsEnvironment, SingleEnvironment  # noqa: E402
from refimpl.shared.spaces import Discrete, MultiDiscrete, Space, box  # noqa: E402
from tests.shared.agents import PartingGame  # noqa: E402
from tests.shared.tabular import dynamics, walk_mdp  # noqa: E402


def walk(terminal: tuple[int, ...] = ()) -> SingleEnvironment:
    return SingleEnvironment(dynamics(walk_mdp(), 5, terminal), box(0, 1, (4,)), Discrete(2))


def parting() -> AgentsEnvironment:
    return AgentsEnvironment(PartingGame(4, False), ("ann", "bob"), box(0, 1, (2,)), Discrete(2))


@pytest.mark.parametrize("space", [Discrete(3), MultiDiscrete((2, 4)), box(-1, [0, 2], (2,))])
def test_spaces_have_the_same_elements(space: Space) -> None:
    theirs = to_gymnasium_space(space)
    rng = np.random.default_rng(0)
    theirs.seed(0)
    for _ in range(20):
        assert theirs.contains(space.sample(rng))
        assert space.contains(theirs.sample())


def test_an_unknown_space_is_refused() -> None:
    with pytest.raises(TypeError, match="space must be Discrete, MultiDiscrete or Box; got 3"):
        to_gymnasium_space(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "env",
    [
        walk(),
        walk(terminal=(3,)),
        SingleEnvironment(PartingGame(3, True), box(0, 1, (2, 2)), MultiDiscrete((2, 2))),
    ],
)
def test_gymnasium_accepts_it(env: SingleEnvironment) -> None:
    adapted = to_gymnasium(env)
    assert isinstance(adapted, gymnasium.Env)
    check_env(adapted, skip_render_check=True)


def test_gymnasium_adapter_plays_the_environment_itself() -> None:
    ours, theirs = walk(), to_gymnasium(walk())
    assert np.array_equal(ours.reset(seed=4)[0], theirs.reset(seed=4)[0])
    for action in (0, 1, 1, 0, 1):
        expected, got = ours.step(action), theirs.step(action)
        assert np.array_equal(expected[0], got[0])
        assert expected[1:] == got[1:]


def test_pettingzoo_accepts_it(capsys: pytest.CaptureFixture[str]) -> None:
    parallel_api_test(to_pettingzoo_parallel(parting()), num_cycles=20)
    assert "Passed" in capsys.readouterr().out


def test_pettingzoo_adapter_plays_the_environment_itself() -> None:
    ours, theirs = parting(), to_pettingzoo_parallel(parting())
    ours.reset(seed=0)
    theirs.reset(seed=0)
    for time in range(4):
        assert theirs.agents == ["ann", "bob"]
        actions = {"ann": time % 2, "bob": 1}
        expected, got = ours.step(actions), theirs.step(actions)
        assert expected[1:] == got[1:]
    assert theirs.agents == []


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "pettingzoo", None)
    monkeypatch.delitem(sys.modules, "refimpl.shared.gym_adapters")
    with pytest.raises(ImportError, match=r"pip install 'refimpl\[gym\]'"):
        import refimpl.shared.gym_adapters  # noqa: F401
