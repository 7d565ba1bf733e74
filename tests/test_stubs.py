"""The type stubs: they follow from the library, and a type checker understands programs by them."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import wengert

ROOT = Path(__file__).resolve().parent.parent

PROGRAM = """
import wengert as wg
from wengert import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))

    def forward(self, x: wg.Tensor) -> wg.Tensor:
        logits: wg.Tensor = self.body(x)
        return logits.softmax(dim=-1)


net = Net()
optimizer = wg.optim.Adam(net.parameters(), lr=1e-3)
x = wg.randn(3, 4, requires_grad=True)
loss: wg.Tensor = -net(x).log().mean()
loss.backward()
optimizer.step()
values, indices = x.sort(dim=1, descending=True)
shape: tuple[int, ...] = wg.cat([values, x]).shape
kind: wg.dtype = wg.float32
"""


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)


def test_stubs_are_up_to_date():
    done = run(sys.executable, ROOT / "tools" / "make_stubs.py", "--check")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", None),
        ("wg.ones(2).summ()", 'has no attribute "summ"'),
        ("wg.softmax(x)", "dim"),
        ("wg.cat(3)", "incompatible type"),
        ("y: int = x.exp()", "Incompatible types"),
        ("wg.no_such_function(x)", "no_such_function"),
    ],
)
def test_a_type_checker_understands_programs(tmp_path: Path, line: str, problem: str | None):
    if importlib.util.find_spec("mypy") is None:
        pytest.skip("mypy is not installed")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM + line + "\n")
    home = Path(wengert.__file__).parent.parent
    # An installed package is found by itself, and must not be named.
    where = "" if home.name == "site-packages" else f"mypy_path = {home}\n"
    (tmp_path / "mypy.ini").write_text(f"[mypy]\nstrict = True\n{where}")
    cache = tmp_path.parent / "mypy_cache"
    done = run(
        sys.executable, "-m", "mypy", "--config-file", tmp_path / "mypy.ini",
        "--cache-dir", cache, "--follow-imports", "silent", program,
    )  # fmt: skip
    if problem is None:
        assert done.returncode == 0, done.stdout
    else:
        assert done.returncode == 1
        assert problem in done.stdout
