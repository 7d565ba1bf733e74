"""The C++ core: its tests, run by CTest, and programs that are built on it in each possible way."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import cmake_build
import idx
import pytest
from cmake_build import ROOT, run

import wengert
from wengert import _config


@dataclass(frozen=True)
class CoreBuild:
    """The C++ core as a static library, for one ISA level."""

    binary: Path
    prefix: Path  # where it is installed
    level: str
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
    level = cmake_build.isa_level()
    binary = cmake_build.build(
        cmake_build.ROOT,
        folder / "build",
        WENGERT_STATIC="ON",
        WENGERT_ISA_LEVELS=level,
        WENGERT_BUILD_TESTS="ON" if has_tests else "OFF",
    )
    prefix = folder / "prefix"
    run("cmake", "--install", binary, "--prefix", prefix)
    return CoreBuild(binary, prefix, level, has_tests)


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
    if core_build.level == "baseline":
        pytest.skip("one level: nothing to mix up")
    folder = core_build.binary / "CMakeFiles" / f"wengert_kernels_{core_build.level}.dir"
    objects = list(folder.rglob("*.o"))
    assert objects
    # A template inside the level's namespace is weak as well, but has a name for each level.
    namespace = f"7kernels{len(core_build.level)}{core_build.level}"
    shared = []
    for line in run("nm", "--defined-only", *objects).splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[1] in "WVu" and namespace not in fields[2]:
            shared.append(fields[2])
    assert [s for s in shared if not s.startswith("DW.ref.")] == []


# ---- programs --------------------------------------------------------------------------------

EXAMPLES = ROOT / "examples" / "cpp"


def check_examples(binary: Path, digits: Path) -> None:
    """Runs the example programs: the first prints derivatives, the second trains a network."""
    values = dict(re.findall(r"(\S+) += (\S+)", run(binary / "three_variables")))
    assert values == {"f": "20", "df/dx": "16", "df/dy": "4", "df/dz": "2"}
    idx.write_digits(digits)
    epochs = re.findall(r"test accuracy ([\d.]+)%", run(binary / "train_digits", digits, 8))
    assert len(epochs) == 8
    assert float(epochs[-1]) > 90


def needs_compiler() -> None:
    if reason := cmake_build.unavailable():
        pytest.skip(reason)


def test_find_package_from_the_wheel(tmp_path):
    needs_compiler()
    where = _config.cmake_dir()
    check_examples(cmake_build.build(EXAMPLES, tmp_path / "build", wengert_DIR=where), tmp_path)


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
def test_add_subdirectory(tmp_path):
    needs_compiler()
    levels = cmake_build.isa_level()
    source = ROOT / "tests" / "packaging"
    binary = cmake_build.build(source, tmp_path / "build", WENGERT_ISA_LEVELS=levels)
    check_examples(binary / "examples", tmp_path)


@pytest.mark.slow
def test_static_library(tmp_path, core_build):
    prefix = core_build.prefix
    assert not list(prefix.rglob("libwengert.so"))
    binary = cmake_build.build(EXAMPLES, tmp_path / "build", CMAKE_PREFIX_PATH=prefix)
    trainer = binary / "train_digits"
    run("strip", trainer)
    assert trainer.stat().st_size <= 3 << 20
    check_examples(binary, tmp_path)
