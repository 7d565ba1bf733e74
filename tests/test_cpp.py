"""The C++ core: its tests, run by CTest, and programs that are built on it in each possible way."""

from __future__ import annotations

import ctypes
import math
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import cmake_build
import idx
import pytest
from cmake_build import ROOT, run

import wengert
from wengert import _config, _core


@dataclass(frozen=True)
class CoreBuild:
    """The C++ core as a static library, for all ISA levels."""

    binary: Path
    prefix: Path  # where it is installed
    has_tests: bool  # whether GoogleTest was there to build the C++ tests


@pytest.fixture(scope="module")
def core_build(tmp_path_factory: pytest.TempPathFactory) -> CoreBuild:
    """Builds and installs the core, with its C++ tests if GoogleTest is installed."""
    if reason := cmake_build.unavailable():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("core")
    probe = folder / "probe"
    probe.mkdir()
    (probe / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.22)\nproject(probe LANGUAGES CXX)\n"
        "find_package(GTest REQUIRED)\n"
    )
    found = subprocess.run(["cmake", "-S", probe, "-B", probe / "build"], capture_output=True)
    has_tests = found.returncode == 0
    binary = cmake_build.build(
        cmake_build.ROOT,
        folder / "build",
        WENGERT_STATIC="ON",
        WENGERT_BUILD_TESTS="ON" if has_tests else "OFF",
    )
    prefix = folder / "prefix"
    run("cmake", "--install", binary, "--prefix", prefix)
    return CoreBuild(binary, prefix, has_tests)


@pytest.mark.slow
def test_cpp_unit_tests_pass(core_build):
    if not core_build.has_tests:
        pytest.skip("GoogleTest is not installed (Debian: libgtest-dev)")
    listed = run("ctest", "--test-dir", core_build.binary, "--show-only")
    assert "Total Tests: 0" not in listed
    report = run("ctest", "--test-dir", core_build.binary, "--output-on-failure")
    assert "100% tests passed" in report


@pytest.mark.slow
def test_kernel_objects_share_no_inline_function(core_build):
    """The linker keeps one copy of an inline function, and it could be that of the wrong level."""
    folders = list((core_build.binary / "CMakeFiles").glob("wengert_kernels_*.dir"))
    assert folders
    shared = []
    for folder in folders:
        level = folder.stem.removeprefix("wengert_kernels_")
        if level == "baseline":
            pytest.skip("one level: nothing to mix up")
        # A template inside the level's namespace is weak as well, but has a name for each level.
        namespace = f"7kernels{len(level)}{level}"
        objects = list(folder.rglob("*.o"))
        assert objects
        for line in run("nm", "--defined-only", *objects).splitlines():
            fields = line.split()
            if len(fields) == 3 and fields[1] in "WVu" and namespace not in fields[2]:
                shared.append(fields[2])
    assert [s for s in shared if not s.startswith("DW.ref.")] == []


# ---- programs --------------------------------------------------------------------------------

EXAMPLES = ROOT / "examples" / "cpp"
C_EXAMPLES = ROOT / "examples" / "c"
EMBEDDED = ROOT / "tests" / "packaging" / "embedded"


def numbers(output: str) -> dict[str, float]:
    """The lines that are words and a number."""
    return {k: float(v) for k, v in re.findall(r"^(.+?) ([-+.\de]+)%?$", output, re.MULTILINE)}


def check_examples(binary: Path, digits: Path) -> None:
    """Runs the example programs, each of which prints what it has reached."""
    values = dict(re.findall(r"(\S+) += (\S+)", run(binary / "three_variables")))
    assert values == {"f": "20", "df/dx": "16", "df/dy": "4", "df/dz": "2"}
    idx.write_digits(digits)
    epochs = re.findall(r"test accuracy ([\d.]+)%", run(binary / "train_digits", digits, 8))
    assert len(epochs) == 8
    assert float(epochs[-1]) > 90

    errors = re.findall(r"textbook +([\d.]+)%  learned +([\d.]+)%", run(binary / "online_learning"))
    textbook, learned = ([float(e) for e in column] for column in zip(*errors))
    assert len(learned) == 10
    assert textbook[4] > 15 and learned[4] < 6
    assert textbook[9] > 190 and learned[9] < 6 < learned[5]  # the wind came up in between

    fit = numbers(run(binary / "calibration"))
    assert fit["steps"] < 30
    assert fit["largest error of a parameter"] < 1e-9
    assert fit["forward and reverse mode differ by"] < 1e-12

    (reached,) = re.findall(r"mean return ([\d.]+) of 500", run(binary / "pole_balance"))
    assert float(reached) > 490


