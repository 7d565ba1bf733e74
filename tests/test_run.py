"""``python -m wengert.run``: programs written for PyTorch run as they stand."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import wengert
from wengert.torch_version import TorchVersion

PROGRAMS = Path(__file__).parent / "programs"
HOME = Path(wengert.__file__).parent.parent


def python(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(HOME), "PYTHONWARNINGS": "ignore"}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True, text=True, check=False, cwd=cwd, env=environment, timeout=300,
    )  # fmt: skip


def run(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return python("-m", "wengert.run", *arguments, cwd=cwd)


def answer(code: str) -> str:
    """What a program prints."""
    done = run("-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout


def assert_same_text(ours: str, theirs: str) -> None:
    """The same but for the last digit of printed numbers, which may be rounded either way."""
    number = re.compile(r"-?\d+\.\d+")
    assert number.sub("#", ours) == number.sub("#", theirs)
    for a, b in zip(number.findall(ours), number.findall(theirs), strict=True):
        last_place = 10.0 ** -len(b.partition(".")[2])
        assert abs(float(a) - float(b)) < 1.5 * last_place, (a, b)


@pytest.mark.parametrize(
    ("program", "arguments", "last"),
    [
        ("mnist.py", ["--epochs", "2", "--save-model", "model.pt"], "saved True"),
        ("language_model.py", ["2"], "module.scale 3568"),
        ("dqn.py", [], "last loss 0.000"),
        ("vae.py", [], "scale 8.0 True True"),
    ],
)
def test_programs_give_what_pytorch_gives(program, arguments, last, tmp_path):
    ours = run(PROGRAMS / program, *arguments, cwd=tmp_path)
    assert ours.returncode == 0, ours.stderr
    assert last in ours.stdout.splitlines()[-1]
    if importlib.util.find_spec("torch"):
        theirs = python(PROGRAMS / program, *arguments, cwd=tmp_path)
        assert theirs.returncode == 0, theirs.stderr
        assert_same_text(ours.stdout, theirs.stdout)


def test_names_are_the_same_modules():
    answer(
        """
import sys
import torch, wengert
import torch.nn, torch.nn.functional as F, torch.utils.data
from torch.optim.lr_scheduler import StepLR
from torch.nn.modules.batchnorm import BatchNorm1d
from torch.nn.modules.utils import _pair, _ntuple
from torch.nn.parameter import Parameter
from torch import nn, optim, Tensor
import torch.backends.cudnn as cudnn
assert torch.nn is wengert.nn is sys.modules["torch.nn"] is nn
assert sys.modules["torch.nn.functional"] is F is wengert.nn.functional
assert sys.modules["torch.utils.data"] is wengert.utils.data
assert BatchNorm1d is nn.BatchNorm1d is wengert.nn.BatchNorm1d
assert StepLR is wengert.optim.lr_scheduler.StepLR and Parameter is nn.Parameter
assert wengert.nn.__spec__.name == wengert.nn.__name__ == "wengert.nn"
assert torch.Tensor is Tensor is wengert.Tensor
assert isinstance(torch.ones(2), torch.FloatTensor)
assert torch.ones(2).type() == "torch.FloatTensor"
assert torch.cuda is wengert.cuda and "cuda" in dir(torch)
assert cudnn is torch.backends.cudnn
assert torch.nn.utils.clip_grad_norm_ and torch.nn.utils is not torch.nn.modules.utils
assert _pair(3) == (3, 3) and _pair([1, 2]) == (1, 2) and torch.nn.modules.Linear is nn.Linear
"""
    )


def test_the_version_can_be_compared():
    lines = answer(
        "import torch, wengert\n"
        "print(torch.__version__, torch.__version__ >= '2.2', torch.__version__ < (3,))\n"
        "print(wengert.__version__ == wengert.version.__version__ != torch.__version__)"
    )
    assert lines.splitlines() == ["2.13.0+wengert True True", "True"]


@pytest.mark.torch
def test_versions_compare_as_pytorchs():
    from torch.torch_version import TorchVersion as Theirs

    texts = ["2.13.0", "2.13", "2.13.1", "2.2", "2.13.0a0", "2.13.0rc1", "2.13.0.post1", "2.13.0+b"]
    for version in ("2.13.0+a", "2.13.0", "2.9.1", "2.13.0.dev3"):
        ours, theirs = TorchVersion(version), Theirs(version)
        for other in [*texts, (2, 13), (2, 9, 1), (3,)]:
            for name in ("__lt__", "__le__", "__gt__", "__ge__", "__eq__"):
                a, b = getattr(ours, name)(other), getattr(theirs, name)(other)
                assert a == b, (version, name, other)


@pytest.mark.parametrize(
    ("code", "error", "name"),
    [
        ("import torch.foo", "ModuleNotFoundError", "torch.foo"),
        ("import torch.nn.foo", "ModuleNotFoundError", "torch.nn.foo"),
        ("from torch import foo", "ModuleNotFoundError", "torch.foo"),
        ("from torch.nn import Foo", "ModuleNotFoundError", "torch.nn.Foo"),
        ("import torch; torch.foo", "AttributeError", "torch.foo"),
        ("import torchvision.foo", "ModuleNotFoundError", "torchvision"),
        ("from torchvision import foo", "ModuleNotFoundError", "torchvision"),
    ],
)
def test_what_is_missing_is_named(code, error, name):
    done = run("-c", code)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"{error}: {name}")
    assert last.endswith("is not available in wengert")


def test_asking_for_a_module_is_no_error():
    code = """
