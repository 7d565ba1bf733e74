"""Training from Python and from C++: the optimizers, schedulers and loaders of both do the same to
the bit, and each goes on where the other has saved."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import cmake_build
import pytest
from training_in_python import Optimization, Schedule, average, embed, order
from training_rows import OPTIMIZERS, ORDERS, SCHEDULERS, OptimizerRow, OrderRow, SchedulerRow

import wengert as wg
from wengert import Tensor, _config

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
PAGE = cmake_build.ROOT / "docs" / "training_in_cpp.md"
DTYPES = ("float32", "float64")

_CMAKE = """\
cmake_minimum_required(VERSION 3.22)
project(cpp_training LANGUAGES CXX)
find_package(wengert REQUIRED)
add_executable(cpp_training optimizers.cpp schedulers.cpp orders.cpp main.cpp)
target_compile_options(cpp_training PRIVATE -O1 -Wall -Wextra -Werror)
target_precompile_headers(cpp_training PRIVATE training_in_cpp.h)
target_link_libraries(cpp_training PRIVATE wengert::wengert)
add_executable(documented documented.cpp)
target_link_libraries(documented PRIVATE wengert::wengert)
"""
_MAIN = """\
#include "training_in_cpp.h"
void optimizers(const std::string& folder);
void schedulers(const std::string& folder);
void orders(const std::string& folder);
int main(int, char** arguments) {
  const std::string folder = std::string(arguments[1]) + "/";
  optimizers(folder);
  schedulers(folder);
  orders(folder);
  training::pass_on(folder);
  training::average(folder);
  training::embed(folder);
}
"""
_TRY = """\
  try {{
    {call};
  }} catch (const std::exception& e) {{
    std::cout << "{name}: " << e.what() << std::endl;
  }}
"""
_MAKE_OPTIMIZER = (
    "[](const Tensors& ps) {{ [[maybe_unused]] const Tensor &p0 = ps[0], &p1 = ps[1], "
    "&p2 = ps[2]; return {0}; }}"
)


def _block(language: str) -> str:
    """The program in this language on the page about training."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found
    return found[1]


