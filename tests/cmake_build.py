"""Runs CMake for the tests that compile C++."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# CMake and Ninja may be Python packages of an environment that is not activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def run(*command: object) -> str:
    """The standard output of a command; a failed one fails the test with all that it said."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}", pytrace=False)
    return done.stdout


def unavailable() -> str | None:
    """Why nothing can be built here; None if it can."""
    if shutil.which("cmake") is None:
        return "cmake is not installed"
    if shutil.which("c++") is None and "CXX" not in os.environ:
        return "there is no C++ compiler"
    return None


def isa_level() -> str:
    """The one level for which test builds compile the kernels; this machine can run it."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return "baseline"
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text().split() if cpuinfo.exists() else []
    return "v3" if "avx2" in flags and "fma" in flags else "v2"


def build(source: Path, binary: Path, **options: object) -> Path:
    """Configures and builds a CMake project in release mode.

    Args:
        source: the folder of its ``CMakeLists.txt``.
        binary: the build tree.
        options: cache entries, such as ``WENGERT_STATIC="ON"``.
    Returns:
        The build tree.
    """
    options = {"CMAKE_BUILD_TYPE": "Release", **options}
    if shutil.which("ccache"):
        options["CMAKE_CXX_COMPILER_LAUNCHER"] = "ccache"
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    defines = [f"-D{name}={value}" for name, value in options.items()]
    run("cmake", "-S", source, "-B", binary, *generator, *defines)
    jobs = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL", os.cpu_count())
    run("cmake", "--build", binary, "--parallel", jobs)
    return binary