def check_c_examples(binary: Path, folder: Path) -> None:
    """The same for the C programs."""
    file = folder / "c.safetensors"
    trained = numbers(run(binary / "c_train", file))
    assert trained["accuracy"] > 97
    assert trained["bytes in use"] == 0
    # What C has saved, Python computes with.
    assert {name: tuple(t.shape) for name, t in wengert.load(file).items()} == {
        "0.weight": (32, 2),
        "0.bias": (32,),
        "2.weight": (2, 32),
        "2.bias": (2,),
    }
    by_name = run(binary / "c_by_name")
    assert (
        "sum of the convolution 726\n" in by_name
    )  # 2 x 4 x 4 windows of 3 channels, at the edge less
    slopes = [1 / (1 + math.exp(-x)) for x in (-1, 0, 1)]
    assert "slopes {:.6f} {:.6f} {:.6f} in 1 call".format(*slopes) in by_name
    assert int(by_name.split()[0]) == len(_core.ops.function_rows())


def record_tapes() -> list[tuple[str, wengert.tape.Tape, tuple, int]]:
    """Inference and training steps of two networks: name, program, arguments and number of runs."""
    wengert.manual_seed(2)
    nn, F = wengert.nn, wengert.nn.functional
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Dropout(0.2), nn.Linear(36, 5),
    )  # fmt: skip
    optimizer = wengert.optim.Adam(model.parameters(), lr=1e-2)
    x, y = wengert.randn(6, 1, 8, 8), wengert.randint(0, 5, (6,))

    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    step(x, y)
    training = wengert.record(step, x, y)
    model.eval()
    with wengert.no_grad():
        inference = wengert.record(model, x)
    return [
        ("inference", inference, (x,), 1),
        ("training", training, (x, y), 30),
        *record_joined_tapes(),
    ]


