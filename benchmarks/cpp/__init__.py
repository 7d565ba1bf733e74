"""The overhead cases from C++: builds one program against wengert and one against libtorch."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.cases import CPP_CASES
from benchmarks.machine import compiler
from benchmarks.measure import Results, environment

HERE = Path(__file__).resolve().parent
PROGRAMS = {"wengert": "overhead.cpp", "torch": "overhead_libtorch.cpp"}


def _package(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.submodule_search_locations[0]) if spec else None


def _flags(peer: str, package: Path) -> list[str]:
    library = ["-L", str(package / "lib"), f"-Wl,-rpath,{package / 'lib'}"]
    include = ["-I", str(package / "include")]
    if peer == "wengert":
        return [*include, *library, "-lwengert"]
    api = package / "include/torch/csrc/api/include"
    return [
        *include,
        "-I",
        str(api),
        *library,
        "-Wl,--no-as-needed",
        "-ltorch",
        "-ltorch_cpu",
        "-lc10",
    ]


def build(peer: str, package: Path, folder: Path) -> Path:
    """Compile the program of `peer` into `folder`."""
    program = compiler()
    if program is None:
        raise SystemExit("benchmarks: --cpp needs a C++ compiler")
    binary = folder / peer
    source = str(HERE / PROGRAMS[peer])
    # The flags name libraries, so they follow the source that needs them.
    command = [program, "-std=c++20", "-O2", "-DNDEBUG", source, *_flags(peer, package)]
    if subprocess.run([*command, "-o", str(binary)]).returncode:
        raise SystemExit(f"benchmarks: {PROGRAMS[peer]} does not compile")
    return binary


def measure(
    names: Sequence[str], repetitions: int, seconds: float, say: Callable[[str], None]
) -> tuple[Results, dict[str, str]]:
    """Seconds per call by case and peer, and the versions of the peers."""
    results: Results = {case.name: {} for case in CPP_CASES}
    versions: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        binaries = {}
        for peer in (name for name in names if name in PROGRAMS):
            package = _package(peer)
            if package is None:
                say(f"{peer} is left out: it is not installed")
                continue
            say(f"building {PROGRAMS[peer]}")
            binaries[peer] = build(peer, package, Path(folder))
        if not binaries:
            raise SystemExit("benchmarks: none of these peers has a C++ library here")
        for _ in range(repetitions):
            for peer, binary in binaries.items():
                done = subprocess.run(
                    [str(binary), str(seconds)],
                    capture_output=True,
                    text=True,
                    check=True,
                    env=environment(1) | {"LC_ALL": "C"},
                    cwd=os.fspath(folder),
                )
                answer = json.loads(done.stdout)
                versions[peer] = answer["version"]
                for case, taken in answer["seconds"].items():
                    results[case].setdefault(peer, []).append(taken)
    return results, versions