def _write(folder: Path) -> None:
    calls: dict[str, list[tuple[str, str]]] = {"optimizers": [], "schedulers": [], "orders": []}
    for row in OPTIMIZERS:
        closure = "true" if row.gradients == "closure" else "false"
        make = _MAKE_OPTIMIZER.format(row.cpp)
        for dtype in DTYPES:
            name = f"{row.name}.{dtype}"
            numbers = f"{closure}, {row.steps}, {row.before}"
            calls["optimizers"].append(
                (name, f'training::optimize(folder + "{name}.", {numbers}, {make})')
            )
    for row in SCHEDULERS:
        make = f"[](auto& optimizer) {{ return {row.cpp}; }}"
        optimizer = _MAKE_OPTIMIZER.format(row.optimizer[1])
        rest = f"{row.steps}, {row.before}, {optimizer}, {make}"
        calls["schedulers"].append(
            (row.name, f'training::schedule(folder + "{row.name}.", {rest})')
        )
    for row in ORDERS:
        make = (
            "[]([[maybe_unused]] const Tensor& x, [[maybe_unused]] const Tensor& y, "
            f"[[maybe_unused]] Generator& generator) {{ return {row.cpp}; }}"
        )
        calls["orders"].append((row.name, f'training::order(folder + "order.{row.name}.", {make})'))
    for name, all_calls in calls.items():
        body = "".join(_TRY.format(name=n, call=c) for n, c in all_calls)
        (folder / f"{name}.cpp").write_text(
            '#include "training_in_cpp.h"\nusing training::Tensors;\n'
            f"void {name}(const std::string& folder) {{\n{body}}}\n"
        )
    (folder / "main.cpp").write_text(_MAIN)
    (folder / "documented.cpp").write_text(_block("cpp"))
    (folder / "training_in_cpp.h").write_text((HERE / "training_in_cpp.h").read_text())
    (folder / "CMakeLists.txt").write_text(_CMAKE)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What was done in Python by name, and the folder in which C++ has worked."""
    if reason := cmake_build.unavailable():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("cpp_training")
    done: dict[str, Any] = {"folder": folder}
    for row in OPTIMIZERS:
        for dtype in DTYPES:
            done[f"{row.name}.{dtype}"] = work = Optimization(row, dtype, folder)
            work.prepare()
            work.train()
    for row in SCHEDULERS:
        done[row.name] = schedule = Schedule(row, folder)
        schedule.prepare()
        schedule.train()
    wg.save(_values(), folder / "values.python")
    wg.manual_seed(8)
    wg.rand(5)
    wg.save(wg.get_rng_state(), folder / "random.python")
    _save_with_torch(folder / "torch.pt")
    done["averages"], done["tables"] = average(folder), embed(folder)
    source = folder / "source"
    source.mkdir()
    _write(source)
    binary = cmake_build.build(source, folder / "build", wengert_DIR=_config.cmake_dir())
    done["documented"] = binary / "documented"
    ended = subprocess.run([binary / "cpp_training", folder], capture_output=True, text=True)
    done["output"] = ended.stdout + ended.stderr
    if ended.returncode:
        pytest.fail(done["output"] + f"ended with {ended.returncode}", pytrace=False)
    return done


def _save_with_torch(path: Path) -> None:
    """A checkpoint as a program of PyTorch writes it, where that is installed."""
    try:
        import torch
    except ImportError:
        return
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 3, 3])
    model(torch.ones(2, 1, 5, 5)).square().sum().backward()
    optimizer.step()
    schedule.step()
    base = torch.arange(12, dtype=torch.int32).reshape(3, 4)
    torch.save(
        {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "schedule": schedule.state_dict(),
            "views": [base, base[1:], base.t()[::2], base[:0]],
            "dtypes": {
                str(d): torch.tensor([1, 0, 1]).to(d)
                for d in (torch.bool, torch.uint8, torch.float16, torch.float64, torch.complex64)
            },
            "parameter": torch.nn.Parameter(torch.ones(2)),
            "plain": (1, -(2**40), 0.1, "text", None, True, [], {3: ()}, base.shape),
        },
        path,
    )


def _values() -> dict:
    """Something of all that files hold in both languages."""
    t = wg.randn(3, 4)
    return {
        "shared": [t, t, t[1:], (t.detach(), t.t())],
        "numbers": [0, -1, 1 << 62, -(1 << 63), 0.0, -0.0, 1e300, 5e-324, 0.1, 1 / 3],
        "special": [float("inf"), -float("inf"), True, False, None],
        "texts": ["", 'a "quoted" \\ line\n', "\u00e4\U0001f389\x00"],
        3: {"nested": {-1: (), "empty": [[], {}, [()]]}},
        "dtypes": {d.name: wg.ones(2, 0, dtype=d) for d in (wg.bool, wg.complex128, wg.bfloat16)},
        "complex": wg.tensor([1 + 2j, -3j], dtype=wg.complex128),
        "trained": wg.zeros(2, requires_grad=True),
        "sparse": wg.sparse_coo_tensor([[2, 0, 2]], [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], (4, 2)),
        "a.b": {"c": wg.ones(1)},
        "a": {"b.c": wg.ones(2)},
    }


def _bits(value: Any) -> Any:
    """The value with its tensors as bytes, which can be compared."""
    if isinstance(value, Tensor) and value.is_sparse:
        parts = value._indices(), value._values(), value.is_coalesced()
        return "sparse", tuple(value.shape), _bits(list(parts))
    if isinstance(value, Tensor) and value.dtype is wg.bfloat16:
        return "bfloat16", _bits(value.float())
    if isinstance(value, Tensor):
        return value.dtype.name, tuple(value.shape), value.detach().contiguous().numpy().tobytes()
    if isinstance(value, dict):
        return {k: _bits(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_bits(v) for v in value)
    return repr(value) if isinstance(value, float) else value


def _load(results: dict[str, Any], name: str, path: Path) -> Any:
    if not path.exists():
        lines = [t for t in results["output"].splitlines() if t.startswith(f"{name}: ")]
        pytest.fail("\n".join(lines) or results["output"], pytrace=False)
    return wg.load(path)


def _check(results: dict[str, Any], name: str) -> None:
    work = results[name]
    noted = _bits(_load(results, name, work.path("cpp")))
    expected = _bits(work.noted)
    later = {k: expected[str(k)] for k in map(str, range(work.row.before, work.row.steps))}
    for key in expected:
        assert noted[key] == expected[key], f"C++ differs after step {key}"
    for key in later:
        assert noted[f"resumed.{key}"] == later[key], f"C++, resumed, differs after step {key}"
    resumed = _bits(work.resume())
    for key in later:
        assert resumed[key] == later[key], f"resumed from C++, it differs after step {key}"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("row", OPTIMIZERS, ids=lambda r: r.name)
def test_optimizer(results: dict[str, Any], row: OptimizerRow, dtype: str) -> None:
    _check(results, f"{row.name}.{dtype}")


@pytest.mark.parametrize("row", SCHEDULERS, ids=lambda r: r.name)
def test_scheduler(results: dict[str, Any], row: SchedulerRow) -> None:
    _check(results, row.name)


@pytest.mark.parametrize("row", ORDERS, ids=lambda r: r.name)
def test_order(results: dict[str, Any], row: OrderRow) -> None:
    given = _load(results, row.name, results["folder"] / f"order.{row.name}.cpp")
    assert _bits(given) == _bits(order(row))


@pytest.mark.parametrize("row", OPTIMIZERS, ids=lambda r: r.name)
def test_the_states_are_those_of_python(results: dict[str, Any], row: OptimizerRow) -> None:
    """The same names, numbers of steps and options, whoever has saved."""
    work = results[f"{row.name}.float32"]
    cpp = _load(results, f"{row.name}.float32", work.path("cpp_state"))["optimizer"]
    python = wg.load(work.path("python_state"))["optimizer"]
    unused = {"foreach", "fused", "capturable", "differentiable"}
    for mine, theirs in zip(cpp["param_groups"], python["param_groups"], strict=True):
        assert mine == {k: v for k, v in theirs.items() if k not in unused}
    assert cpp["state"].keys() == python["state"].keys()
    for number, state in python["state"].items():
        state.pop("al", None)  # of LBFGS: of use within a step only
        assert cpp["state"][number].keys() == state.keys()
        for name, value in state.items():
            mine = cpp["state"][number][name]
            if isinstance(value, Tensor) and value.is_sparse:
                value, mine = value.to_dense(), mine.to_dense()
            assert _bits(mine) == _bits(value), name


@pytest.mark.parametrize("name", ["averages", "tables"])
def test_averages_and_tables(results: dict[str, Any], name: str) -> None:
    given = _load(results, name, results["folder"] / f"{name}.cpp")
    assert _bits(given) == _bits(results[name])


def test_values_pass_through_cpp(results: dict[str, Any]) -> None:
    """What Python has saved, C++ has loaded and saved."""
    python = wg.load(results["folder"] / "values.python")
    cpp = _load(results, "values", results["folder"] / "values.cpp")
    assert _bits(cpp) == _bits(python)
    first, second, part, (other, turned) = cpp["shared"]
    assert first is second
    assert other is not first
    assert other.data_ptr() == first.data_ptr()
    assert turned.shape == (4, 3)
    assert part.shape == (2, 4)
    assert cpp["trained"].requires_grad
    assert not first.requires_grad


def test_generators_have_the_same_states(results: dict[str, Any]) -> None:
    inside, behind = _load(results, "random", results["folder"] / "random.cpp")
    assert _bits(inside) == _bits(behind)
    wg.set_rng_state(wg.load(results["folder"] / "random.python"))
    assert _bits(wg.rand(3)) == _bits(behind)


def test_documented_programs(
    results: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What C++ ends with is what Python would have, had it gone on itself."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(_block("python"), names)
    cmake_build.run(results["documented"])
    loop = re.search(r"^for epoch.*?(?=^checkpoint)", _block("python"), re.DOTALL | re.MULTILINE)
    assert loop
    exec(loop[0], names)
    saved = wg.load("run.safetensors")
    for name in ("model", "optimizer", "schedule"):
        state = names[name].state_dict()
        if name == "optimizer":
            given, state = saved[name]["state"], state["state"]
        else:
            given = saved[name]
        assert _bits(dict(given)) == _bits(dict(state))
    assert _bits(saved["random"]) == _bits(wg.get_rng_state())


@pytest.mark.torch
def test_files_of_torch(results: dict[str, Any]) -> None:
    """C++ reads of PyTorch's file what Python does."""
    pytest.importorskip("torch")
    cpp = _load(results, "torch", results["folder"] / "torch.cpp")
    python = wg.load(results["folder"] / "torch.pt")
    assert _bits(_plain(cpp)) == _bits(_plain(python))
    part = cpp["views"][1]
    assert part.shape == (2, 4)
    assert cpp["parameter"].requires_grad


def _plain(value: Any) -> Any:
    """The value with lists, tuples and dicts in place of their kin."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return [_plain(v) for v in value] if isinstance(value, list) else value
