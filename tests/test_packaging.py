"""The package as others use it: its files, its symbols and its headers."""

from __future__ import annotations

import importlib.metadata
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import cmake_build
import pytest
from cmake_build import ROOT, run

import wengert
from wengert import _config

MEGABYTE = 1 << 20
LIBRARY = _config.library_dir() / "libwengert.so"
HEADERS = sorted(_config.include_dir().rglob("*.h"))

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads ELF files")


def installed_files() -> dict[str, Path]:
    """The files of the installed package, by their names in the wheel."""
    files = importlib.metadata.files("wengert") or []
    return {str(f): Path(f.locate()) for f in files if f.parts[0] == "wengert"}


def python(code: str, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *flags, "-c", code], capture_output=True, text=True, check=True
    )


# ---- the wheel -------------------------------------------------------------------------------


def test_wheel_holds_library_headers_and_cmake_package():
    names = set(installed_files())
    assert {
        "wengert/lib/libwengert.so",
        "wengert/lib/cmake/wengert/wengertConfig.cmake",
        "wengert/lib/cmake/wengert/wengertConfigVersion.cmake",
        "wengert/lib/cmake/wengert/wengertTargets.cmake",
    } <= names
    headers = [f for f in (ROOT / "csrc" / "include").rglob("*.*") if f.is_file()]
    assert headers
    for header in headers:
        assert f"wengert/{header.relative_to(ROOT / 'csrc').as_posix()}" in names
    for module in ("_tensor", "_core"):
        assert any(re.fullmatch(rf"wengert/{module}\..*so", name) for name in names)


def test_wheel_holds_nothing_else():
    allowed = r"wengert/(lib/|include/wengert/|[^.]*\.(py|pyi|typed)$|_(tensor|core)\.[^/]*\.so$)"
    names = [name for name in installed_files() if not name.endswith(".pyc")]
    assert [name for name in names if not re.match(allowed, name)] == []


def test_blas_comes_with_its_license():
    names = installed_files()
    if "wengert/lib/libwengert_blas.so" not in names:
        pytest.skip("built without a BLAS")
    assert "OpenBLAS" in names["wengert/lib/LICENSE.blas.txt"].read_text()


def test_sizes():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, path in installed_files().items():
            if not name.endswith(".pyc"):
                wheel.write(path, name)
    assert len(archive.getvalue()) <= 15 * MEGABYTE
    assert LIBRARY.stat().st_size <= 10 * MEGABYTE


def test_one_version():
    header = (_config.include_dir() / "wengert" / "version.h").read_text()
    (version,) = re.findall(r'define WENGERT_VERSION "(.+)"', header)
    numbers = re.findall(r"WENGERT_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header)
    cmake = (_config.cmake_dir() / "wengertConfigVersion.cmake").read_text()
    assert version == ".".join(numbers)
    assert importlib.metadata.version("wengert") == version
    assert wengert.__version__ == version
    assert f'set(PACKAGE_VERSION "{version}")' in cmake


def test_sdist_holds_all_that_a_build_needs(tmp_path, monkeypatch):
    backend = pytest.importorskip("scikit_build_core.build")
    monkeypatch.chdir(ROOT)
    name = backend.build_sdist(str(tmp_path))
    with tarfile.open(tmp_path / name) as archive:
        packed = {member.name.partition("/")[2] for member in archive}
    needed = [ROOT / name for name in ("CMakeLists.txt", "pyproject.toml", "README.md", "LICENSE")]
    for folder in ("csrc", "cmake", "python"):
        needed += [f for f in (ROOT / folder).rglob("*") if f.is_file()]
    for file in needed:
        if "__pycache__" not in file.parts:
            assert file.relative_to(ROOT).as_posix() in packed


# ---- importing -------------------------------------------------------------------------------


def test_import_loads_nothing_that_is_slow_to_load():
    code = """if True:
        import sys
        before = set(sys.modules)
        import wengert
        print(*{name.partition(".")[0] for name in set(sys.modules) - before})
    """
    slow = {"numpy", "typing", "re", "json", "inspect", "hashlib", "dataclasses", "threading"}
    slow |= {"pathlib", "subprocess", "tempfile", "random", "logging", "multiprocessing"}
    assert slow.isdisjoint(python(code).stdout.split())


def test_import_starts_no_thread():
    code = "import os, wengert; print(len(os.listdir('/proc/self/task')))"
    if not Path("/proc/self/task").exists():
        pytest.skip("no /proc")
    assert python(code).stdout.split() == ["1"]


# ---- python -m wengert -----------------------------------------------------------------------


def command_line(*arguments: str) -> str:
    return run(sys.executable, "-m", "wengert", *arguments).strip()


def test_command_line():
    assert command_line("--version") == wengert.__version__
    assert command_line("--config") == str(wengert.show_config()).strip()
    assert (Path(command_line("--cmake-dir")) / "wengertConfig.cmake").is_file()
    assert (Path(command_line("--include-dir")) / "wengert" / "version.h").is_file()


def test_command_line_explains_itself():
    assert "--cmake-dir" in command_line("--help")
    nothing = subprocess.run([sys.executable, "-m", "wengert"], capture_output=True, check=False)
    assert nothing.returncode == 2


# ---- the shared library ----------------------------------------------------------------------


@linux_only
def test_exports_only_names_of_wengert():
    if shutil.which("nm") is None:
        pytest.skip("binutils is not installed")
    names = [
        line.split()[-1] for line in run("nm", "-D", "--defined-only", LIBRARY).splitlines() if line
    ]
    assert any(name.startswith("_ZN7wengert") for name in names)
    ours = re.compile(r"_Z(Z|GV|T[ISVTHW]|T[hv]n?\d+_(n?\d+_)?)?NK?[RO]?7wengert")
    assert [name for name in names if not ours.match(name)] == []


@linux_only
def test_library_needs_the_system_only():
    if shutil.which("readelf") is None:
        pytest.skip("binutils is not installed")
    needed = re.findall(r"NEEDED.*\[(.+)\]", run("readelf", "-d", LIBRARY))
    system = r"(libstdc\+\+|libc\+\+|libm|libgcc_s|libc|libpthread|libdl|ld-linux[^.]*)\.so"
    assert needed
    assert [name for name in needed if not re.match(system, name)] == []


# ---- the headers -----------------------------------------------------------------------------


@pytest.mark.parametrize("header", HEADERS, ids=lambda h: h.name)
def test_public_header_compiles_alone(header, tmp_path):
    if reason := cmake_build.unavailable():
        pytest.skip(reason)
    source = tmp_path / "alone.cpp"
    name = header.relative_to(_config.include_dir())
    source.write_text(f'#include "{name}"\n#include "{name}"\nint main() {{}}\n')
    compiler = os.environ.get("CXX", "c++")
    flags = ["-std=c++20", "-Wall", "-Wextra", "-Werror", "-I", _config.include_dir()]
    run(compiler, *flags, "-fsyntax-only", source)
    included = run(compiler, *flags, "-M", source).lower()
    for stranger in ("pybind11", "python.h", "numpy", "cblas", "openblas", "lapack"):
        assert stranger not in included
