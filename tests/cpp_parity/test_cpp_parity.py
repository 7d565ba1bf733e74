"""The same models, trained from Python and from C++: every bit is the same, and the files of one
are read by the other."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import cmake_build
import generate
import in_python
import pytest
from table import Row, all_rows

import wengert as wg
from wengert import Tensor, _config, nn

pytestmark = pytest.mark.slow


@dataclass
class Results:
    """What both languages have noted; by name of row and dtype."""

    folder: Path
    python: dict[tuple[str, str], dict[str, Tensor]] = field(default_factory=dict)
    failed: dict[tuple[str, str], Exception] = field(default_factory=dict)
    output: str = ""


def chosen_rows() -> list[Row]:
    """All rows; or those whose names begin with one of the words in an environment variable."""
    words = os.environ.get("WENGERT_PARITY_ROWS", "").split()
    return [r for r in all_rows() if not words or any(r.name.startswith(w) for w in words)]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    if reason := cmake_build.unavailable():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("cpp_parity")
    found = Results(folder)
    trained = []
    for row in chosen_rows():
        has_parameters = False
        for dtype in row.dtypes:
            try:
                noted = found.python[row.name, dtype] = in_python.run(row, dtype, folder)
                has_parameters |= any(n.startswith("0.gradient.") for n in noted)
            except Exception as e:
                found.failed[row.name, dtype] = e
        model = in_python.Trainer(row).make(0)
        trained.append((row, bool(list(model.parameters()))))
    source = folder / "source"
    source.mkdir()
    generate.write(source, trained)
    binary = cmake_build.build(source, folder / "build", wengert_DIR=_config.cmake_dir())
    done = subprocess.run([binary / "cpp_parity", folder], capture_output=True, text=True)
    found.output = done.stdout + done.stderr
    if done.returncode:
        found.output += f"\nended with {done.returncode}"
    return found


def differences(expected: dict[str, Tensor], given: dict[str, Tensor]) -> list[str]:
    """What is not the same to the bit."""
    found = [f"{name} is missing" for name in expected.keys() - given.keys()]
    found += [f"{name} is too much" for name in given.keys() - expected.keys()]
    for name in expected.keys() & given.keys():
        a, b = expected[name].detach(), given[name]
        if a.dtype is not b.dtype or a.shape != b.shape:
            found.append(f"{name}: {a.dtype} {tuple(a.shape)}, C++ {b.dtype} {tuple(b.shape)}")
        elif a.contiguous().numpy().tobytes() != b.contiguous().numpy().tobytes():
            furthest = (a.double() - b.double()).abs().max() if a.numel() else 0
            found.append(f"{name}: differs by up to {furthest}")
    return sorted(found)


@pytest.mark.parametrize(
    ("row", "dtype"),
    [pytest.param(r, d, id=f"{r.name}-{d}") for r in chosen_rows() for d in r.dtypes],
)
def test_same_bits(results: Results, row: Row, dtype: str) -> None:
    if error := results.failed.get((row.name, dtype)):
        raise error
    file = results.folder / in_python.file_name(row, dtype, "cpp")
    if not file.exists():
        lines = [t for t in results.output.splitlines() if t.startswith(f"{row.name}.{dtype}:")]
        pytest.fail("\n".join(lines) or results.output[-2000:], pytrace=False)
    cpp = wg.load(file)
    python = results.python[row.name, dtype]
    evaluated = {n: t for n, t in python.items() if n.startswith("evaluated.")}
    expected = {**python, **{f"of_python.{n}": t for n, t in evaluated.items()}}
    if row.is_of_library:
        expected |= {f"of_copy.{n}": t for n, t in evaluated.items()}
    assert differences(expected, cpp) == []
    state = results.folder / in_python.file_name(row, dtype, "cpp_state")
    loaded = in_python.evaluate_state(row, dtype, results.folder, state)
    assert differences(evaluated, loaded) == []


@pytest.mark.parametrize(
    ("row", "dtype"),
    [
        pytest.param(r, d, id=f"{r.name}-{d}")
        for r in chosen_rows()
        for d in r.dtypes
        if r.is_of_library or r.name.startswith("Lazy")
    ],
)
def test_same_text(results: Results, row: Row, dtype: str) -> None:
    """to_string() is Python's repr."""
    texts = [results.folder / f"{row.name}.{dtype}.{which}.txt" for which in ("python", "cpp")]
    python, cpp = (t.read_text() for t in texts)
    assert cpp == python


# Classes without a row, and why.
WITHOUT_ROW = {
    "Buffer": "register_buffer",
    "Parameter": "register_parameter",
    "LinearCrossEntropyOptions": "C++ computes the logits of all rows at once",
    "DataParallel": "there is one device",
    "RNNBase": "the base of RNN, LSTM and GRU",
    "RNNCellBase": "the base of their cells",
    "UninitializedBuffer": "a lazy module has no tensors before its first call",
    "UninitializedParameter": "a lazy module has no tensors before its first call",
}


def test_every_class_has_a_row() -> None:
    """What Python's wengert.nn exports exists in C++ under the same name."""
    classes = {n for n in nn.__all__ if isinstance(getattr(nn, n), type)}
    rows = {r.name.split("_")[0] for r in all_rows()}
    assert sorted(rows - classes - {"init", "functional", "utils"}) == []
    assert sorted(classes - rows - WITHOUT_ROW.keys()) == []
    assert sorted(WITHOUT_ROW.keys() & rows) == []


# Functions that C++ has in another form, and in which.
OTHER_FORM = {
    "fractional_max_pool2d_with_indices": "fractional_max_pool2d gives both",
    "fractional_max_pool3d_with_indices": "fractional_max_pool3d gives both",
    "native_channel_shuffle": "channel_shuffle",
    "upsample": "interpolate; the name is deprecated",
    "upsample_bilinear": "interpolate; the name is deprecated",
    "upsample_nearest": "interpolate; the name is deprecated",
}


def test_every_function_exists() -> None:
    """What nn.functional and nn.init export is declared in the headers."""
    include = _config.include_dir() / "wengert" / "nn"
    headers = [*(include / "functional").glob("*.h"), include / "init.h"]
    lines = [t for h in headers for t in h.read_text().splitlines() if not t.startswith("//")]
    declared = set(re.findall(r"\w+", "\n".join(lines)))
    pools = {n[: -len("##n")] for n in re.findall(r"\w+##n", "\n".join(lines))}
    declared |= {f"{p}{d}d{end}" for p in pools for d in "123" for end in ("", "_with_indices")}
    # The names of nn.init without an underscore are deprecated.
    functions = {*nn.functional.__all__, *(n for n in nn.init.__all__ if n.endswith("_"))}
    assert sorted(functions - declared - OTHER_FORM.keys()) == []
