"""What several test files share."""

from __future__ import annotations

import gc
import importlib.util
import subprocess
from dataclasses import dataclass
from pathlib import Path

import cmake_build
import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips the comparisons with PyTorch where it is not installed."""
    if importlib.util.find_spec("torch") is None:
        skip = pytest.mark.skip(reason="PyTorch is not installed")
        for item in items:
            if item.get_closest_marker("torch"):
                item.add_marker(skip)


def pytest_collection_finish() -> None:
    """Leaves what was imported and collected out of the garbage collections of the tests."""
    gc.collect()
    gc.freeze()


@dataclass(frozen=True)
class CoreBuild:
    """The C++ core as a static library, for one ISA level."""

    binary: Path
    prefix: Path  # where it is installed
    level: str
    has_tests: bool  # whether GoogleTest was there to build the C++ tests


@pytest.fixture(scope="session")
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
    cmake_build.run("cmake", "--install", binary, "--prefix", prefix)
    return CoreBuild(binary, prefix, level, has_tests)
