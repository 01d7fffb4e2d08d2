"""A case tells an implementer everything."""

from __future__ import annotations

import pytest

from refimpl.conformance import cases


@pytest.mark.parametrize("case", cases().values(), ids=cases())
def test_text_names_every_field_with_its_shape_and_meaning(case) -> None:
    text = str(case)
    assert text.startswith(f"{case.name}: {case.title}\n")
    assert case.equation in text
    assert str(case.tolerance) in text
    takes, returns = text.split("  returns\n")
    for field in case.inputs:
        assert f"{field.name} ({field.shape}): {field.meaning}" in takes
    for field in case.outputs:
        assert f"{field.name} ({field.shape}): {field.meaning}" in returns