def record_joined_tapes() -> list[tuple[str, wengert.tape.Tape, tuple, int]]:
    """Loops over time whose products and cells have been joined."""
    nn, F = wengert.nn, wengert.nn.functional
    cell, dropout, readout = nn.LSTMCell(5, 8), nn.Dropout(0.1), nn.Linear(8, 3)
    optimizer = wengert.optim.Adam([*cell.parameters(), *readout.parameters()], lr=3e-2)
    xs, y = wengert.randn(6, 2, 5), wengert.randint(0, 3, (12,))

    def step(xs, y):
        optimizer.zero_grad()
        state, made = None, []
        for x in xs:
            state = cell(dropout(x), state)
            made.append(readout(state[0]))
        loss = F.cross_entropy(wengert.cat(made), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    step(xs, y)
    hoisted = wengert.tape.hoist_products(wengert.record(step, xs, y))
    assert [s.name for s in hoisted.steps].count("recurrent_layer") == 2
    of_input, of_state = nn.Linear(5, 16), nn.Linear(16, 16)

    def controller(xs):
        h = wengert.zeros(1, 16)
        for x in xs[:, :1]:
            h = wengert.tanh(of_input(x) + of_state(h))
        return readout(h[:, :8]), readout(h[:, 8:]), h

    with wengert.no_grad():
        recorded = wengert.record(controller, xs)
        merged = wengert.tape.merge_products(recorded)
    assert merged is not recorded
    return [("hoisted training", hoisted, (xs, y), 100), ("merged", merged, (xs,), 1)]


def same_tensors(found: dict, expected: dict) -> None:
    """The same names, dtypes, shapes and bits."""
    assert set(found) == set(expected)
    for key, t in expected.items():
        assert found[key].dtype == t.dtype and found[key].shape == t.shape
        assert found[key].numpy().tobytes() == t.detach().contiguous().numpy().tobytes(), key


def results_of(made: wengert.Tensor | tuple) -> dict[str, wengert.Tensor]:
    made = made if isinstance(made, tuple) else (made,)
    return {str(i): t for i, t in enumerate(made)}


def check_tapes(binary: Path, folder: Path) -> None:
    """Runs programs that Python has recorded; they give the bits that Python gets."""
    for name, tape, args, runs in record_tapes():
        tape.save(folder / name)
        wengert.save({str(i): t for i, t in enumerate(args)}, folder / "in.safetensors")
        run(binary / "run_tape", folder / name, folder / "in.safetensors",
            folder / "out.safetensors", runs)  # fmt: skip
        loaded = wengert.load_tape(folder / name)
        wengert.manual_seed(7)
        for _ in range(runs):
            results = results_of(loaded(*args))
        expected = results | {f"state.{i}": t for i, t in enumerate(loaded.states)}
        same_tensors(wengert.load(folder / "out.safetensors"), expected)


def check_c_tapes(binary: Path, folder: Path) -> None:
    """The same from C, at another learning rate; what C has trained and saved goes on in Python."""
    for name, tape, args, runs in record_tapes():
        tape.save(folder / name)
        wengert.save({str(i): t for i, t in enumerate(args)}, folder / "in.safetensors")
        out = folder / "c.out"
        said = run(
            binary / "c_run_tape", folder / name, folder / "in.safetensors", out, runs, 0.003
        )
        assert numbers(said)["bytes in use"] == 0
        shape = " ".join(map(str, args[0].shape))
        assert f"argument 0: dtype 8, shape {shape}\n" in said
        loaded = wengert.load_tape(folder / name)
        rates = [i for i, step in enumerate(loaded.steps) if "lr" in step.attributes]
        trains = "training" in name
        assert numbers(said)["learning rates"] == len(rates) == trains
        for i in rates:
            loaded.set_number(i, "lr", 0.003)
        wengert.manual_seed(7)
        results = [results_of(loaded(*args)) for _ in range(runs)]
        same_tensors(wengert.load(out), results[-1])
        states = dict(zip(loaded._program.state_names(), loaded.states, strict=True))
        assert states.keys() == set(tape._program.state_names())
        same_tensors(wengert.load(f"{out}.states"), states)
        if trains:
            assert results[-1]["0"].item() < 0.5 * results[0]["0"].item()
        again = wengert.load_tape(f"{out}.tape")
        for i in rates:
            assert again.number(i, "lr") == 0.003
        wengert.manual_seed(8)
        expected = results_of(loaded(*args))
        wengert.manual_seed(8)
        same_tensors(results_of(again(*args)), expected)


def needs_compiler() -> None:
    if reason := cmake_build.unavailable():
        pytest.skip(reason)


def test_find_package_from_the_wheel(tmp_path):
    needs_compiler()
    where = _config.cmake_dir()
    binary = cmake_build.build(EXAMPLES, tmp_path / "build", wengert_DIR=where)
    check_examples(binary, tmp_path)
    check_tapes(binary, tmp_path)


def test_c_programs_with_the_wheel(tmp_path):
    needs_compiler()
    where = _config.cmake_dir()
    binary = cmake_build.build(C_EXAMPLES, tmp_path / "build", wengert_DIR=where)
    check_c_examples(binary, tmp_path)
    check_c_tapes(binary, tmp_path)


def test_c_compiler_alone_builds_a_c_program(tmp_path):
    """Neither CMake nor C++ is needed for the shared library; the header is C99 and C++."""
    compiler = os.environ.get("CC", "cc")
    if shutil.which(compiler) is None:
        pytest.skip("there is no C compiler")
    library, include = _config.library_dir(), _config.include_dir()
    warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", include]
    link = ["-L", library, "-lwengert", f"-Wl,-rpath,{library}", "-lm"]
    for name in ("train", "by_name", "run_tape"):
        program = tmp_path / f"c_{name}"
        for standard in ("-std=c11", "-std=c99"):
            run(compiler, standard, *warnings, C_EXAMPLES / f"{name}.c", "-o", program, *link)
    check_c_examples(tmp_path, tmp_path)
    check_c_tapes(tmp_path, tmp_path)


def test_the_published_c_abi_is_there(tmp_path):
    """Every prototype, constant and layout is what it was: the compiler and the linker compare."""
    compiler = os.environ.get("CC", "cc")
    if shutil.which(compiler) is None:
        pytest.skip("there is no C compiler")
    library, program = _config.library_dir(), tmp_path / "abi"
    flags = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", _config.include_dir()]
    link = ["-L", library, "-lwengert", f"-Wl,-rpath,{library}"]
    sources = sorted((ROOT / "tests" / "packaging").glob("abi_*.c"))  # one for each addition
    for source in sources:
        run(compiler, *flags, source, "-o", program, *link)
        run(program)
    published = "".join(source.read_text() for source in sources)
    declared = re.findall(
        r"WENGERT_API [^;]*?(wg_\w+)\(", (_config.include_dir() / "wengert" / "c.h").read_text()
    )
    assert len(declared) > 100
    assert [name for name in declared if f"(function){name}" not in published] == []


def test_find_package_refuses_another_minor_version(tmp_path):
    needs_compiler()
    major, minor, _ = wengert.__version__.split(".")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.22)\nproject(other LANGUAGES CXX)\n"
        f"find_package(wengert {major}.{int(minor) + 1} REQUIRED)\n"
    )
    refused = subprocess.run(
        ["cmake", "-S", tmp_path, "-B", tmp_path / "b", f"-Dwengert_DIR={_config.cmake_dir()}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode != 0
    assert "compatible with requested version" in refused.stderr


@pytest.mark.slow
def test_fetch_content(tmp_path):
    needs_compiler()
    levels = cmake_build.isa_level()
    source = ROOT / "tests" / "packaging"
    binary = cmake_build.build(source, tmp_path / "build", WENGERT_ISA_LEVELS=levels)
    check_examples(binary / "examples", tmp_path)
    check_c_examples(binary / "examples_c", tmp_path)


@pytest.mark.slow
def test_static_library(tmp_path, core_build):
    prefix = core_build.prefix
    assert not list(prefix.rglob("libwengert.so"))
    binary = cmake_build.build(EXAMPLES, tmp_path / "build", CMAKE_PREFIX_PATH=prefix)
    trainer = binary / "train_digits"
    run("strip", trainer)
    assert trainer.stat().st_size <= 3 << 20
    check_examples(binary, tmp_path)


@pytest.mark.slow
def test_static_library_from_c(tmp_path, core_build):
    binary = cmake_build.build(C_EXAMPLES, tmp_path / "build", CMAKE_PREFIX_PATH=core_build.prefix)
    check_c_examples(binary, tmp_path)
    check_c_tapes(binary, tmp_path)
    # Only what calls by name has the list of all functions, and only what loads programs the
    # loader.
    names = ("c_train", "c_by_name", "c_run_tape")
    kept = {name: run("nm", "-C", binary / name) for name in names}
    table = "wengert::v0::all_function_tables"
    assert [name for name in names if table in kept[name]] == ["c_by_name"]
    assert [name for name in names if "wg_call" in kept[name]] == ["c_by_name"]
    assert [name for name in names if "wg_tape_load" in kept[name]] == ["c_run_tape"]
    assert [name for name in names if "v0::find_operation" in kept[name]] == ["c_run_tape"]
    run("strip", binary / "c_train")
    assert (binary / "c_train").stat().st_size <= 3.5 * (1 << 20)


@pytest.mark.slow
def test_static_library_in_a_host(tmp_path, core_build):
    """It starts nothing, reads nothing and shows nothing that was not asked for."""
    binary = cmake_build.build(EMBEDDED, tmp_path / "build", CMAKE_PREFIX_PATH=core_build.prefix)
    for version in (1, 2):
        run(binary / f"abi_{version}")
    if not Path("/proc/self/task").exists():
        pytest.skip("no /proc")
    lines = [line.split() for line in run(binary / "quiet").splitlines()]
    seen = {when: (int(threads), int(reads)) for when, threads, reads in lines}
    assert seen["start"] == seen["small"] == seen["large"] == (1, 0)
    assert seen["two"] == (2, 0)
    plugin = binary / "plugin.so"
    exported = [line.split()[-1] for line in run("nm", "-D", "--defined-only", plugin).splitlines()]
    assert "slope" in exported
    assert [name for name in exported if "wengert" in name or name.startswith("wg_")] == []
    slope = ctypes.CDLL(str(plugin)).slope
    slope.restype, slope.argtypes = ctypes.c_double, [ctypes.c_double]
    assert slope(0.5) == pytest.approx(math.cos(0.5), rel=1e-15)


@pytest.mark.slow
def test_static_library_has_one_constructor(core_build):
    """The pool of the allocator is made when a program starts: a child of a fork in the midst of
    its making would wait for it for ever. Nothing else runs before main."""
    (archive,) = core_build.prefix.rglob("libwengert.a")
    member, found = "", []
    for line in run("objdump", "-h", archive).splitlines():
        if match := re.match(r"(\S+\.o): +file format", line):
            member = match[1]
        elif re.search(r"\.(init_array|ctors)", line):
            found.append(member)
    assert found == ["memory_pool.cpp.o"]