from importlib.util import find_spec
print(*(find_spec(n) is not None for n in ("torch", "torch.nn", "torch.cuda", "torch.foo")))
import torch
print(*(find_spec(n) is not None for n in ("torch", "torch.nn", "torch.jit", "torch.nn.foo")))
"""
    assert answer(code).split() == ["True", "True", "True", "False"] * 2


SCRIPT = '''
"""What it is."""
import os
import sys
from helper import value

print(__name__, __doc__, os.path.basename(__file__), sys.argv, value, __spec__, __package__)
print(os.path.realpath(sys.path[0]), sys.modules["__main__"].__dict__ is globals())


def fail(n):
    raise KeyError(n)


if sys.argv[1:] == ["exit"]:
    sys.exit(7)
if sys.argv[1:] == ["fail"]:
    fail(3)
if sys.argv[1:] == ["stop"]:
    sys.exit("stopped")
'''


@pytest.mark.parametrize("argument", ["plain", "exit", "fail", "stop"])
@pytest.mark.parametrize("how", ["file", "module", "folder"])
def test_scripts_run_as_python_runs_them(tmp_path, how, argument):
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "script.py").write_text(SCRIPT)
    (folder / "__main__.py").write_text(
        "import sys, os\nprint(__name__, sys.argv[1:], os.path.abspath(sys.path[0]))\n"
    )
    (folder / "helper.py").write_text("value = 3\n")
    command = {
        "file": ["program/script.py"],
        "module": ["-m", "script"],
        "folder": ["program"],
    }[how]
    cwd = folder if how == "module" else tmp_path
    ours, theirs = run(*command, argument, cwd=cwd), python(*command, argument, cwd=cwd)
    assert ours.returncode == theirs.returncode
    if how != "module":  # whose __spec__ shows the address of its loader
        assert ours.stdout == theirs.stdout
        assert ours.stderr == theirs.stderr
    else:
        assert ours.stderr.splitlines()[-3:] == theirs.stderr.splitlines()[-3:]


@pytest.mark.parametrize(
    "command",
    [
        ["-c", "import sys; print(sys.argv, __name__, sys.path[0] == '')", "a", "-b"],
        ["-c", "1/0"],
        ["-c", "raise SystemExit(4)"],
        ["-c", "1 +"],
        ["missing.py"],
        ["-m", "no_such_module"],
    ],
)
def test_commands_end_as_those_of_python(tmp_path, command):
    ours, theirs = run(*command, cwd=tmp_path), python(*command, cwd=tmp_path)
    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout)
    assert ours.stderr.splitlines()[-1:] == theirs.stderr.splitlines()[-1:]


def test_usage():
    assert run().returncode == 2
    assert run("-x").returncode == 2
    assert "usage" in run("--help").stdout


def test_install_in_a_program():
    code = """
import wengert.run
wengert.run.install()
wengert.run.install()
import torch
assert torch.nn is wengert.nn
"""
    assert python("-c", code).returncode == 0
    code = "import sys; sys.modules['torch'] = sys; import wengert.run; wengert.run.install()"
    done = python("-c", code)
    assert done.returncode == 1
    assert "imported already" in done.stderr


MANY = """
import torch
import torch.multiprocessing as mp


def work(i, shared, queue):
    shared[i] = i + 1.0
    queue.put(torch.full((2,), float(i)))
    if i == 7:
        raise ValueError("seven")


if __name__ == "__main__":
    shared = torch.zeros(3).share_memory_()
    queue = mp.get_context("spawn").SimpleQueue()
    mp.spawn(work, (shared, queue), nprocs=2)
    print(shared.tolist(), sorted(queue.get().sum().item() for _ in range(2)))
    model = torch.nn.Linear(2, 2)
    model.share_memory()
    process = mp.get_context("fork").Process(target=lambda: model.weight.data.fill_(7.0))
    process.start()
    process.join()
    print(model.weight.tolist())
    process = mp.get_context("spawn").Process(target=work, args=(7, torch.zeros(8), queue))
    process.start()
    process.join()
    print(process.exitcode)
    try:
        mp.spawn(work, (shared[:1], queue), nprocs=2)
    except mp.ProcessRaisedException as e:
        print(e.error_index, "IndexError" in str(e))
"""


def test_processes_answer_the_names_and_share_tensors(tmp_path):
    path = tmp_path / "many.py"
    path.write_text(MANY)
    done = run(path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "[1.0, 2.0, 0.0] [0.0, 2.0]",
        "[[7.0, 7.0], [7.0, 7.0]]",
        "1",
        "1 True",
    ]
