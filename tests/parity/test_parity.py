"""The same code in PyTorch and in wengert: values, derivatives of both orders, names and errors."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import harness

pytestmark = pytest.mark.torch


def variants(case: harness.Case) -> list[tuple[str, bool]]:
    return [v for v in harness.VARIANTS if case.only in ("", v[0])]


@pytest.mark.parametrize(
    ("case", "dtype", "scattered"),
    [
        pytest.param(c, *v, id=f"{c}-{v[0]}{'-scattered' if v[1] else ''}")
        for c in harness.all_cases()
        for v in variants(c)
    ],
)
def test_agrees_with_pytorch(case: harness.Case, dtype: str, scattered: bool) -> None:
    harness.check(case, dtype, scattered)
