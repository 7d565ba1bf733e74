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
    allowed = (
        r"wengert/(lib/|include/wengert/|[^.]*\.(py|pyi|pxd|typed)$|_(tensor|core)\.[^/]*\.so$)"
    )
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
    header = (_config.include_dir() / "wengert" / "c.h").read_text()
    declared = set(re.findall(r"WENGERT_API [^;]*?(wg_\w+)\(", header))
    assert {name for name in names if name.startswith("wg_")} == declared
    ours = re.compile(r"wg_|_Z(Z|GV|T[ISVTHW]|T[hv]n?\d+_(n?\d+_)?)?NK?[RO]?7wengert")
    assert [name for name in names if not ours.match(name)] == []


@linux_only
def test_library_has_one_constructor():
    """The allocator's pool (see test_cpp.py), behind the compiler's own entry."""
    if shutil.which("readelf") is None:
        pytest.skip("binutils is not installed")
    (size,) = re.findall(r"\.init_array +INIT_ARRAY +\w+ \w+ (\w+)", run("readelf", "-SW", LIBRARY))
    assert int(size, 16) == 2 * 8


@linux_only
def test_library_needs_the_system_only():
    if shutil.which("readelf") is None:
        pytest.skip("binutils is not installed")
    needed = re.findall(r"NEEDED.*\[(.+)\]", run("readelf", "-d", LIBRARY))
    system = r"(libstdc\+\+|libc\+\+|libm|libgcc_s|libc|libpthread|libdl|ld-linux[^.]*)\.so"
    assert needed
    assert [name for name in needed if not re.match(system, name)] == []


# ---- the headers -----------------------------------------------------------------------------


@pytest.mark.parametrize(("standard", "language"), [("c99", "c"), ("c11", "c"), ("c++11", "c++")])
def test_c_header_is_c_and_cpp(standard, language, tmp_path):
    if reason := cmake_build.unavailable():
        pytest.skip(reason)
    compiler = os.environ.get("CC", "cc") if language == "c" else os.environ.get("CXX", "c++")
    if shutil.which(compiler) is None:
        pytest.skip("there is no C compiler")
    source = tmp_path / f"alone.{language.replace('++', 'pp')}"
    source.write_text(
        '#include "wengert/c.h"\n#include "wengert/c.h"\nint main(void) { return 0; }\n'
    )
    warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    run(
        compiler,
        f"-std={standard}",
        *warnings,
        "-I",
        _config.include_dir(),
        "-fsyntax-only",
        source,
    )


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


# ---- extensions of others --------------------------------------------------------------------

EXTENSION = ROOT / "examples" / "extension"


def test_extension_is_built_out_of_tree(tmp_path):
    """A Cython module with an operation in C++ speaks the package's Tensor."""
    if reason := cmake_build.unavailable():
        pytest.skip(reason)
    for tool in ("scikit_build_core", "Cython", "cython_cmake", "pip"):
        pytest.importorskip(tool)
    packages = tmp_path / "packages"
    source = shutil.copytree(EXTENSION, tmp_path / "source")
    where = f"--config-settings=cmake.define.wengert_DIR={_config.cmake_dir()}"
    pip = [sys.executable, "-m", "pip", "install", "--no-build-isolation", "--no-deps"]
    run(*pip, "--no-index", "--target", packages, where, source)
    code = f"""if True:
        import sys
        sys.path.append({str(packages)!r})
        import cube_root, wengert as wg
        x = wg.tensor([-8.0, 1.0, 27.0], dtype=wg.float64, requires_grad=True)
        y = cube_root.cube_root(x)
        assert wg.allclose(y, wg.tensor([-2.0, 1.0, 3.0], dtype=wg.float64))
        assert type(y) is wg.Tensor and y.grad_fn is not None
        assert wg.autograd.gradcheck(cube_root.cube_root, [x])
        assert wg.autograd.gradgradcheck(cube_root.cube_root, [x])
        y.sum().backward()
        assert wg.allclose(x.grad, 1 / (3 * y.detach() ** 2))
        layer = wg.nn.Sequential(wg.nn.Linear(3, 2), cube_root.CubeRoot())
        layer(wg.rand(4, 3)).sum().backward()
        assert layer[0].weight.grad is not None
        # The same object comes back, and errors are those of the package.
        for bad, error in ((3.0, TypeError), (wg.arange(3), TypeError)):
            try:
                cube_root.cube_root(bad)
            except error as e:
                print(e)
            else:
                raise SystemExit("no error")
    """
    said = python(code).stdout.splitlines()
    assert said == [
        "expected a wengert.Tensor, but got float",
        "cube_root: expected float32 or float64, but got int64; convert it with to()",
    ]


def test_extension_serves_cpp_programs(tmp_path):
    if reason := cmake_build.unavailable():
        pytest.skip(reason)
    binary = cmake_build.build(EXTENSION, tmp_path / "build", wengert_DIR=_config.cmake_dir())
    assert run(binary / "program").splitlines() == [
        "tensor([-2, 1, 3], float64)",
        "tensor([0.0833333, 0.333333, 0.037037], float64)",
        "gradients are right",
    ]
