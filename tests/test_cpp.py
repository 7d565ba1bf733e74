"""The C++ tests, run by CTest."""

from __future__ import annotations

import cmake_build
import pytest


@pytest.mark.slow
def test_cpp_unit_tests_pass(core_build):
    if not core_build.has_tests:
        pytest.skip("GoogleTest is not installed (Debian: libgtest-dev)")
    listed = cmake_build.run("ctest", "--test-dir", core_build.binary, "--show-only")
    assert "Total Tests: 0" not in listed
    report = cmake_build.run("ctest", "--test-dir", core_build.binary, "--output-on-failure")
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
    for line in cmake_build.run("nm", "--defined-only", *objects).splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[1] in "WVu" and namespace not in fields[2]:
            shared.append(fields[2])
    assert [s for s in shared if not s.startswith("DW.ref.")] == []
